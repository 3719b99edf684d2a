//! Header values that are no UTF-8: HTTP carries any byte from 0x80 on, and S3 gives back what it was given.

/// No character: marks a string whose characters are the bytes of such a value.
const RAW: char = '\u{ffff}';

/// A header's value as this world holds it.
pub(crate) fn raw(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => [RAW]
            .into_iter()
            .chain(value.iter().map(|byte| char::from(*byte)))
            .collect(),
    }
}

/// The same as it goes over the wire.
pub(super) fn wire(held: &str) -> Vec<u8> {
    match held.strip_prefix(RAW) {
        None => held.as_bytes().to_vec(),
        Some(bytes) => bytes
            .chars()
            .map(|byte| u8::try_from(byte).expect("a byte"))
            .collect(),
    }
}
