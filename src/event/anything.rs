//! Whole bodies as strangers may send them: nothing breaks the reader, and what it reads is what
//! stands there.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};

use super::tests::{ALL, CLOUDTRAIL, CREATED, DELETED, S3, S3_RECORDS, SECURITY_LAKE, SNS, sns};
use super::*;

/// Arbitrary JSON that meets our field names often.
#[rustfmt::skip]
fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "Records", "Type", "Message", "Event", "source", "detail-type", "detail", "brigade", "kind",
        "bucket", "key", "object", "name", "s3", "eventName", "eventVersion", "size", "eTag", "etag",
        "requestParameters", "bucketName", "errorCode", "requester",
    ];
    const WORDS: &[&str] = &[
        "Notification", "s3:TestEvent", "aws.s3", "Object Created", "2.1", "work", "%FF",
        "ObjectCreated:Put", "{\"Records\":[]}", "AWS API Call via CloudTrail", "PutObject",
        "securitylake.amazonaws.com",
    ];
    let name = prop_oneof![
        3 => select(NAMES).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let word = select(WORDS);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1)),
        any::<String>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// One line a person can read, however odd the body.
fn in_one_line(body: &str) {
    if let Err(error) = parse(body, ALL) {
        let reported = error.to_string();
        assert!(!reported.chars().any(char::is_control), "{reported:?}");
        assert!(reported.chars().count() < 200, "{reported}");
    }
}

proptest! {
    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        in_one_line(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_text_breaks_it(body in "(?s).{0,256}") {
        in_one_line(&body);
        in_one_line(&sns(&body));
    }

    #[test]
    fn no_json_breaks_it(value in any_json()) {
        in_one_line(&value.to_string());
        in_one_line(&sns(&value.to_string()));
    }

    #[test]
    fn no_value_in_a_sample_breaks_it(sample in sample(), place in any::<Index>(), value in any_json()) {
        let mut body: Value = serde_json::from_str(&sample).unwrap();
        *at(&mut body, place) = value;
        in_one_line(&body.to_string());
        in_one_line(&sns(&body.to_string()));
    }

    #[test]
    fn what_is_missing_never_makes_another_object(sample in sample(), place in any::<Index>(), field in any::<Index>()) {
        let mut body: Value = serde_json::from_str(&sample).unwrap();
        let Value::Object(fields) = at(&mut body, place) else { return Ok(()) };
        prop_assume!(!fields.is_empty());
        let name = field.get(&fields.keys().cloned().collect::<Vec<_>>()).clone();
        fields.remove(&name);
        if let Ok(read) = parse(&body.to_string(), ALL) {
            let whole = parse(&sample, ALL).unwrap();
            prop_assert_eq!(places(&read), places(&whole), "without {}", name);
        }
    }

    #[test]
    fn a_field_said_twice_is_refused_or_does_not_matter(sample in sample(), place in any::<Index>(), value in any_json()) {
        let want = parse(&sample, ALL).unwrap();
        let quotes: Vec<usize> = sample.match_indices("\":").map(|(end, _)| end).collect();
        let end = *place.get(&quotes);
        let start = sample[..end].rfind('"').unwrap();
        let twice = format!("{}{}\":{value},{}", &sample[..start], &sample[start..end], &sample[start..]);
        if let Ok(read) = parse(&twice, ALL) {
            prop_assert_eq!(read, want, "{}", twice);
        }
    }

    #[test]
    fn unknown_fields_and_the_order_of_fields_make_no_difference(
        sample in sample(), place in any::<Index>(), name in "x[a-z]{0,9}", value in any_json(),
    ) {
        let want = parse(&sample, ALL);
        let mut body: Value = serde_json::from_str(&sample).unwrap();
        if let Value::Object(fields) = at(&mut body, place) {
            fields.insert(name, value);
        }
        prop_assert_eq!(parse(&body.to_string(), ALL), want.clone());
        prop_assert_eq!(parse(&format!(" \n{body:#}\t"), ALL), want);
    }

    #[test]
    fn accepting_less_never_reads_anything_else(value in any_json(), sample in sample(), accept in subsequence(ALL, 0..=4)) {
        for body in [value.to_string(), sns(&value.to_string()), sample.clone(), sns(&sample)] {
            match parse(&body, &accept) {
                Err(ParseError::NotAccepted(envelope)) => prop_assert!(!accept.contains(&envelope)),
                read => prop_assert_eq!(read, parse(&body, ALL)),
            }
        }
    }

    #[test]
    fn one_notification_may_stand_around_a_body_and_no_more(body in "(?s).{0,64}", sample in sample()) {
        prop_assert_eq!(parse(&sns(&sns(&body)), ALL), Err(ParseError::TooNested));
        if let (Ok(bare), Ok(wrapped)) = (parse(&sample, ALL), parse(&sns(&sample), ALL)) {
            prop_assert_eq!(places(&bare), places(&wrapped));
        }
    }
}

/// A body that is read: one of the samples, or a message of our own.
fn sample() -> impl Strategy<Value = String> {
    let work = work_message("amzn-s3-demo-bucket", "a b+c/é");
    select(vec![
        S3,
        S3_RECORDS,
        CREATED,
        DELETED,
        SNS,
        CLOUDTRAIL,
        SECURITY_LAKE,
    ])
    .prop_map(str::to_owned)
    .boxed()
    .prop_union(Just(work).boxed())
}

/// The objects that were read, and what was said of them.
fn places(read: &Parsed) -> Vec<(Kind, &str, &str)> {
    match read {
        Parsed::Test | Parsed::Newer { .. } => Vec::new(),
        Parsed::Records { records, .. } => records
            .iter()
            .map(|record| match record {
                Record::Event(event) => (event.kind, event.bucket.as_str(), event.key.as_str()),
                Record::Ignored { name } => (Kind::Asked, "", name.as_str()),
            })
            .collect(),
    }
}

/// One of the values in a body.
fn at(body: &mut Value, place: Index) -> &mut Value {
    let path = place.get(&paths(body, "")).clone();
    body.pointer_mut(&path).expect("the path was found there")
}

fn paths(value: &Value, here: &str) -> Vec<String> {
    let mut all = vec![here.to_owned()];
    match value {
        Value::Object(fields) => {
            all.extend(fields.iter().flat_map(|(name, inner)| {
                paths(
                    inner,
                    &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")),
                )
            }));
        }
        Value::Array(items) => {
            all.extend(
                items
                    .iter()
                    .enumerate()
                    .flat_map(|(i, inner)| paths(inner, &format!("{here}/{i}"))),
            );
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    all
}

#[test]
fn size_and_depth_cost_their_length_only() {
    let much = 1 << 18;
    let deep = format!("{}1{}", "[".repeat(much / 2), "]".repeat(much / 2));
    let tables = format!("{}1{}", r#"{"a":"#.repeat(much / 8), "}".repeat(much / 8));
    for unknown in [deep.clone(), tables, json!("x".repeat(much)).to_string()] {
        let body = S3.replace(
            r#""s3SchemaVersion": "1.0""#,
            &format!(r#""mood":{unknown}"#),
        );
        assert!(body.len() > much / 2);
        assert_eq!(
            parse(&body, ALL),
            parse(S3, ALL),
            "what is unknown is skipped"
        );
    }
    let mut nested = "{}".to_owned();
    while nested.len() < much {
        nested = sns(&nested);
    }
    let escaped = "%E8%B3%87+".repeat(much / 16);
    for body in [
        nested,
        format!(r#"{{"Records":{deep}}}"#),
        format!(r#"{{"Records":[{}1]}}"#, "[],".repeat(much / 4)),
        format!(r#"{{"brigade":{deep}}}"#),
        format!(r#"{{{}"a":1}}"#, r#""Event":"#.repeat(much / 8)),
        json!({"source": "aws.s3", "detail-type": "\u{1b}".repeat(much / 8)}).to_string(),
        S3.replace("HappyFace.jpg", &escaped),
        S3.replace("HappyFace.jpg", &format!("{escaped}%FF")),
    ] {
        in_one_line(&body);
        in_one_line(&sns(&body));
    }
}
