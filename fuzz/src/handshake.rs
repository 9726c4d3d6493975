// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The handshake in both roles and forms. Input: a byte that chooses what the
//! peer does, and the bytes that it sends or puts into what it sends.

use bytes::BytesMut;
use gstrtmpr::rtmp::Error;
use gstrtmpr::rtmp::handshake::{Handshake, HandshakeForm, Progress, Role};

use super::cut::{assert_same, pieces};
use super::digest::{self, Block, SIZE};

/// What a handshake did with some bytes.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    progress: Vec<Progress>,
    error: Option<Error>,
    sent: Vec<u8>,
    left: usize,
}

pub fn run(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else {
        return;
    };
    let role = [Role::Client, Role::Server][usize::from(choice & 1)];
    let form = [HandshakeForm::Simple, HandshakeForm::Digest][usize::from(choice >> 1 & 1)];
    match choice >> 2 & 3 {
        0 => {
            let outcome = feed(Handshake::new(role, form, 1), [bytes]);
            let in_pieces = feed(Handshake::new(role, form, 1), pieces(bytes));
            assert_same(&in_pieces, &outcome);
            assert!(outcome.sent.len() <= 1 + 2 * SIZE);
        }
        1 => Peer::new(role, form, None, bytes).talk(choice >> 4),
        2 => Peer::new(role, form, Some(digest::SCHEMES[0]), bytes).talk(choice >> 4),
        _ => Peer::new(role, form, Some(digest::SCHEMES[1]), bytes).talk(choice >> 4),
    }
}

fn feed<'a>(mut handshake: Handshake, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut out = BytesMut::new();
    handshake.start(&mut out);
    for mut piece in pieces {
        while outcome.error.is_none() {
            match handshake.advance(&mut piece, &mut out) {
                Ok(Some(progress)) => outcome.progress.push(progress),
                Ok(None) => break,
                Err(error) => outcome.error = Some(error),
            }
        }
        outcome.left += piece.len();
        let done = matches!(outcome.progress.last(), Some(Progress::Done { .. }));
        assert!(piece.is_empty() || done || outcome.error.is_some());
    }
    outcome.sent = out.to_vec();
    outcome
}

/// A peer that knows what it does, with contents of the fuzzer's choice.
struct Peer {
    ours: Handshake,
    role: Role,
    form: HandshakeForm,
    hello: Box<Block>,
    rest: Vec<u8>,
}

impl Peer {
    fn new(role: Role, form: HandshakeForm, scheme: Option<usize>, bytes: &[u8]) -> Self {
        // What decides something first, so that short inputs reach it.
        let order = (4..12).chain(772..776).chain(0..4).chain(12..772);
        let mut hello = Box::new([0x55; SIZE]);
        let mut bytes = bytes.iter();
        for (place, byte) in order.chain(776..SIZE).zip(bytes.by_ref()) {
            hello[place] = *byte;
        }
        if let Some(scheme) = scheme {
            digest::sign(&mut hello, scheme, role == Role::Server);
        }
        Self {
            ours: Handshake::new(role, form, 7),
            role,
            form,
            hello,
            rest: bytes.copied().collect(),
        }
    }

    fn talk(mut self, answer: u8) {
        let is_client = self.role == Role::Client;
        let mut out = BytesMut::new();
        self.ours.start(&mut out);
        assert_eq!(out.len(), if is_client { 1 + SIZE } else { 0 });
        let first = [&[3], &self.hello[..]].concat();
        let version: [u8; 4] = [4, 5, 6, 7].map(|at| self.hello[at]);
        let steps = [Progress::Version(3), Progress::Hello { version }];
        assert_eq!(self.progress(&first, &mut out), steps);

        let sent: &[u8; 1 + 2 * SIZE] = out[..].try_into().expect("both parts");
        let our_hello: &Block = sent[1..=SIZE].try_into().expect("a part");
        let our_answer: &Block = sent[1 + SIZE..].try_into().expect("a part");
        assert_eq!(sent[0], 3);

        let signed = match (self.form, version) {
            (HandshakeForm::Simple, _) | (_, [0, 0, 0, 0]) => None,
            // Looked for, as the fuzzer finds out what to sign with, too.
            (HandshakeForm::Digest, _) => digest::SCHEMES.into_iter().find_map(|scheme| {
                let digest = digest::find(&self.hello, scheme, !is_client)?;
                Some((scheme, digest))
            }),
        };
        let used = match signed {
            Some((scheme, digest)) => {
                let signature = digest::signature(our_answer, &digest, is_client);
                assert_eq!(our_answer[SIZE - 32..], signature);
                let scheme = if is_client {
                    digest::SCHEMES[0]
                } else {
                    scheme
                };
                let ours = digest::find(our_hello, scheme, is_client);
                assert!(ours.is_some(), "our part is signed the same way");
                HandshakeForm::Digest
            }
            None => {
                assert_eq!(our_answer, &*self.hello, "an echo");
                HandshakeForm::Simple
            }
        };

        let (answer, genuine) = self.answer(answer, our_hello, used);
        let done = Progress::Done {
            form: used,
            genuine,
        };
        let mut bytes = answer.to_vec();
        bytes.extend([0xC3; 5]);
        let before = out.len();
        assert_eq!(self.progress(&bytes, &mut out), [done]);
        assert_eq!(out.len(), before, "nothing more to send");
    }

    /// C2 or S2, and whether it is an answer to ours.
    fn answer(&self, choice: u8, ours: &Block, used: HandshakeForm) -> (Block, bool) {
        let mut answer = [0xAA; SIZE];
        for (place, byte) in answer.iter_mut().zip(&self.rest) {
            *place = *byte;
        }
        let is_client = self.role == Role::Client;
        let digests = digest::SCHEMES.map(|scheme| digest::find(ours, scheme, is_client));
        let digest = digests.into_iter().flatten().next();
        match (choice & 3, digest) {
            (0, _) => (*ours, used == HandshakeForm::Simple),
            (1, Some(digest)) => {
                let signature = digest::signature(&answer, &digest, !is_client);
                answer[SIZE - 32..].copy_from_slice(&signature);
                (answer, used == HandshakeForm::Digest)
            }
            (2, _) => {
                // Some servers write a time over the echo of the version.
                answer = *ours;
                answer[4..8].copy_from_slice(&[1, 2, 3, 4]);
                (answer, used == HandshakeForm::Simple)
            }
            // Unless the fuzzer has found it out.
            (_, digest) => {
                let genuine = match (used, digest) {
                    (HandshakeForm::Simple, _) => answer[8..] == ours[8..],
                    (HandshakeForm::Digest, Some(digest)) => {
                        answer[SIZE - 32..] == digest::signature(&answer, &digest, !is_client)
                    }
                    (HandshakeForm::Digest, None) => false,
                };
                (answer, genuine)
            }
        }
    }

    /// Feeds it in pieces, up to the end of the last step.
    fn progress(&mut self, bytes: &[u8], out: &mut BytesMut) -> Vec<Progress> {
        let mut steps = Vec::new();
        for mut piece in pieces(bytes) {
            while let Some(step) = self.ours.advance(&mut piece, out).expect("RTMP") {
                steps.push(step);
            }
        }
        steps
    }
}
