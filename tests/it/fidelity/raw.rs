//! Header values that are no text, and headers that cannot be read at all.

use super::{STREAM, TRANSFERS};
use crate::aws::{TestObject, raw};
use crate::stage::Stage;

const LATIN: &[u8] = b"attachment; filename=\"caf\xe9 \xff\xc3.pdf\"";

#[tokio::test(start_paused = true)]
async fn every_way_keeps_header_values_that_are_no_text() {
    for transfer in TRANSFERS {
        let stage = transfer.stage();
        let mut source = transfer
            .source()
            .meta("title", &raw(LATIN))
            .meta("utf-8", "é \u{f7e9}");
        for name in [
            "cache-control",
            "content-disposition",
            "content-language",
            "content-type",
            "expires",
        ] {
            source = source.header(name, &raw(LATIN));
        }
        transfer.copy(&stage, &source, "").await;
        assert!(stage.dead_lettered().await.is_empty(), "{}", transfer.name);
        let meta = |bucket: &str, key: &str| {
            let object = stage
                .aws
                .object(bucket, key)
                .and_then(|version| version.object);
            let mut meta = object.expect("it is there").meta;
            meta.user.remove("brigade-source");
            meta
        };
        let (is, should) = (meta("lake", "orders/a.bin"), meta("raw", "in/a.bin"));
        assert_eq!(is, should, "{}", transfer.name);
        // What is equal is seen to be.
        let copies = || stage.aws.calls().count("s3", transfer.call);
        let made = copies();
        let daemon = stage.start(&stage.config(transfer.config)).await;
        stage.send(&crate::stage::work("in/a.bin")).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(copies(), made, "{}", transfer.name);
    }
}

#[tokio::test(start_paused = true)]
async fn objects_whose_headers_cannot_be_read_are_dead_lettered_and_pause_nobody() {
    let stage = Stage::new(1);
    for n in 0..20 {
        let bad =
            TestObject::new(&format!("in/bad-{n}.csv"), "x").aside("x-amz-missing-meta", "many");
        stage.aws.put("raw", bad);
    }
    stage.put("good.csv", "good");
    let daemon = stage.start(&stage.config(STREAM)).await;
    stage.drained().await;
    assert!(!daemon.is_paused("orders"));
    daemon.stop().await;
    assert_eq!(stage.copy("good.csv").as_deref(), Some(&b"good"[..]));
    let dead_lettered = stage.dead_lettered().await;
    assert_eq!(dead_lettered.len(), 20);
    for (reason, error) in dead_lettered {
        assert_eq!(reason, "unreadable", "{error}");
        assert!(
            error.contains("x-amz-missing-meta") && error.contains("(request id "),
            "{error}"
        );
    }
}
