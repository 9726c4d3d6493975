// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! `onMetaData` from tags, for muxers that give none.

use gst::tags;

use crate::rtmp::amf::Object;

/// What the tags say that FLV has a name for.
pub(super) fn from_tags(list: &gst::TagListRef) -> Object {
    let mut metadata = Object::new();
    let mut text = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            metadata.push(name, value.as_str());
        }
    };
    text("title", get::<tags::Title>(list));
    text("artist", get::<tags::Artist>(list));
    text("description", get::<tags::Description>(list));
    text("comment", get::<tags::Comment>(list));
    text("copyright", get::<tags::Copyright>(list));
    text("language", get::<tags::LanguageCode>(list));
    text("metadatacreator", get::<tags::ApplicationName>(list));
    let encoder = get::<tags::Encoder>(list);
    text("encoder", encoder.or_else(|| Some(ENCODER.to_owned())));
    if let Some(bitrate) = list.get::<tags::NominalBitrate>() {
        metadata.push("totaldatarate", f64::from(bitrate.get()) / 1000.0);
    }
    metadata
}

/// Who made it, if nobody says.
const ENCODER: &str = concat!("rtmprsink ", env!("CARGO_PKG_VERSION"));

fn get<T>(list: &gst::TagListRef) -> Option<String>
where
    T: for<'a> gst::Tag<'a, TagType = &'a str>,
{
    list.get::<T>().map(|value| value.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::amf::Value;

    #[test]
    fn tags_become_members() {
        gst::init().expect("GStreamer starts");
        let mut list = gst::TagList::new();
        {
            let list = list.make_mut();
            list.add::<tags::Title>(&"A title", gst::TagMergeMode::Replace);
            list.add::<tags::NominalBitrate>(&128_000, gst::TagMergeMode::Replace);
        }
        let metadata = from_tags(&list);
        assert_eq!(
            metadata.get("title").and_then(Value::as_str),
            Some("A title")
        );
        let rate = metadata.get("totaldatarate").and_then(Value::as_f64);
        assert_eq!(rate, Some(128.0));
        let encoder = metadata.get("encoder").and_then(Value::as_str);
        assert_eq!(encoder, Some(ENCODER));
        assert!(metadata.get("artist").is_none());
    }
}
