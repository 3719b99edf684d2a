//! What an object is made with, who pays for reading it, and what it takes to read it again.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::restore_object::builders::RestoreObjectFluentBuilder;
use aws_sdk_s3::types::{GlacierJobParameters, RequestPayer, RestoreRequest, Tier};

use super::{reported, s3, two_buckets};
use crate::aws::{Aws, Bucket, Denial, HOME_KEY, TestObject};

fn denied(aws: &Aws, action: &str) {
    let denial = Denial {
        access_key: HOME_KEY.into(),
        action: action.into(),
        resource: "raw".into(),
    };
    aws.access(|access| access.deny(denial));
}

#[tokio::test(start_paused = true)]
async fn encryption_is_said_in_full_or_refused() {
    let aws = two_buckets(false);
    let client = s3(&aws, "us-east-1");
    let put = || client.put_object().bucket("raw").key("k");
    let (kms, dsse) = ("aws:kms".into(), "aws:kms:dsse".into());
    for (why, put, want) in [
        (
            "a key alone",
            put().ssekms_key_id("k"),
            "400 InvalidArgument",
        ),
        (
            "a key for S3's own",
            put()
                .server_side_encryption("AES256".into())
                .ssekms_key_id("k"),
            "400 InvalidArgument",
        ),
        (
            "no context",
            put()
                .server_side_encryption(kms)
                .ssekms_encryption_context("{}"),
            "400 InvalidArgument",
        ),
        (
            "a bucket key, twice",
            put().server_side_encryption(dsse).bucket_key_enabled(true),
            "400 InvalidArgument",
        ),
        (
            "no such",
            put().server_side_encryption("rot13".into()),
            "400 InvalidEncryptionAlgorithmError",
        ),
        (
            "all of it",
            put()
                .server_side_encryption("aws:kms".into())
                .ssekms_key_id("k")
                .ssekms_encryption_context("eyJhIjoiYiJ9")
                .bucket_key_enabled(true),
            "ok",
        ),
    ] {
        assert_eq!(reported(&put.send().await), want, "{why}");
    }
    let head = client.head_object().bucket("raw").key("k").send().await;
    let head = head.unwrap();
    assert_eq!(head.ssekms_key_id(), Some("k"));
    assert_eq!(head.bucket_key_enabled(), Some(true));
}

#[tokio::test(start_paused = true)]
async fn an_acl_takes_a_right_and_a_bucket_with_acls() {
    let aws = two_buckets(false);
    aws.create_bucket(Bucket::new("open", "us-east-1").acls());
    let client = s3(&aws, "us-east-1");
    let put = |bucket: &str, acl: &str| {
        let put = client.put_object().bucket(bucket).key("k");
        put.acl(acl.into()).send()
    };
    assert_eq!(reported(&put("open", "public-read").await), "ok");
    assert_eq!(
        reported(&put("open", "everybody").await),
        "400 InvalidArgument"
    );
    let refused = "400 AccessControlListNotSupported";
    assert_eq!(reported(&put("raw", "public-read").await), refused);
    denied(&aws, "s3:PutObjectAcl");
    let owners = put("raw", "bucket-owner-full-control").await;
    assert_eq!(reported(&owners), "403 AccessDenied");
}

#[tokio::test(start_paused = true)]
async fn tags_are_counted_for_who_may_read_them_and_fit_into_2_kib() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("k", "").tag("a", "b"));
    let client = s3(&aws, "us-east-1");
    let count = async || {
        let head = client.head_object().bucket("raw").key("k").send().await;
        head.unwrap().tag_count()
    };
    assert_eq!(count().await, Some(1));
    denied(&aws, "s3:GetObjectTagging");
    assert_eq!(count().await, None);
    let put = |tags: String| client.put_object().bucket("raw").key("l").tagging(tags);
    let long = format!("k={}", "%C3%BC".repeat(256));
    assert_eq!(reported(&put(long.clone()).send().await), "ok");
    let longer = format!("{long}&l={}", "%C3%BC".repeat(256));
    let said = reported(&put(longer).send().await);
    assert_eq!(said, "400 RequestHeaderSectionTooLarge");
}

#[tokio::test(start_paused = true)]
async fn all_but_the_owner_pay() {
    let aws = two_buckets(false);
    for (name, owner) in [("ours", "111122223333"), ("theirs", "999999999999")] {
        let bucket = Bucket::new(name, "us-east-1").owner(owner);
        aws.create_bucket(bucket.requester_pays());
        aws.put(name, TestObject::new("k", "x"));
    }
    let client = s3(&aws, "us-east-1");
    let get = |bucket: &str| client.get_object().bucket(bucket).key("k");
    assert_eq!(reported(&get("ours").send().await), "ok");
    assert_eq!(reported(&get("theirs").send().await), "403 AccessDenied");
    let paid = get("theirs").request_payer(RequestPayer::Requester);
    assert_eq!(reported(&paid.send().await), "ok");
    let copy = || {
        let copy = client.copy_object().bucket("raw").key("k");
        copy.copy_source("theirs/k")
    };
    assert_eq!(reported(&copy().send().await), "403 AccessDenied");
    let paid = copy().request_payer(RequestPayer::Requester);
    assert_eq!(reported(&paid.send().await), "ok");
}

fn restore(
    client: &Client,
    key: &str,
    days: Option<i32>,
    tier: Tier,
) -> RestoreObjectFluentBuilder {
    let job = GlacierJobParameters::builder().tier(tier).build().unwrap();
    let request = RestoreRequest::builder().set_days(days);
    let request = request.glacier_job_parameters(job).build();
    let restore = client.restore_object().bucket("raw").key(key);
    restore.restore_request(request)
}

#[tokio::test(start_paused = true)]
async fn what_is_archived_is_read_again_once_it_is_restored() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("plain", "x"));
    aws.put(
        "raw",
        TestObject::new("deep", "x").storage_class("DEEP_ARCHIVE"),
    );
    aws.put("raw", TestObject::new("tiered", "x").tier("ARCHIVE_ACCESS"));
    let client = s3(&aws, "us-east-1");
    for (why, key, days, tier, want) in [
        (
            "not archived",
            "plain",
            Some(1),
            Tier::Bulk,
            "403 InvalidObjectState",
        ),
        (
            "not so fast",
            "deep",
            Some(1),
            Tier::Expedited,
            "400 InvalidArgument",
        ),
        (
            "no days",
            "deep",
            None,
            Tier::Standard,
            "400 InvalidArgument",
        ),
        (
            "for good",
            "tiered",
            Some(1),
            Tier::Standard,
            "400 InvalidArgument",
        ),
        ("begun", "deep", Some(2), Tier::Standard, "ok"),
        (
            "twice",
            "deep",
            Some(2),
            Tier::Standard,
            "409 RestoreAlreadyInProgress",
        ),
        ("begun, too", "tiered", None, Tier::Standard, "ok"),
    ] {
        let said = restore(&client, key, days, tier).send().await;
        assert_eq!(reported(&said), want, "{why}");
    }
    let look = async |key: &str| {
        let head = client.head_object().bucket("raw").key(key).send().await;
        let get = client.get_object().bucket("raw").key(key).send().await;
        (head.unwrap().restore, reported(&get))
    };
    let ongoing = Some("ongoing-request=\"true\"".to_owned());
    let inactive = "403 InvalidObjectState".to_owned();
    assert_eq!(look("deep").await, (ongoing, inactive.clone()));
    aws.restored("raw", "deep", false);
    aws.restored("raw", "tiered", false);
    let (restore, said) = look("deep").await;
    assert!(restore.unwrap().starts_with("ongoing-request=\"false\""));
    assert_eq!(said, "ok");
    assert_eq!(look("tiered").await, (None, "ok".to_owned()));
    tokio::time::sleep(std::time::Duration::from_hours(49)).await;
    assert_eq!(look("deep").await, (None, inactive));
}
