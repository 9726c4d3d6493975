// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Extra arguments of the `connect` command, in the notation of librtmp and FFmpeg.
//!
//! An argument is a type letter, a colon and a value: `B:1`, `N:1.5`, `S:text`, `Z:` (null).
//! `O:1` begins an object and `O:0` ends it; members in between carry an `N` before the
//! type and a name before the value: `NB:flag:1`, `NO:inner:1`. Arguments are separated by
//! spaces, `\xx` stands for the byte of that hex value.
//!
//! The elements pass their `extra-connect-args` property or the `conn` options of a
//! location, joined by spaces; the session sends the values behind the command object.

use std::fmt;

use super::amf::{MAX_DEPTH, Object, Value};
use super::location::unescape;

/// Which argument is wrong, and how. The text never repeats the argument: it may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectArgsError {
    /// Position of the argument, starting at 0; the text counts from 1.
    pub index: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It does not begin with a known type and a colon.
    UnknownType,
    /// A boolean that is neither 0 nor 1.
    InvalidBoolean,
    /// A number that is none, or not finite.
    InvalidNumber,
    /// An object that neither begins (1) nor ends (0).
    InvalidObject,
    /// A named argument without a name, or without the colon behind it.
    MissingName,
    /// An argument without a name inside an object.
    UnnamedInObject,
    /// An argument with a name outside of objects.
    NamedOutsideObject,
    /// An object ends that was not begun.
    EndWithoutBegin,
    /// This object does not end.
    NotEnded,
    /// More than [`MAX_DEPTH`] objects inside each other.
    TooDeep,
}

impl fmt::Display for ConnectArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.index.saturating_add(1);
        write!(f, "connect argument {number}: {}", self.problem)
    }
}

impl std::error::Error for ConnectArgsError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownType => "does not begin with B:, N:, S:, Z:, O: or N and one of these",
            Self::InvalidBoolean => "boolean is neither 0 nor 1",
            Self::InvalidNumber => "invalid number",
            Self::InvalidObject => "object is neither 1 (begin) nor 0 (end)",
            Self::MissingName => "named value without a name",
            Self::UnnamedInObject => "value without a name inside an object",
            Self::NamedOutsideObject => "named value outside of an object",
            Self::EndWithoutBegin => "end of an object that was not begun",
            Self::NotEnded => "object is not ended",
            Self::TooDeep => "objects are nested too deeply",
        })
    }
}

/// Parses arguments separated by spaces; no argument gives no value.
///
/// # Errors
///
/// The first argument that is wrong.
pub fn parse(text: &str) -> Result<Vec<Value>, ConnectArgsError> {
    let mut parser = Parser::default();
    let words = text.split(' ').filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        parser
            .argument(index, word)
            .map_err(|problem| ConnectArgsError { index, problem })?;
    }
    match parser.open.pop() {
        Some(object) => Err(ConnectArgsError {
            index: object.index,
            problem: Problem::NotEnded,
        }),
        None => Ok(parser.values),
    }
}

#[derive(Default)]
struct Parser {
    values: Vec<Value>,
    /// Objects that were begun, the innermost one last.
    open: Vec<OpenObject>,
}

struct OpenObject {
    index: usize,
    /// Its name in the object around it; the outermost one has none.
    name: Option<String>,
    members: Object,
}

impl Parser {
    fn argument(&mut self, index: usize, word: &str) -> Result<(), Problem> {
        let (kind, rest) = word.split_once(':').ok_or(Problem::UnknownType)?;
        let (kind, name, text) = match kind.strip_prefix('N') {
            // "N:" alone is a number.
            None | Some("") => (kind, None, rest),
            Some(kind) => {
                let (name, text) = rest.split_once(':').ok_or(Problem::MissingName)?;
                if name.is_empty() {
                    return Err(Problem::MissingName);
                }
                (kind, Some(unescape(name)), text)
            }
        };
        let value = match kind {
            "B" => Value::Boolean(parse_boolean(text).ok_or(Problem::InvalidBoolean)?),
            "N" => Value::Number(parse_number(text).ok_or(Problem::InvalidNumber)?),
            "S" => Value::String(unescape(text)),
            "Z" => Value::Null,
            "O" => return self.object(index, name, text),
            _ => return Err(Problem::UnknownType),
        };
        self.add(name, value)
    }

    fn object(&mut self, index: usize, name: Option<String>, text: &str) -> Result<(), Problem> {
        match (text, name) {
            ("1", name) => self.begin(index, name),
            ("0", None) => self.end(),
            // Peers disagree on what a named end would be.
            _ => Err(Problem::InvalidObject),
        }
    }

    fn begin(&mut self, index: usize, name: Option<String>) -> Result<(), Problem> {
        self.check_name(name.as_deref())?;
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        self.open.push(OpenObject {
            index,
            name,
            members: Object::new(),
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let object = self.open.pop().ok_or(Problem::EndWithoutBegin)?;
        self.add(object.name, object.members.into())
    }

    fn add(&mut self, name: Option<String>, value: Value) -> Result<(), Problem> {
        self.check_name(name.as_deref())?;
        match (self.open.last_mut(), name) {
            (Some(object), Some(name)) => object.members.push(name, value),
            _ => self.values.push(value),
        }
        Ok(())
    }

    /// Members have names, arguments have none.
    fn check_name(&self, name: Option<&str>) -> Result<(), Problem> {
        match (self.open.is_empty(), name) {
            (true, Some(_)) => Err(Problem::NamedOutsideObject),
            (false, None) => Err(Problem::UnnamedInObject),
            (true, None) | (false, Some(_)) => Ok(()),
        }
    }
}

fn parse_boolean(text: &str) -> Option<bool> {
    match text {
        "0" | "false" => Some(false),
        "1" | "true" => Some(true),
        _ => None,
    }
}

fn parse_number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::super::{amf0, location::Location};
    use super::*;

    #[test]
    fn arguments_become_values() {
        let rows: Vec<(&str, Vec<Value>)> = vec![
            ("", vec![]),
            ("   ", vec![]),
            ("B:0 B:1", vec![false.into(), true.into()]),
            ("B:true B:false", vec![true.into(), false.into()]),
            (
                "N:1.5 N:-2 N:1e3",
                vec![1.5.into(), (-2.0).into(), 1000.0.into()],
            ),
            ("S:text  S: ", vec!["text".into(), "".into()]),
            ("S:a:b:c", vec!["a:b:c".into()]),
            ("S:a\\20b\\5c20", vec!["a b\\20".into()]),
            ("S:\\ S:\\zz", vec!["\\".into(), "\\zz".into()]),
            ("S:日本", vec!["日本".into()]),
            ("Z: Z:ignored", vec![Value::Null, Value::Null]),
            ("O:1 O:0", vec![Object::new().into()]),
            (
                "B:1 S:authMe O:1 NN:code:1.23 NS:flag:ok O:0",
                vec![
                    true.into(),
                    "authMe".into(),
                    Object::new().with("code", 1.23).with("flag", "ok").into(),
                ],
            ),
            (
                "O:1 NB:a:1 NZ:b: NO:c:1 NS:d:x:y NO:e:1 O:0 O:0 NN:f:2 O:0 S:end",
                vec![
                    Object::new()
                        .with("a", true)
                        .with("b", Value::Null)
                        .with("c", Object::new().with("d", "x:y").with("e", Object::new()))
                        .with("f", 2.0)
                        .into(),
                    "end".into(),
                ],
            ),
            (
                "O:1 NS:a\\3ab\\20c:1 O:0",
                vec![Object::new().with("a:b c", "1").into()],
            ),
        ];
        for (text, values) in rows {
            assert_eq!(parse(text), Ok(values.clone()), "{text}");
            assert_eq!(amf0::decode_all(&amf0::encode_all(&values)), Ok(values));
        }
    }

    #[test]
    fn errors_name_the_argument() {
        use Problem::*;
        let rows = [
            ("x", 0, UnknownType),
            ("B:1 :x", 1, UnknownType),
            ("X:1", 0, UnknownType),
            ("s:1", 0, UnknownType),
            ("SS:1", 0, UnknownType),
            ("O:1 NX:a:1", 1, UnknownType),
            ("O:1 NNS:a:1", 1, UnknownType),
            ("\0", 0, UnknownType),
            ("é:1", 0, UnknownType),
            ("Né:1:2", 0, UnknownType),
            ("B:", 0, InvalidBoolean),
            ("B:2", 0, InvalidBoolean),
            ("N:", 0, InvalidNumber),
            ("N:x", 0, InvalidNumber),
            ("Z: N:nan", 1, InvalidNumber),
            ("N:inf", 0, InvalidNumber),
            ("N:1e999", 0, InvalidNumber),
            ("O:", 0, InvalidObject),
            ("O:2", 0, InvalidObject),
            ("O:1 NO:a:0", 1, InvalidObject),
            ("O:1 NS:a", 1, MissingName),
            ("O:1 NS::a", 1, MissingName),
            ("O:1 NS:", 1, MissingName),
            ("O:1 S:a", 1, UnnamedInObject),
            ("O:1 O:1", 1, UnnamedInObject),
            ("NS:a:b", 0, NamedOutsideObject),
            ("NO:a:1", 0, NamedOutsideObject),
            ("O:0", 0, EndWithoutBegin),
            ("O:1 O:0 O:0", 2, EndWithoutBegin),
            ("B:1 O:1", 1, NotEnded),
            ("O:1 NO:a:1 O:0", 0, NotEnded),
            ("O:1 NO:a:1", 1, NotEnded),
        ];
        for (text, index, problem) in rows {
            let error = ConnectArgsError { index, problem };
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn error_texts_hold_no_values() {
        let error = parse("S:x B:SECRET").unwrap_err();
        assert_eq!(
            error.to_string(),
            "connect argument 2: boolean is neither 0 nor 1"
        );
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |objects: usize| {
            let inner = objects - 1;
            format!("O:1{}{}", " NO:a:1".repeat(inner), " O:0".repeat(objects))
        };
        let values = parse(&nested(MAX_DEPTH)).unwrap();
        assert_eq!(amf0::decode_all(&amf0::encode_all(&values)), Ok(values));
        let error = ConnectArgsError {
            index: MAX_DEPTH,
            problem: Problem::TooDeep,
        };
        assert_eq!(parse(&nested(MAX_DEPTH + 1)), Err(error));
        assert_eq!(parse(&nested(100_000)), Err(error));
    }

    #[test]
    fn repeated_names_keep_the_last_value() {
        let values = parse("O:1 NS:a:1 NS:a:2 O:0").unwrap();
        let object = values[0].as_object().unwrap();
        assert_eq!(object.get("a").and_then(Value::as_str), Some("2"));
    }

    #[test]
    fn options_of_a_location_are_unescaped_once() {
        let location = Location::parse("rtmp://h/a/s conn=S:x\\20y conn=S:\\5c20").unwrap();
        assert_eq!(
            parse(&location.options.conn.join(" ")),
            Ok(vec!["x y".into(), "\\20".into()])
        );
    }

    #[test]
    fn every_cut_is_survived() {
        let text = "B:1 S:a\\20é O:1 NN:n:1.5 NO:o:1 NZ:z: O:0 O:0";
        for (end, _) in text.char_indices() {
            let _ = parse(&text[..end]);
            let _ = parse(&text[end..]);
        }
    }
}
