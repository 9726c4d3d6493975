// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Publishers that leave and return behind one connection.

use gst::prelude::*;

use super::super::script::{Script, assert_output};
use super::super::talk::Talk;
use crate::player::{Ended, Player, bytes};

/// Buffers of metadata, headers and frames twice, behind the file header.
const BUFFERS: usize = 1 + 6 + 6;

/// The pictures of both publications among them.
const PICTURES: [usize; 4] = [4, 6, 10, 12];

/// The sound of the second publication.
const SOUND: usize = 11;

impl Script {
    /// Its publisher leaves with this word and comes back, both of which the
    /// application is told, and the connection ends.
    fn left_and_back(self, cause: &str, then: impl FnMut(&mut Talk) + Send + 'static) -> Player {
        let server = self.start_and(then);
        let player = Player::new(&server.location());
        player.source.set_property_from_str("on-unpublish", "wait");
        player.play();
        let left = player.element_message("publisher-left");
        assert_eq!(left.get::<&str>("cause"), Ok(cause), "{left}");
        player.element_message("publisher-returned");
        let ended = player.element_message("stream-ended");
        assert_eq!(ended.get::<&str>("cause"), Ok("tcp-closed"), "{ended}");
        player
    }

    /// Waited for, its publisher goes on in one timeline, though its times
    /// begin anew.
    pub(super) fn returns(self, cause: &str) {
        self.returns_after(cause, |_| {});
    }

    /// The same where the server does more behind its script before it closes.
    pub(super) fn returns_after(self, cause: &str, then: impl FnMut(&mut Talk) + Send + 'static) {
        let player = self.left_and_back(cause, then);
        let buffers = player.rest();
        assert_one_timeline(&buffers);
        assert!(matches!(player.ended(), Ended::Eos));
    }

    /// Waited for, its publisher comes back with times that go on by
    /// themselves and stay.
    pub(super) fn returns_as_it_is(self, cause: &str, tags: &[Vec<u8>]) {
        let player = self.left_and_back(cause, |_| {});
        let buffers = player.rest();
        assert_output(&buffers, tags);
        assert!(is_discont(&buffers[PICTURES[2]]));
        assert!(matches!(player.ended(), Ended::Eos));
    }

    /// Nobody says that its publisher has left, whose times begin anew.
    pub(super) fn returns_without_a_word(self) {
        let server = self.start();
        let player = Player::new(&server.location());
        player.play();
        assert_one_timeline(&player.rest());
        assert!(matches!(player.ended(), Ended::Eos));
    }
}

fn is_discont(buffer: &gst::Buffer) -> bool {
    buffer.flags().contains(gst::BufferFlags::DISCONT)
}

/// Two publications, the second one behind the first, both tracks as far apart
/// as they are by themselves.
fn assert_one_timeline(buffers: &[gst::Buffer]) {
    assert_eq!(buffers.len(), BUFFERS);
    let time = |at: usize| buffers[at].dts().expect("a time");
    let pictures = PICTURES.map(time);
    assert!(pictures.is_sorted(), "{pictures:?}");
    assert!(pictures[2] > pictures[1], "{pictures:?}");
    let apart = time(SOUND) - pictures[2];
    assert_eq!(apart, gst::ClockTime::from_mseconds(5));
    assert!(is_discont(&buffers[PICTURES[2]]));
    // A demuxer reads the same times.
    for buffer in &buffers[PICTURES[0]..] {
        let tag = bytes(std::slice::from_ref(buffer));
        let time = u32::from_be_bytes([tag[7], tag[4], tag[5], tag[6]]);
        let time = gst::ClockTime::from_mseconds(time.into());
        assert_eq!(buffer.dts(), Some(time));
    }
}
