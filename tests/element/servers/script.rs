// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A server as lists of what it says, and what must come of them.

use std::sync::mpsc;

use gst::prelude::*;

use super::message::{
    CONNECT, CREATE_STREAM, PLAY, Said, audio, begin, chunk_size, connected, created, data, eof,
    frame_tags, frames, header_tags, on_status, status, success, video, window,
};
use super::talk::{Pace, Talk};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};
use crate::player::{Ended, Player, bytes};
use crate::server::{Peer, Server};

/// What a server says, and when.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Behind `connect`.
    pub(super) connect: Vec<Said>,
    /// Behind `createStream`.
    pub(super) create_stream: Vec<Said>,
    /// Behind `play`, to the end.
    pub(super) play: Vec<Said>,
    /// The command behind whose answers it closes TCP, if any.
    pub(super) closes: Option<&'static str>,
    /// The client is to send FCSubscribe.
    pub(super) subscribed: bool,
    pub(super) pace: Pace,
}

impl Script {
    /// A plain server: what all have in common, three frames, StreamEOF.
    pub(super) fn plain() -> Self {
        Self {
            connect: vec![
                window(2_500_000),
                chunk_size(4096),
                connected(Default::default(), success()),
            ],
            create_stream: vec![created(1)],
            play: [
                vec![begin(1), on_status(5, 1, status("NetStream.Play.Start"))],
                plain_media(),
                vec![eof(1)],
            ]
            .concat(),
            closes: None,
            subscribed: false,
            pace: Pace::Whole,
        }
    }

    /// The same, with an end that needs no second word.
    pub(super) fn plain_with_stop() -> Self {
        let mut server = Self::plain();
        server.play.pop();
        let stop = on_status(5, 1, status("NetStream.Play.Stop"));
        server.play.push(stop);
        server
    }

    pub(super) fn start(self) -> Server {
        self.start_and(|_| {})
    }

    /// A server that does something more behind its script.
    pub(super) fn start_and(self, mut then: impl FnMut(&mut Talk) + Send + 'static) -> Server {
        Server::start(move |peer| self.serve(peer, &mut then))
    }

    /// One connection, to its end.
    pub(super) fn serve(&self, peer: &Peer, then: &mut impl FnMut(&mut Talk)) {
        let mut talk = Talk::instead_of(peer, self.pace);
        if self.is_played(&mut talk) {
            then(&mut talk);
            if self.closes == Some("play") {
                talk.close();
            }
        }
        talk.serve();
    }

    /// Where a client finds the server.
    fn location(&self, server: &Server) -> String {
        let options = if self.subscribed { " live=1" } else { "" };
        format!("{}{options}", server.location())
    }

    /// Says everything at its time; false if the connection ends before that.
    fn is_played(&self, talk: &mut Talk) -> bool {
        for (name, transaction, answer) in [
            ("connect", CONNECT, &self.connect),
            ("createStream", CREATE_STREAM, &self.create_stream),
            ("play", PLAY, &self.play),
        ] {
            let Some(call) = talk.hears(name) else {
                return false;
            };
            assert_eq!(call.transaction, transaction, "{name}");
            talk.say(answer);
            if self.closes == Some(name) && name != "play" {
                talk.close();
                return false;
            }
        }
        true
    }

    /// Everything comes out, and the stream ends because the server says so.
    pub(super) fn ends_by_word(self, tags: &[Vec<u8>]) {
        self.ends_by_word_after(tags, |_| {});
    }

    /// The same where the server goes on behind its script.
    pub(super) fn ends_by_word_after(
        self,
        tags: &[Vec<u8>],
        then: impl FnMut(&mut Talk) + Send + 'static,
    ) {
        let script = self.clone();
        let server = self.start_and(then);
        let player = Player::new(&script.location(&server));
        player.source.set_property("no-eof-is-error", true);
        player.play();
        assert_output(&player.rest(), tags);
        assert!(matches!(player.ended(), Ended::Eos));
    }

    /// Everything comes out, and the stream ends for this cause, as the
    /// application is told.
    pub(super) fn ends_by(self, cause: &str, tags: &[Vec<u8>]) {
        self.ends_by_where("eos", cause, tags);
    }

    /// The same with this value of `on-unpublish`.
    pub(super) fn ends_by_where(self, on_unpublish: &str, cause: &str, tags: &[Vec<u8>]) {
        let server = self.start();
        let player = Player::new(&server.location());
        player
            .source
            .set_property_from_str("on-unpublish", on_unpublish);
        player.play();
        let ended = player.element_message("stream-ended");
        assert_eq!(ended.get::<&str>("cause"), Ok(cause), "{ended}");
        assert_eq!(ended.get::<&str>("result"), Ok("eos"));
        assert_output(&player.rest(), tags);
        assert!(matches!(player.ended(), Ended::Eos));
    }

    /// Everything comes out; the end is an error where the server's word for it
    /// is asked for, else the end of the stream.
    pub(super) fn ends_without_a_word(self, tags: &[Vec<u8>]) {
        for strict in [false, true] {
            let server = self.clone().start();
            let player = Player::new(&server.location());
            player.source.set_property("no-eof-is-error", strict);
            player.play();
            assert_output(&player.buffers(tags.len() + 1), tags);
            match player.ended() {
                Ended::Eos => assert!(!strict),
                Ended::Error { error, .. } => {
                    assert!(strict);
                    assert!(error.matches(gst::ResourceError::Read), "{error:?}");
                }
            }
        }
    }

    /// Everything comes out, and nothing ends the stream but the client.
    pub(super) fn goes_on(self, tags: &[Vec<u8>]) {
        self.stays(|player| assert_output(&player.buffers(tags.len() + 1), tags));
    }

    /// Nothing comes out, and nothing ends the stream but the client.
    pub(super) fn waits(self) {
        self.stays_in("waiting");
    }

    /// The same in a phase of this name.
    pub(super) fn stays_in(self, phase: &str) {
        self.stays(|player| {
            let stats = player.stats();
            assert_eq!(stats.get::<&str>("phase"), Ok(phase));
        });
    }

    /// The client stays until it is stopped, and then says so.
    fn stays(self, check: impl FnOnce(&Player)) {
        let (heard, is_heard) = mpsc::channel();
        let server = Server::start(move |peer| {
            let mut talk = Talk::instead_of(peer, self.pace);
            assert!(self.is_played(&mut talk), "the client stays");
            talk.is_heard();
            heard.send(()).expect("the test waits");
            let left = talk.hears("deleteStream").expect("a good-bye");
            assert_eq!(left.number_argument(0), Some(1.0));
        });
        let player = Player::new(&server.location());
        player.play();
        is_heard.recv().expect("the client stays");
        check(&player);
        player.set_state(gst::State::Null);
    }

    /// Fails with this error and these words in it.
    pub(super) fn fails(self, code: gst::ResourceError, words: &[&str]) {
        let server = self.start();
        let player = Player::new(&server.location());
        player.play();
        let (error, _) = player.error_message();
        assert!(error.matches(code), "{code:?} expected, got {error:?}");
        for word in words {
            assert!(error.message().contains(word), "{word:?} in {error:?}");
        }
    }
}

/// Metadata, headers and frames of the plain server.
pub(super) fn plain_media() -> Vec<Said> {
    let mut media = vec![
        data(5, 1, []),
        video(6, 1, 1000, AVC_HEADER),
        audio(4, 1, 1000, AAC_HEADER),
    ];
    media[0].body = metadata();
    media.extend(frames(4, 6, 1, 1000));
    media
}

/// What must come out of the plain server.
pub(super) fn plain_tags() -> Vec<Vec<u8>> {
    [
        vec![tag(18, 0, &metadata())],
        header_tags(1000),
        frame_tags(1000),
    ]
    .concat()
}

/// One file header for what the tags hold, and the tags byte for byte.
pub(super) fn assert_output(buffers: &[gst::Buffer], tags: &[Vec<u8>]) {
    let has = |kind: u8| tags.iter().any(|tag| tag.first() == Some(&kind));
    let flags = u8::from(has(8)) << 2 | u8::from(has(9));
    let header = [b'F', b'L', b'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0];
    assert_eq!(buffers.len(), tags.len() + 1, "one buffer each");
    assert_eq!(bytes(&buffers[..1]), header, "the file header");
    for (buffer, tag) in buffers[1..].iter().zip(tags) {
        assert_eq!(&bytes(std::slice::from_ref(buffer)), tag);
    }
}
