// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a server has to be told before media makes sense: metadata and the decoders'
//! configurations, the newest of each, for every new connection.

use super::packet::{Packet, Role};
use crate::flv::TagType;

/// Headers that are kept: of a few tracks in two forms each.
pub(crate) const MAX_HEADERS: usize = 64;

/// Their bytes.
pub(crate) const MAX_HEADER_BYTES: usize = 4 << 20;

/// The newest of each.
#[derive(Debug, Default)]
pub(super) struct Headers {
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    packet: Packet,
    /// On the present connection.
    is_sent: bool,
}

impl Headers {
    /// Another connection: nothing is sent by now.
    pub(super) fn forget_sent(&mut self) {
        for known in &mut self.known {
            known.is_sent = false;
        }
    }

    /// Takes a header that is sent now. False if the server has the very same already.
    pub(super) fn send(&mut self, packet: &Packet) -> bool {
        let key = key(packet);
        if let Some(known) = self
            .known
            .iter_mut()
            .find(|known| self::key(&known.packet) == key)
        {
            let is_new = !known.is_sent || known.packet.body != packet.body;
            known.packet = packet.clone();
            known.is_sent = true;
            return is_new;
        }
        self.make_room(packet.body.len());
        self.known.push(Known {
            packet: packet.clone(),
            is_sent: true,
        });
        true
    }

    /// Takes one that is to be sent with the next connection.
    pub(super) fn keep(&mut self, packet: Packet) {
        let key = key(&packet);
        self.known.retain(|known| self::key(&known.packet) != key);
        self.make_room(packet.body.len());
        self.known.push(Known {
            packet,
            is_sent: false,
        });
    }

    /// Those that the server does not have, metadata first, which it has from now on.
    pub(super) fn unsent(&mut self) -> Vec<Packet> {
        let mut unsent = Vec::new();
        for known in self.known.iter_mut().filter(|known| !known.is_sent) {
            known.is_sent = true;
            unsent.push(known.packet.clone());
        }
        unsent.sort_by_key(|packet| packet.role != Role::Metadata);
        unsent
    }

    /// The oldest go for what a muxer makes up.
    fn make_room(&mut self, size: usize) {
        let bytes =
            |known: &[Known]| -> usize { known.iter().map(|known| known.packet.body.len()).sum() };
        while !self.known.is_empty()
            && (self.known.len() >= MAX_HEADERS || bytes(&self.known) + size > MAX_HEADER_BYTES)
        {
            self.known.remove(0);
        }
    }
}

fn key(packet: &Packet) -> (TagType, Role) {
    (packet.kind, packet.role)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn packet(kind: TagType, role: Role, body: &'static [u8]) -> Packet {
        Packet {
            kind,
            role,
            time: 0,
            body: Bytes::from_static(body),
            codec: None,
        }
    }

    #[test]
    fn each_connection_gets_the_newest_of_each_and_nothing_twice() {
        let video = packet(TagType::Video, Role::Header(0), b"1");
        let changed = packet(TagType::Video, Role::Header(0), b"2");
        let audio = packet(TagType::Audio, Role::Header(0), b"3");
        let metadata = packet(TagType::Script, Role::Metadata, b"4");
        let other = packet(TagType::Video, Role::Header(1), b"5");
        let mut headers = Headers::default();
        assert!(headers.send(&video));
        assert!(!headers.send(&video), "the same again");
        assert!(headers.send(&changed));
        assert!(headers.send(&audio) && headers.send(&metadata) && headers.send(&other));
        assert!(headers.unsent().is_empty());

        headers.forget_sent();
        let again: Vec<_> = headers
            .unsent()
            .into_iter()
            .map(|packet| packet.body)
            .collect();
        assert_eq!(again, ["4", "2", "3", "5"], "metadata first");
        assert!(!headers.send(&audio));
        headers.keep(packet(TagType::Audio, Role::Header(0), b"6"));
        assert_eq!(headers.unsent().len(), 1);
    }

    #[test]
    fn they_are_bounded() {
        let mut headers = Headers::default();
        for track in 0..=255 {
            headers.send(&packet(TagType::Video, Role::Header(track), b"x"));
        }
        assert_eq!(headers.known.len(), MAX_HEADERS);
        let large = Packet {
            body: Bytes::from(vec![0; MAX_HEADER_BYTES]),
            ..packet(TagType::Audio, Role::Header(0), b"")
        };
        headers.send(&large);
        assert_eq!(headers.known.len(), 1);
    }
}
