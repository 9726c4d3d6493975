// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The digests of the digest handshake, made independently of the library, so
//! that the peer of a fuzzed handshake can sign what the fuzzer chose.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(super) const SIZE: usize = 1536;

pub(super) type Block = [u8; SIZE];

const CLIENT_KEY: &[u8] = b"Genuine Adobe Flash Player 001";
const SERVER_KEY: &[u8] = b"Genuine Adobe Flash Media Server 001";
const COMMON_KEY: [u8; 32] = [
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
    0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
];

/// Where the four bytes start that tell where the digest is.
pub(super) const SCHEMES: [usize; 2] = [8, 772];

fn key(is_client: bool) -> &'static [u8] {
    if is_client { CLIENT_KEY } else { SERVER_KEY }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

fn position(hello: &Block, scheme: usize) -> usize {
    let sum: usize = hello[scheme..scheme + 4]
        .iter()
        .copied()
        .map(usize::from)
        .sum();
    scheme + 4 + sum % 728
}

fn digest_for(hello: &Block, position: usize, by_client: bool) -> [u8; 32] {
    let signed = [&hello[..position], &hello[position + 32..]].concat();
    hmac(key(by_client), &signed)
}

/// Signs a C1 or S1.
pub(super) fn sign(hello: &mut Block, scheme: usize, by_client: bool) {
    let position = position(hello, scheme);
    let digest = digest_for(hello, position, by_client);
    hello[position..position + 32].copy_from_slice(&digest);
}

/// The digest of a C1 or S1, if it has one there.
pub(super) fn find(hello: &Block, scheme: usize, by_client: bool) -> Option<[u8; 32]> {
    let position = position(hello, scheme);
    let digest = digest_for(hello, position, by_client);
    (hello[position..position + 32] == digest).then_some(digest)
}

/// What a C2 or S2 ends with in answer to this digest.
pub(super) fn signature(answer: &Block, digest: &[u8; 32], by_client: bool) -> [u8; 32] {
    let key = hmac(&[key(by_client), &COMMON_KEY].concat(), digest);
    hmac(&key, &answer[..SIZE - 32])
}
