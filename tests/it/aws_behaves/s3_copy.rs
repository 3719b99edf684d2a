//! `CopyObject`.

use aws_sdk_s3::types::{MetadataDirective, StorageClass, TaggingDirective};

use super::{reported, s3, two_buckets};
use crate::aws::{Bucket, TestObject};

#[tokio::test(start_paused = true)]
async fn a_copy_crosses_regions_and_carries_what_s3_carries() {
    let aws = two_buckets(false);
    let seed = TestObject::new("a", "abcdef")
        .multipart(2)
        .storage_class("STANDARD_IA");
    let seed = seed
        .header("content-type", "text/csv")
        .meta("team", "blue")
        .tag("t", "1");
    let source = aws.put("raw", seed).object.unwrap();
    let copy = s3(&aws, "eu-west-1")
        .copy_object()
        .bucket("lake")
        .key("b")
        .copy_source("raw/a");
    let result = copy.send().await.unwrap().copy_object_result.unwrap();
    let copied = aws.object("lake", "b").unwrap().object.unwrap();
    assert_eq!(result.e_tag().unwrap().trim_matches('"'), copied.etag);
    assert_eq!(
        result.checksum_crc64_nvme(),
        Some(source.checksum.value.as_str())
    );
    assert_eq!((&copied.meta, &copied.tags), (&source.meta, &source.tags));
    assert_ne!(copied.etag, source.etag, "a copy is one part");
    assert_eq!(copied.content.md5(), copied.etag);
    assert_eq!(
        copied.storage_class, "STANDARD",
        "the class does not come along"
    );
}

#[tokio::test(start_paused = true)]
async fn directives_replace_metadata_and_tags() {
    let aws = two_buckets(false);
    aws.put(
        "raw",
        TestObject::new("a", "abc")
            .meta("team", "blue")
            .tag("t", "1"),
    );
    let copy = || {
        s3(&aws, "eu-west-1")
            .copy_object()
            .bucket("lake")
            .key("b")
            .copy_source("raw/a")
    };
    for (why, copy, want) in [
        (
            "metadata without REPLACE would be lost",
            copy().metadata("m", "1"),
            "400 InvalidRequest",
        ),
        (
            "tags without REPLACE too",
            copy().tagging("m=1"),
            "400 InvalidRequest",
        ),
    ] {
        assert_eq!(reported(&copy.send().await), want, "{why}");
    }
    let copy = copy()
        .metadata_directive(MetadataDirective::Replace)
        .metadata("m", "1");
    let copy = copy
        .tagging_directive(TaggingDirective::Replace)
        .tagging("n=2")
        .content_type("a/b");
    copy.storage_class(StorageClass::GlacierIr)
        .send()
        .await
        .unwrap();
    let copied = aws.object("lake", "b").unwrap().object.unwrap();
    assert_eq!(
        copied.meta.user.into_iter().collect::<Vec<_>>(),
        [("m".into(), "1".into())]
    );
    assert_eq!(
        copied.tags.into_iter().collect::<Vec<_>>(),
        [("n".into(), "2".into())]
    );
    assert_eq!(
        (
            copied.meta.headers["content-type"].as_str(),
            copied.storage_class.as_str()
        ),
        ("a/b", "GLACIER_IR")
    );
}

#[tokio::test(start_paused = true)]
async fn both_ends_of_a_copy_may_carry_conditions() {
    let aws = two_buckets(false);
    let source_etag = aws
        .put("raw", TestObject::new("a", "abc"))
        .object
        .unwrap()
        .etag;
    let old = aws
        .put("lake", TestObject::new("old", "old"))
        .object
        .unwrap()
        .etag;
    #[rustfmt::skip]
    let table = [
        ("source as expected",             "new1", Some(source_etag.as_str()),   None,      None,              "ok"),
        ("source has changed",             "new2", Some("feed"),          None,      None,              "412 PreconditionFailed"),
        ("must be absent, is",             "new3", None,                  Some("*"), None,              "ok"),
        ("must be absent, is not",         "old",  None,                  Some("*"), None,              "412 PreconditionFailed"),
        ("must be another",                "old",  None,                  None,      Some("feed"),      "412 PreconditionFailed"),
        ("must be this, is gone",          "new4", None,                  None,      Some(old.as_str()), "404 NoSuchKey"),
        ("must be this, and is",           "old",  None,                  None,      Some(old.as_str()), "ok"),
    ];
    for (why, key, source, none_match, if_match, want) in table {
        let copy = s3(&aws, "eu-west-1")
            .copy_object()
            .bucket("lake")
            .key(key)
            .copy_source("raw/a");
        let copy = copy.set_copy_source_if_match(source.map(String::from));
        let copy = copy
            .set_if_none_match(none_match.map(Into::into))
            .set_if_match(if_match.map(Into::into));
        assert_eq!(reported(&copy.send().await), want, "{why}");
        let is = aws
            .object("lake", key)
            .is_some_and(|v| v.object.unwrap().etag == source_etag);
        assert_eq!(is, want == "ok", "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_copy_source_must_be_encoded_as_s3_decodes_it() {
    let aws = two_buckets(true);
    let version = aws
        .put("raw", TestObject::new("a b+c/ü%.txt", "abc"))
        .id
        .unwrap();
    aws.put("raw", TestObject::new("a b+c/ü%.txt", "newer"));
    aws.delete("raw", "a b+c/ü%.txt", None);
    let marker = aws.versions("raw", "a b+c/ü%.txt")[2].id.clone().unwrap();
    let right = "raw/a%20b%2Bc/%C3%BC%25.txt";
    #[rustfmt::skip]
    let table = [
        ("pinned to a version",     format!("{right}?versionId={version}"),        "ok"),
        ("with a slash in front",   format!("/{right}?versionId={version}"),       "ok"),
        ("the key is deleted",      right.to_owned(),                              "404 NoSuchKey"),
        ("a marker is no source",   format!("{right}?versionId={marker}"),         "400 InvalidRequest"),
        ("no such version",         format!("{right}?versionId=feed"),             "404 NoSuchVersion"),
        ("no such bucket",          "nowhere/a".to_owned(),                        "404 NoSuchBucket"),
        ("a bare space",            "raw/a b%2Bc/%C3%BC%25.txt".to_owned(),        "400 InvalidArgument"),
        ("a plus for a space",      "raw/a+b%2Bc/%C3%BC%25.txt".to_owned(),        "400 InvalidArgument"),
        ("encoded twice",           right.replace('%', "%25"),                     "404 NoSuchKey"),
        ("a broken escape",         "raw/a%2".to_owned(),                          "400 InvalidArgument"),
        ("no key",                  "raw".to_owned(),                              "400 InvalidArgument"),
    ];
    for (why, source, want) in table {
        let copy = s3(&aws, "eu-west-1")
            .copy_object()
            .bucket("lake")
            .key("b")
            .copy_source(source);
        assert_eq!(reported(&copy.send().await), want, "{why}");
    }
    assert_eq!(
        aws.object("lake", "b")
            .unwrap()
            .object
            .unwrap()
            .content
            .len(),
        3,
        "the pinned one"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_copied_is_refused() {
    let aws = two_buckets(true);
    let older = aws.put("raw", TestObject::new("itself", "abc")).id.unwrap();
    aws.put("raw", TestObject::new("itself", "abd"));
    aws.put(
        "raw",
        TestObject::new("cold", "abc").storage_class("DEEP_ARCHIVE"),
    );
    aws.put("raw", TestObject::claimed("five", 5 << 30, 1).multipart(3));
    aws.put(
        "raw",
        TestObject::claimed("more", (5 << 30) + 1, 1).multipart(3),
    );
    let copy = |source: &str| {
        s3(&aws, "us-east-1")
            .copy_object()
            .bucket("raw")
            .key("b")
            .copy_source(source)
    };
    let onto_itself = copy("raw/itself").key("itself");
    for (why, copy, want) in [
        ("5 GiB", copy("raw/five"), "ok"),
        ("a byte more", copy("raw/more"), "400 InvalidRequest"),
        (
            "archived",
            copy("raw/cold"),
            "403 ObjectNotInActiveTierError",
        ),
        ("onto itself", onto_itself.clone(), "400 InvalidRequest"),
        (
            "the same class",
            onto_itself.clone().storage_class(StorageClass::Standard),
            "400 InvalidRequest",
        ),
        (
            "another class",
            onto_itself.clone().storage_class(StorageClass::StandardIa),
            "ok",
        ),
        (
            "an older version of itself",
            copy(&format!("raw/itself?versionId={older}")).key("itself"),
            "ok",
        ),
        (
            "the source's owner",
            copy("raw/itself").expected_source_bucket_owner("9"),
            "403 AccessDenied",
        ),
    ] {
        assert_eq!(reported(&copy.send().await), want, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_knows_which_version_each_copy_carried() {
    let aws = two_buckets(true);
    aws.create_bucket(Bucket::new("vault", "eu-west-1").kms());
    let first = aws.put("raw", TestObject::new("a", "1")).id.unwrap();
    aws.put("raw", TestObject::new("a", "2"));
    let s3 = s3(&aws, "eu-west-1");
    let copy = async |source: &str, key: &str| {
        s3.copy_object()
            .bucket("vault")
            .key(key)
            .copy_source(source)
            .send()
            .await
            .unwrap();
    };
    copy("raw/a", "stale").await;
    copy(&format!("raw/a?versionId={first}"), "stale").await;
    assert_eq!(
        aws.history("vault", "stale").regressions().len(),
        1,
        "1 replaced 2"
    );

    copy("raw/a", "fresh").await;
    let second = aws.object("raw", "a").unwrap().id;
    aws.delete("raw", "a", second.as_deref());
    copy("raw/a", "fresh").await;
    let history = aws.history("vault", "fresh");
    assert_eq!(history.regressions().len(), 0, "1 has become current again");
    assert_ne!(history.0[0].md5, history.0[1].md5);
}
