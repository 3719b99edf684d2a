//! Answers and lists that do not end.

use std::time::Duration;

use crate::aws::{Fault, Rule, TestObject};
use crate::logs;
use crate::stage::Stage;

/// Larger than one request, so that it is streamed in parts.
const LARGE: usize = 20 << 20;

fn logged(what: &str) -> bool {
    logs::lines().iter().any(|line| line.contains(what))
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_end_is_cut_off_and_named() {
    for (status, want) in [
        (403, "the answer is longer than 1.0 MiB"),
        (500, "the answer is longer than 1.0 MiB"),
        (200, "the answer is longer than 8.0 MiB"),
    ] {
        let stage = Stage::new(1);
        stage.put("a.csv", "one");
        let endless = Rule::new(Fault::Endless { status }).on("s3", "CopyObject");
        stage.aws.inject(endless);
        let daemon = stage.start(&stage.config("")).await;
        stage.drained().await;
        daemon.stop().await;
        let dead_lettered = stage.dead_lettered().await;
        let [(reason, error)] = &dead_lettered[..] else {
            panic!("{status}: {dead_lettered:?}")
        };
        assert_eq!(reason, "unanswered", "{status}");
        assert!(error.contains(want), "{status}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_whose_answer_does_not_end_is_asked_again() {
    let stage = Stage::new(1);
    stage.put("a.csv", "one");
    for (status, times) in [(200, 2), (500, 2)] {
        let endless = Rule::new(Fault::Endless { status });
        let endless = endless.on("sqs", "ReceiveMessage").times(times);
        stage.aws.inject(endless);
    }
    let daemon = stage.start(&stage.config("")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy("a.csv").as_deref(), Some(&b"one"[..]));
    assert!(logged("the answer is longer than 64.0 MiB"));
}

#[tokio::test(start_paused = true)]
async fn an_object_of_any_size_is_read() {
    let stage = Stage::new(1);
    let large = TestObject::claimed("in/a.bin", LARGE as u64, 7);
    stage.aws.put("raw", large);
    let route = "transfer = \"stream\"\npart_size = \"16MiB\"";
    let daemon = stage.start(&stage.config(route)).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy("a.bin").map(|copy| copy.len()), Some(LARGE));
}

#[tokio::test(start_paused = true)]
async fn a_list_whose_marker_stands_still_is_an_error() {
    let uploads = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>\
        <NextKeyMarker>orders/a.bin</NextKeyMarker><NextUploadIdMarker>x</NextUploadIdMarker>\
        </ListMultipartUploadsResult>";
    let parts = "<ListPartsResult><IsTruncated>true</IsTruncated>\
        <NextPartNumberMarker>1</NextPartNumberMarker></ListPartsResult>";
    for (operation, body) in [("ListMultipartUploads", uploads), ("ListParts", parts)] {
        let stage = Stage::new(1);
        if operation == "ListParts" {
            // There is one to be asked about: of a try that broke.
            let broken = Fault::InternalError;
            let broken = Rule::new(broken)
                .on("s3", "CompleteMultipartUpload")
                .times(1);
            stage.aws.inject(broken);
        }
        let still = Rule::new(Fault::Answer { status: 200, body }).on("s3", operation);
        stage.aws.inject(still);
        stage.put("a.bin", &"x".repeat(LARGE));
        let daemon = stage.start(&stage.config("transfer = \"stream\"")).await;
        tokio::time::sleep(Duration::from_hours(3)).await;
        daemon.stop().await;
        let asked = stage.aws.calls().count("s3", operation);
        assert!((2..200).contains(&asked), "{operation}: {asked}");
        assert!(logged("its pages do not come to an end"), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_upload_of_a_key_that_xml_cannot_say_is_found_and_gone_on_with() {
    let stage = Stage::new(1);
    let key = "a\u{1} +%b&.bin";
    stage.put(key, &"x".repeat(LARGE));
    let broken = Rule::new(Fault::SlowDown)
        .on("s3", "CompleteMultipartUpload")
        .times(8);
    stage.aws.inject(broken);
    let daemon = stage.start(&stage.config("transfer = \"stream\"")).await;
    stage.drained().await;
    daemon.stop().await;
    assert_eq!(stage.copy(key).map(|copy| copy.len()), Some(LARGE));
    assert!(stage.dead_lettered().await.is_empty());
    let calls = stage.aws.calls();
    assert_eq!(
        calls.count("s3", "CreateMultipartUpload"),
        1,
        "it is gone on with"
    );
}
