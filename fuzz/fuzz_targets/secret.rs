//! What Secrets Manager says a secret is, whatever it is: credentials that can be sent, or one short line that
//! repeats nothing of it.
#![no_main]

use brigade::credentials::read_secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|secret: &[u8]| {
    let secret = String::from_utf8_lossy(secret);
    match read_secret(&secret) {
        Ok(read) => {
            let token = read.session_token().unwrap_or("-");
            for value in [read.access_key_id(), read.secret_access_key(), token] {
                assert!(!value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic()));
            }
        }
        Err(told) => {
            assert!(told.chars().count() < 150 && !told.contains(char::is_control));
            // Longer than any word of ours.
            let long = |word: &&str| word.len() > 20;
            for word in secret
                .split(|c: char| !c.is_ascii_alphanumeric())
                .filter(long)
            {
                assert!(!told.contains(word));
            }
        }
    }
});
