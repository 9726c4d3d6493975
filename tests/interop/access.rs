// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Logins of clients that we did not write, to our own server: no Debian
//! package has a server that asks. And of our client to the same server.

use std::process::Command;

use gst::prelude::*;
use gstrtmpr::rtmp::auth::{Credentials, Method};

use crate::clip;
use crate::nginx::run_to_end;
use crate::origin::Origin;
use crate::origin::server::{Notice, OriginOptions};
use crate::process::{Folder, Process, Reading, run, wait_until};

/// A password that is written differently in a URL.
const PASSWORD: &str = "pä:s/w@rd";
const IN_URL: &str = "me:p%C3%A4%3As%2Fw%40rd@";

/// Another user, for ffmpeg, which takes a URL's user as it is written.
const PLAIN: &str = "plain:word@";

const TOKEN: &str = "a key of more than sixteen bytes";

fn guarded(authmod: Method) -> Origin {
    crate::init();
    Origin::with(OriginOptions {
        users: [("me", PASSWORD), ("plain", "word")]
            .map(|(user, password)| Credentials {
                user: user.to_owned(),
                password: password.to_owned(),
            })
            .to_vec(),
        authmod,
        ..OriginOptions::default()
    })
}

/// The URL with user information in it.
fn url(origin: &Origin, user_information: &str) -> String {
    format!("rtmp://{user_information}{}/live/test", origin.address())
}

/// How many have been let in, and how many were asked or refused.
fn let_in(origin: &Origin) -> (usize, usize) {
    let notices = origin.notices();
    let in_by_name = |notice: &&Notice| match notice {
        Notice::LetIn(_, _, user) => {
            assert!(user.is_some(), "nobody without a name");
            true
        }
        _ => false,
    };
    let asked = |notice: &&Notice| matches!(notice, Notice::NotLetIn(_));
    (
        notices.iter().filter(in_by_name).count(),
        notices.iter().filter(asked).count(),
    )
}

fn ffmpeg_plays(url: &str) -> std::process::Output {
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-i", url])
        .args(["-frames:v", "10", "-f", "null", "-"]))
}

#[test]
fn ffmpeg_publishes_and_plays_and_rtmprsrc_plays_by_either_method() {
    for authmod in Method::ALL {
        let origin = guarded(authmod);
        let folder = Folder::new();
        let clip = clip::make(&folder);
        let _publisher = clip::publish_for_ever(&clip, &url(&origin, PLAIN));
        origin.wait_for_media();
        assert_eq!(let_in(&origin), (1, 2), "asked twice");

        let ffmpeg = ffmpeg_plays(&url(&origin, PLAIN));
        assert!(ffmpeg.status.success(), "{ffmpeg:?}");
        assert_eq!(let_in(&origin), (2, 4));

        run_to_end(&format!(
            "rtmprsrc num-buffers=30 location={} ! fakesink",
            url(&origin, IN_URL)
        ));
        assert_eq!(let_in(&origin), (3, 6));
        run_to_end(&format!(
            "rtmprsrc num-buffers=30 location={} authmod={authmod} username=me \
             password=\"{PASSWORD}\" ! fakesink",
            url(&origin, "")
        ));
        assert_eq!(let_in(&origin), (4, 7));
    }
}

#[test]
fn ffmpeg_with_a_wrong_password_is_not_let_in() {
    for authmod in Method::ALL {
        let origin = guarded(authmod);
        let folder = Folder::new();
        let clip = clip::make(&folder);
        let mut publisher = clip::publish(&clip, &url(&origin, "plain:wrong@"));
        assert!(!publisher.wait().success());
        assert!(!ffmpeg_plays(&url(&origin, "plain:wrong@")).status.success());
        assert_eq!(let_in(&origin), (0, 6));
        assert!(!origin.is_published());
    }
}

/// A pipeline that publishes sound until it is dropped.
struct Publisher(gst::Pipeline);

impl Publisher {
    fn start(sink: &str) -> Self {
        let description = format!(
            "audiotestsrc is-live=true ! avenc_aac ! aacparse ! flvmux streamable=true ! {sink}"
        );
        let pipeline = gst::parse::launch(&description).expect("a pipeline");
        pipeline.set_state(gst::State::Playing).expect("it starts");
        Self(pipeline.downcast().expect("a pipeline"))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}

#[test]
fn rtmp2sink_publishes_and_rtmp2src_plays() {
    let origin = guarded(Method::Adobe);
    let url = url(&origin, "");
    let credentials = format!("username=me password=\"{PASSWORD}\"");
    // Not librtmp's `pubUser`: Debian's build of it writes beyond its memory.
    let _publisher = Publisher::start(&format!("rtmp2sink location={url} {credentials}"));
    origin.wait_for_media();
    assert_eq!(let_in(&origin), (1, 2));

    run_to_end(&format!(
        "rtmp2src num-buffers=30 location={url} {credentials} authmod=adobe ! fakesink"
    ));
    assert_eq!(let_in(&origin), (2, 3));
}

fn with_token() -> Origin {
    crate::init();
    Origin::with(OriginOptions {
        secure_token: Some(TOKEN.to_owned()),
        ..OriginOptions::default()
    })
}

#[test]
fn rtmp2sink_publishes_and_others_play_with_a_secure_token() {
    let origin = with_token();
    let url = url(&origin, "");
    let publisher = Publisher::start(&format!(
        "rtmp2sink location={url} secure-token=\"{TOKEN}\""
    ));
    origin.wait_for_media();
    for source in ["rtmp2src", "rtmprsrc"] {
        run_to_end(&format!(
            "{source} num-buffers=30 location={url} secure-token=\"{TOKEN}\" ! fakesink"
        ));
    }
    let folder = Folder::new();
    let file = folder.path().join("dump.flv");
    let dump = Reading::start(
        Command::new("rtmpdump")
            .args(["-q", "--live", "--token", TOKEN, "-r", &url, "-o"])
            .arg(&file),
    );
    let size = || std::fs::metadata(&file).map_or(0, |file| file.len());
    wait_until("it is recorded", || size() > 1000);
    drop(publisher);
    dump.end();
    let refused = |notice: &Notice| matches!(notice, Notice::PlayRefused(..));
    assert!(!origin.notices().iter().any(refused));
}

#[test]
fn without_the_secure_token_nobody_plays_or_publishes() {
    let origin = with_token();
    let url = url(&origin, "");
    let play = format!("rtmprsrc fallbacks=false location={url} ! fakesink");
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let mut publisher: Process = clip::publish(&clip, &url);
    assert!(!publisher.wait().success());
    run(Command::new("rtmpdump")
        .args(["-q", "--live", "--token", "wrong", "-r", &url, "-o"])
        .arg(folder.path().join("dump.flv")));
    let message = crate::nginx::end_of(&play);
    let gst::MessageView::Error(error) = message.view() else {
        panic!("{message:?}");
    };
    let error = error.error();
    assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
    assert!(error.message().contains("secure-token property"), "{error}");
    let notices = origin.notices();
    let count = |wanted: fn(&Notice) -> bool| notices.iter().filter(|n| wanted(n)).count();
    assert_eq!(count(|n| matches!(n, Notice::PublishRefused(..))), 1);
    assert_eq!(count(|n| matches!(n, Notice::PlayRefused(..))), 2);
    let through = |n: &Notice| matches!(n, Notice::Played(..) | Notice::Published(..));
    assert_eq!(count(through), 0);
}
