// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Failures as GStreamer errors: domain and code, a sentence for people with
//! what they can do, and the details for a bug report.

use crate::client::refusal::is_about_access;
use crate::client::{Cause, Failure, Phase};
use crate::net::{ProxyFailure, TlsError};
use crate::rtmp::auth::AuthError;
use crate::rtmp::status::{Status, StatusCode};

/// Which way media goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the server.
    Play,
    /// To the server.
    Publish,
}

/// The error message for a failed play or publish of `url`, which holds no secrets;
/// `hide` takes them out of what others say.
pub(crate) fn message(
    url: &str,
    failure: &Failure,
    direction: Direction,
    hide: impl Fn(&str) -> String,
) -> gst::ErrorMessage {
    let here = failure.redirected_to.as_deref().unwrap_or(url);
    let (code, mut text) = explain(here, &failure.cause, failure.phase);
    if failure.redirected_to.is_some() {
        text = format!("{text} {url} redirected to there.");
    }
    if failure.secure_token_wanted {
        text = format!(
            "{text} The server had asked for a SecureToken: set the secure-token property."
        );
    }
    if !failure.tried.is_empty() {
        text = format!(
            "{text} Tried without success as well: {}.",
            failure.tried.join("; ")
        );
    }
    let debug = format!(
        "{url}: {:?} while {}, after {:.1?}",
        failure.cause,
        failure.phase.description(),
        failure.elapsed
    );
    let (text, debug) = (hide(&text), hide(&debug));
    match code {
        Code::Resource(code) => gst::error_msg!(direction.code(code), ("{}", text), ["{}", debug]),
        Code::Library => gst::error_msg!(gst::LibraryError::Failed, ("{}", text), ["{}", debug]),
    }
}

impl Direction {
    /// What is reading for a source is writing for a sink.
    fn code(self, code: gst::ResourceError) -> gst::ResourceError {
        match (self, code) {
            (Self::Publish, gst::ResourceError::OpenRead) => gst::ResourceError::OpenWrite,
            (Self::Publish, gst::ResourceError::Read) => gst::ResourceError::Write,
            (_, code) => code,
        }
    }
}

enum Code {
    Resource(gst::ResourceError),
    Library,
}

/// Advice for a handshake that fails: neither application nor stream has been
/// named by then.
fn check_server(url: &str) -> &'static str {
    if url.starts_with("rtmps:") {
        "Check the host and the port"
    } else {
        "Check the host and the port; if the server speaks TLS, use rtmps://"
    }
}

fn explain(url: &str, cause: &Cause, phase: Phase) -> (Code, String) {
    use gst::ResourceError as Error;

    let waiting_for = phase.description();
    let (code, text) = match cause {
        Cause::HostNotFound(why) => (
            Error::NotFound,
            format!(
                "The host of {url} was not found ({why}). Check the host name and the network."
            ),
        ),
        Cause::Refused(why) => (
            Error::OpenRead,
            format!(
                "The host of {url} refused the connection ({why}). Check that the server is \
                 running and that the port is right."
            ),
        ),
        Cause::Proxy(kind, why) => proxy(url, *kind, why),
        Cause::Tls(error) => tls(url, error, phase),
        Cause::Unreachable(why) => (
            Error::OpenRead,
            format!("{url} cannot be reached ({why}). Check the network."),
        ),
        Cause::TimedOut(limit) => (
            Error::OpenRead,
            format!(
                "{url} timed out after {} s while {waiting_for}. {}, or allow more time with \
                 the timeout property.",
                limit.as_secs_f32().round(),
                match phase {
                    Phase::Handshake => check_server(url),
                    Phase::Tls => "Check that the port speaks TLS, and use rtmp:// if it does not",
                    _ => "Check the address",
                }
            ),
        ),
        Cause::NotRtmp(what) => (
            Error::OpenRead,
            format!(
                "{url} is not an RTMP server ({what}). {}.",
                check_server(url)
            ),
        ),
        Cause::Protocol(what) => (
            match phase {
                Phase::Playing | Phase::Publishing => Error::Read,
                _ => Error::OpenRead,
            },
            format!("{url} broke the RTMP protocol ({what}) while {waiting_for}."),
        ),
        Cause::ConnectRejected(status) => refused(url, "the connection", status.as_ref()),
        Cause::NotAuthorized { status, error } => {
            (Error::NotAuthorized, not_let_in(url, status, error))
        }
        Cause::CreateStreamFailed(status) => refused(url, "a stream", status.as_ref()),
        Cause::PlayFailed(status) => refused(url, "to play the stream", status.as_ref()),
        Cause::PublishFailed(status) => refused(url, "to take the stream", status.as_ref()),
        Cause::ClosedEarly(_) if phase == Phase::Handshake => (
            Error::OpenRead,
            format!(
                "{url} closed the connection during the RTMP handshake. {}.",
                check_server(url)
            ),
        ),
        Cause::ClosedEarly(_) => (
            Error::OpenRead,
            format!(
                "{url} closed the connection while {waiting_for}. Most servers do so when the \
                 application or stream does not exist, or access is denied: check the path and \
                 its token."
            ),
        ),
        Cause::Redirect { status, error, to } => (
            Error::OpenRead,
            format!("{url} redirects to {to} ({status}), which is not followed: {error}."),
        ),
        Cause::Unpublished(reason) => (
            Error::Read,
            format!(
                "The publisher of {url} has left ({reason}). The on-unpublish property makes \
                 this an error."
            ),
        ),
        Cause::EndedByServer(status) => (
            Error::Read,
            format!("The server ended the stream {url}: {status}."),
        ),
        Cause::ConnectionLost(why) => (
            Error::Read,
            format!("The connection to {url} was lost ({why})."),
        ),
        Cause::ClosedWithoutEof => (
            Error::Read,
            format!("{url} closed the connection without saying that the stream ended."),
        ),
        Cause::Idle(limit) => (
            Error::Read,
            format!(
                "No media came from {url} for {} s, the limit set by the idle-timeout property.",
                limit.as_secs()
            ),
        ),
        Cause::NoThread(why) => (
            Error::Failed,
            format!("The network thread could not be started ({why})."),
        ),
        Cause::Panicked => {
            let text = "Internal error in the network thread. Please report it with a debug log.";
            return (Code::Library, text.to_owned());
        }
    };
    (Code::Resource(code), text)
}

fn proxy(url: &str, kind: ProxyFailure, why: &str) -> (gst::ResourceError, String) {
    match kind {
        ProxyFailure::Broken => (
            gst::ResourceError::OpenRead,
            format!(
                "The proxy on the way to {url} failed ({why}). Check the proxy property, or the \
                 system's proxy settings."
            ),
        ),
        ProxyFailure::Login => (
            gst::ResourceError::NotAuthorized,
            format!(
                "The proxy on the way to {url} wants a login or refuses the one given ({why}). \
                 Check the proxy-id and proxy-pw properties."
            ),
        ),
        ProxyFailure::Refused => (
            gst::ResourceError::OpenRead,
            format!(
                "The proxy on the way to {url} does not connect to it ({why}). Check that the \
                 server runs, and that the proxy allows its port."
            ),
        ),
    }
}

fn tls(url: &str, error: &TlsError, phase: Phase) -> (gst::ResourceError, String) {
    let broken = match phase {
        Phase::Waiting | Phase::Playing | Phase::Publishing => gst::ResourceError::Read,
        _ => gst::ResourceError::OpenRead,
    };
    match error {
        TlsError::NoBackend => (
            gst::ResourceError::OpenRead,
            format!(
                "{url} needs TLS, and GIO has no TLS back end here. Install glib-networking \
                 (Debian and Ubuntu: apt-get install glib-networking)."
            ),
        ),
        TlsError::Certificate { host, words } => (
            gst::ResourceError::OpenRead,
            format!(
                "{url} is not trusted: the certificate that it showed for '{host}' did not pass: \
                 {words}. Check the host name and the clock; for a private authority set \
                 tls-ca-file, for one certificate tls-fingerprint."
            ),
        ),
        TlsError::Fingerprint { found } => (
            gst::ResourceError::OpenRead,
            format!(
                "{url} is not trusted: its certificate is not the one of the tls-fingerprint \
                 property, it has {found}. If the server has a new certificate, set that."
            ),
        ),
        TlsError::CertificateRequired(why) => (
            gst::ResourceError::NotAuthorized,
            format!(
                "{url} wants a client certificate that it trusts ({why}). Set \
                 tls-certificate-file."
            ),
        ),
        TlsError::NotTls(why) => (
            gst::ResourceError::OpenRead,
            format!(
                "{url} does not speak TLS ({why}). Check the port, or use rtmp:// if the server \
                 has no TLS."
            ),
        ),
        TlsError::Closed => (
            gst::ResourceError::OpenRead,
            format!(
                "{url} closed the connection during the TLS handshake. Check that the port \
                 speaks TLS, or use rtmp:// if the server has none."
            ),
        ),
        TlsError::Truncated => (
            broken,
            format!(
                "The connection to {url} was cut off: it ended without the good-bye of TLS. The \
                 server broke off, or something between cut it."
            ),
        ),
        TlsError::Failed(why) => {
            let advice = match phase {
                Phase::Tls => " Check that the port speaks TLS, and use rtmp:// if it does not.",
                _ => "",
            };
            (broken, format!("TLS with {url} failed ({why}).{advice}"))
        }
    }
}

/// A refusal of a server that wanted to know who asks.
fn not_let_in(url: &str, status: &Status, error: &AuthError) -> String {
    let advice = match error {
        AuthError::NoCredentials => {
            "Set the username and password properties, or put both into the URL"
        }
        AuthError::SwitchedOff => "Set the authmod property to auto",
        AuthError::WrongPassword | AuthError::NoSuchUser | AuthError::Repeated => {
            "Check the username and password properties, or the user and the password in the URL"
        }
        AuthError::UnusableUser => "Check the username property, or the user in the URL",
        AuthError::OtherMethod(_) => "Set the authmod property to auto, or to that method",
        AuthError::UnknownMethod(_) => {
            "Ask who runs the server for a token in the URL, or for another way in"
        }
        AuthError::Refused(_) | AuthError::BadChallenge(_) => "The server's log may tell more",
    };
    let words = status.to_string();
    let words = words.trim_end_matches('.');
    format!("{url} refused the connection: {words}. The reason: {error}. {advice}.")
}

/// A refusal in the server's words.
fn refused(url: &str, what: &str, status: Option<&Status>) -> (gst::ResourceError, String) {
    let Some(status) = status else {
        let text = format!("{url} refused {what} without giving a reason.");
        return (gst::ResourceError::OpenRead, text);
    };
    let (code, advice) = match status.code {
        StatusCode::PlayStreamNotFound => (
            gst::ResourceError::NotFound,
            "Check the stream name, and that somebody is publishing it.",
        ),
        StatusCode::ConnectInvalidApp => (
            gst::ResourceError::NotFound,
            "Check the application, the part of the path before the stream.",
        ),
        StatusCode::PlayUnauthorized => (
            gst::ResourceError::NotAuthorized,
            "Check the token in the URL.",
        ),
        StatusCode::PublishBadName if !is_about_access(status) => (
            gst::ResourceError::Busy,
            "Somebody publishes under this name already, or the server has not noticed yet \
             that an earlier connection has gone: try again later, or take another name.",
        ),
        StatusCode::PublishUnauthorized | StatusCode::PublishDenied => (
            gst::ResourceError::NotAuthorized,
            "Check the stream key, the token in the URL, and the username and password \
             properties.",
        ),
        _ if is_about_access(status) => (
            gst::ResourceError::NotAuthorized,
            "The server wants credentials or refuses those given.",
        ),
        _ => (
            gst::ResourceError::OpenRead,
            "The server's log may tell more.",
        ),
    };
    let words = status.to_string();
    let words = words.trim_end_matches('.');
    (code, format!("{url} refused {what}: {words}. {advice}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::{EosReason, RedirectError};
    use crate::rtmp::auth::Method;
    use crate::rtmp::status::Level;

    const URL: &str = "rtmp://host/app/stream?…";

    fn code(cause: &Cause, phase: Phase) -> Option<gst::ResourceError> {
        match explain(URL, cause, phase).0 {
            Code::Resource(code) => Some(code),
            Code::Library => None,
        }
    }

    #[test]
    fn each_cause_has_its_code_and_a_sentence_with_the_url() {
        use gst::ResourceError as Error;

        let text = || "why".to_owned();
        let second = Duration::from_secs(1);
        for (cause, expected) in [
            (Cause::HostNotFound(text()), Some(Error::NotFound)),
            (Cause::Refused(text()), Some(Error::OpenRead)),
            (
                Cause::Proxy(ProxyFailure::Broken, text()),
                Some(Error::OpenRead),
            ),
            (
                Cause::Proxy(ProxyFailure::Login, text()),
                Some(Error::NotAuthorized),
            ),
            (Cause::Tls(TlsError::NoBackend), Some(Error::OpenRead)),
            (Cause::Tls(TlsError::Truncated), Some(Error::Read)),
            (
                Cause::Tls(TlsError::CertificateRequired(text())),
                Some(Error::NotAuthorized),
            ),
            (Cause::Unreachable(text()), Some(Error::OpenRead)),
            (Cause::TimedOut(second), Some(Error::OpenRead)),
            (Cause::NotRtmp(text()), Some(Error::OpenRead)),
            (Cause::Protocol(text()), Some(Error::Read)),
            (Cause::ConnectRejected(None), Some(Error::OpenRead)),
            (Cause::CreateStreamFailed(None), Some(Error::OpenRead)),
            (Cause::PlayFailed(None), Some(Error::OpenRead)),
            (Cause::ClosedEarly(None), Some(Error::OpenRead)),
            (
                Cause::EndedByServer(Status::new(Level::Error, StatusCode::PlayFailed, "why")),
                Some(Error::Read),
            ),
            (Cause::ConnectionLost(text()), Some(Error::Read)),
            (Cause::ClosedWithoutEof, Some(Error::Read)),
            (Cause::Unpublished(EosReason::StreamEof), Some(Error::Read)),
            (
                Cause::Redirect {
                    status: Status::new(Level::Error, StatusCode::ConnectRejected, "why"),
                    error: RedirectError::Loop,
                    to: text(),
                },
                Some(Error::OpenRead),
            ),
            (Cause::Idle(second), Some(Error::Read)),
            (Cause::NoThread(text()), Some(Error::Failed)),
            (Cause::Panicked, None),
        ] {
            assert_eq!(code(&cause, Phase::Playing), expected, "{cause:?}");
            for phase in Phase::PLAY {
                let (_, sentence) = explain(URL, &cause, phase);
                let internal = matches!(cause, Cause::NoThread(_) | Cause::Panicked);
                assert_eq!(sentence.contains(URL), !internal, "{sentence}");
                assert!(sentence.ends_with('.'), "{sentence}");
            }
        }
    }

    #[test]
    fn who_is_not_let_in_is_told_why_and_what_to_do() {
        let description = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=secret";
        for (error, words) in [
            (AuthError::NoCredentials, "username and password properties"),
            (AuthError::SwitchedOff, "switched off"),
            (AuthError::WrongPassword, "authfailed"),
            (AuthError::NoSuchUser, "nosuchuser"),
            (AuthError::Refused("expired".to_owned()), "expired"),
            (AuthError::Repeated, "asks again"),
            (AuthError::UnknownMethod("kerberos".to_owned()), "kerberos"),
            (AuthError::UnknownMethod(String::new()), "does not say"),
            (AuthError::OtherMethod(Method::Llnw), "method llnw"),
            (AuthError::BadChallenge("it has no salt"), "no salt"),
            (AuthError::UnusableUser, "cannot be sent"),
        ] {
            let code = StatusCode::ConnectRejected;
            let status = Status::new(Level::Error, code, description);
            let cause = Cause::NotAuthorized { status, error };
            let (code, sentence) = explain(URL, &cause, Phase::Connect);
            assert!(matches!(
                code,
                Code::Resource(gst::ResourceError::NotAuthorized)
            ));
            for part in [URL, "AccessManager.Reject", words] {
                assert!(sentence.contains(part), "{part:?} in {sentence}");
            }
            assert!(sentence.ends_with('.'), "{sentence}");
            assert!(!sentence.contains("secret"), "{sentence}");
        }
    }

    #[test]
    fn a_secure_token_that_was_wanted_is_advised() {
        let mut failure = Failure::new(Cause::ClosedEarly(None), Phase::Play, Duration::ZERO);
        failure.secure_token_wanted = true;
        let shown = format!(
            "{:?}",
            message(URL, &failure, Direction::Play, str::to_owned)
        );
        assert!(shown.contains("secure-token property"), "{shown}");
    }

    #[test]
    fn a_protocol_error_is_one_of_reading_only_while_playing() {
        for phase in Phase::PLAY {
            let expected = match phase {
                Phase::Playing => gst::ResourceError::Read,
                _ => gst::ResourceError::OpenRead,
            };
            let cause = Cause::Protocol("why".to_owned());
            assert_eq!(code(&cause, phase), Some(expected), "{phase:?}");
        }
    }

    #[test]
    fn a_failed_handshake_does_not_blame_the_stream() {
        for cause in [
            Cause::ClosedEarly(None),
            Cause::TimedOut(Duration::from_secs(1)),
        ] {
            let (_, sentence) = explain(URL, &cause, Phase::Handshake);
            assert!(sentence.contains("TLS"), "{sentence}");
            assert!(!sentence.contains("stream does not exist"), "{sentence}");
        }
    }

    #[test]
    fn what_broke_a_connection_early_is_kept_for_bug_reports() {
        let cause = Cause::ClosedEarly(Some("Connection reset by peer".to_owned()));
        let failure = Failure::new(cause, Phase::Connect, Duration::ZERO);
        let shown = format!(
            "{:?}",
            message(URL, &failure, Direction::Play, str::to_owned)
        );
        assert!(shown.contains("Connection reset by peer"), "{shown}");
    }

    #[test]
    fn what_was_tried_is_listed() {
        let mut failure = Failure::new(Cause::ClosedEarly(None), Phase::Play, Duration::ZERO);
        failure.tried = vec!["FCSubscribe".to_owned(), "a recording only".to_owned()];
        let shown = format!(
            "{:?}",
            message(URL, &failure, Direction::Play, str::to_owned)
        );
        assert!(
            shown.contains("as well: FCSubscribe; a recording only."),
            "{shown}"
        );
    }

    #[test]
    fn a_sentence_of_the_server_is_not_ended_twice() {
        let code = StatusCode::PlayStreamNotFound;
        let status = Status::new(Level::Error, code, "Stream not found.");
        let (_, sentence) = explain(URL, &Cause::PlayFailed(Some(status)), Phase::Play);
        assert!(sentence.contains("not found. Check"), "{sentence}");
    }

    #[test]
    fn no_part_of_a_refusal_shows_a_secret_or_the_whole_of_a_long_text() {
        let long = "x".repeat(600_000);
        for words in ["Failed to play s?token=secret; gone.", long.as_str()] {
            let status = Status::new(Level::Error, StatusCode::PlayStreamNotFound, words)
                .with("details", "s?token=secret");
            let cause = Cause::PlayFailed(Some(status));
            let failure = Failure::new(cause, Phase::Play, Duration::ZERO);
            let shown = format!(
                "{:?}",
                message(URL, &failure, Direction::Play, str::to_owned)
            );
            assert!(shown.contains("Play.StreamNotFound"), "{shown}");
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.chars().count() < 2000, "{shown}");
        }
    }

    #[test]
    fn refusals_are_sorted_by_code_and_words() {
        use gst::ResourceError as Error;

        for (status_code, words, expected) in [
            (StatusCode::PlayStreamNotFound, "", Error::NotFound),
            (StatusCode::ConnectInvalidApp, "", Error::NotFound),
            (StatusCode::PlayUnauthorized, "", Error::NotAuthorized),
            (
                StatusCode::ConnectRejected,
                "Access DENIED",
                Error::NotAuthorized,
            ),
            (StatusCode::ConnectRejected, "full", Error::OpenRead),
            (
                StatusCode::PlayFailed,
                "authentication",
                Error::NotAuthorized,
            ),
            (StatusCode::ConnectAppShutdown, "", Error::OpenRead),
            (StatusCode::PublishBadName, "in use", Error::Busy),
            (
                StatusCode::PublishBadName,
                "permission denied",
                Error::NotAuthorized,
            ),
            (StatusCode::PublishDenied, "", Error::NotAuthorized),
            (StatusCode::PublishUnauthorized, "", Error::NotAuthorized),
            (StatusCode::PublishFailed, "full", Error::OpenRead),
        ] {
            let status = Status::new(Level::Error, status_code, words);
            let shown = status.to_string();
            let (code, text) = refused(URL, "it", Some(&status));
            assert_eq!(code, expected, "{shown}");
            assert!(text.contains(&shown), "{text}");
        }
    }

    #[test]
    fn a_sink_fails_to_write_where_a_source_fails_to_read() {
        use gst::ResourceError as Error;

        for (read, write) in [
            (Error::Read, Error::Write),
            (Error::OpenRead, Error::OpenWrite),
            (Error::NotFound, Error::NotFound),
        ] {
            assert_eq!(Direction::Play.code(read), read);
            assert_eq!(Direction::Publish.code(read), write);
        }
    }
}
