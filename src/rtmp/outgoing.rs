// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Bytes on their way to the peer, in wire order: what is written here, and bodies
//! that are only referred to, so that a frame goes from its buffer into the socket
//! without a copy.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// What waits to be sent.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// In front of the tail.
    parts: VecDeque<Bytes>,
    parts_len: usize,
    tail: BytesMut,
}

impl Outgoing {
    /// Where to write.
    pub(super) fn tail(&mut self) -> &mut BytesMut {
        &mut self.tail
    }

    /// Adds bytes without copying them.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.cut();
        self.parts_len += bytes.len();
        self.parts.push_back(bytes);
    }

    /// Takes what is first.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        if self.parts.is_empty() {
            self.cut();
        }
        let part = self.parts.pop_front()?;
        self.parts_len -= part.len();
        Some(part)
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.parts_len + self.tail.len()
    }

    /// Ends the part that is written to.
    fn cut(&mut self) {
        if !self.tail.is_empty() {
            let part = self.tail.split().freeze();
            self.parts_len += part.len();
            self.parts.push_back(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_out_in_order_and_shared_ones_are_not_copied() {
        let body = Bytes::from(vec![7; 10_000]);
        let mut outgoing = Outgoing::default();
        outgoing.tail().extend_from_slice(b"head");
        outgoing.push(body.clone());
        outgoing.tail().extend_from_slice(b"next");
        outgoing.tail().extend_from_slice(b"one");
        assert_eq!(outgoing.len(), 10_011);
        assert_eq!(outgoing.pop().as_deref(), Some(&b"head"[..]));
        let shared = outgoing.pop().expect("the body");
        assert_eq!(shared.as_ptr(), body.as_ptr());
        assert_eq!(outgoing.len(), 7);
        assert_eq!(outgoing.pop().as_deref(), Some(&b"nextone"[..]));
        assert_eq!((outgoing.pop(), outgoing.len()), (None, 0));
    }
}
