//! `PutObject`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ServerSideEncryption, StorageClass};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::Frame;

use super::{reported, s3, two_buckets};
use crate::aws::{Algorithm, Bucket, TestObject};

/// MD5 and CRC64NVME of `abc`, from elsewhere.
const ABC_MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

#[tokio::test(start_paused = true)]
async fn what_is_put_is_there_at_once_with_its_md5_as_etag() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let put = s3
        .put_object()
        .bucket("raw")
        .key("a b/ü+%.txt")
        .body(ByteStream::from_static(b"abc"));
    let put = put.send().await.unwrap();
    assert_eq!(put.e_tag(), Some(format!("\"{ABC_MD5}\"").as_str()));
    let got = s3
        .get_object()
        .bucket("raw")
        .key("a b/ü+%.txt")
        .send()
        .await
        .unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"abc");
    let version = aws
        .object("raw", "a b/ü+%.txt")
        .expect("the key is decoded once, the plus kept");
    assert_eq!(version.object.unwrap().etag, ABC_MD5);
    assert_eq!(version.id, None, "no versions in this bucket");
}

#[tokio::test(start_paused = true)]
async fn conditions_decide_whether_a_put_happens() {
    let right = format!("\"{ABC_MD5}\"");
    #[rustfmt::skip]
    let table = [
        ("no condition, absent",           "new", None,      None,                "ok"),
        ("no condition, present",          "old", None,      None,                "ok"),
        ("must be absent, is",             "new", Some("*"), None,                "ok"),
        ("must be absent, is not",         "old", Some("*"), None,                "412 PreconditionFailed"),
        ("a delete marker counts as absent", "deleted", Some("*"), None,          "ok"),
        ("must be this ETag, is",          "old", None,      Some(right.as_str()), "ok"),
        ("the quotes may be missing",      "old", None,      Some(ABC_MD5),       "ok"),
        ("must be this ETag, is another",  "old", None,      Some("\"feed\""),    "412 PreconditionFailed"),
        ("must be this ETag, is gone",     "new", None,      Some(right.as_str()), "404 NoSuchKey"),
        ("gone behind a delete marker",    "deleted", None,  Some(right.as_str()), "404 NoSuchKey"),
        ("If-None-Match knows only *",     "old", Some("\"feed\""), None,         "501 NotImplemented"),
        ("If-Match knows no *",            "old", None,      Some("*"),           "501 NotImplemented"),
    ];
    for (why, key, none_match, if_match, want) in table {
        let aws = two_buckets(true);
        aws.put("raw", TestObject::new("old", "abc"));
        aws.put("raw", TestObject::new("deleted", "abc"));
        aws.delete("raw", "deleted", None);
        let put = s3(&aws, "us-east-1").put_object().bucket("raw").key(key);
        let put = put
            .set_if_none_match(none_match.map(Into::into))
            .set_if_match(if_match.map(Into::into));
        let result = put.body(ByteStream::from_static(b"new")).send().await;
        assert_eq!(reported(&result), want, "{why}");
        let happened = aws.object("raw", key).is_some_and(|v| {
            v.object.unwrap().content.len() == 3
                && aws.history("raw", key).0.last().unwrap().md5.as_deref() != Some(ABC_MD5)
        });
        assert_eq!(happened, want == "ok", "{why}");
        assert_eq!(
            aws.calls().last().conditional,
            none_match.or(if_match).is_some(),
            "{why}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_match_its_digest_is_refused() {
    // All of `abc`, from elsewhere; the wrong MD5 is of `abd`.
    #[rustfmt::skip]
    let table = [
        ("right MD5",    "content-md5",              "kAFQmDzST7DWlj99KOF/cg==",     "ok"),
        ("wrong MD5",    "content-md5",              "SRHl4MUu18jpAwyuM3YEYg==",     "400 BadDigest"),
        ("not an MD5",   "content-md5",              "abc=",                         "400 InvalidDigest"),
        ("right CRC32",  "x-amz-checksum-crc32",     "NSRBwg==",                     "ok"),
        ("wrong CRC32",  "x-amz-checksum-crc32",     "AAAAAA==",                     "400 BadDigest"),
        ("right CRC32C", "x-amz-checksum-crc32c",    "Nks/tw==",                     "ok"),
        ("wrong CRC32C", "x-amz-checksum-crc32c",    "NSRBwg==",                     "400 BadDigest"),
        ("right CRC64",  "x-amz-checksum-crc64nvme", "BeXKuz/B+us=",                 "ok"),
        ("wrong CRC64",  "x-amz-checksum-crc64nvme", "AAAAAAAAAAA=",                 "400 BadDigest"),
        ("right SHA1",   "x-amz-checksum-sha1",      "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "ok"),
        ("wrong SHA1",   "x-amz-checksum-sha1",      "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "400 BadDigest"),
        ("right SHA256", "x-amz-checksum-sha256",    "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "ok"),
        ("wrong SHA256", "x-amz-checksum-sha256",    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "400 BadDigest"),
        ("not known",    "x-amz-checksum-xxhash3",   "AAAAAAAAAAA=",                 "501 NotImplemented"),
    ];
    for (why, header, value, want) in table {
        let aws = two_buckets(false);
        let put = s3(&aws, "us-east-1").put_object().bucket("raw").key("k");
        let put = match header {
            "content-md5" => put.content_md5(value),
            "x-amz-checksum-crc32" => put.checksum_crc32(value),
            "x-amz-checksum-crc32c" => put.checksum_crc32_c(value),
            "x-amz-checksum-crc64nvme" => put.checksum_crc64_nvme(value),
            "x-amz-checksum-sha1" => put.checksum_sha1(value),
            "x-amz-checksum-sha256" => put.checksum_sha256(value),
            _ => put.checksum_xxhash3(value),
        };
        let result = put.body(ByteStream::from_static(b"abc")).send().await;
        assert_eq!(reported(&result), want, "{why}");
        let object = aws.object("raw", "k").map(|v| v.object.unwrap());
        assert_eq!(object.is_some(), want == "ok", "{why}");
        if let Some(object) = object.filter(|_| header != "content-md5") {
            assert_eq!(object.checksum.value, value, "{why}: kept beside it");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hash_is_computed_by_the_sdk_and_read_back() {
    for (algorithm, read) in [
        (ChecksumAlgorithm::Sha1, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
        (
            ChecksumAlgorithm::Sha256,
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        ),
    ] {
        let aws = two_buckets(false);
        let s3 = s3(&aws, "us-east-1");
        let put = s3.put_object().bucket("raw").key("k");
        let put = put.checksum_algorithm(algorithm.clone());
        put.body(ByteStream::from_static(b"abc"))
            .send()
            .await
            .unwrap();
        let got = s3.get_object().bucket("raw").key("k").send().await.unwrap();
        let reported = got.checksum_sha1().or(got.checksum_sha256());
        assert_eq!(reported, Some(read), "{algorithm}");
        got.body.collect().await.expect("the SDK agrees");
        let copy = s3.copy_object().bucket("raw").key("c").copy_source("raw/k");
        let copied = copy.send().await.unwrap().copy_object_result.unwrap();
        let reported = copied.checksum_sha1().or(copied.checksum_sha256());
        assert_eq!(reported, Some(read), "{algorithm}: a copy keeps the kind");
    }
}

/// A body that comes piece by piece, so that the SDK can't know its checksum beforehand.
struct Drip(Vec<Bytes>);

impl http_body::Body for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop().map(|piece| Ok(Frame::data(piece))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_is_taken_out_of_its_chunks_and_its_trailer_verified() {
    for (why, endpoint) in [
        ("unsigned chunks", "https://s3.us-east-1.amazonaws.com"),
        ("signed chunks", "http://127.0.0.1:4566"),
    ] {
        let aws = two_buckets(false);
        let data: Vec<u8> = (0..=250).cycle().take(200_000).collect();
        let pieces = data
            .chunks(70_000)
            .rev()
            .map(Bytes::copy_from_slice)
            .collect();
        let config = aws_sdk_s3::config::Builder::from(&aws.sdk("us-east-1"));
        let config = config.endpoint_url(endpoint).force_path_style(true);
        let put = aws_sdk_s3::Client::from_conf(config.build())
            .put_object()
            .bucket("raw")
            .key("k");
        let put = put
            .checksum_algorithm(ChecksumAlgorithm::Crc32C)
            .content_length(200_000);
        let body = ByteStream::new(SdkBody::from_body_1_x(Drip(pieces)));
        put.content_encoding("gzip")
            .body(body)
            .send()
            .await
            .unwrap();
        let object = aws.object("raw", "k").unwrap().object.unwrap();
        assert_eq!(object.content.slice(0..200_000), data, "{why}");
        assert_eq!(
            object.checksum.algorithm,
            Algorithm::Crc32c,
            "{why}: from the trailer"
        );
        assert_eq!(
            object.meta.headers["content-encoding"], "gzip",
            "{why}: aws-chunked is not kept"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn headers_metadata_tags_and_class_are_kept() {
    let aws = two_buckets(false);
    let put = s3(&aws, "us-east-1").put_object().bucket("raw").key("k");
    let put = put
        .content_type("text/csv")
        .cache_control("no-cache")
        .content_language("de");
    let put = put
        .content_disposition("inline")
        .metadata("team", "blue")
        .tagging("a=1&b=x%20y");
    put.storage_class(StorageClass::StandardIa)
        .send()
        .await
        .unwrap();
    let head = s3(&aws, "us-east-1")
        .head_object()
        .bucket("raw")
        .key("k")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_type(), Some("text/csv"));
    assert_eq!(head.cache_control(), Some("no-cache"));
    assert_eq!(head.content_language(), Some("de"));
    assert_eq!(head.content_disposition(), Some("inline"));
    assert_eq!(head.metadata().unwrap()["team"], "blue");
    assert_eq!(head.tag_count(), Some(2));
    assert_eq!(head.storage_class(), Some(&StorageClass::StandardIa));
    let object = aws.object("raw", "k").unwrap().object.unwrap();
    assert_eq!(object.tags["b"], "x y");
}

#[tokio::test(start_paused = true)]
async fn with_kms_an_etag_says_nothing() {
    let aws = two_buckets(false);
    aws.create_bucket(Bucket::new("vault", "us-east-1").kms());
    aws.put("raw", TestObject::new("seeded", "abc").kms());
    let seeded = aws.object("raw", "seeded").unwrap().object.unwrap();
    assert!(
        seeded.encryption.kms && seeded.etag != ABC_MD5,
        "also what somebody else put"
    );
    for (why, bucket, sse, plain) in [
        ("a plain bucket", "raw", None, true),
        (
            "asked for",
            "raw",
            Some(ServerSideEncryption::AwsKms),
            false,
        ),
        ("the bucket's default", "vault", None, false),
        (
            "the default overridden",
            "vault",
            Some(ServerSideEncryption::Aes256),
            true,
        ),
    ] {
        let put = s3(&aws, "us-east-1").put_object().bucket(bucket).key("k");
        let put = put
            .set_server_side_encryption(sse)
            .body(ByteStream::from_static(b"abc"));
        let etag = put.send().await.unwrap().e_tag.unwrap();
        assert_eq!(etag.trim_matches('"') == ABC_MD5, plain, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused() {
    let aws = two_buckets(false);
    let put = || s3(&aws, "us-east-1").put_object().bucket("raw").key("k");
    let many: Vec<_> = (0..11).map(|n| format!("t{n}=1")).collect();
    for (why, put, want) in vec![
        ("a key of 1,024 bytes", put().key("k".repeat(1024)), "ok"),
        (
            "a key of 1,025 bytes",
            put().key("k".repeat(1025)),
            "400 KeyTooLongError",
        ),
        (
            "a bucket that is not there",
            put().bucket("nowhere"),
            "404 NoSuchBucket",
        ),
        (
            "eleven tags",
            put().tagging(many.join("&")),
            "400 BadRequest",
        ),
        (
            "a tag twice",
            put().tagging("a=1&a=2"),
            "400 InvalidArgument",
        ),
        (
            "tags with a comma between",
            put().tagging("a=1,b=2"),
            "400 InvalidArgument",
        ),
        (
            "3 KB of metadata",
            put().metadata("m", "v".repeat(3000)),
            "400 MetadataTooLarge",
        ),
        (
            "no such class",
            put().storage_class("COLD".into()),
            "400 InvalidStorageClass",
        ),
        (
            "an ACL",
            put().acl("public-read".into()),
            "400 AccessControlListNotSupported",
        ),
        (
            "the owner's ACL",
            put().acl("bucket-owner-full-control".into()),
            "ok",
        ),
        (
            "another owner",
            put().expected_bucket_owner("999999999999"),
            "403 AccessDenied",
        ),
        (
            "what is not simulated",
            put().website_redirect_location("/x"),
            "501 NotImplemented",
        ),
    ] {
        assert_eq!(reported(&put.send().await), want, "{why}");
    }
}
