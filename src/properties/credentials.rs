// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Who asks: user name, password, and the key to SecureToken challenges.
//!
//! A location names them as well. What is set later counts; what a location
//! says ends with it.

use std::fmt;

use glib::prelude::*;
use gst::prelude::*;

use super::{get, optional_string};
use crate::rtmp::auth::{Access, AuthMode, Credentials, Method};
use crate::rtmp::location::Location;

/// By which method to show who asks: `authmod` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprAuthmod")]
#[repr(i32)]
pub enum RtmprAuthmod {
    /// By none.
    #[enum_value(name = "Do not authenticate", nick = "none")]
    None = 0,
    /// By the one that the server names.
    #[default]
    #[enum_value(name = "As the server wants it", nick = "auto")]
    Auto = 1,
    /// That of Adobe's servers and Wowza.
    #[enum_value(name = "Adobe", nick = "adobe")]
    Adobe = 2,
    /// That of Limelight.
    #[enum_value(name = "Limelight", nick = "llnw")]
    Llnw = 3,
}

impl From<RtmprAuthmod> for AuthMode {
    fn from(authmod: RtmprAuthmod) -> Self {
        match authmod {
            RtmprAuthmod::None => Self::None,
            RtmprAuthmod::Auto => Self::Auto,
            RtmprAuthmod::Adobe => Self::Only(Method::Adobe),
            RtmprAuthmod::Llnw => Self::Only(Method::Llnw),
        }
    }
}

/// What was set by property.
#[derive(Clone, Default)]
pub(crate) struct CredentialProperties {
    authmod: RtmprAuthmod,
    username: Option<String>,
    password: Option<String>,
    secure_token: Option<String>,
}

/// Shows what is there, and not what it is.
impl fmt::Debug for CredentialProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hide = |value: &Option<String>| value.as_ref().map(|_| "…");
        f.debug_struct("CredentialProperties")
            .field("authmod", &self.authmod)
            .field("username", &hide(&self.username))
            .field("password", &hide(&self.password))
            .field("secure_token", &hide(&self.secure_token))
            .finish()
    }
}

impl CredentialProperties {
    /// Their specifications.
    pub(crate) fn specs() -> Vec<glib::ParamSpec> {
        vec![
            /**
             * rtmprsrc:username:
             *
             * User name for servers that ask for one. The user in the URL and
             * the option `pubUser` set it as well.
             */
            glib::ParamSpecString::builder("username")
                .nick("User name")
                .blurb("User name for servers that ask for one (NULL = the one in the location)")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:password:
             *
             * Password of #rtmprsrc:username. It is not sent; the server gets
             * a proof that it is known. Cannot be read, so that it is in no
             * dump of the pipeline.
             */
            glib::ParamSpecString::builder("password")
                .nick("Password")
                .blurb("Password of the user name (NULL = the one in the location)")
                .write_only()
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:authmod:
             *
             * By which method the server is shown that the password is known.
             * If it is set, one connection less is made, as the server need
             * not name it first.
             */
            glib::ParamSpecEnum::builder_with_default("authmod", RtmprAuthmod::Auto)
                .nick("Authentication method")
                .blurb("By which method to show the server who asks")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:secure-token:
             *
             * Key to the SecureToken challenge that Wowza sends. Cannot be
             * read, so that it is in no dump of the pipeline.
             */
            glib::ParamSpecString::builder("secure-token")
                .nick("SecureToken")
                .blurb("Key to SecureToken challenges of the server (NULL = none)")
                .write_only()
                .mutable_ready()
                .build(),
        ]
    }

    /// Sets a property; `None` if it is not of this group.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) -> Option<Result<(), String>> {
        match name {
            "username" => self.username = optional_string(value),
            "password" => self.password = optional_string(value),
            "secure-token" => self.secure_token = optional_string(value),
            "authmod" => return Some(get(value).map(|authmod| self.authmod = authmod)),
            _ => return None,
        }
        Some(Ok(()))
    }

    /// Reads a property; `None` if it is not of this group, or not to be read.
    pub(crate) fn value(&self, location: &Location, name: &str) -> Option<glib::Value> {
        match name {
            "username" => Some(self.username(location).to_value()),
            "authmod" => Some(self.authmod.to_value()),
            _ => None,
        }
    }

    /// Forgets what a location says that is set now.
    pub(crate) fn forget(&mut self, location: &Location) {
        for (property, said) in [
            (&mut self.username, &location.user),
            (&mut self.password, &location.password),
            (&mut self.secure_token, &location.options.token),
        ] {
            if said.is_some() {
                *property = None;
            }
        }
    }

    /// What they mean for the server of a location.
    ///
    /// # Errors
    /// A sentence on what is missing.
    pub(crate) fn access(&self, location: &Location) -> Result<Access, String> {
        let user = self.username(location).filter(|user| !user.is_empty());
        let password = self.password.as_ref().or(location.password.as_ref());
        let token = self.secure_token.as_ref();
        let token = token.or(location.options.token.as_ref());
        let credentials = user.zip(password).map(|(user, password)| Credentials {
            user: user.clone(),
            password: password.clone(),
        });
        let mode = AuthMode::from(self.authmod);
        if let (AuthMode::Only(method), None) = (mode, &credentials) {
            return Err(format!(
                "The authmod property is {method}, which needs the username and password \
                 properties, or both in the URL"
            ));
        }
        Ok(Access {
            mode,
            credentials,
            secure_token: token.filter(|token| !token.is_empty()).cloned(),
        })
    }

    fn username<'a>(&'a self, location: &'a Location) -> Option<&'a String> {
        self.username.as_ref().or(location.user.as_ref())
    }
}

/// The text of a location that may be shown: without what these properties
/// hide.
pub(crate) fn uri(location: &Location) -> String {
    let mut location = location.clone();
    location.user = None;
    location.password = None;
    location.options.pub_user = None;
    location.options.pub_passwd = None;
    location.options.token = None;
    location.to_uri()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(text: &str) -> Location {
        Location::parse(text).expect("a location")
    }

    fn set(properties: &mut CredentialProperties, name: &str, value: Option<&str>) {
        let result = properties.set(name, &value.to_value());
        assert_eq!(result, Some(Ok(())), "{name}");
    }

    fn of(text: &str, properties: &CredentialProperties) -> (Option<[String; 2]>, Option<String>) {
        let access = properties.access(&location(text)).expect("it fits");
        let credentials = access.credentials;
        let pair = credentials.map(|credentials| [credentials.user, credentials.password]);
        (pair, access.secure_token)
    }

    fn pair(user: &str, password: &str) -> Option<[String; 2]> {
        Some([user.to_owned(), password.to_owned()])
    }

    #[test]
    fn a_location_names_them_in_either_form() {
        let none = CredentialProperties::default();
        for (text, credentials, token) in [
            ("rtmp://h/a/s", None, None),
            ("rtmp://u:p@h/a/s", pair("u", "p"), None),
            ("rtmp://u%40x:p%3A%2F@h/a/s", pair("u@x", "p:/"), None),
            ("rtmp://u:@h/a/s", pair("u", ""), None),
            ("rtmp://u@h/a/s", None, None),
            ("rtmp://:p@h/a/s", None, None),
            (
                "rtmp://h/a/s pubUser=u pubPasswd=p\\20q",
                pair("u", "p q"),
                None,
            ),
            (
                "rtmp://v:w@h/a/s pubUser=u pubPasswd=p",
                pair("v", "w"),
                None,
            ),
            ("rtmp://h/a/s token=t", None, Some("t")),
            ("rtmp://h/a/s token=", None, None),
        ] {
            let (found, found_token) = of(text, &none);
            assert_eq!(found, credentials, "{text}");
            assert_eq!(found_token.as_deref(), token, "{text}");
        }
    }

    #[test]
    fn properties_count_until_a_later_location_says_otherwise() {
        let mut properties = CredentialProperties::default();
        set(&mut properties, "username", Some("me"));
        set(&mut properties, "password", Some("mine"));
        set(&mut properties, "secure-token", Some("key"));
        let text = "rtmp://u:p@h/a/s token=t";
        let key = Some("key".to_owned());
        assert_eq!(of(text, &properties), (pair("me", "mine"), key.clone()));

        let mut later = properties.clone();
        later.forget(&location("rtmp://h/a/s"));
        assert_eq!(
            of("rtmp://h/a/s", &later),
            (pair("me", "mine"), key.clone())
        );
        later.forget(&location("rtmp://u@h/a/s"));
        assert_eq!(of("rtmp://u@h/a/s", &later), (pair("u", "mine"), key));
        later.forget(&location(text));
        let token = Some("t".to_owned());
        assert_eq!(of(text, &later), (pair("u", "p"), token));
        assert_eq!(of("rtmp://h/a/s", &later), (None, None));

        // Unset again: what the location says.
        set(&mut properties, "username", None);
        set(&mut properties, "password", None);
        assert_eq!(of("rtmp://u:p@h/a/s", &properties).0, pair("u", "p"));
    }

    #[test]
    fn a_method_that_is_set_needs_a_name_and_a_password() {
        let mut properties = CredentialProperties::default();
        for (authmod, name) in [(RtmprAuthmod::Adobe, "adobe"), (RtmprAuthmod::Llnw, "llnw")] {
            let result = properties.set("authmod", &authmod.to_value());
            assert_eq!(result, Some(Ok(())));
            for text in ["rtmp://h/a/s", "rtmp://u@h/a/s"] {
                let error = properties.access(&location(text)).expect_err("incomplete");
                assert!(error.contains(name), "{error}");
            }
            let access = properties.access(&location("rtmp://u:p@h/a/s"));
            assert!(access.is_ok_and(|access| access.mode == authmod.into()));
        }
    }

    #[test]
    fn secrets_are_neither_read_nor_shown() {
        let mut properties = CredentialProperties::default();
        set(&mut properties, "username", Some("me"));
        set(&mut properties, "password", Some("secret"));
        set(&mut properties, "secure-token", Some("secret"));
        let here = location("rtmp://u:secret@h/a/s token=secret");
        for name in ["password", "secure-token"] {
            assert!(properties.value(&here, name).is_none());
        }
        let access = properties.access(&here);
        let shown = format!("{properties:?} {access:?} {}", uri(&here));
        assert!(
            !shown.contains("secret") && !shown.contains("me\""),
            "{shown}"
        );
        assert_eq!(uri(&here), "rtmp://h/a/s");
        let name = properties.value(&here, "username").expect("a value");
        assert_eq!(name.get::<String>().as_deref(), Ok("me"));
    }
}
