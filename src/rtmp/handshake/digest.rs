// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The digests of the digest ("complex") handshake.
//!
//! C1 and S1 each hide an HMAC-SHA256 of themselves at a place that some of their
//! own bytes tell; C2 and S2 end in one that is made from the digest of the peer.
//! The keys are the same everywhere and public, so this shows which form a peer
//! speaks and nothing about who it is. RTMP 1.0 does not describe it; the facts
//! are those of Flash Player and Flash Media Server, as librtmp, FFmpeg and
//! nginx-rtmp speak with them.

#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Block, Role};

/// Size of a digest in bytes.
pub(super) const DIGEST_SIZE: usize = 32;

pub(super) type Digest = [u8; DIGEST_SIZE];

/// The first part of a client's key, ASCII.
const CLIENT_KEY: &[u8] = b"Genuine Adobe Flash Player 001";

/// The first part of a server's key, ASCII.
const SERVER_KEY: &[u8] = b"Genuine Adobe Flash Media Server 001";

/// The second part of both keys. C1 and S1 are signed without it, C2 and S2 with it.
const COMMON_KEY: [u8; 32] = [
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
    0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
];

/// In how many places of its half of C1 or S1 a digest may start.
const PLACES: usize = 728;

/// Where C1 or S1 has its digest. The other half is for the keys of RTMPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// In the first half: what Flash Player, librtmp and FFmpeg do without encryption.
    DigestFirst,
    /// In the second half.
    KeyFirst,
}

impl Scheme {
    /// The four bytes whose sum tells the place start here; the first place is behind them.
    fn base(self) -> usize {
        match self {
            Self::DigestFirst => 8,
            Self::KeyFirst => 772,
        }
    }

    /// Where the digest starts.
    fn position(self, hello: &Block) -> usize {
        let base = hello.iter().skip(self.base()).take(4);
        let sum: usize = base.copied().map(usize::from).sum();
        self.base() + 4 + sum % PLACES
    }
}

/// The scheme and digest of a C1 or S1 that `sender` has signed.
pub(super) fn find(hello: &Block, sender: Role) -> Option<(Scheme, Digest)> {
    [Scheme::DigestFirst, Scheme::KeyFirst]
        .into_iter()
        .find_map(|scheme| {
            let (before, digest, after) = parts(hello, scheme)?;
            let genuine = hmac(first_key(sender), &[before, after])? == *digest;
            genuine.then_some((scheme, *digest))
        })
}

/// Puts the digest into our C1 or S1 and returns it. `None` cannot happen, and would
/// leave it unsigned.
pub(super) fn sign(hello: &mut Block, sender: Role, scheme: Scheme) -> Option<Digest> {
    let (before, _, after) = parts(hello, scheme)?;
    let digest = hmac(first_key(sender), &[before, after])?;
    let position = scheme.position(hello);
    *hello.get_mut(position..)?.first_chunk_mut()? = digest;
    Some(digest)
}

/// Makes `filler` our C2 or S2 to a peer whose C1 or S1 has `digest`.
pub(super) fn sign_answer(filler: &mut Block, sender: Role, digest: &Digest) -> Option<()> {
    let (filler, place) = filler.split_last_chunk_mut()?;
    *place = hmac(&answer_key(sender, digest)?, &[filler])?;
    Some(())
}

/// Whether `answer` is the C2 or S2 of a `sender` that has seen our `digest`.
pub(super) fn is_answer(answer: &Block, sender: Role, digest: &Digest) -> bool {
    let signature = |filler| hmac(&answer_key(sender, digest)?, &[filler]);
    answer
        .split_last_chunk()
        .is_some_and(|(filler, place)| signature(filler) == Some(*place))
}

fn first_key(sender: Role) -> &'static [u8] {
    match sender {
        Role::Client => CLIENT_KEY,
        Role::Server => SERVER_KEY,
    }
}

fn answer_key(sender: Role, digest: &Digest) -> Option<Digest> {
    hmac(&[first_key(sender), &COMMON_KEY].concat(), &[digest])
}

/// C1 or S1 in front of its digest, the digest, and what is behind it.
fn parts(hello: &Block, scheme: Scheme) -> Option<(&[u8], &Digest, &[u8])> {
    let (before, rest) = hello.split_at_checked(scheme.position(hello))?;
    let (digest, after) = rest.split_first_chunk()?;
    Some((before, digest, after))
}

/// `None` cannot happen: HMAC takes keys of any length.
fn hmac(key: &[u8], message: &[&[u8]]) -> Option<Digest> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in message {
        hmac.update(part);
    }
    Some(hmac.finalize().into_bytes().into())
}
