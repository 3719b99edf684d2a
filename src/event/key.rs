//! Keys as they travel.
//!
//! S3 notifications encode keys as HTML forms do: a space is `+`, a plus is `%2B`, everything
//! else is percent-encoded UTF-8. Our own messages percent-encode, and a plus is a plus: SQS
//! refuses most control characters, which keys may contain. EventBridge sends keys plain.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but RFC 3986's unreserved characters and the slash, so that a person can read the key.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Decodes a key of an S3 notification or of a listing, or `None` if it is not UTF-8.
///
/// AWS emulators that send a space as `%20` are understood as well, and a `%` that begins no escape
/// stands for itself.
pub(crate) fn from_form(key: &str) -> Option<String> {
    from_percent(&key.replace('+', " "))
}

/// Decodes a key of our own message, or `None` if it is not UTF-8.
pub(super) fn from_percent(key: &str) -> Option<String> {
    percent_decode_str(key)
        .decode_utf8()
        .ok()
        .map(Cow::into_owned)
}

/// Encodes a key for whatever takes only ASCII: our own messages and marks, attributes, the
/// `x-amz-copy-source` header.
pub(crate) fn to_percent(key: &str) -> String {
    utf8_percent_encode(key, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_encoded_key_decodes_to_what_was_uploaded() {
        for (why, sent, want) in [
            ("nothing to do", "in/orders.csv", Some("in/orders.csv")),
            (
                "a plus is a space",
                "red+flower.jpg",
                Some("red flower.jpg"),
            ),
            (
                "an encoded plus is a plus",
                "1%2B1%3D2.txt",
                Some("1+1=2.txt"),
            ),
            (
                "so is an encoded space a space",
                "red%20flower.jpg",
                Some("red flower.jpg"),
            ),
            ("one decoding, not two", "a%2520b%252Bc", Some("a%20b%2Bc")),
            (
                "UTF-8 of several bytes",
                "%E8%B3%87%E6%96%99/%C3%A9",
                Some("資料/é"),
            ),
            ("UTF-8 that was not encoded", "資料+é", Some("資料 é")),
            ("lower-case digits", "%c3%a9", Some("é")),
            ("a percent that begins no escape", "100%", Some("100%")),
            (
                "control characters are part of a key",
                "a%0Ab",
                Some("a\nb"),
            ),
            ("Latin-1 is not UTF-8", "caf%E9", None),
            ("half a character is none", "%E8%B3", None),
        ] {
            assert_eq!(from_form(sent).as_deref(), want, "{why}");
        }
    }

    /// The plain way: byte by byte.
    fn decoded(sent: &[u8], plus: u8) -> Vec<u8> {
        let digit = |at| sent.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        let (mut bytes, mut at) = (Vec::new(), 0);
        while let Some(byte) = sent.get(at) {
            let escape = digit(at + 1).zip(digit(at + 2)).filter(|_| *byte == b'%');
            bytes.push(match escape {
                Some((high, low)) => u8::try_from(high * 16 + low).unwrap(),
                None if *byte == b'+' => plus,
                None => *byte,
            });
            at += if escape.is_some() { 3 } else { 1 };
        }
        bytes
    }

    proptest! {
        #[test]
        fn any_text_is_a_key_or_not_utf_8(sent in "(%[0-9A-Fa-f]{2}|%E8%B3%87|[%+/a-f0-9]|é|(?s:.)){0,16}") {
            prop_assert_eq!(from_form(&sent), String::from_utf8(decoded(sent.as_bytes(), b' ')).ok());
            prop_assert_eq!(from_percent(&sent), String::from_utf8(decoded(sent.as_bytes(), b'+')).ok());
        }

        #[test]
        fn any_key_survives_the_form(key in any::<String>()) {
            let sent = utf8_percent_encode(&key, NON_ALPHANUMERIC).to_string().replace("%20", "+");
            prop_assert_eq!(from_form(&sent), Some(key));
        }

        #[test]
        fn any_key_survives_our_own_encoding(key in any::<String>()) {
            let sent = to_percent(&key);
            prop_assert!(sent.bytes().all(|b| b.is_ascii_graphic()), "{sent}");
            prop_assert_eq!(from_percent(&sent), Some(key));
        }
    }
}
