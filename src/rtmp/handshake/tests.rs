// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

mod forms;
mod properties;

use super::*;

fn done(form: HandshakeForm, genuine: bool) -> Progress {
    Progress::Done { form, genuine }
}

fn step(side: &mut Handshake, mut input: &[u8], out: &mut BytesMut) -> (Vec<Progress>, usize) {
    let total = input.len();
    let mut progress = Vec::new();
    while let Ok(Some(step)) = side.advance(&mut input, out) {
        progress.push(step);
    }
    (progress, total - input.len())
}

#[test]
fn both_roles_complete_each_other_and_leave_what_follows() {
    let mut client = Handshake::new(Role::Client, HandshakeForm::Simple, 1);
    let mut server = Handshake::new(Role::Server, HandshakeForm::Simple, 2);
    let (mut up, mut down) = (BytesMut::new(), BytesMut::new());

    client.start(&mut up);
    server.start(&mut down);
    assert_eq!((up.len(), down.len()), (1 + HANDSHAKE_SIZE, 0));

    let c0c1 = up.split();
    step(&mut server, &c0c1, &mut down);
    assert_eq!(down.len(), 1 + 2 * HANDSHAKE_SIZE, "S0 S1 S2");

    down.extend_from_slice(b"chunks");
    let (progress, taken) = step(&mut client, &down, &mut up);
    assert_eq!(taken, 1 + 2 * HANDSHAKE_SIZE, "what follows S2 is left");
    assert_eq!(progress.last(), Some(&done(HandshakeForm::Simple, true)));
    assert_eq!(up.len(), HANDSHAKE_SIZE, "C2");

    let (progress, _) = step(&mut server, &up, &mut down);
    assert_eq!(progress, [done(HandshakeForm::Simple, true)]);
}

#[test]
fn client_answers_s1_before_s2_has_come() {
    let mut client = Handshake::new(Role::Client, HandshakeForm::Simple, 1);
    let mut out = BytesMut::new();
    let s0s1 = [&[3][..], &[7; HANDSHAKE_SIZE]].concat();
    step(&mut client, &s0s1, &mut out);
    assert_eq!(&out[..], [7; HANDSHAKE_SIZE]);
}

#[test]
fn any_split_gives_the_same_result() {
    let input = [&[3][..], &[7; HANDSHAKE_SIZE], &[8; HANDSHAKE_SIZE]].concat();
    for size in [1, 2, 7, 1535, 1536, 1537, 3072, 3073] {
        let mut client = Handshake::new(Role::Client, HandshakeForm::Simple, 1);
        let mut out = BytesMut::new();
        let steps: Vec<_> = input
            .chunks(size)
            .flat_map(|piece| step(&mut client, piece, &mut out).0)
            .collect();
        assert_eq!(
            steps,
            [
                Progress::Version(3),
                Progress::Hello { version: [7; 4] },
                done(HandshakeForm::Simple, false)
            ],
            "pieces of {size}"
        );
        assert_eq!(out.len(), HANDSHAKE_SIZE);
    }
}

#[test]
fn a_first_byte_that_is_no_version_is_refused() {
    for (role, byte, refused) in [
        (Role::Client, b'H', true),
        (Role::Client, 0x15, false),
        (Role::Client, 0, false),
        (Role::Client, 6, false),
        (Role::Client, 32, true),
        (Role::Server, 3, false),
        (Role::Server, 6, true),
        (Role::Server, 0x16, true),
        (Role::Server, b'G', true),
    ] {
        let result = Handshake::new(role, HandshakeForm::Simple, 1)
            .advance(&mut &[byte][..], &mut BytesMut::new());
        assert_eq!(
            result == Err(Error::NotRtmp(byte)),
            refused,
            "{role:?} {byte}"
        );
    }
}

#[test]
fn different_seeds_give_different_hellos_with_version_zero() {
    let (first, second) = (hello(&mut Filler(1)), hello(&mut Filler(2)));
    assert_ne!(first[8..], second[8..]);
    assert_eq!(first[..8], [0; 8]);
}
