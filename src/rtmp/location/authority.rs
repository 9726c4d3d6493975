// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! User information, host and port of a URL.

use core::net::Ipv6Addr;

use super::LocationError;
use super::escape::decode_hex_escapes;

/// Longest accepted host: more than any name or address needs.
const MAX_HOST_BYTES: usize = 255;

pub(super) fn parse_user_info(
    text: &str,
) -> Result<(Option<String>, Option<String>), LocationError> {
    if text.is_empty() {
        return Ok((None, None));
    }
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    let user = decode_hex_escapes(user, b'%');
    let password = password.map(|password| decode_hex_escapes(password, b'%'));
    let has_nul = |text: &str| text.contains('\0');
    if has_nul(&user) || password.as_deref().is_some_and(has_nul) {
        return Err(LocationError::ControlCharacter);
    }
    Ok((Some(user), password))
}

pub(super) fn parse_host_and_port(text: &str) -> Result<(String, Option<u16>), LocationError> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed
            .split_once(']')
            .ok_or(LocationError::UnbalancedBrackets)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port,
            None if rest.is_empty() => "",
            None => return Err(LocationError::UnbalancedBrackets),
        };
        return Ok((parse_ipv6(host)?, parse_port(port)?));
    }
    if text.contains(['[', ']']) {
        return Err(LocationError::UnbalancedBrackets);
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    if port.contains(':') {
        return Err(LocationError::InvalidHost);
    }
    Ok((parse_host(host)?, parse_port(port)?))
}

/// A host that stands alone, so an IPv6 address may lack its brackets.
pub(super) fn parse_host(text: &str) -> Result<String, LocationError> {
    let bracketed = text.strip_prefix('[').map(|text| text.strip_suffix(']'));
    match bracketed {
        Some(Some(address)) => return parse_ipv6(address),
        Some(None) => return Err(LocationError::UnbalancedBrackets),
        None if text.contains(['[', ']']) => return Err(LocationError::UnbalancedBrackets),
        None if text.contains(':') => return parse_ipv6(text),
        None => {}
    }
    if text.is_empty() {
        return Err(LocationError::MissingHost);
    }
    // International names are the resolver's business.
    let is_bad = |c: char| c.is_control() || c.is_whitespace() || r#"/?#@%\"'<>^`{|}"#.contains(c);
    if text.len() > MAX_HOST_BYTES || text.contains(is_bad) {
        return Err(LocationError::InvalidHost);
    }
    Ok(text.to_owned())
}

/// An address with an optional zone, which URLs set apart by `%25` (RFC 6874) and people
/// by `%`.
pub(super) fn parse_ipv6(text: &str) -> Result<String, LocationError> {
    if text.is_empty() {
        return Err(LocationError::MissingHost);
    }
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
        None => (text, None),
    };
    if text.len() > MAX_HOST_BYTES || address.parse::<Ipv6Addr>().is_err() {
        return Err(LocationError::InvalidHost);
    }
    let Some(zone) = zone else {
        return Ok(address.to_owned());
    };
    let is_bad = |c: char| !(c.is_ascii_alphanumeric() || "-._~".contains(c));
    if zone.is_empty() || zone.contains(is_bad) {
        return Err(LocationError::InvalidHost);
    }
    Ok(format!("{address}%{zone}"))
}

pub(super) fn parse_port(text: &str) -> Result<Option<u16>, LocationError> {
    if text.is_empty() {
        return Ok(None);
    }
    // Parsing alone would accept a sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(LocationError::InvalidPort);
    }
    match text.parse() {
        Ok(0) => Ok(None),
        Ok(port) => Ok(Some(port)),
        Err(_) => Err(LocationError::InvalidPort),
    }
}
