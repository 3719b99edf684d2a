//! `HeadObject`, `GetObject`, `HeadBucket`.

use std::time::Duration;

use aws_sdk_s3::types::{ChecksumMode, ChecksumType};

use super::{reported, s3, two_buckets};
use crate::aws::TestObject;

#[tokio::test(start_paused = true)]
async fn head_tells_the_checksum_when_asked() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("single", "abc"));
    aws.put("raw", TestObject::new("multi", "abcdef").multipart(2));
    aws.put(
        "raw",
        TestObject::new("composite", "abcdef")
            .multipart(2)
            .composite(),
    );
    let s3 = s3(&aws, "us-east-1");
    for (why, key, full, parts) in [
        ("S3 adds CRC64NVME", "single", true, ""),
        ("also to uploads in parts", "multi", true, "-2"),
        ("unless a composite one was sent", "composite", false, "-2"),
    ] {
        let head = s3
            .head_object()
            .bucket("raw")
            .key(key)
            .checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.unwrap();
        let want = if full {
            ChecksumType::FullObject
        } else {
            ChecksumType::Composite
        };
        assert_eq!(head.checksum_type(), Some(&want), "{why}");
        assert_eq!(head.checksum_crc64_nvme().is_some(), full, "{why}");
        assert_eq!(
            head.checksum_crc32().is_some_and(|sum| sum.ends_with("-2")),
            !full,
            "{why}"
        );
        assert!(
            head.e_tag().unwrap().trim_matches('"').ends_with(parts),
            "{why}"
        );
        let silent = s3
            .head_object()
            .bucket("raw")
            .key(key)
            .send()
            .await
            .unwrap();
        assert_eq!(silent.checksum_type(), None, "not asked, not told");
    }
}

#[tokio::test(start_paused = true)]
async fn last_modified_has_no_fraction_of_a_second() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let mut seen = Vec::new();
    for (key, millis) in [("a", 0), ("b", 700), ("c", 100)] {
        tokio::time::advance(Duration::from_millis(millis)).await;
        aws.put("raw", TestObject::new(key, "x"));
        let head = s3
            .head_object()
            .bucket("raw")
            .key(key)
            .send()
            .await
            .unwrap();
        seen.push(*head.last_modified().unwrap());
    }
    assert_eq!(seen[0], seen[1], "0.25 s and 0.95 s are one second");
    assert_eq!(seen[2].secs(), seen[0].secs() + 1);
}

#[tokio::test(start_paused = true)]
async fn a_part_can_be_read_and_pinned() {
    let aws = two_buckets(false);
    let etag = aws
        .put("raw", TestObject::new("k", "0123456789"))
        .object
        .unwrap()
        .etag;
    let s3 = s3(&aws, "us-east-1");
    #[rustfmt::skip]
    let table = [
        ("all of it",        None,               None,               Ok("0123456789")),
        ("from, to",         Some("bytes=2-4"),  None,               Ok("234")),
        ("from",             Some("bytes=8-"),   None,               Ok("89")),
        ("the last",         Some("bytes=-3"),   None,               Ok("789")),
        ("beyond the end",   Some("bytes=8-99"), None,               Ok("89")),
        ("after the end",    Some("bytes=10-"),  None,               Err("416 InvalidRange")),
        ("pinned, the same", Some("bytes=0-0"),  Some(etag.as_str()), Ok("0")),
        ("pinned, another",  None,               Some("\"feed\""),   Err("412 PreconditionFailed")),
    ];
    for (why, range, pin, want) in table {
        let get = s3
            .get_object()
            .bucket("raw")
            .key("k")
            .set_range(range.map(Into::into));
        let result = get.set_if_match(pin.map(Into::into)).send().await;
        match want {
            Ok(body) => {
                let got = result.unwrap().body.collect().await.unwrap();
                assert_eq!(got.to_vec(), body.as_bytes(), "{why}");
            }
            Err(want) => assert_eq!(reported(&result), want, "{why}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_claimed_object_reads_the_same_each_time() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::claimed("huge", 5 << 40, 3));
    let s3 = s3(&aws, "us-east-1");
    let read = async |range: &str| {
        let get = s3
            .get_object()
            .bucket("raw")
            .key("huge")
            .range(range)
            .send()
            .await
            .unwrap();
        get.body.collect().await.unwrap().to_vec()
    };
    let (whole, part) = (
        read("bytes=1000000000000-1000000000099").await,
        read("bytes=1000000000013-1000000000020").await,
    );
    assert_eq!((whole.len(), &whole[13..21]), (100, part.as_slice()));
    let head = s3
        .head_object()
        .bucket("raw")
        .key("huge")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(5 << 40));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_says_how() {
    let aws = two_buckets(true);
    aws.put("raw", TestObject::new("deleted", "abc"));
    aws.delete("raw", "deleted", None);
    aws.put(
        "raw",
        TestObject::new("cold", "abc").storage_class("GLACIER"),
    );
    let marker = aws.versions("raw", "deleted")[1].id.clone().unwrap();
    let s3 = s3(&aws, "us-east-1");
    #[rustfmt::skip]
    let table = [
        ("no such key",        "raw",     "absent",  None,          "404 NoSuchKey",        "404 NotFound"),
        ("no such bucket",     "nowhere", "absent",  None,          "404 NoSuchBucket",     "404 NotFound"),
        ("a delete marker",    "raw",     "deleted", None,          "404 NoSuchKey",        "404 NotFound"),
        ("the marker itself",  "raw",     "deleted", Some(&marker), "405 MethodNotAllowed", "405 -"),
        ("an archived object", "raw",     "cold",    None,          "403 InvalidObjectState", "ok"),
    ];
    for (why, bucket, key, id, get, head) in table {
        let got = s3
            .get_object()
            .bucket(bucket)
            .key(key)
            .set_version_id(id.cloned())
            .send()
            .await;
        assert_eq!(reported(&got), get, "{why}");
        let headed = s3
            .head_object()
            .bucket(bucket)
            .key(key)
            .set_version_id(id.cloned())
            .send()
            .await;
        assert_eq!(reported(&headed), head, "{why}");
        if let Err(error) = headed {
            let raw = error.raw_response().unwrap();
            assert_eq!(
                raw.body().bytes(),
                Some(&b""[..]),
                "{why}: HEAD has no body"
            );
            let has_provenance = raw.headers().get("x-amz-delete-marker") == Some("true");
            assert_eq!(has_provenance, key == "deleted", "{why}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_wrong_region_is_told_the_right_one() {
    let aws = two_buckets(false);
    for (why, region, bucket, want, header) in [
        ("at home", "us-east-1", "raw", "ok", None),
        ("elsewhere", "us-east-1", "lake", "301 -", Some("eu-west-1")),
        ("nowhere", "us-east-1", "nowhere", "404 NotFound", None),
        ("another partition", "cn-north-1", "raw", "403 -", None),
    ] {
        let result = s3(&aws, region).head_bucket().bucket(bucket).send().await;
        assert_eq!(reported(&result), want, "{why}");
        if let Err(error) = result {
            let headers = error.raw_response().unwrap().headers();
            assert_eq!(headers.get("x-amz-bucket-region"), header, "{why}");
        }
    }
    let get = s3(&aws, "us-east-1")
        .get_object()
        .bucket("lake")
        .key("k")
        .send()
        .await;
    assert_eq!(
        reported(&get),
        "301 PermanentRedirect",
        "with a body it has a name"
    );
}

#[tokio::test(start_paused = true)]
async fn both_ways_of_addressing_and_custom_endpoints_lead_to_the_bucket() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("a/b", "abc"));
    let base = || aws_sdk_s3::config::Builder::from(&aws.sdk("us-east-1"));
    for (why, config) in [
        ("virtual host", base()),
        ("path", base().force_path_style(true)),
        ("dual stack", base().use_dual_stack(true)),
        (
            "custom endpoint",
            base()
                .endpoint_url("http://127.0.0.1:4566")
                .force_path_style(true),
        ),
    ] {
        let s3 = aws_sdk_s3::Client::from_conf(config.build());
        let head = s3
            .head_object()
            .bucket("raw")
            .key("a/b")
            .send()
            .await
            .unwrap();
        assert_eq!(head.content_length(), Some(3), "{why}");
        assert_eq!(aws.calls().last().key, "a/b", "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_signature_must_be_for_the_region_of_the_endpoint() {
    let aws = two_buckets(false);
    for (why, region, endpoint, want) in [
        ("the same", "us-east-1", "s3.us-east-1", "404 NoSuchKey"),
        ("no region is us-east-1", "us-east-1", "s3", "404 NoSuchKey"),
        (
            "another",
            "us-east-1",
            "s3.eu-west-1",
            "400 AuthorizationHeaderMalformed",
        ),
        (
            "another, unnamed",
            "eu-west-1",
            "s3",
            "400 AuthorizationHeaderMalformed",
        ),
    ] {
        let config = aws_sdk_s3::config::Builder::from(&aws.sdk(region)).force_path_style(true);
        let config = config.endpoint_url(format!("https://{endpoint}.amazonaws.com"));
        let s3 = aws_sdk_s3::Client::from_conf(config.build());
        assert_eq!(
            reported(&s3.get_object().bucket("raw").key("k").send().await),
            want,
            "{why}"
        );
    }
}
