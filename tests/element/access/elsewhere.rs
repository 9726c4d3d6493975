// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that send their players elsewhere: credentials stay with the host
//! that they were given for.

use super::*;

/// Starts a player of a first server that sends it to the second one, under a
/// name.
fn sent_to(place: String) -> (Guarded, Player) {
    let front = Guarded::start(vec![
        refuse(ADOBE),
        refuse(ADOBE_CHALLENGE),
        Reply::Redirect(place),
    ]);
    let player = player(&front.location("app/s"));
    player.source.set_property("secure-token", "key");
    player.play();
    (front, player)
}

#[test]
fn a_redirect_to_another_host_takes_no_credentials_along() {
    let other = Guarded::start(vec![refuse(ADOBE)]);
    let (front, player) = sent_to(other.other_name("app"));
    let message = player.element_message("redirected");
    let place = message.get::<String>("location").expect("a field");
    assert!(place.starts_with("rtmp://localhost:"), "{place}");
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
    assert!(error.message().contains("localhost"), "{error}");
    assert!(error.message().contains("not set"), "{error}");
    assert_eq!(front.apps().len(), 3);
    assert_eq!(other.apps(), ["app"]);
    for secret in ["authmod", "user", "mine", "response", "opaque"] {
        assert!(!other.has_seen(secret), "{secret}");
    }
}

#[test]
fn a_redirect_to_another_host_that_does_not_ask_plays() {
    // Also if the method is set, so that nobody is asked for it.
    let other = Guarded::start(vec![Reply::Play]);
    let front = Guarded::start(vec![Reply::Redirect(other.other_name("app"))]);
    let player = player(&front.location("app/s"));
    player.source.set_property_from_str("authmod", "adobe");
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(player.stats().get::<&str>("authentication").is_err());
    assert!(front.has_seen("authmod") && !other.has_seen("authmod"));
}

#[test]
fn a_redirect_within_the_host_is_a_login_of_its_own() {
    let other = Guarded::start(vec![refuse(LLNW), refuse(LLNW_CHALLENGE), Reply::Play]);
    let (_front, player) = sent_to(other.location("other"));
    assert_eq!(player.rest().len(), 5);
    let apps = other.apps();
    assert_eq!(apps[..2], ["other", "other?authmod=llnw&user=me"]);
    assert!(apps[2].contains("&response="), "{apps:?}");
    let stats = player.stats();
    assert_eq!(stats.get::<&str>("authentication"), Ok("llnw"));
    assert_eq!(stats.get::<u32>("connections"), Ok(6));
}

#[test]
fn a_way_back_to_the_host_is_a_login_again() {
    let target = Guarded::start(vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), Reply::Play]);
    let between = Guarded::start(vec![Reply::Redirect(target.location("end"))]);
    let (_front, player) = sent_to(between.other_name("between"));
    assert_eq!(player.rest().len(), 5);
    assert_eq!(between.apps(), ["between"]);
    assert!(target.apps()[2].contains("&response="));
}

#[test]
fn a_request_to_reconnect_within_the_host_is_a_login_beside_the_play() {
    let next = Guarded::start(vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), Reply::Play]);
    let old = Guarded::start(vec![
        refuse(ADOBE),
        refuse(ADOBE_CHALLENGE),
        Reply::AskToReconnect(next.location("next")),
    ]);
    let player = player(&old.location("app/s"));
    player.play();
    player.element_message("reconnected");
    assert_eq!(player.rest().len(), 5 + 2);
    assert!(matches!(player.ended(), Ended::Eos));
    let apps = next.apps();
    assert_eq!(apps[..2], ["next", "next?authmod=adobe&user=me"]);
    assert!(apps[2].contains("&response="), "{apps:?}");
    assert_eq!(player.stats().get::<&str>("authentication"), Ok("adobe"));
}

#[test]
fn a_request_to_reconnect_to_another_host_takes_no_credentials_along() {
    let (tried, was_tried) = std::sync::mpsc::channel();
    let next = Server::concurrent(move |_, peer| {
        let request = peer.connect_request();
        peer.session.reject_connect(&request, &rejected(ADOBE));
        peer.close();
        let _ = tried.send(format!("{request:?}"));
    });
    let place = format!("rtmp://localhost:{}/app", next.address().port());
    let old = Guarded::start(vec![Reply::AskToReconnect(place)]);
    let player = player(&old.location("app/s"));
    player.source.set_property_from_str("authmod", "adobe");
    player.play();
    player.element_message("reconnecting");
    let seen = was_tried.recv().expect("a connection");
    for secret in ["authmod", "user=", "mine"] {
        assert!(!seen.contains(secret), "{seen}");
    }
    // The first connection plays on.
    assert_eq!(player.buffers(5).len(), 5);
    assert_eq!(player.stats().get::<&str>("phase"), Ok("playing"));
}
