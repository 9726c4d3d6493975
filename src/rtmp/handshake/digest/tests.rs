// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

use super::super::HANDSHAKE_SIZE;
use super::Scheme::{DigestFirst, KeyFirst};
use super::*;
use crate::rtmp::vectors::hex;

const SENDERS: [Role; 2] = [Role::Client, Role::Server];
const SCHEMES: [Scheme; 2] = [DigestFirst, KeyFirst];

/// Bytes that go up by `step`.
fn pattern(step: usize) -> Block {
    std::array::from_fn(|n| (n * step) as u8)
}

/// C1 or S1 of the vectors. `base` are the bytes that tell the place, if not
/// those of the pattern.
fn hello(base: Option<[u8; 4]>) -> Block {
    let mut hello = pattern(7);
    hello[..8].copy_from_slice(&[0, 0, 0, 0, 0x80, 0, 3, 2]);
    if let Some(base) = base {
        hello[8..12].copy_from_slice(&base);
        hello[772..776].copy_from_slice(&base);
    }
    hello
}

fn signed(sender: Role, scheme: Scheme, base: Option<[u8; 4]>) -> (Block, Digest) {
    let mut hello = hello(base);
    let digest = sign(&mut hello, sender, scheme).expect("signed");
    (hello, digest)
}

/// What signing gives, computed with another implementation of HMAC (Python's).
struct Vector {
    scheme: Scheme,
    base: Option<[u8; 4]>,
    position: usize,
    c1: &'static str,
    s1: &'static str,
    s2: &'static str,
    c2: &'static str,
}

const VECTORS: [Vector; 4] = [
    Vector {
        scheme: DigestFirst,
        base: None,
        position: 278,
        c1: "CB6D07829AC2C691CAB4348F6EE9F6B392FFE23B84BBB4BC9D6EB3ED7DBABA9C",
        s1: "C220EC9096C09424F0A3E4673DFDB2ED59362E0A8469B31E63AE10B338C08C36",
        s2: "303368EBFA529D7CE0CB8DD3B9211F072109680C3937822D342EECF35230D8A8",
        c2: "8A1667E5AAC60977BA045BD4DEC47D4AD48D4247E17B4AE156426F49DD9D444D",
    },
    Vector {
        scheme: KeyFirst,
        base: None,
        position: 930,
        c1: "765D1BF87D54C43325FBF36AAC69A04199635CD303BC3EA1C0B33BB91AD53060",
        s1: "CBB889918EB5465E933A206BCF6730EA2306D445EF6C54D143BA666444BCB8AC",
        s2: "3ABD2BB68318CCFD77B45BF92D306E9BA18AD685FA225877038C90CC4A2BA745",
        c2: "80EA15F271B268B7C8AFF85B625F15F9A5658782F34BFD26FBD0F710BF7D5673",
    },
    // The sum goes round.
    Vector {
        scheme: DigestFirst,
        base: Some([0xFF; 4]),
        position: 304,
        c1: "412D59BDF42644135705B3B88F8362D97FE9801ACCA66A0E1FDA3901ACD533A8",
        s1: "03317380A949C68C17A76D983E1E68331A28D80229976416936564FCD89F10DE",
        s2: "793D90D28CB0CEEED32EFE32E0C7B5743C62154B37D02320E5FA827D41AEB006",
        c2: "9835FF9878011E9B27F62F436CE5917038F608E128CD7E6A74B8AF4BE594C32A",
    },
    Vector {
        scheme: KeyFirst,
        base: Some([0xFF; 4]),
        position: 1068,
        c1: "3470343FF1DA9AAD47003B0DFA6B0AE5D237850C957ED5CF33AA4E4F5068E203",
        s1: "0E736F0B1543A19B94412CB8375C62F6F5AFE652438694D58E810E67B7E8D532",
        s2: "34312F1E3E3EE2072E70B49C10E0DD767FC40D6C994181250FD16A778AAEAF73",
        c2: "90451BD4C1257400FFFBBAAC9BF687E6DCCE9B13CFA7E13A1E3A6437176C2CBB",
    },
];

#[test]
fn signing_gives_the_known_digests() {
    for vector in VECTORS {
        let scheme = vector.scheme;
        // An answer is signed for the digest of the other side.
        for (sender, hello_digest, answerer, answer_digest) in [
            (Role::Client, vector.c1, Role::Server, vector.s2),
            (Role::Server, vector.s1, Role::Client, vector.c2),
        ] {
            let (block, digest) = signed(sender, scheme, vector.base);
            assert_eq!(digest[..], hex(hello_digest), "{scheme:?} {sender:?}");
            let mut expected = hello(vector.base);
            expected[vector.position..][..DIGEST_SIZE].copy_from_slice(&digest);
            assert_eq!(block, expected, "{scheme:?} {sender:?}");

            let mut answer = pattern(3);
            sign_answer(&mut answer, answerer, &digest).expect("signed");
            let (filler, signature) = answer.split_at(HANDSHAKE_SIZE - DIGEST_SIZE);
            assert_eq!(signature, hex(answer_digest), "{scheme:?} {answerer:?}");
            assert_eq!(filler, &pattern(3)[..HANDSHAKE_SIZE - DIGEST_SIZE]);
        }
    }
}

#[test]
fn the_place_is_the_sum_of_four_bytes_modulo_728() {
    for (base, offset) in [
        ([0, 0, 0, 0], 0),
        ([1, 2, 4, 8], 15),
        ([255, 255, 217, 0], 727),
        ([255, 255, 217, 1], 0),
        ([255, 255, 255, 255], 292),
    ] {
        let hello = hello(Some(base));
        assert_eq!(DigestFirst.position(&hello), 12 + offset, "{base:?}");
        assert_eq!(KeyFirst.position(&hello), 776 + offset, "{base:?}");
    }
}

#[test]
fn a_digest_is_found_in_either_scheme_at_every_edge_and_for_its_sender_only() {
    for sender in SENDERS {
        for scheme in SCHEMES {
            for base in [[0; 4], [255, 255, 217, 0], [255; 4]] {
                let (hello, digest) = signed(sender, scheme, Some(base));
                assert_eq!(find(&hello, sender), Some((scheme, digest)));
                assert_eq!(find(&hello, sender.peer()), None);
            }
        }
        assert_eq!(find(&hello(None), sender), None, "not signed");
        assert_eq!(find(&[0; HANDSHAKE_SIZE], sender), None);
        assert_eq!(find(&[0xFF; HANDSHAKE_SIZE], sender), None);
    }
}

#[test]
fn one_bit_anywhere_makes_c1_and_s1_unsigned() {
    for sender in SENDERS {
        for scheme in SCHEMES {
            let (mut hello, digest) = signed(sender, scheme, None);
            for at in 0..HANDSHAKE_SIZE {
                let bit = 1 << (at % 8);
                hello[at] ^= bit;
                assert_eq!(find(&hello, sender), None, "{sender:?} {scheme:?} {at}");
                hello[at] ^= bit;
            }
            assert_eq!(find(&hello, sender), Some((scheme, digest)));
        }
    }
}

#[test]
fn one_bit_anywhere_or_another_digest_makes_c2_and_s2_foreign() {
    for sender in SENDERS {
        let digest = [0x5A; DIGEST_SIZE];
        let mut answer = pattern(3);
        sign_answer(&mut answer, sender, &digest).expect("signed");
        assert!(is_answer(&answer, sender, &digest));
        assert!(!is_answer(&answer, sender.peer(), &digest));
        assert!(!is_answer(&answer, sender, &[0x5B; DIGEST_SIZE]));
        for at in 0..HANDSHAKE_SIZE {
            let bit = 1 << (at % 8);
            answer[at] ^= bit;
            assert!(!is_answer(&answer, sender, &digest), "{sender:?} {at}");
            answer[at] ^= bit;
        }
        assert!(is_answer(&answer, sender, &digest));
    }
}
