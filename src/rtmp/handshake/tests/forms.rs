// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which form the two sides find, with peers of every kind.

use super::HandshakeForm::{Digest, Simple};
use super::digest::{find, is_answer};
use super::*;
use crate::rtmp::random::Random;

const HELLO: usize = 1 + HANDSHAKE_SIZE;

fn client(form: HandshakeForm) -> Handshake {
    Handshake::new(Role::Client, form, 1)
}

fn server(form: HandshakeForm) -> Handshake {
    Handshake::new(Role::Server, form, 2)
}

/// A side whose C1 or S1 is signed as asked for.
fn signed(mut side: Handshake, version: [u8; 4], scheme: Scheme) -> Handshake {
    side.form = Digest;
    side.sign_hello(version, scheme);
    assert!(side.digest.is_some());
    side
}

fn block(bytes: &[u8]) -> &Block {
    bytes.try_into().expect("1536 bytes")
}

/// What both sides have sent, and how it ended for them.
struct Talk {
    /// C0 C1, then C2.
    up: BytesMut,
    /// S0 S1 S2.
    down: BytesMut,
    client: Progress,
    server: Progress,
}

impl Talk {
    fn between(mut client: Handshake, mut server: Handshake) -> Self {
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
        client.start(&mut up);
        step(&mut server, &up, &mut down);
        assert_eq!(down.len(), HELLO + HANDSHAKE_SIZE, "S0 S1 S2 at once");
        // C2 does not wait for S2.
        step(&mut client, &down[..HELLO], &mut up);
        assert_eq!(up.len(), HELLO + HANDSHAKE_SIZE);
        let last = |progress: Vec<Progress>| *progress.last().expect("an end");
        let client = last(step(&mut client, &down[HELLO..], &mut up).0);
        let server = last(step(&mut server, &up[HELLO..], &mut down).0);
        Self {
            up,
            down,
            client,
            server,
        }
    }

    fn c1(&self) -> &Block {
        block(&self.up[1..HELLO])
    }

    fn c2(&self) -> &Block {
        block(&self.up[HELLO..])
    }

    fn s1(&self) -> &Block {
        block(&self.down[1..HELLO])
    }

    fn s2(&self) -> &Block {
        block(&self.down[HELLO..])
    }

    fn assert_simple(&self, topic: &str) {
        assert_eq!(self.client, done(Simple, true), "{topic}");
        assert_eq!(self.server, done(Simple, true), "{topic}");
        assert_eq!(self.c2(), self.s1(), "{topic}: C2 is an echo");
        assert_eq!(self.s2(), self.c1(), "{topic}: S2 is an echo");
        assert_eq!(version(self.s1()), NO_DIGEST, "{topic}");
    }
}

/// A client's steps and output for what a server sends, in these pieces.
fn outcome<'a>(
    mut side: Handshake,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Progress>, usize, BytesMut) {
    let (mut out, mut steps, mut taken) = (BytesMut::new(), Vec::new(), 0);
    for piece in pieces {
        let (more, count) = step(&mut side, piece, &mut out);
        steps.extend(more);
        taken += count;
    }
    (steps, taken, out)
}

#[test]
fn forms_have_names_and_simple_is_what_is_used_unless_asked() {
    assert_eq!((Simple.name(), Digest.name()), ("simple", "digest"));
    assert_eq!(HandshakeForm::default(), Simple);
}

#[test]
fn both_sides_find_the_digest_form_in_the_scheme_of_the_client() {
    for scheme in [Scheme::DigestFirst, Scheme::KeyFirst] {
        let client = signed(client(Simple), CLIENT_VERSION, scheme);
        let talk = Talk::between(client, server(Digest));

        assert_eq!(talk.client, done(Digest, true), "{scheme:?}");
        assert_eq!(talk.server, done(Digest, true), "{scheme:?}");
        assert_eq!(version(talk.c1()), [9, 0, 124, 2]);
        assert_eq!(version(talk.s1()), [3, 0, 1, 123]);
        let (of_client, c1) = find(talk.c1(), Role::Client).expect("a digest");
        let (of_server, s1) = find(talk.s1(), Role::Server).expect("a digest");
        assert_eq!((of_client, of_server), (scheme, scheme));
        assert!(is_answer(talk.s2(), Role::Server, &c1));
        assert!(is_answer(talk.c2(), Role::Client, &s1));
    }
}

#[test]
fn a_client_that_asks_for_digests_puts_them_first() {
    let talk = Talk::between(client(Digest), server(Digest));
    assert_eq!(talk.client, done(Digest, true));
    let (scheme, _) = find(talk.c1(), Role::Client).expect("a digest");
    assert_eq!(scheme, Scheme::DigestFirst);
}

#[test]
fn an_answer_of_the_digest_form_has_filler_of_its_own() {
    let talk = Talk::between(client(Digest), server(Digest));
    let blocks = [talk.c1(), talk.s1(), talk.c2(), talk.s2()];
    for (n, first) in blocks.iter().enumerate() {
        for second in &blocks[..n] {
            assert!(first[8..264] != second[8..264]);
            assert!(first[1200..1456] != second[1200..1456]);
        }
    }
}

#[test]
fn a_side_that_does_not_know_digests_makes_the_simple_form() {
    for (asked, given) in [(Simple, Simple), (Simple, Digest), (Digest, Simple)] {
        let talk = Talk::between(client(asked), server(given));
        talk.assert_simple(&format!("{asked:?} {given:?}"));
    }
}

#[test]
fn a_digest_beside_version_zero_does_not_count() {
    for scheme in [Scheme::DigestFirst, Scheme::KeyFirst] {
        let talk = Talk::between(signed(client(Simple), NO_DIGEST, scheme), server(Digest));
        talk.assert_simple("C1");

        let s1 = signed(server(Simple), NO_DIGEST, scheme).hello;
        let (steps, _, c2) = outcome(client(Digest), [&[3][..], &s1[..], &[7; HANDSHAKE_SIZE]]);
        assert_eq!(steps.last(), Some(&done(Simple, false)));
        assert_eq!(c2[..], s1[..]);
    }
}

#[test]
fn a_client_goes_on_with_a_server_that_signs_nothing_right() {
    let own_c1 = client(Digest).hello;
    let mut broken = signed(server(Simple), SERVER_VERSION, Scheme::KeyFirst).hello;
    broken[1000] ^= 1;
    for (topic, s1) in [
        ("a copy of C1, as nginx-rtmp sends", own_c1.to_vec()),
        ("a broken digest", broken.to_vec()),
        ("garbage", vec![0xA5; HANDSHAKE_SIZE]),
    ] {
        let pieces = [&[3][..], &s1, &own_c1[..]];
        let (steps, _, c2) = outcome(client(Digest), pieces);
        assert_eq!(steps.last(), Some(&done(Simple, true)), "{topic}");
        assert_eq!(c2[..], s1[..], "{topic}");
    }
}

#[test]
fn a_server_echoes_a_c1_that_is_not_signed_right() {
    for scheme in [Scheme::DigestFirst, Scheme::KeyFirst] {
        let good = signed(client(Simple), CLIENT_VERSION, scheme).hello;
        let mut foreign = good.clone();
        digest::sign(&mut foreign, Role::Server, scheme).expect("signed");
        let flipped = (0..256).map(|n| {
            let mut c1 = good.clone();
            let start = good.len() / 2 * usize::from(scheme == Scheme::KeyFirst);
            c1[start + 8 + n] ^= 1 << (n % 8);
            c1
        });
        for c1 in flipped.chain([foreign, Box::new([0xA5; HANDSHAKE_SIZE])]) {
            let (_, _, out) = outcome(server(Digest), [&[3][..], &c1[..]]);
            assert_eq!(out[HELLO..], c1[..], "S2 is an echo");
            assert_eq!(version(block(&out[1..HELLO])), NO_DIGEST);
            assert_eq!(find(block(&out[1..HELLO]), Role::Server), None);
        }
    }
}

#[test]
fn an_answer_that_is_not_signed_for_us_is_reported_and_no_reason_to_end() {
    let talk = Talk::between(client(Digest), server(Digest));
    let other = Talk::between(
        Handshake::new(Role::Client, Digest, 3),
        Handshake::new(Role::Server, Digest, 4),
    );
    let answers = |good: &Block, own: &Block, other: &Block| {
        let mut flipped = *good;
        flipped[HANDSHAKE_SIZE - 1] ^= 0x80;
        [
            (*good, true),
            (flipped, false),
            (*own, false),
            (*other, false),
            ([0; HANDSHAKE_SIZE], false),
        ]
    };
    for (s2, genuine) in answers(talk.s2(), talk.c1(), other.s2()) {
        let (steps, ..) = outcome(client(Digest), [&talk.down[..HELLO], &s2]);
        assert_eq!(steps.last(), Some(&done(Digest, genuine)));
    }
    for (c2, genuine) in answers(talk.c2(), talk.s1(), other.c2()) {
        let (steps, ..) = outcome(server(Digest), [&talk.up[..HELLO], &c2]);
        assert_eq!(steps.last(), Some(&done(Digest, genuine)));
    }
}

#[test]
fn any_split_of_a_digest_handshake_gives_the_same_and_leaves_what_follows() {
    let talk = Talk::between(client(Digest), server(Digest));
    for (side, bytes) in [(Role::Client, &talk.down), (Role::Server, &talk.up)] {
        let new = || Handshake::new(side, Digest, if side == Role::Client { 1 } else { 2 });
        let input = [bytes, &b"chunks"[..]].concat();
        let whole = outcome(new(), [&input[..]]);
        assert_eq!(whole.0.last(), Some(&done(Digest, true)));
        assert_eq!(whole.1, HELLO + HANDSHAKE_SIZE);
        for at in 0..=input.len() {
            let (first, second) = input.split_at(at);
            assert_eq!(outcome(new(), [first, second]), whole, "{side:?} {at}");
        }
        for size in [1, 2, 7, 100, 1535, 1536, 1537, 3072, 3073] {
            assert_eq!(outcome(new(), input.chunks(size)), whole, "{side:?} {size}");
        }
    }
}

#[test]
fn random_bytes_end_in_the_simple_form() {
    let mut random = Random::new(1);
    for _ in 0..300 {
        let mut bytes = random.bytes(2 * HANDSHAKE_SIZE);
        bytes.insert(0, 3);
        for side in [client(Digest), server(Digest)] {
            let pieces = random.cut(&bytes, 2000);
            let (steps, ..) = outcome(side, pieces);
            assert_eq!(steps.last(), Some(&done(Simple, false)));
        }
    }
}
