//! `UploadPartCopy`.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType};

use super::s3_upload::{list, listed};
use super::{reported, s3, two_buckets};
use crate::aws::{Denial, HOME_KEY, TestObject, What};

const GIB: u64 = 1 << 30;

async fn begin(s3: &Client) -> String {
    let create = s3.create_multipart_upload().bucket("lake").key("k");
    let create = create.checksum_algorithm(ChecksumAlgorithm::Crc64Nvme);
    create.send().await.unwrap().upload_id.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_huge_object_is_copied_in_ranges_and_equals_its_source() {
    let aws = two_buckets(true);
    let seed = TestObject::claimed("huge", 12 * GIB + 5, 3);
    let version = aws.put("raw", seed);
    let source = version.object.unwrap();
    let s3 = s3(&aws, "eu-west-1");
    let id = begin(&s3).await;
    let mut parts = Vec::new();
    for (number, first) in (1..).zip([0, 5 * GIB, 10 * GIB]) {
        let last = (first + 5 * GIB).min(12 * GIB + 5) - 1;
        let copy = s3.upload_part_copy().bucket("lake").key("k").upload_id(&id);
        let copy = copy.part_number(number).copy_source("raw/huge");
        let copy = copy.copy_source_range(format!("bytes={first}-{last}"));
        let copied = copy
            .copy_source_if_match(&source.etag)
            .send()
            .await
            .unwrap();
        assert_eq!(copied.copy_source_version_id(), version.id.as_deref());
        let result = copied.copy_part_result.unwrap();
        assert!(
            result.checksum_crc64_nvme().is_some(),
            "of the declared kind"
        );
        parts.push(listed(number, result.e_tag().unwrap()));
    }
    let complete = s3.complete_multipart_upload().bucket("lake").key("k");
    let complete = complete
        .upload_id(&id)
        .checksum_type(ChecksumType::FullObject)
        .checksum_crc64_nvme(&source.checksum.value);
    let parts = list(&parts.iter().collect::<Vec<_>>());
    complete.multipart_upload(parts).send().await.unwrap();
    let copy = aws.object("lake", "k").unwrap().object.unwrap();
    assert_eq!(copy.checksum, source.checksum);
    assert_eq!(copy.content, source.content);
    assert!(copy.etag.ends_with("-3"));
    let What::Copy(from) = &aws.history("lake", "k").0[0].what else {
        panic!("all its parts are of one version");
    };
    assert_eq!(
        (from.key.as_str(), from.reign),
        ("huge", version.reign),
        "so the history can tell a stale copy"
    );
}

#[tokio::test(start_paused = true)]
async fn parts_of_two_versions_are_a_torn_object() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "eu-west-1");
    let id = begin(&s3).await;
    let (mut parts, mut md5) = (Vec::new(), String::new());
    for (number, seed, range) in [
        (1, 7, "bytes=0-5368709119"),
        (2, 8, "bytes=5368709120-6442450943"),
    ] {
        let version = aws.put("raw", TestObject::claimed("huge", 6 * GIB, seed));
        md5 = version.object.unwrap().content.md5();
        let copy = s3.upload_part_copy().bucket("lake").key("k").upload_id(&id);
        let copy = copy.part_number(number).copy_source("raw/huge");
        let result = copy.copy_source_range(range).send().await.unwrap();
        parts.push(listed(
            number,
            result.copy_part_result.unwrap().e_tag().unwrap(),
        ));
    }
    let complete = s3.complete_multipart_upload().bucket("lake").key("k");
    let parts = list(&parts.iter().collect::<Vec<_>>());
    let complete = complete.upload_id(&id).multipart_upload(parts);
    complete.send().await.unwrap();
    let torn = &aws.history("lake", "k").0[0];
    assert_eq!(torn.what, What::Put, "a copy of nothing");
    assert_ne!(torn.md5, Some(md5));
}

#[tokio::test(start_paused = true)]
async fn four_conditions_may_be_put_on_the_source() {
    let aws = two_buckets(false);
    tokio::time::advance(Duration::from_secs(1000)).await;
    let version = aws.put("raw", TestObject::new("a", "abc"));
    let right = version.object.unwrap().etag;
    let (right, wrong) = (Some(right.as_str()), Some("feed"));
    let then = version.modified.as_second();
    let (before, at, after) = (Some(then - 1), Some(then), Some(then + 1));
    let s3 = s3(&aws, "eu-west-1");
    let id = begin(&s3).await;
    let failed = "412 PreconditionFailed";
    #[rustfmt::skip]
    let table = [
        ("nothing",                              None,  None,  None,   None,   "ok"),
        ("the ETag",                             right, None,  None,   None,   "ok"),
        ("another ETag",                         wrong, None,  None,   None,   failed),
        ("not another ETag",                     None,  wrong, None,   None,   "ok"),
        ("not this ETag",                        None,  right, None,   None,   failed),
        ("unmodified since",                     None,  None,  at,     None,   "ok"),
        ("modified since then",                  None,  None,  before, None,   failed),
        ("modified since",                       None,  None,  None,   before, "ok"),
        ("not modified since then",              None,  None,  None,   at,     failed),
        ("nor later",                            None,  None,  None,   after,  failed),
        ("the ETag outweighs the date",          right, None,  before, None,   "ok"),
        ("the date does not outweigh the ETag",  wrong, None,  after,  None,   failed),
        ("nor when it is unwanted",              None,  right, None,   before, failed),
    ];
    for (why, if_match, none_match, unmodified, modified, want) in table {
        let date = |at: Option<i64>| at.map(DateTime::from_secs);
        let part = s3.upload_part_copy().bucket("lake").key("k").upload_id(&id);
        let part = part.part_number(1).copy_source("raw/a");
        let part = part
            .set_copy_source_if_match(if_match.map(Into::into))
            .set_copy_source_if_none_match(none_match.map(Into::into))
            .set_copy_source_if_unmodified_since(date(unmodified))
            .set_copy_source_if_modified_since(date(modified));
        assert_eq!(reported(&part.send().await), want, "{why}");
        let copy = s3.copy_object().bucket("lake").key("b");
        let copy = copy.copy_source("raw/a");
        let copy = copy
            .set_copy_source_if_match(if_match.map(Into::into))
            .set_copy_source_if_none_match(none_match.map(Into::into))
            .set_copy_source_if_unmodified_since(date(unmodified))
            .set_copy_source_if_modified_since(date(modified));
        assert_eq!(reported(&copy.send().await), want, "{why}, CopyObject");
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_must_lie_within_a_source_that_is_large_enough() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::claimed("huge", 6 * GIB, 1));
    aws.put("raw", TestObject::claimed("five", 5 << 20, 1));
    aws.put("raw", TestObject::claimed("more", (5 << 20) + 1, 1));
    let s3 = s3(&aws, "eu-west-1");
    let id = begin(&s3).await;
    #[rustfmt::skip]
    let table = [
        ("all of it",              "more", None,                       Ok((5 << 20) + 1)),
        ("a range",                "more", Some("bytes=1-3"),          Ok(3)),
        ("to the end",             "more", Some("bytes=0-5242880"),    Ok((5 << 20) + 1)),
        ("beyond the end",         "more", Some("bytes=0-5242881"),    Err("400 InvalidArgument")),
        ("the byte behind it",     "more", Some("bytes=5242881-5242881"), Err("400 InvalidRequest")),
        ("wholly beyond the end",  "more", Some("bytes=9000000-9000001"), Err("400 InvalidRequest")),
        ("backwards",              "more", Some("bytes=3-1"),          Err("400 InvalidArgument")),
        ("open",                   "more", Some("bytes=3-"),           Err("400 InvalidArgument")),
        ("the last",               "more", Some("bytes=-3"),           Err("400 InvalidArgument")),
        ("two",                    "more", Some("bytes=0-1,3-4"),      Err("400 InvalidArgument")),
        ("no unit",                "more", Some("0-1"),                Err("400 InvalidArgument")),
        ("of 5 MiB",               "five", Some("bytes=0-1"),          Err("400 InvalidRequest")),
        ("5 MiB whole",            "five", None,                       Ok(5 << 20)),
        ("6 GiB whole",            "huge", None,                       Err("400 InvalidRequest")),
        ("5 GiB of them",          "huge", Some("bytes=0-5368709119"), Ok(5 << 30)),
        ("a byte more",            "huge", Some("bytes=0-5368709120"), Err("400 InvalidRequest")),
    ];
    for (why, source, range, want) in table {
        let copy = s3.upload_part_copy().bucket("lake").key("k").upload_id(&id);
        let copy = copy.part_number(1).copy_source(format!("raw/{source}"));
        let result = copy.set_copy_source_range(range.map(Into::into)).send();
        assert_eq!(reported(&result.await), want.err().unwrap_or("ok"), "{why}");
        if let Ok(length) = want {
            let held = aws.uploads("lake")[0].parts[&1].content.len();
            assert_eq!(held, length, "{why}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_gates_of_a_copy_stand_before_a_part_too() {
    #[rustfmt::skip]
    let table = [
        ("the newest",                 "raw/a",                     "",                    None,      "ok"),
        ("an older version",           "raw/a?versionId={older}",   "",                    None,      "ok"),
        ("a marker",                   "raw/gone?versionId={provenance}", "",                    None,      "400 InvalidRequest"),
        ("a deleted key",              "raw/gone",                  "",                    None,      "404 NoSuchKey"),
        ("no such version",            "raw/a?versionId=feed",      "",                    None,      "404 NoSuchVersion"),
        ("no such bucket",             "nowhere/a",                 "",                    None,      "404 NoSuchBucket"),
        ("not encoded",                "raw/a b",                   "",                    None,      "400 InvalidArgument"),
        ("archived",                   "raw/cold",                  "",                    None,      "403 InvalidObjectState"),
        ("the owner",                  "raw/a",                     "",                    Some("111122223333"), "ok"),
        ("another owner",              "raw/a",                     "",                    Some("9"), "403 AccessDenied"),
        ("reading the source",         "raw/a",                     "s3:GetObject",        None,      "403 AccessDenied"),
        ("reading a version",          "raw/a?versionId={older}",   "s3:GetObjectVersion", None,      "403 AccessDenied"),
        ("writing the part",           "raw/a",                     "s3:PutObject",        None,      "403 AccessDenied"),
        ("tags do not come along",     "raw/a",                     "s3:GetObjectTagging", None,      "ok"),
    ];
    for (why, source, denied, owner, want) in table {
        let aws = two_buckets(true);
        let older = aws.put("raw", TestObject::new("a", "old")).id.unwrap();
        aws.put("raw", TestObject::new("a", "newer").tag("t", "1"));
        aws.put(
            "raw",
            TestObject::new("cold", "abc").storage_class("GLACIER"),
        );
        aws.put("raw", TestObject::new("gone", "abc"));
        aws.delete("raw", "gone", None);
        let provenance = aws.versions("raw", "gone")[1].id.clone().unwrap();
        let s3 = s3(&aws, "eu-west-1");
        let id = begin(&s3).await;
        aws.access(|access| {
            access.deny(Denial {
                access_key: HOME_KEY.to_owned(),
                action: denied.to_owned(),
                resource: String::new(),
            });
        });
        let source = source
            .replace("{older}", &older)
            .replace("{provenance}", &provenance);
        let copy = s3.upload_part_copy().bucket("lake").key("k").upload_id(&id);
        let copy = copy.part_number(1).copy_source(&source);
        let result = copy.set_expected_source_bucket_owner(owner.map(Into::into));
        assert_eq!(reported(&result.send().await), want, "{why}");
        let parts = &aws.uploads("lake")[0].parts;
        let length = if source.contains('?') { 3 } else { 5 };
        let held = parts.get(&1).map(|part| part.content.len());
        assert_eq!(held, (want == "ok").then_some(length), "{why}");
    }
}
