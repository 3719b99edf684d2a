//! A message body, whatever it is: read, ignored or refused in one line, the same by way of SNS,
//! and every key survives our own message.
#![no_main]

use brigade::config::Envelope::{self, Eventbridge, S3, Sns, Work};
use brigade::event::{ParseError, Parsed, Record, parse, work_message};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const ALL: [Envelope; 4] = [S3, Sns, Eventbridge, Work];

fuzz_target!(|body: &[u8]| {
    let body = String::from_utf8_lossy(body);
    let read = told(&body, &ALL);
    for envelope in ALL {
        match parse(&body, &[envelope]) {
            Err(ParseError::NotAccepted(missing)) => assert_ne!(missing, envelope),
            other => assert_eq!(other, read, "accepting less reads nothing else"),
        }
    }
    let wrapped = json!({"Type": "Notification", "Message": body}).to_string();
    match (&read, told(&wrapped, &ALL)) {
        // Wrapped already: one wrapper is taken off, not two.
        (Err(_), _) | (Ok(_), Err(ParseError::TooNested)) => {}
        (
            Ok(Parsed::Records { records, .. }),
            Ok(Parsed::Records {
                envelope: Sns,
                records: same,
            }),
        ) => {
            assert_eq!(&same, records, "SNS changes nothing");
        }
        (Ok(read), by_sns) => assert_eq!(by_sns.as_ref(), Ok(read), "SNS changes nothing"),
    }
    if let Ok(Parsed::Records { records, .. }) = &read {
        records.iter().for_each(comes_back);
    }
});

/// Reads a body; a refusal is a line that can be read.
fn told(body: &str, accept: &[Envelope]) -> Result<Parsed, ParseError> {
    let read = parse(body, accept);
    if let Err(error) = &read {
        let told = error.to_string();
        assert!(!told.contains(char::is_control), "{told:?}");
        assert!(told.chars().count() < 200, "{told}");
    }
    read
}

/// An event's object, asked for in our own words, is the same object.
fn comes_back(record: &Record) {
    let Record::Event(event) = record else { return };
    assert!(!event.bucket.is_empty() && !event.key.is_empty());
    let message = work_message(&event.bucket, &event.key);
    assert!(!message.contains(char::is_control) || event.bucket.contains(char::is_control));
    match parse(&message, &[Work]) {
        Ok(Parsed::Records { records, .. }) => match records.as_slice() {
            [Record::Event(same)] => {
                assert_eq!((&same.bucket, &same.key), (&event.bucket, &event.key));
            }
            other => panic!("{message}: {other:?}"),
        },
        other => panic!("{message}: {other:?}"),
    }
}
