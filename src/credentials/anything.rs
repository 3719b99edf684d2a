//! Whole secrets as people and programs may write them: credentials that can be sent, or one line that holds
//! nothing of the secret.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::read_secret;

/// What no error may repeat, not even in part.
const HUSH: &str = "wJalrXUtnFEMI";

const NAMES: &[&str] = &[
    "AccessKeyId",
    "aws_access_key_id",
    "SecretAccessKey",
    "secret_key",
    "SessionToken",
    "token",
    "Username",
    "",
];

/// A secret, as text: its values all hold what must stay secret.
fn secret() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        3 => "[!-~]{0,40}".prop_map(|rest| format!("{HUSH}{rest}")),
        1 => any::<String>().prop_map(|rest| format!("{HUSH}{rest}")),
        1 => any::<String>().prop_map(|rest| format!("{rest}{HUSH}\n")),
        1 => Just(String::new()),
    ];
    let value = prop_oneof![
        6 => text.prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(json!([HUSH, { HUSH: HUSH }])),
    ];
    let name = prop_oneof![
        6 => select(NAMES).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => Just(HUSH.to_owned()),
    ];
    let fields = prop::collection::vec((name, value), 0..6);
    let whole = fields.prop_map(|fields| Value::Object(Map::from_iter(fields)).to_string());
    (whole, any::<prop::sample::Index>(), 0..4_u8).prop_map(|(whole, at, cut)| {
        if cut > 0 {
            return whole;
        }
        let at = at.index(whole.len() + 1);
        whole[..whole.floor_char_boundary(at)].to_owned()
    })
}

/// Credentials that can be sent, or a line that tells nothing.
fn is_read_or_refused_in_silence(text: &str) {
    match read_secret(text) {
        Ok(read) => {
            let token = read.session_token().unwrap_or("-");
            for value in [read.access_key_id(), read.secret_access_key(), token] {
                assert!(!value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic()));
            }
            let (key, secret) = (read.access_key_id(), read.secret_access_key());
            assert!(key.contains(secret) || !format!("{read:?}").contains(secret));
        }
        Err(describe) => {
            assert!(
                describe.chars().count() < 150,
                "{} characters",
                describe.chars().count()
            );
            assert!(!describe.contains(char::is_control) && !describe.contains(HUSH));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        is_read_or_refused_in_silence(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_secret_breaks_it_or_is_told(text in secret()) {
        is_read_or_refused_in_silence(&text);
    }
}
