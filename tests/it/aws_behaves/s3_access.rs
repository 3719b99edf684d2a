//! Access keys, denials, and what a write needs beyond its own action.

use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{reported, s3, two_buckets};
use crate::aws::{Aws, Denial, HOME_KEY, TestObject};

fn deny(aws: &Aws, action: &str, resource: &str) -> Denial {
    let (action, resource) = (action.to_owned(), resource.to_owned());
    let denial = Denial {
        access_key: HOME_KEY.to_owned(),
        action,
        resource,
    };
    aws.access(|access| access.deny(denial.clone()));
    denial
}

#[tokio::test(start_paused = true)]
async fn a_denial_says_who_what_and_on_what_until_it_is_lifted() {
    let aws = two_buckets(false);
    let s3 = s3(&aws, "us-east-1");
    let denial = deny(&aws, "s3:PutObject", "raw/secret/");
    let put = async |key: &str| s3.put_object().bucket("raw").key(key).send().await;
    let refused = put("secret/k").await;
    assert_eq!(reported(&refused), "403 AccessDenied");
    assert_eq!(
        refused.unwrap_err().message(),
        Some(
            "User: arn:aws:iam::111122223333:user/brigade is not authorized to perform: \
             s3:PutObject on resource: \"arn:aws:s3:::raw/secret/k\" because no identity-based \
             policy allows the s3:PutObject action"
        )
    );
    assert_eq!(reported(&put("open/k").await), "ok", "another prefix");
    aws.access(|access| access.allow(&denial));
    assert_eq!(reported(&put("secret/k").await), "ok", "lifted");
}

#[tokio::test(start_paused = true)]
async fn a_copy_needs_every_permission_it_uses() {
    #[rustfmt::skip]
    let table = [
        ("nothing denied",                  "",                       "",    "a",  None,         "ok"),
        ("reading the source",              "s3:GetObject",           "raw", "a",  None,         "403 AccessDenied"),
        ("writing the destination",         "s3:PutObject",           "lake", "a", None,         "403 AccessDenied"),
        ("tags of the source",              "s3:GetObjectTagging",    "raw", "tagged", None,     "403 AccessDenied"),
        ("tags of the destination",         "s3:PutObjectTagging",    "lake", "tagged", None,    "403 AccessDenied"),
        ("no tags, no permission",          "s3:GetObjectTagging",    "raw", "a",  None,         "ok"),
        ("If-Match reads the destination",  "s3:GetObject",           "lake", "a", Some("feed"), "403 AccessDenied"),
        ("a missing key is denied, not missing", "s3:ListBucket",     "raw", "absent", None,     "403 AccessDenied"),
        ("a missing key otherwise",         "",                       "",    "absent", None,     "404 NoSuchKey"),
    ];
    for (why, action, resource, key, if_match, want) in table {
        let aws = two_buckets(false);
        aws.put("raw", TestObject::new("a", "abc"));
        aws.put("raw", TestObject::new("tagged", "abc").tag("t", "1"));
        if !action.is_empty() {
            deny(&aws, action, resource);
        }
        let copy = s3(&aws, "eu-west-1").copy_object().bucket("lake").key("b");
        let copy = copy
            .copy_source(format!("raw/{key}"))
            .set_if_match(if_match.map(Into::into));
        assert_eq!(reported(&copy.send().await), want, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_needs_every_permission_it_uses() {
    #[rustfmt::skip]
    let table = [
        ("deleting",                    "s3:DeleteObject",        false, None,         "403 AccessDenied"),
        ("deleting a version",          "s3:DeleteObjectVersion", true,  None,         "403 AccessDenied"),
        ("a version is not the key",    "s3:DeleteObject",        true,  None,         "ok"),
        ("If-Match reads",              "s3:GetObject",           false, Some("feed"), "403 AccessDenied"),
        ("an asterisk does not",        "s3:GetObject",           false, Some("*"),    "ok"),
    ];
    for (why, action, by_id, if_match, want) in table {
        let aws = two_buckets(true);
        let version = aws.put("raw", TestObject::new("k", "abc"));
        deny(&aws, action, "raw/k");
        let delete = s3(&aws, "us-east-1").delete_object().bucket("raw").key("k");
        let delete = delete.set_version_id(version.id.filter(|_| by_id));
        let result = delete.set_if_match(if_match.map(Into::into)).send().await;
        assert_eq!(reported(&result), want, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn access_keys_come_and_go_and_belong_to_a_partition() {
    let aws = two_buckets(false);
    aws.create_bucket(crate::aws::Bucket::new("china", "cn-north-1"));
    aws.access(|access| access.know("AKIACHINA", "arn:aws-cn:iam::444455556666:user/brigade"));
    #[rustfmt::skip]
    let table = [
        ("home",                   HOME_KEY,    "us-east-1",  "raw",   "ok"),
        ("nobody's key",           "AKIANOONE", "us-east-1",  "raw",   "403 InvalidAccessKeyId"),
        ("a home key in China",    HOME_KEY,    "cn-north-1", "china", "403 InvalidAccessKeyId"),
        ("a Chinese key",          "AKIACHINA", "cn-north-1", "china", "ok"),
        ("a Chinese key at home",  "AKIACHINA", "us-east-1",  "raw",   "403 InvalidAccessKeyId"),
        ("a bucket of the others", "AKIACHINA", "cn-north-1", "raw",   "404 NoSuchBucket"),
    ];
    for (why, key, region, bucket, want) in table {
        let s3 = aws_sdk_s3::Client::new(&aws.sdk_as(key, region));
        assert_eq!(
            reported(&s3.put_object().bucket(bucket).key("k").send().await),
            want,
            "{why}"
        );
    }
    let copy = aws_sdk_s3::Client::new(&aws.sdk_as("AKIACHINA", "cn-north-1")).copy_object();
    let copy = copy
        .bucket("china")
        .key("b")
        .copy_source("raw/k")
        .send()
        .await;
    assert_eq!(
        reported(&copy),
        "404 NoSuchBucket",
        "no copy across partitions"
    );
    aws.access(|access| access.forget(HOME_KEY));
    let put = s3(&aws, "us-east-1")
        .put_object()
        .bucket("raw")
        .key("k")
        .send()
        .await;
    assert_eq!(reported(&put), "403 InvalidAccessKeyId", "rotated away");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_may_have_another_owner_and_may_vanish() {
    let aws = two_buckets(false);
    aws.create_bucket(crate::aws::Bucket::new("theirs", "us-east-1").owner("999999999999"));
    let put = || s3(&aws, "us-east-1").put_object().bucket("theirs").key("k");
    assert_eq!(
        reported(&put().expected_bucket_owner("999999999999").send().await),
        "ok"
    );
    assert_eq!(
        reported(&put().expected_bucket_owner("111122223333").send().await),
        "403 AccessDenied"
    );
    aws.hide_bucket("theirs", true);
    assert_eq!(reported(&put().send().await), "404 NoSuchBucket");
    aws.hide_bucket("theirs", false);
    assert_eq!(reported(&put().send().await), "ok");
}
