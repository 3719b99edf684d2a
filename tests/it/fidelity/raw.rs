//! Header values that are no text, and headers that cannot be read at all.

use super::{STREAM, WAYS};
use crate::aws::{Seed, raw};
use crate::stage::Stage;

const LATIN: &[u8] = b"attachment; filename=\"caf\xe9 \xff\xc3.pdf\"";

#[tokio::test(start_paused = true)]
async fn every_way_keeps_header_values_that_are_no_text() {
    for way in WAYS {
        let stage = way.stage();
        let mut source = way
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
        way.copy(&stage, &source, "").await;
        assert!(stage.parked().await.is_empty(), "{}", way.name);
        let meta = |bucket: &str, key: &str| {
            let object = stage
                .world
                .object(bucket, key)
                .and_then(|version| version.object);
            let mut meta = object.expect("it is there").meta;
            meta.user.remove("brigade-source");
            meta
        };
        let (is, should) = (meta("lake", "orders/a.bin"), meta("raw", "in/a.bin"));
        assert_eq!(is, should, "{}", way.name);
        // What is equal is seen to be.
        let copies = || stage.world.calls().count("s3", way.call);
        let made = copies();
        let daemon = stage.start(&stage.config(way.config)).await;
        stage.send(&crate::stage::work("in/a.bin")).await;
        stage.drained().await;
        daemon.stop().await;
        assert_eq!(copies(), made, "{}", way.name);
    }
}

#[tokio::test(start_paused = true)]
async fn objects_whose_headers_cannot_be_read_are_dead_lettered_and_pause_nobody() {
    let stage = Stage::new(1);
    for n in 0..20 {
        let bad = Seed::new(&format!("in/bad-{n}.csv"), "x").aside("x-amz-missing-meta", "many");
        stage.world.put("raw", bad);
    }
    stage.put("good.csv", "good");
    let daemon = stage.start(&stage.config(STREAM)).await;
    stage.drained().await;
    assert!(!daemon.is_held("orders"));
    daemon.stop().await;
    assert_eq!(stage.copy("good.csv").as_deref(), Some(&b"good"[..]));
    let parked = stage.parked().await;
    assert_eq!(parked.len(), 20);
    for (reason, error) in parked {
        assert_eq!(reason, "unreadable", "{error}");
        assert!(
            error.contains("x-amz-missing-meta") && error.contains("(request id "),
            "{error}"
        );
    }
}
