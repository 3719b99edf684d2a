//! Whole bodies: the samples of the AWS documentation.

use serde_json::json;

use super::*;

pub(super) const ALL: &[Envelope] = &[
    Envelope::S3,
    Envelope::Sns,
    Envelope::Eventbridge,
    Envelope::Work,
];

pub(super) const S3: &str = include_str!("samples/s3-put.json");
pub(super) const S3_RECORDS: &str = include_str!("samples/s3-records.json");
const S3_TEST: &str = include_str!("samples/s3-test.json");
pub(super) const SNS: &str = include_str!("samples/sns-notification.json");
const SNS_TEST: &str = include_str!("samples/sns-test.json");
pub(super) const CREATED: &str = include_str!("samples/eventbridge-created.json");
pub(super) const DELETED: &str = include_str!("samples/eventbridge-deleted.json");
const EXPIRED: &str = include_str!("samples/eventbridge-expired.json");
pub(super) const CLOUDTRAIL: &str = include_str!("samples/cloudtrail-put.json");
pub(super) const SECURITY_LAKE: &str = include_str!("samples/security-lake.json");

fn put() -> Event {
    Event {
        bucket: "amzn-s3-demo-bucket".into(),
        key: "HappyFace.jpg".into(),
        kind: Kind::Created,
        size: Some(1024),
        etag: Some("d41d8cd98f00b204e9800998ecf8427e".into()),
        version_id: Some("096fKKXTRTtl3on89fVO.nfljtsv6qko".into()),
        time: Some("1970-01-01T00:00:00Z".parse().unwrap()),
        region: Some("us-west-2".into()),
        name: "ObjectCreated:Put".into(),
    }
}

fn created() -> Event {
    Event {
        bucket: "amzn-s3-demo-bucket1".into(),
        key: "example+key 1%20.csv".into(),
        kind: Kind::Created,
        size: Some(5),
        etag: Some("b1946ac92492d2347c6235b4d2611184".into()),
        version_id: Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e".into()),
        time: Some("2021-11-12T00:00:00Z".parse().unwrap()),
        region: Some("ca-central-1".into()),
        name: "Object Created".into(),
    }
}

fn deleted() -> Event {
    Event {
        key: "example-key".into(),
        kind: Kind::Removed,
        size: None,
        etag: Some("d41d8cd98f00b204e9800998ecf8427e".into()),
        version_id: Some("1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF".into()),
        name: "Object Deleted".into(),
        ..created()
    }
}

pub(super) fn sns(message: &str) -> String {
    json!({"Type": "Notification", "Message": message}).to_string()
}

#[test]
#[rustfmt::skip]
fn the_samples_of_the_documentation_are_read() {
    let version_id = Some("mtB0cV.jejK63XkRNceanNMC.qXPWLeK".into());
    let expired = Event { etag: None, version_id, ..deleted() };
    let work = Event {
        bucket: "b".into(),
        key: "a b".into(),
        kind: Kind::Asked,
        size: None,
        etag: None,
        version_id: None,
        time: None,
        region: None,
        name: "work".into(),
    };
    let message = work_message("b", "a b");
    let called = Event {
        size: None,
        etag: None,
        version_id: None,
        name: "CloudTrail:PutObject".into(),
        ..created()
    };
    let subscribed = Event {
        bucket: "amzn-s3-demo-bucket".into(),
        key: "aws/ROUTE53/1.0/region=ca-central-1/accountId=123456789012/eventDay=20211112/a.gz.parquet".into(),
        etag: Some("b57f9512698f4b09e608f4f2a65852e5".into()),
        version_id: None,
        name: "Security Lake".into(),
        ..created()
    };
    for (why, body, envelope, want) in [
        ("a notification",            S3.to_owned(),      Envelope::S3,          put()),
        ("wrapped by SNS",            SNS.to_owned(),     Envelope::Sns,         put()),
        ("EventBridge",               CREATED.to_owned(), Envelope::Eventbridge, created()),
        ("a deletion",                DELETED.to_owned(), Envelope::Eventbridge, deleted()),
        ("an expiry",                 EXPIRED.to_owned(), Envelope::Eventbridge, expired),
        ("EventBridge by way of SNS", sns(CREATED),       Envelope::Sns,         created()),
        ("CloudTrail",                CLOUDTRAIL.to_owned(), Envelope::Eventbridge, called.clone()),
        ("CloudTrail by way of SNS",  sns(CLOUDTRAIL),    Envelope::Sns,         called),
        ("Security Lake",             SECURITY_LAKE.to_owned(), Envelope::Eventbridge, subscribed),
        ("work",                      message.clone(),    Envelope::Work,        work.clone()),
        ("work by way of SNS",        sns(&message),      Envelope::Sns,         work),
    ] {
        let records = vec![Record::Event(want)];
        assert_eq!(
            parse(&body, ALL),
            Ok(Parsed::Records { envelope, records }),
            "{why}"
        );
    }
}

#[test]
fn every_record_of_a_message_counts() {
    let Ok(Parsed::Records {
        envelope: Envelope::S3,
        records,
    }) = parse(S3_RECORDS, ALL)
    else {
        panic!("not read");
    };
    let reported: Vec<_> = records
        .iter()
        .map(|record| match record {
            Record::Event(event) => (event.kind, event.key.as_str(), event.size),
            Record::Ignored { name } => (Kind::Asked, name.as_str(), None),
        })
        .collect();
    assert_eq!(
        reported,
        [
            (Kind::Created, "in/red flower.jpg", Some(0)),
            (Kind::Removed, "in/1+1=2.txt", None),
            (Kind::Asked, "ObjectTagging:Put", None),
            (Kind::Removed, "資料/é.csv", None),
        ],
    );
}

#[test]
#[rustfmt::skip]
fn what_holds_no_event_is_told_apart() {
    let none = |envelope| Parsed::Records { envelope, records: vec![] };
    for (why, body, want) in [
        ("the test event",   S3_TEST.to_owned(),                    Parsed::Test),
        ("wrapped",          SNS_TEST.to_owned(),                   Parsed::Test),
        ("no record",        r#"{"Records":[]}"#.into(),            none(Envelope::S3)),
        ("wrapped",          sns(r#" {"Records" : [ ] } "#),        none(Envelope::Sns)),
        ("a later release",  r#"{"brigade":7,"kind":"x"}"#.into(),  Parsed::Newer { version: 7 }),
        ("wrapped",          sns(r#"{"brigade":2}"#),               Parsed::Newer { version: 2 }),
    ] {
        assert_eq!(parse(&body, ALL), Ok(want), "{why}");
    }
}

#[test]
#[rustfmt::skip]
fn only_an_accepted_envelope_is_opened() {
    use Envelope::{Eventbridge, S3 as Plain, Sns, Work};
    let work = work_message("b", "k");
    let refused = |envelope| Some(ParseError::NotAccepted(envelope));
    for (why, body, accept, want) in [
        ("a notification",                  S3.to_owned(),      &[Plain][..],              None),
        ("not accepted",                    S3.to_owned(),      &[Sns, Eventbridge, Work], refused(Plain)),
        ("S3's by SNS needs SNS only",      SNS.to_owned(),     &[Sns],                    None),
        ("but does need it",                SNS.to_owned(),     &[Plain],                  refused(Sns)),
        ("EventBridge",                     CREATED.to_owned(), &[Eventbridge],            None),
        ("not accepted",                    CREATED.to_owned(), &[Plain, Sns, Work],       refused(Eventbridge)),
        ("nor by way of SNS",               sns(CREATED),       &[Plain, Sns, Work],       refused(Eventbridge)),
        ("work",                            work.clone(),       &[Work],                   None),
        ("not accepted",                    work.clone(),       &[Plain, Sns, Eventbridge], refused(Work)),
        ("nor by way of SNS",               sns(&work),         &[Plain, Sns, Eventbridge], refused(Work)),
        ("nor when broken",                 r#"{"brigade":1}"#.to_owned(), &[Plain],       refused(Work)),
        ("a test event",                    S3_TEST.to_owned(), &[Plain],                  None),
        ("not accepted",                    S3_TEST.to_owned(), &[Sns, Eventbridge, Work], refused(Plain)),
        ("a later release is not refused",  r#"{"brigade":2}"#.to_owned(), &[],            None),
    ] {
        assert_eq!(parse(&body, accept).err(), want, "{why}: {body}");
    }
}

#[test]
fn what_is_kept_of_a_stranger_is_bounded() {
    let much = "x".repeat(900_000);
    for (why, body) in [
        ("ignored", S3.replace("ObjectCreated:Put", &much)),
        (
            "a creation",
            S3.replace("ObjectCreated:Put", &format!("ObjectCreated:\u{1b}{much}")),
        ),
        (
            "a version",
            S3.replace("096fKKXTRTtl3on89fVO.nfljtsv6qko", &much),
        ),
        ("by EventBridge", CREATED.replace("Object Created", &much)),
        (
            "by CloudTrail",
            CLOUDTRAIL.replace("\"PutObject\"", &format!("\"{much}\"")),
        ),
    ] {
        let Ok(Parsed::Records { records, .. }) = parse(&body.replace('\u{1b}', "\\u001b"), ALL)
        else {
            panic!("{why}: not read");
        };
        let (name, version) = match &records[0] {
            Record::Event(event) => (&event.name, event.version_id.as_deref()),
            Record::Ignored { name } => (name, None),
        };
        assert!(
            name.chars().count() <= 200 && !name.contains(char::is_control),
            "{why}"
        );
        assert!(version.is_none_or(|id| id.len() <= 1_024), "{why}");
    }
}

#[test]
#[rustfmt::skip]
fn a_refusal_says_what_was_expected_and_what_came() {
    let confirm = r#"{"Type":"SubscriptionConfirmation","Message":"You have chosen"}"#;
    for (why, body, want) in [
        ("nothing",                String::new(),                        "at line 1 column 0: EOF"),
        ("no JSON",                "hello".into(),                       "at line 1 column 1: expected value"),
        ("cut off",                S3[..99].into(),                      "at line 6 column"),
        ("two bodies",             format!("{S3_TEST}{S3_TEST}"),        "trailing characters"),
        ("endless nesting",        "[".repeat(1 << 20),                  "EOF while parsing"),
        ("a list",                 format!("[{S3}]"),                    "this is not a JSON object"),
        ("a list like our fields", "[1,[]]".into(),                      "this is not a JSON object"),
        ("a word",                 "\"x\"".into(),                       "this is not a JSON object"),
        ("no known field",         "{}".into(),                          "none of the fields Records, Type"),
        ("only nulls",             r#"{"Records":null,"Type":null}"#.into(), "none of the fields"),
        ("a field twice",          r#"{"Records":[],"Records":[]}"#.into(), "duplicate field `Records`"),
        ("records that are none",  r#"{"Records":{"a":1}}"#.into(),      "its Records is not a list"),
        ("another event",          r#"{"Event":"x"}"#.into(),            "its Event is \"x\""),
        ("a topic to confirm",     confirm.into(),                       "its Type is \"SubscriptionConfirm"),
        ("no message",             r#"{"Type":"Notification","Message":5}"#.into(), "has no Message"),
        ("words by SNS",           sns("hello"),                         "at line 1 column 1: expected value"),
        ("SNS in SNS",             sns(&sns(S3)),                        "it holds another notification"),
        ("another service",        r#"{"source":"aws.ec2"}"#.into(),     "its source is \"aws.ec2\""),
        ("no type",                r#"{"source":"aws.s3"}"#.into(),      "no detail-type"),
        ("a terminal's orders",    r#"{"source":"\u001b[2J\n"}"#.into(), r#"its source is "\u{1b}[2J\n""#),
        ("a key S3 has not",       work_message("b", &"k".repeat(1_025)), "record 0: the key has 1025 bytes, S3 takes 1024"),
        ("a bucket S3 has not",    work_message(&"b".repeat(256), "k"),  "record 0: the bucket name has 256 bytes, S3 takes 255"),
        ("a thousand and one",     json!({"Records": vec![0; 1_001]}).to_string(), "record 1000: a message may have 1000, this has 1001"),
        ("a long one",             json!({"source": "x".repeat(999)}).to_string(), "xxx…"),
    ] {
        let reported = parse(&body, ALL).unwrap_err().to_string();
        assert!(reported.starts_with("expected "), "{why}: {reported}");
        assert!(reported.contains(want), "{why}: {reported}");
        assert!(reported.chars().count() < 200, "{why}: {reported}");
    }
}

#[test]
#[rustfmt::skip]
fn a_list_is_no_object_even_if_its_items_are_our_fields() {
    let of = |record: &str| format!(r#"{{"Records":[{record}]}}"#);
    let created = |s3: &str| of(&format!(r#"{{"eventVersion":"2.1","eventName":"ObjectCreated:Put","s3":{s3}}}"#));
    let bridge = |detail: &str| format!(r#"{{"source":"aws.s3","detail-type":"Object Created","detail":{detail}}}"#);
    for (why, body) in [
        ("a record",     of(r#"["2.1","aws:s3","ObjectTagging:Put"]"#)),
        ("its s3",       created(r#"[{"name":"raw"},{"key":"k"}]"#)),
        ("its bucket",   created(r#"{"bucket":["raw"],"object":{"key":"k"}}"#)),
        ("its object",   created(r#"{"bucket":{"name":"raw"},"object":["k",1,"e","v"]}"#)),
        ("a detail",     bridge(r#"[{"name":"raw"},{"key":"k"}]"#)),
        ("its bucket",   bridge(r#"{"bucket":["raw"],"object":{"key":"k"}}"#)),
        ("its object",   bridge(r#"{"bucket":{"name":"raw"},"object":["k",1,"e","v"]}"#)),
    ] {
        let reported = parse(&body, ALL).unwrap_err().to_string();
        assert!(reported.contains("record 0: invalid type: sequence, expected an object"), "{why}: {reported}");
    }
}
