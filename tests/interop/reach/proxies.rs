// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Through proxies of Debian's: microsocks (SOCKS 5), Dante (SOCKS 4 and 5),
//! tinyproxy (HTTP CONNECT).

use std::process::{Command, Stdio};

use gst::prelude::*;
use nix::sys::signal::Signal;

use crate::player::Player;
use crate::process::{Folder, Process, free_port, run, wait_for_listener, with_plugin};
use crate::server::Server;
use crate::short_stream::{expect_failed, expect_played, server};
use crate::tls::certificates::Certificates;
use crate::tls::stunnel::Stunnel;

/// A running proxy.
struct Proxy {
    process: Process,
    _folder: Folder,
    port: u16,
}

impl Proxy {
    fn start(command: impl FnOnce(&Folder, u16) -> Command) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let mut command = command(&folder, port);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(quiet);
        wait_for_listener(port);
        Self {
            process,
            _folder: folder,
            port,
        }
    }

    /// SOCKS 5, with a login.
    fn microsocks() -> Self {
        Self::start(|_, port| {
            let mut command = Command::new("microsocks");
            command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
            command.args(["-u", "me", "-P", "p@ss:word"]);
            command
        })
    }

    /// HTTP CONNECT, with these lines of configuration.
    fn tinyproxy(lines: &str) -> Self {
        Self::start(|folder, port| {
            let file = folder.path().join("tinyproxy.conf");
            let lines = format!("Port {port}\nListen 127.0.0.1\nMaxClients 10\n{lines}\n");
            std::fs::write(&file, lines).expect("the configuration is written");
            let mut command = Command::new("tinyproxy");
            command.arg("-d").arg("-c").arg(file);
            command
        })
    }

    /// SOCKS 4 and 5, without a login.
    fn dante() -> Self {
        Self::start(|folder, port| {
            let file = folder.path().join("danted.conf");
            let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
            let user = user.expect("the table of users").expect("ours is in it");
            let lines = format!(
                "internal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\n\
                 clientmethod: none\nsocksmethod: none\n\
                 user.privileged: {user}\nuser.unprivileged: {user}\n\
                 client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n\
                 socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n",
                user = user.name
            );
            std::fs::write(&file, lines).expect("the configuration is written");
            let mut command = Command::new("/usr/sbin/danted");
            command.arg("-f").arg(file);
            command
        })
    }

    fn url(&self, protocol: &str) -> String {
        format!("{protocol}://127.0.0.1:{}", self.port)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Dante ends its children only if it is asked to end.
        self.process.signal(Signal::SIGTERM);
        self.process.wait();
    }
}

fn player(server: &Server, proxy: &str) -> Player {
    let player = Player::new(&server.location());
    player.source.set_property("proxy", proxy);
    player
}

const LOGIN: &str = "BasicAuth me p-word";

#[test]
fn socks5_with_a_login() {
    let (server, proxy) = (server(), Proxy::microsocks());
    let with_url = format!("socks5://me:p%40ss%3Aword@127.0.0.1:{}", proxy.port);
    expect_played(&player(&server, &with_url));

    let player = player(&server, &proxy.url("socks5"));
    player.source.set_property("proxy-id", "me");
    player.source.set_property("proxy-pw", "p@ss:word");
    expect_played(&player);
}

#[test]
fn http_connect_with_a_login() {
    let (server, proxy) = (server(), Proxy::tinyproxy(LOGIN));
    let player = player(&server, &proxy.url("http"));
    player.source.set_property("proxy-id", "me");
    player.source.set_property("proxy-pw", "p-word");
    expect_played(&player);
}

#[test]
fn socks_of_each_version_without_a_login() {
    let (server, proxy) = (server(), Proxy::dante());
    for protocol in ["socks4", "socks4a", "socks5"] {
        expect_played(&player(&server, &proxy.url(protocol)));
    }
    // The option that librtmp has for it.
    let location = format!("{} socks=127.0.0.1:{}", server.location(), proxy.port);
    expect_played(&Player::new(&location));
}

#[test]
fn tls_through_each_kind_of_proxy() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "IP:127.0.0.1", 30);
    let server = server();
    let stunnel = Stunnel::start(&good, server.address());
    let (socks, http) = (Proxy::dante(), Proxy::tinyproxy(""));
    for proxy in [socks.url("socks5"), socks.url("socks4"), http.url("http")] {
        let location = format!("rtmps://127.0.0.1:{}/app/stream", stunnel.port());
        let player = Player::new(&location);
        player.source.set_property("proxy", &proxy);
        player
            .source
            .set_property("tls-ca-file", certificates.authority());
        expect_played(&player);
        assert!(player.stats().has_field("tls-connected-time"));
    }
}

#[test]
fn a_login_that_the_proxy_refuses_is_one_of_access() {
    let server = server();
    let (socks, http) = (Proxy::microsocks(), Proxy::tinyproxy(LOGIN));
    for proxy in [socks.url("socks5"), http.url("http")] {
        for password in [None, Some("hidden-word")] {
            let player = player(&server, &proxy);
            if password.is_some() {
                player.source.set_property("proxy-id", "me");
                player.source.set_property("proxy-pw", password);
            }
            let (code, text) = expect_failed(&player);
            assert_eq!(code, gst::ResourceError::NotAuthorized, "{proxy}: {text}");
            assert!(text.contains("proxy-pw"), "{proxy}: {text}");
            assert!(!text.contains("hidden"), "{text}");
        }
    }
}

#[test]
fn a_proxy_that_does_not_connect_there_is_told() {
    let nobody = format!("rtmp://127.0.0.1:{}/app/stream", free_port());
    let server = server();
    let open = Proxy::tinyproxy("");
    let closed = Proxy::tinyproxy("ConnectPort 1");
    let socks = Proxy::dante();
    for (location, proxy) in [
        (server.location(), closed.url("http")),
        (nobody.clone(), open.url("http")),
        (nobody.clone(), socks.url("socks5")),
        (nobody, socks.url("socks4")),
    ] {
        let player = Player::new(&location);
        player.source.set_property("proxy", &proxy);
        let (code, text) = expect_failed(&player);
        assert_eq!(code, gst::ResourceError::OpenRead, "{proxy}: {text}");
        assert!(text.contains("proxy on the way"), "{proxy}: {text}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_not_taken_for_the_server() {
    let server = server();
    for proxy in [
        format!("socks5://127.0.0.1:{}", free_port()),
        format!("http://127.0.0.1:{}", free_port()),
        "http://proxy.invalid:3128".to_owned(),
    ] {
        let (code, text) = expect_failed(&player(&server, &proxy));
        assert_eq!(code, gst::ResourceError::OpenRead, "{proxy}: {text}");
        assert!(text.contains("proxy on the way"), "{proxy}: {text}");
    }
}

#[test]
fn a_server_that_is_no_proxy_is_told() {
    // Our own server closes at what is no RTMP.
    let server = server();
    let other = Server::start(crate::server::Peer::hold);
    for protocol in ["socks5", "http"] {
        let proxy = format!("{protocol}://{}", other.address());
        let player = player(&server, &proxy);
        player.source.set_property("timeout", 1u32);
        let (code, text) = expect_failed(&player);
        assert_eq!(code, gst::ResourceError::OpenRead, "{text}");
    }
}

/// `play` in a process of its own, with this proxy in the environment that
/// libproxy looks at.
fn play_with_system_proxy(server: &Server, proxy: &str, arguments: &[&str]) -> bool {
    let folder = Folder::new();
    let mut command = Command::new("gst-launch-1.0");
    with_plugin(&mut command, &folder)
        .args(["-q", "rtmprsrc"])
        .arg(format!("location={}", server.location()))
        .args(arguments)
        .args(["!", "fakesink"])
        .env("GIO_USE_PROXY_RESOLVER", "libproxy")
        .env("all_proxy", proxy)
        .env("http_proxy", proxy)
        .env("no_proxy", "")
        .stderr(Stdio::null());
    run(&mut command).status.success()
}

#[test]
fn the_systems_proxy_is_used_unless_it_is_told_not_to() {
    let (server, proxy) = (server(), Proxy::tinyproxy(""));
    assert!(play_with_system_proxy(&server, &proxy.url("http"), &[]));
    let nobody = format!("http://127.0.0.1:{}", free_port());
    assert!(!play_with_system_proxy(&server, &nobody, &[]));
    assert!(play_with_system_proxy(
        &server,
        &nobody,
        &["proxy=direct://"]
    ));
}
