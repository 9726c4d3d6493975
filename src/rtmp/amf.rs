// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The values that AMF0 and AMF3 carry, and what both decoders share.
//!
//! [`Value`] is one model for both encodings, so commands, metadata and script data
//! look the same whichever way they were sent. The decoders live in
//! [`amf0`](super::amf0) and [`amf3`](super::amf3); this file gives them the bounded
//! reader, the table of references and the budget that keeps a hostile message from
//! growing in memory. One budget covers a whole message, across both encodings.
//!
//! What a command or a metadata name means is left to the session code, the main user
//! of these types.

use std::fmt;

/// Containers nested deeper than this fail with [`Error::TooDeep`].
pub const MAX_DEPTH: usize = 32;

/// Values per message, counting every copy a reference makes; more fail with
/// [`Error::TooManyElements`].
///
/// A message may have no more of them than it has bytes, and a few: without references
/// each takes a byte at least.
pub const MAX_ELEMENTS: usize = 65_536;

/// Memory that the values of a message may take, in bytes, counting every copy a
/// reference makes; more fail with [`Error::TooManyBytes`].
///
/// A short message may make less of itself: 256 bytes of each byte, and 4 KiB.
pub const MAX_BYTES: usize = 8 << 20;

/// The most that decoding a message takes, in bytes: while a list grows, it is there
/// twice.
pub const MAX_DECODING_BYTES: usize = MAX_BYTES + MAX_BYTES / 2;

/// Values that a message may have beyond one for each of its bytes, for references.
pub(crate) const SPARE_ELEMENTS: usize = 1024;

/// Memory for each byte of a message: AMF3 objects of one member, whose class and name
/// are references, come to 200.
pub(crate) const BYTES_PER_BYTE: usize = 256;

/// Memory that any message may take, for references.
const SPARE_BYTES: usize = 4096;

/// What the smallest piece of memory takes, in bytes.
const SMALLEST_PIECE: usize = 32;

/// What the allocator adds to a piece of memory, in bytes.
const PIECE_OVERHEAD: usize = 16;

/// Entries that a list has room for from its first one on.
const FIRST_ENTRIES: usize = 4;

/// Why bytes are not AMF. Each one concerns a single message, never the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The message ends inside a value.
    Truncated,
    /// More than [`MAX_DEPTH`] containers inside each other.
    TooDeep,
    /// More than [`MAX_ELEMENTS`] values.
    TooManyElements,
    /// More memory than [`MAX_BYTES`], or than the message may take by its length.
    TooManyBytes,
    /// No type has this marker.
    UnknownMarker(u8),
    /// The AMF0 end marker stands where a value is expected.
    UnexpectedObjectEnd,
    /// An AMF3 reference to a string, object or traits entry that does not exist.
    BadReference,
    /// A known type that cannot be decoded; the text names it.
    Unsupported(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("AMF data ends inside a value"),
            Self::TooDeep => write!(f, "AMF data nests deeper than {MAX_DEPTH} levels"),
            Self::TooManyElements => f.write_str("AMF data holds too many values"),
            Self::TooManyBytes => f.write_str("AMF data expands to too many bytes"),
            Self::UnknownMarker(marker) => write!(f, "unknown AMF type marker {marker:#04x}"),
            Self::UnexpectedObjectEnd => f.write_str("AMF object end in place of a value"),
            Self::BadReference => f.write_str("AMF reference to nothing"),
            Self::Unsupported(what) => write!(f, "AMF type {what} is not supported"),
        }
    }
}

impl std::error::Error for Error {}

/// One AMF value, from either encoding.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Any number; AMF3 integers and elements of number vectors end up here too.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// Text of any length; invalid UTF-8 was replaced while decoding.
    String(String),
    /// An object without a class.
    Object(Object),
    /// The null value.
    Null,
    /// The undefined value; AMF0 "unsupported" (0D) is read as this.
    Undefined,
    /// An array with names. From AMF3: an array with an associative part (dense elements
    /// follow under the names `0`, `1` …) or a dictionary.
    EcmaArray(Object),
    /// An array without names, or an AMF3 vector.
    StrictArray(Vec<Self>),
    /// Milliseconds since 1970-01-01 00:00 UTC; the time zone AMF0 carries is ignored.
    Date(f64),
    /// An XML document as text.
    Xml(String),
    /// An object with a class.
    TypedObject {
        /// Class name as sent, never empty when it comes from AMF3.
        class: String,
        /// Sealed members first, then dynamic ones.
        members: Object,
    },
    /// Raw bytes (AMF3 only).
    ByteArray(Vec<u8>),
}

impl Value {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number; a boolean counts as 0 or 1, since servers mix the two.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Boolean(value) => Some(f64::from(u8::from(*value))),
            _ => None,
        }
    }

    /// The truth value; a number counts as true unless it is 0 or NaN.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Number(number) => Some(*number != 0.0 && !number.is_nan()),
            _ => None,
        }
    }

    /// The members of an object, ECMA array or typed object: servers use them alike.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members)
            | Self::EcmaArray(members)
            | Self::TypedObject { members, .. } => Some(members),
            _ => None,
        }
    }

    /// Whether this is null or undefined.
    pub fn is_null_or_undefined(&self) -> bool {
        matches!(self, Self::Null | Self::Undefined)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Object> for Value {
    fn from(members: Object) -> Self {
        Self::Object(members)
    }
}

/// Named values in the order they were sent or added.
///
/// A name may occur more than once in what a peer sends; [`get`](Self::get) then returns
/// the last value, [`iter`](Self::iter) all of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object(Vec<Member>);

/// An entry of an object.
pub(super) type Member = (String, Value);

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Builder form of [`insert`](Self::insert).
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// Sets a member: replaces the value [`get`](Self::get) would return, or appends.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Appends a member without looking for its name, in constant time: what decoders
    /// need, since a search per member would be quadratic.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }

    /// The value of the last member of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter()
            .rev()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// All members in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of members, repeated names included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(members: I) -> Self {
        Self(
            members
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// The depth inside a container that stands at `depth`.
///
/// # Errors
///
/// [`Error::TooDeep`] when the container may not be entered.
pub(super) fn deeper(depth: usize) -> Result<usize, Error> {
    if depth < MAX_DEPTH {
        Ok(depth.saturating_add(1))
    } else {
        Err(Error::TooDeep)
    }
}

/// What a message may still cost.
#[derive(Debug)]
pub(super) struct Budget {
    elements: usize,
    bytes: usize,
    spent_bytes: usize,
}

impl Budget {
    /// For a message of so many bytes.
    pub(super) fn of(length: usize) -> Self {
        let elements = length.saturating_add(SPARE_ELEMENTS);
        let bytes = length.saturating_mul(BYTES_PER_BYTE);
        Self {
            elements: elements.min(MAX_ELEMENTS),
            bytes: bytes.saturating_add(SPARE_BYTES).min(MAX_BYTES),
            spent_bytes: 0,
        }
    }

    /// Pays for one value.
    pub(super) fn element(&mut self) -> Result<(), Error> {
        self.elements = self.elements.checked_sub(1).ok_or(Error::TooManyElements)?;
        Ok(())
    }

    /// Pays for a copy of `raw` as text; invalid UTF-8 is replaced, and longer then.
    pub(super) fn text(&mut self, raw: &[u8]) -> Result<String, Error> {
        self.own_text(String::from_utf8_lossy(raw).into_owned())
    }

    /// Pays for a text.
    pub(super) fn own_text(&mut self, text: String) -> Result<String, Error> {
        // More than its length where damage was replaced.
        self.pay(piece(text.capacity()))?;
        Ok(text)
    }

    /// Pays for a copy of `raw`.
    pub(super) fn bytes(&mut self, raw: &[u8]) -> Result<Vec<u8>, Error> {
        self.pay(piece(raw.len()))?;
        Ok(raw.to_vec())
    }

    /// Pays for room for one more entry in a list of `length`: lists double.
    pub(super) fn room<T>(&mut self, length: usize) -> Result<(), Error> {
        if length == 0 {
            self.pay(piece(FIRST_ENTRIES.saturating_mul(size_of::<T>())))
        } else if length >= FIRST_ENTRIES && length.is_power_of_two() {
            self.pay(length.saturating_mul(size_of::<T>()))
        } else {
            Ok(())
        }
    }

    /// Pays for a piece of memory that holds a `T`.
    pub(super) fn boxed<T>(&mut self) -> Result<(), Error> {
        self.pay(piece(size_of::<T>()))
    }

    /// Memory that was paid for, in bytes.
    pub(super) fn spent_bytes(&self) -> usize {
        self.spent_bytes
    }

    /// Corrects that for what is not kept; what may still be spent does not change.
    pub(super) fn set_spent_bytes(&mut self, bytes: usize) {
        self.spent_bytes = bytes;
    }

    fn pay(&mut self, bytes: usize) -> Result<(), Error> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Error::TooManyBytes)?;
        self.spent_bytes = self.spent_bytes.saturating_add(bytes);
        Ok(())
    }
}

/// What a piece of memory of this length takes, in bytes.
fn piece(length: usize) -> usize {
    match length {
        0 => 0,
        _ => length.saturating_add(PIECE_OVERHEAD).max(SMALLEST_PIECE),
    }
}

/// Bounds-checked big-endian reads from a message.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Moves to `position` and returns the place left.
    pub(super) fn seek(&mut self, position: usize) -> usize {
        std::mem::replace(&mut self.position, position)
    }

    pub(super) fn remaining(&self) -> &'a [u8] {
        self.data.get(self.position..).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.remaining().is_empty()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.remaining().first().copied()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let end = self.position.checked_add(count).ok_or(Error::Truncated)?;
        let bytes = self.data.get(self.position..end).ok_or(Error::Truncated)?;
        self.position = end;
        Ok(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.take(N)?.first_chunk().copied().ok_or(Error::Truncated)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn f64(&mut self) -> Result<f64, Error> {
        self.array().map(f64::from_be_bytes)
    }
}

/// Where the complex values of a message stand, for references to them.
///
/// A reference is resolved by decoding the value once more from where it stands: nothing
/// is stored for the many messages without references, and every copy pays from the
/// [`Budget`]. Only values that end before the reference can be repeated; this rules out
/// cycles, so repeating always terminates.
#[derive(Debug, Default)]
pub(super) struct References {
    entries: Vec<Entry>,
    repeating: bool,
}

#[derive(Debug)]
struct Entry {
    start: usize,
    end: Option<usize>,
}

/// What a reference points to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A finished value, whose marker stands here.
    At(usize),
    /// A value that holds the reference.
    Cycle,
    /// No value.
    Missing,
}

impl References {
    /// Enters a value before its content is read. While a value is repeated nothing is
    /// entered, it already has its place.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyBytes`] when the table may not grow.
    pub(super) fn begin(
        &mut self,
        start: usize,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Error> {
        if self.repeating {
            return Ok(None);
        }
        budget.room::<Entry>(self.entries.len())?;
        self.entries.push(Entry { start, end: None });
        Ok(self.entries.len().checked_sub(1))
    }

    /// Notes where the value entered as `slot` ends.
    pub(super) fn finish(&mut self, slot: Option<usize>, end: usize) {
        if let Some(entry) = slot.and_then(|slot| self.entries.get_mut(slot)) {
            entry.end = Some(end);
        }
    }

    /// Resolves the reference `index` whose marker stands at `at`.
    pub(super) fn target(&self, index: usize, at: usize) -> Target {
        match self.entries.get(index) {
            Some(Entry {
                start,
                end: Some(end),
            }) if *end <= at => Target::At(*start),
            Some(_) => Target::Cycle,
            None => Target::Missing,
        }
    }

    pub(super) fn is_repeating(&self) -> bool {
        self.repeating
    }

    /// Switches repeating on or off and returns what it was.
    pub(super) fn set_repeating(&mut self, repeating: bool) -> bool {
        std::mem::replace(&mut self.repeating, repeating)
    }
}

#[cfg(test)]
mod tests;
