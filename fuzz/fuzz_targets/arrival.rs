//! A message in the queue of arrivals, whoever wrote it: an arrival that is written as it is read and that SQS
//! takes, or one short line.
#![no_main]

use brigade::catalog::Arrived;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    match Arrived::read(&String::from_utf8_lossy(body)) {
        Ok(arrived) => {
            let body = arrived.body();
            let taken =
                |c: char| matches!(c, ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            assert!(body.chars().all(taken), "{body}");
            assert_eq!(Arrived::read(&body), Ok(arrived));
        }
        Err(error) => {
            let told = error.to_string();
            assert!(
                told.chars().count() < 250 && !told.contains(char::is_control),
                "{told:?}"
            );
        }
    }
});
