//! Access points.

use super::{reported, s3, two_buckets};
use crate::aws::{Bucket, TestObject};

#[tokio::test(start_paused = true)]
async fn an_access_point_leads_to_its_bucket_in_its_region() {
    let aws = two_buckets(false);
    aws.put("raw", TestObject::new("a", "abc"));
    let door = aws.access_point("for-raw", "raw");
    aws.close_bucket("raw");
    let elsewhere = door.replace("us-east-1", "eu-west-1");
    let nobodys = door.replace("for-raw", "for-none");
    for (why, region, bucket, want) in [
        ("the bucket, closed", "us-east-1", "raw", "403 AccessDenied"),
        ("its door", "us-east-1", &*door, "ok"),
        ("from another region's client", "eu-west-1", &door, "ok"),
        (
            "in another region",
            "eu-west-1",
            &elsewhere,
            "404 NoSuchAccessPoint",
        ),
        ("nobody's", "us-east-1", &nobodys, "404 NoSuchAccessPoint"),
    ] {
        let get = s3(&aws, region).get_object().bucket(bucket).key("a");
        assert_eq!(reported(&get.send().await), want, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn copies_through_an_access_point_stay_in_one_region() {
    let aws = two_buckets(false);
    aws.create_bucket(Bucket::new("near", "us-east-1"));
    aws.put("raw", TestObject::new("a", "abc"));
    let source = aws.access_point("for-raw", "raw");
    let (near, far) = (
        aws.access_point("near", "near"),
        aws.access_point("far", "lake"),
    );
    let named = format!("{}/object/a", source.replace(':', "%3A"));
    let keyless = named.trim_end_matches("object/a");
    #[rustfmt::skip]
    let table = [
        ("named by its ARN",      "us-east-1", "near", &*named,              "ok"),
        ("onto another",          "us-east-1", &near,  &named,               "ok"),
        ("from a bucket",         "us-east-1", &near,  "raw/a",              "ok"),
        ("not encoded",           "us-east-1", "near", &source.replace("for-raw", "for-raw/object/a"), "400 InvalidArgument"),
        ("without a key",         "us-east-1", "near", keyless,              "400 InvalidArgument"),
        ("from another region",   "eu-west-1", "lake", &named,               "400 InvalidRequest"),
        ("into another region",   "eu-west-1", &far,   "raw/a",              "400 InvalidRequest"),
    ];
    for (why, region, bucket, source, want) in table {
        let copy = s3(&aws, region)
            .copy_object()
            .bucket(bucket)
            .key("b")
            .copy_source(source);
        assert_eq!(reported(&copy.send().await), want, "{why}");
    }
}
