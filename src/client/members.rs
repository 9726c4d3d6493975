// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a server says of itself, made fit to be shown.

use std::fmt;

use crate::rtmp::amf::{Object, Value};
use crate::rtmp::status::printable;

/// What the server calls itself. Some say so beside the status only.
pub(crate) fn server_version(properties: &Object, information: &Object) -> Option<String> {
    [properties, information]
        .into_iter()
        .find_map(|object| object.get("fmsVer")?.as_str())
        .map(printable)
}

/// The members of a server's object, for the log: the first few, and no more of
/// them than can be looked at for secrets.
pub(crate) struct Members<'a>(pub(crate) &'a Object);

impl fmt::Display for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_SHOWN: usize = 16;
        f.write_str("{")?;
        for (position, (name, value)) in self.0.iter().take(MAX_SHOWN).enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{}: ", printable(name))?;
            match value {
                // No secret, but one can be made out with its key.
                Value::String(_) if name == "secureToken" => f.write_str("…")?,
                Value::String(text) => write!(f, "{:?}", printable(text))?,
                Value::Number(number) => write!(f, "{number}")?,
                Value::Boolean(value) => write!(f, "{value}")?,
                _ => f.write_str("…")?,
            }
        }
        f.write_str(if self.0.len() > MAX_SHOWN {
            ", …}"
        } else {
            "}"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_properties_are_shown_without_secrets_and_bounded() {
        let members = Object::new()
            .with("fmsVer", "FMS/3,0,1,123")
            .with("capabilities", 31.0)
            .with("details", "s?token=secret")
            .with("secureToken", "secret")
            .with("data", Object::new().with("token", "secret"));
        let shown = r#"{fmsVer: "FMS/3,0,1,123", capabilities: 31, details: "s?…", secureToken: …, data: …}"#;
        assert_eq!(Members(&members).to_string(), shown);

        let long = "x".repeat(1 << 16);
        let members: Object = (0..100).map(|_| (long.as_str(), long.as_str())).collect();
        assert!(Members(&members).to_string().len() < 10_000);
        assert_eq!(Members(&Object::new()).to_string(), "{}");
    }
}
