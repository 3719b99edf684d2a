//! Web addresses in settings: queue URLs and endpoints.

use axum::http::Uri;

/// Reads an `http` or `https` address with a host.
///
/// # Errors
/// Says what was expected.
pub(super) fn parse(text: &str) -> Result<Uri, String> {
    let uri: Uri = text
        .parse()
        .map_err(|why| format!("expected a web address such as https://host/path ({why})"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err("expected a web address that begins with https:// or http://".into()),
    }
}

/// The host in lower case and without the dot that may end it; none if `text` is no address.
pub(super) fn host(text: &str) -> Option<String> {
    Some(
        parse(text)
            .ok()?
            .host()?
            .trim_end_matches('.')
            .to_ascii_lowercase(),
    )
}
