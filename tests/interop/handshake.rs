// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The digest handshake with programs that we did not write: nginx-rtmp, which
//! signs what it answers and looks at what it gets, and clients that ask for it.

use std::process::Command;

use gst::prelude::*;
use gstrtmpr::rtmp::handshake::HandshakeForm;

use crate::HANG;
use crate::clip;
use crate::nginx::{Nginx, run_to_end};
use crate::origin::Origin;
use crate::origin::server::Notice;
use crate::process::{Folder, Process, run, wait_until};

/// Plays some buffers with this form asked for; returns the form that was used
/// and the oddities of the server.
fn play(url: &str, form: &str) -> (String, u64) {
    crate::init();
    let description =
        format!("rtmprsrc name=source num-buffers=60 handshake={form} location={url} ! fakesink");
    let pipeline = gst::parse::launch(&description).expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a bus");
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    let message = bus.timed_pop_filtered(timeout, &ends).expect("it ends");
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
    let bin = pipeline.dynamic_cast_ref::<gst::Bin>().expect("a bin");
    let source = bin.by_name("source").expect("the source");
    let stats = source.property::<gst::Structure>("stats");
    pipeline.set_state(gst::State::Null).expect("it stops");
    assert_eq!(stats.get::<u32>("connections"), Ok(1));
    let form = stats.get::<String>("handshake").expect("a form");
    (form, stats.get("ignored-messages").expect("a count"))
}

#[test]
fn nginx_answers_each_form_in_kind() {
    let nginx = Nginx::start();
    let clip = clip::make(nginx.folder());
    let _publisher = clip::publish_for_ever(&clip, &nginx.url());
    wait_until("it is published", || nginx.publications("test") > 0);
    let (_, usual) = play(&nginx.url(), "simple");
    for (form, used) in [
        ("auto", "simple"),
        ("simple", "simple"),
        ("digest", "digest"),
    ] {
        let (found, ignored) = play(&nginx.url(), form);
        assert_eq!(found, used, "{form}");
        assert_eq!(ignored, usual, "its signature is right");
    }
}

/// The forms of those who have been let in.
fn forms(origin: &Origin) -> Vec<HandshakeForm> {
    let notices = origin.notices().into_iter();
    let forms = notices.filter_map(|notice| match notice {
        Notice::LetIn(_, form, _) => Some(form),
        _ => None,
    });
    forms.collect()
}

#[test]
fn ffmpeg_and_librtmp_get_the_form_that_they_ask_for() {
    crate::init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let url = origin.url();
    let _publisher = origin.publish_for_ever(&clip);
    assert_eq!(forms(&origin), [HandshakeForm::Digest], "ffmpeg publishes");

    let ffmpeg = run(Command::new("ffmpeg")
        .args(["-v", "error", "-i", &url])
        .args(["-frames:v", "10", "-f", "null", "-"]));
    assert!(ffmpeg.status.success(), "{ffmpeg:?}");
    assert_eq!(forms(&origin).last(), Some(&HandshakeForm::Digest));

    // librtmp asks for digests where it may have to show its Flash program.
    let flash = ["--swfsize", "1000", "--swfhash", &"5a".repeat(32)];
    for (arguments, form) in [
        (&flash[..0], HandshakeForm::Simple),
        (&flash[..], HandshakeForm::Digest),
    ] {
        let file = folder.path().join(form.name());
        let dump = Process::start(
            Command::new("rtmpdump")
                .args(["-q", "--live", "-r", &url])
                .args(arguments)
                .arg("-o")
                .arg(&file),
        );
        let size = || std::fs::metadata(&file).map_or(0, |file| file.len());
        wait_until("rtmpdump records", || size() > 1000);
        drop(dump);
        assert_eq!(forms(&origin).last(), Some(&form));
    }

    run_to_end(&format!(
        "rtmp2src num-buffers=30 location={url} ! fakesink"
    ));
    assert_eq!(forms(&origin).last(), Some(&HandshakeForm::Simple));
    assert_eq!(forms(&origin).len(), 5);
}
