//! The older and the rarer ways to hear of an object lead to its copy.

use crate::stage::Stage;

const CLOUDTRAIL: &str = include_str!("../../src/event/samples/cloudtrail-put.json");
const SECURITY_LAKE: &str = include_str!("../../src/event/samples/security-lake.json");

/// A call as CloudTrail tells of it.
fn call(name: &str, key: &str, more: &str) -> String {
    CLOUDTRAIL
        .replace("PutObject", name)
        .replace("example+key 1%20.csv", key)
        .replace("amzn-s3-demo-bucket1", "raw")
        .replace(
            "\"readOnly\": false,",
            &format!("\"readOnly\": false,{more}"),
        )
}

#[tokio::test(start_paused = true)]
async fn object_calls_that_cloudtrail_logs_are_followed() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    stage.aws.hush("raw");
    let daemon = stage.start(&stage.config("deletes = \"follow\"")).await;
    let makers = [
        "PutObject",
        "CopyObject",
        "CompleteMultipartUpload",
        "PostObject",
    ];
    for name in makers {
        let key = format!("{name} a+b%20é.csv");
        stage.put(&key, name);
        stage.send(&call(name, &format!("in/{key}"), "")).await;
        stage.drained().await;
        assert_eq!(stage.copy(&key).as_deref(), Some(name.as_bytes()), "{name}");
    }

    stage.put("refused.csv", "x");
    let denied = "\"errorCode\": \"AccessDenied\",";
    stage
        .send(&call("PutObject", "in/refused.csv", denied))
        .await;
    stage.send(&call("GetObject", "in/refused.csv", "")).await;
    stage.drained().await;
    assert_eq!(stage.copy("refused.csv"), None, "nothing was written");

    let key = "PutObject a+b%20é.csv";
    stage.aws.delete("raw", &format!("in/{key}"), None);
    stage
        .send(&call("DeleteObject", &format!("in/{key}"), ""))
        .await;
    stage.drained().await;
    assert_eq!(stage.copy(key), None, "a removal");
    daemon.stop().await;
    assert!(stage.dead_lettered().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_security_lake_tells_a_subscriber_is_copied() {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    stage.aws.hush("raw");
    let daemon = stage.start(&stage.config("")).await;
    let key = "aws/ROUTE53/1.0/region=eu-west-1/eventDay=20211112/a.gz.parquet";
    stage.put(key, "12345");
    let reported = SECURITY_LAKE
        .replace("amzn-s3-demo-bucket", "raw")
        .replace(
            "aws/ROUTE53/1.0/region=ca-central-1/accountId=123456789012/eventDay=20211112/a.gz.parquet",
            &format!("in/{key}"),
        )
        .replace("b57f9512698f4b09e608f4f2a65852e5", "827ccb0eea8a706c4c34a16891f84e7b");
    stage.send(&reported).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy(key).as_deref(), Some(&b"12345"[..]));
    assert!(stage.dead_lettered().await.is_empty());
}
