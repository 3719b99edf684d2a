//! Header values that are not UTF-8.
//!
//! HTTP allows any byte from 0x80 on in a header value, and S3 keeps what it is given: a browser's
//! `Content-Disposition` may be Latin-1. The SDK reads strings and fails to parse such an answer. So a byte that is not
//! UTF-8 becomes a private-use character before the SDK reads the answer ([`RawHeaders`]), and that byte again before a
//! request is signed ([`send`]). In between it is compared and copied like any other string.
//!
//! The two conversions are exact opposites for all bytes, including private-use characters that S3 itself sends.
//!
//! The signer signs strings only, so such a header is left out of the signature.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::config_bag::ConfigBag;
use http::{HeaderMap, HeaderName, HeaderValue};

/// U+F780 to U+F7FF stand for the bytes 0x80 to 0xFF.
const FIRST: u32 = 0xF700;

/// Lets the SDK read answers with any header value.
#[derive(Debug)]
pub(super) struct RawHeaders;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for RawHeaders {
    fn name(&self) -> &'static str {
        "RawHeaders"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        receive(context.response_mut().headers_mut())
    }
}

/// Makes every value a string.
fn receive(headers: &mut Headers) -> Result<(), BoxError> {
    if headers.iter_bytes().all(|(_, value)| is_text(value)) {
        return Ok(());
    }
    let mut texts = Headers::new();
    for (name, value) in headers.iter_bytes() {
        texts.try_append(name.to_owned(), text(value))?;
    }
    *headers = texts;
    Ok(())
}

/// Makes every value what it was when it was received.
pub(super) fn send(headers: &mut Headers) {
    if headers
        .iter()
        .all(|(_, value)| value.chars().all(|c| byte(c).is_none()))
    {
        return;
    }
    let mut raw = HeaderMap::new();
    for (name, value) in headers.iter_bytes() {
        let value = std::str::from_utf8(value).map_or_else(|_| value.to_vec(), bytes);
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(&value);
        let (name, value) = name
            .ok()
            .zip(value.ok())
            .expect("bytes that came in a header can go in one");
        raw.append(name, value);
    }
    *headers = Headers::try_from(raw).expect("headers are taken with any value");
}

fn is_text(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value);
    text.is_ok_and(|text| text.chars().all(|c| byte(c).is_none()))
}

/// The byte that a character stands for.
fn byte(c: char) -> Option<u8> {
    let byte = u32::from(c).checked_sub(FIRST)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

/// The character that stands for a byte of 0x80 or more.
fn is_emulator(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte)).expect("a private-use character")
}

fn text(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            if byte(c).is_some() {
                text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(is_emulator));
            } else {
                text.push(c);
            }
        }
        text.extend(chunk.invalid().iter().copied().map(is_emulator));
    }
    text
}

fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(value: &[u8]) -> Headers {
        let mut map = HeaderMap::new();
        let value = HeaderValue::from_bytes(value).expect("a header's value");
        map.append("x-amz-meta-title", value);
        map.append("content-type", HeaderValue::from_static("text/plain"));
        map.try_into().expect("headers")
    }

    #[test]
    fn a_latin_1_value_becomes_a_string_and_the_same_bytes_again() {
        let latin = b"attachment; filename=\"caf\xe9.pdf\"";
        let mut sent = headers(latin);
        receive(&mut sent).expect("it can be read");
        let text = sent.get("x-amz-meta-title").expect("a string");
        assert_eq!(text, "attachment; filename=\"caf\u{f7e9}.pdf\"");
        assert_eq!(sent.get("content-type"), Some("text/plain"));
        send(&mut sent);
        assert_eq!(sent.get_bytes("x-amz-meta-title"), Some(&latin[..]));
        assert_eq!(sent.get("content-type"), Some("text/plain"));
    }

    #[test]
    fn utf_8_stays_as_it_is() {
        let mut sent = headers("café".as_bytes());
        receive(&mut sent).expect("it can be read");
        assert_eq!(sent.get("x-amz-meta-title"), Some("café"));
    }

    proptest! {
        #[test]
        fn any_value_is_sent_as_it_was_received(
            value in prop::collection::vec(
                prop_oneof![0x20_u8..0x7f, 0x80_u8.., Just(0xef), Just(0x9e), Just(0x9f)], 0..20
            ),
        ) {
            prop_assert_eq!(bytes(&text(&value)), value.clone());
            let mut sent = headers(&value);
            receive(&mut sent).expect("it can be read");
            prop_assert!(sent.get("x-amz-meta-title").is_some(), "a string");
            send(&mut sent);
            prop_assert_eq!(sent.get_bytes("x-amz-meta-title"), Some(&value[..]));
        }
    }
}
