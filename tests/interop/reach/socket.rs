// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is set on the socket, as the kernel shows it.

use gst::prelude::*;

use crate::player::Player;
use crate::process::wait_until;
use crate::server::Server;

/// The keep-alive timer of the connection from `from`: in hundredths of a
/// second, or `None` if it has none.
fn keepalive(from: u16) -> Option<u32> {
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the socket table");
    let line = sockets
        .lines()
        .find(|line| {
            line.split_whitespace()
                .nth(1)
                .is_some_and(|local| local.ends_with(&format!(":{from:04X}")))
        })
        .expect("the connection is open");
    let timer = line.split_whitespace().nth(5).expect("the timer's column");
    let (kind, left) = timer.split_once(':').expect("KIND:LEFT");
    (kind == "02").then(|| u32::from_str_radix(left, 16).expect("hexadecimal"))
}

#[test]
fn keep_alive_is_on_and_can_be_changed_and_switched_off() {
    for (seconds, expected) in [(None, Some(30)), (Some(7u32), Some(7)), (Some(0), None)] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let server = Server::playing(move |peer, _| {
            let from = peer.stream.peer_addr().expect("its address");
            sender.send(from.port()).expect("it is waited for");
            peer.serve();
        });
        let player = Player::new(&server.location());
        if let Some(seconds) = seconds {
            player.source.set_property("tcp-keepalive", seconds);
        }
        player.play();
        let from = receiver.recv().expect("it plays");
        match expected {
            // Other timers run as long as something is on its way.
            Some(limit) => wait_until("the keep-alive timer runs", || {
                keepalive(from).is_some_and(|left| left > 0 && left <= limit * 100)
            }),
            None => {
                wait_until("it plays", || {
                    player.stats().get::<&str>("phase") == Ok("waiting")
                });
                assert_eq!(keepalive(from), None);
            }
        }
    }
}
