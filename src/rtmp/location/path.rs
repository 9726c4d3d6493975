// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Where in a path the application ends and the stream begins.

/// Divides a path into application and stream.
///
/// The last slash before the query divides it, or the slash before the first component
/// with a container prefix, since such a stream name has slashes itself. If there is none,
/// the query may belong to the application and the stream follow behind (the style of
/// FMLE).
pub(super) fn split_path(path: &str) -> (&str, &str) {
    let end = path.find('?').unwrap_or(path.len());
    let components = path.get(..end).unwrap_or(path);
    let application = match split_components(components) {
        Some(application) => application.len(),
        None => match application_with_query(path) {
            Some(length) => length,
            None => return (path, ""),
        },
    };
    let rest = path.get(application..).unwrap_or_default();
    (
        path.get(..application).unwrap_or(path),
        rest.strip_prefix('/').unwrap_or(rest),
    )
}

/// The other ways to divide the path of this application and stream: after two, one and
/// three components. None if a query or a container prefix says where the stream begins.
pub(super) fn other_splits(application: &str, stream: &str) -> Vec<(String, String)> {
    let (name, query) = match stream.find('?') {
        Some(end) => stream.split_at(end),
        None => (stream, ""),
    };
    if name.is_empty() || application.contains('?') {
        return Vec::new();
    }
    let path = format!("{application}/{name}");
    let components: Vec<_> = path.split('/').collect();
    if components
        .iter()
        .any(|component| component.is_empty() || has_container_prefix(component))
    {
        return Vec::new();
    }
    let splits = [2, 1, 3].into_iter().filter_map(|count| {
        let (application, stream) = components.split_at_checked(count)?;
        let named = !stream.is_empty();
        named.then(|| {
            (
                application.join("/"),
                format!("{}{query}", stream.join("/")),
            )
        })
    });
    splits.filter(|(other, _)| other != application).collect()
}

/// What stands before the slash that divides `text`.
pub(super) fn split_components(text: &str) -> Option<&str> {
    let mut components = text.split('/');
    let mut length = components.next()?.len();
    for component in components {
        if has_container_prefix(component) {
            return text.get(..length);
        }
        length = length.saturating_add(1).saturating_add(component.len());
    }
    text.rsplit_once('/').map(|(application, _)| application)
}

/// Whether a stream name starts like `mp4:`. Servers know more prefixes than the common
/// mp4, mp3, flv and f4v (`smil:`, `id3:`), so any short word counts.
pub(super) fn has_container_prefix(component: &str) -> bool {
    component.split_once(':').is_some_and(|(prefix, _)| {
        prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && prefix.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

/// The length of an application that ends in a query (`live?vhost=a/s`).
///
/// An embedded URL means that the slashes belong to the query; a second `?` behind a
/// slash starts the query of the stream, whose slashes do not count.
pub(super) fn application_with_query(path: &str) -> Option<usize> {
    let start = path.find('?')?;
    let query = path.get(start..)?;
    let slash = query.find('/')?;
    let end = query
        .get(slash..)?
        .find('?')
        .map_or(query.len(), |offset| slash.saturating_add(offset));
    let query = query.get(..end)?;
    if query.contains("://") {
        return None;
    }
    split_components(query).map(|own| start.saturating_add(own.len()))
}
