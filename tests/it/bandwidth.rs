//! What bytes that travel through the daemon may take.

use std::time::Duration;

use brigade::config::Rate;
use bytesize::ByteSize;
use tokio::time::{Instant, sleep};

use crate::aws::TestObject;
use crate::stage::{Stage, until};

const MIB: u64 = 1 << 20;

/// How long it takes to bring these objects over, where the route and the default account may take so many MB/s.
async fn takes(transfer: &str, (route, home): (u64, u64), sizes: &[u64]) -> Duration {
    let stage = Stage::new(1);
    stage.drained_of_test_event().await;
    for (n, size) in sizes.iter().enumerate() {
        let seed = TestObject::claimed(&format!("in/{n}"), *size, n as u64);
        // Large claims have made up checksums, which the bytes that are read of them have not.
        stage.aws.put("raw", seed.unsummed());
    }
    let mut config = stage.config(transfer);
    let rate = |mb: u64| (mb > 0).then_some(Rate(ByteSize::mb(mb)));
    config.aws.bandwidth = rate(home);
    let orders = config.route.get_mut("orders").expect("the stage's route");
    orders.bandwidth = rate(route);
    let began = Instant::now();
    let daemon = stage.start(&config).await;
    stage.drained().await;
    let took = began.elapsed();
    daemon.stop().await;
    for n in 0..sizes.len() {
        let copy = stage.aws.object("lake", &format!("orders/{n}"));
        assert!(copy.is_some(), "{n}: {:?}", stage.dead_lettered().await);
    }
    took
}

#[tokio::test(start_paused = true)]
async fn streamed_bytes_take_no_more_than_they_may() {
    let (large, parts) = (&[100 * MIB][..], &[32 * MIB][..]);
    let small = &[10 * MIB; 4][..];
    let (stream, server) = ("transfer = \"stream\"", "transfer = \"server-side\"");
    let streamed = "transfer = \"stream\"\npart_size = \"20MiB\"";
    // 100 MiB are 10.5 s of 10 MB/s; the first body need not wait for others, so it is one less.
    #[rustfmt::skip]
    let table = [
        ("a route, one object in parts", stream, (10, 0),  large, 10.0),
        ("a route, small objects",       stream, (10, 0),  small, 3.1),
        ("an account on both sides",     stream, (0, 10),  parts, 2.5),
        ("an account, small objects",    stream, (0, 10),  small, 3.1),
        ("the narrower one counts",      stream, (10, 5),  small, 6.2),
        ("a part that is streamed waits for all of it", streamed, (10, 0), large, 10.0),
        ("on both sides at once",                    streamed, (0, 10), large, 10.0),
        ("inside S3 nothing is bounded", server, (10, 10), large, 0.0),
    ];
    for (why, transfer, rates, sizes, seconds) in table {
        let took = takes(transfer, rates, sizes).await.as_secs_f64();
        let late = took - seconds;
        assert!(
            (0.0..1.0).contains(&late),
            "{why}: {took} s, not {seconds} s"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_slow_line_keeps_no_memory_from_others() {
    const SLOW: &str = r#"
        transfer = "stream"
        to_account = "far"
        [account.far]
        region = "eu-west-1"
        bandwidth = "1MB/s"
        [route.free]
        from = "s3://raw/free/"
        to = "s3://lake/free/"
        transfer = "stream"
        [work]
        buffer_memory = "32MiB"
        "#;
    for size in [16 * MIB, 64 * MIB] {
        let stage = Stage::new(1);
        stage.drained_of_test_event().await;
        let daemon = stage.start(&stage.config(SLOW)).await;
        for n in 0..6 {
            let seed = TestObject::claimed(&format!("in/{n}"), size, n);
            stage.aws.put("raw", seed.unsummed());
        }
        sleep(Duration::from_secs(5)).await;
        let began = Instant::now();
        let free = TestObject::claimed("free/a", 16 * MIB, 9);
        stage.aws.put("raw", free.unsummed());
        let there = || stage.aws.object("lake", "free/a").is_some();
        until("the free one is there", there).await;
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{size}: {took:?}");
        // The others take minutes on their line.
        let end = daemon.stop_cut_off().await;
        assert!(end.contains("cut off"), "{end}");
    }
}
