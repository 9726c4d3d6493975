// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A host with addresses of both kinds, of which one may be dead. `localhost`
//! is such a host: it is ::1 and 127.0.0.1.

use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use gst::prelude::*;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn6, bind, listen, setsockopt, socket,
    sockopt,
};

use crate::player::Player;
use crate::server::Server;
use crate::short_stream::{expect_failed, expect_played, server};

/// A listener on ::1 alone, with the port of another one on 127.0.0.1.
fn listen_v6(port: u16, backlog: i32) -> Option<TcpListener> {
    let socket = socket(
        AddressFamily::Inet6,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .expect("IPv6 is there");
    setsockopt(&socket, sockopt::Ipv6V6Only, &true).expect("an option");
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    let SocketAddr::V6(address) = address else {
        unreachable!("it is one")
    };
    bind(
        std::os::fd::AsRawFd::as_raw_fd(&socket),
        &SockaddrIn6::from(address),
    )
    .ok()?;
    let backlog = Backlog::new(backlog).expect("a valid backlog");
    listen(&socket, backlog).expect("it listens");
    Some(TcpListener::from(socket))
}

/// Runs a server on 127.0.0.1 whose port is a black hole on ::1.
struct HalfDead {
    server: Server,
    _hole: TcpListener,
    _fillers: Vec<std::io::Result<TcpStream>>,
}

impl HalfDead {
    fn start() -> Self {
        let (server, hole) = std::iter::repeat_with(|| {
            let server = server();
            let hole = listen_v6(server.address().port(), 0);
            (server, hole)
        })
        .take(20)
        .find_map(|(server, hole)| Some((server, hole?)))
        .expect("a port that is free on both addresses");
        let address = hole.local_addr().expect("its address");
        let moment = Duration::from_millis(100);
        let fillers: Vec<_> = (0..8)
            .map(|_| TcpStream::connect_timeout(&address, moment))
            .collect();
        assert!(fillers.iter().any(Result::is_err), "nobody answers there");
        Self {
            server,
            _hole: hole,
            _fillers: fillers,
        }
    }

    fn player(&self) -> Player {
        let port = self.server.address().port();
        Player::new(&format!("rtmp://localhost:{port}/app/stream"))
    }
}

#[test]
fn a_dead_ipv6_address_does_not_keep_from_the_living_ipv4_one() {
    let host = HalfDead::start();
    // It is dead, and among the addresses that are tried.
    let dead = host.player();
    dead.source.set_property_from_str("address-family", "ipv6");
    dead.source.set_property("timeout", 1u32);
    let (code, text) = expect_failed(&dead);
    assert_eq!(code, gst::ResourceError::OpenRead);
    assert!(text.contains("timed out"), "{text}");

    let player = host.player();
    // The kernel tries for minutes.
    player.source.set_property("timeout", 0u32);
    expect_played(&player);
    let stats = player.stats();
    let time = |name| gst::ClockTime::from_nseconds(stats.get::<u64>(name).expect(name));
    let cost = time("tcp-connected-time") - time("resolved-time");
    println!("a dead address cost {cost}");
}

#[test]
fn a_host_with_one_kind_of_address_alive_is_reached_by_it() {
    // Nobody is on ::1: refused at once.
    let v4_only = server();
    let port = v4_only.address().port();
    expect_played(&Player::new(&format!("rtmp://localhost:{port}/app/stream")));

    let v6_only = Server::listening_on("[::1]:0", |peer| {
        let request = peer.accept_play();
        crate::short_stream::short_stream(peer, request.stream);
        peer.close();
    });
    let port = v6_only.address().port();
    for host in ["localhost", "[::1]"] {
        expect_played(&Player::new(&format!("rtmp://{host}:{port}/app/stream")));
    }
}

#[test]
fn the_family_that_is_chosen_is_the_only_one() {
    let v4_only = server();
    let port = v4_only.address().port();
    for (family, plays) in [("ipv4", true), ("ipv6", false)] {
        let player = Player::new(&format!("rtmp://localhost:{port}/app/stream"));
        player
            .source
            .set_property_from_str("address-family", family);
        if plays {
            expect_played(&player);
        } else {
            let (code, _) = expect_failed(&player);
            assert_eq!(code, gst::ResourceError::OpenRead);
        }
    }
    // An address of the other family cannot be used at all.
    let player = Player::new(&v4_only.location());
    player
        .source
        .set_property_from_str("address-family", "ipv6");
    let (code, text) = expect_failed(&player);
    assert_eq!(code, gst::ResourceError::NotFound);
    assert!(text.contains("address-family"), "{text}");
}

#[test]
fn the_local_address_is_the_one_that_is_bound() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        let from = peer.stream.peer_addr().expect("its address");
        sender.send(from.ip()).expect("it is waited for");
        crate::short_stream::short_stream(peer, stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.source.set_property("bind-address", "127.0.0.2");
    expect_played(&player);
    let from = receiver.recv().expect("it was sent");
    assert_eq!(from.to_string(), "127.0.0.2");
}

#[test]
fn a_local_address_that_is_not_ours_is_told() {
    let server = server();
    let player = Player::new(&server.location());
    // Reserved for documentation (RFC 5737): on no machine.
    player.source.set_property("bind-address", "192.0.2.1");
    let (code, text) = expect_failed(&player);
    assert_eq!(code, gst::ResourceError::OpenRead);
    assert!(text.contains("bind-address"), "{text}");
}
