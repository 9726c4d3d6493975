// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Two sides of ours agree, whatever they ask for and however it is cut.

use proptest::prelude::*;

use super::*;
use crate::rtmp::arbitrary::{config, cut, piece_lengths};

fn form() -> impl Strategy<Value = HandshakeForm> {
    prop::sample::select(vec![HandshakeForm::Simple, HandshakeForm::Digest])
}

fn feed(
    side: &mut Handshake,
    bytes: &[u8],
    lengths: &[usize],
    out: &mut BytesMut,
) -> Vec<Progress> {
    let mut steps = Vec::new();
    for mut piece in cut(bytes, lengths) {
        while let Some(step) = side.advance(&mut piece, out).expect("RTMP") {
            steps.push(step);
        }
    }
    steps
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..config() })]

    #[test]
    fn both_sides_agree_on_a_form(
        (asked, offered) in (form(), form()),
        seeds: (u64, u64),
        lengths in piece_lengths(),
    ) {
        let mut client = Handshake::new(Role::Client, asked, seeds.0);
        let mut server = Handshake::new(Role::Server, offered, seeds.1);
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
        client.start(&mut up);
        let hello = up.split();
        feed(&mut server, &hello, &lengths, &mut down);
        let of_client = feed(&mut client, &down, &lengths, &mut up);
        let of_server = feed(&mut server, &up, &lengths, &mut down);

        let form = match (asked, offered) {
            (HandshakeForm::Digest, HandshakeForm::Digest) => HandshakeForm::Digest,
            _ => HandshakeForm::Simple,
        };
        let done = Progress::Done { form, genuine: true };
        prop_assert_eq!(of_client.last(), Some(&done));
        prop_assert_eq!(of_server.last(), Some(&done));
    }
}
