//! What no copy keeps: copied without, or dead-lettered where the route is strict.

use super::TRANSFERS;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_parked_only_where_the_route_is_strict() {
    // The last way has nothing of its own here, and its bytes take time.
    for transfer in &TRANSFERS[..4] {
        for (name, value, reported) in [
            ("x-amz-object-lock-mode", "GOVERNANCE", "Object Lock"),
            ("x-amz-object-lock-legal-hold", "ON", "Object Lock"),
            ("x-amz-website-redirect-location", "/b", "redirect"),
            ("x-amz-missing-meta", "1", "no header"),
            ("x-amz-object-lock-legal-hold", "OFF", ""),
        ] {
            for strict in [false, true] {
                let why = format!("{}, {name}: {value}, strict: {strict}", transfer.name);
                let stage = transfer.stage();
                stage.aws.put("raw", transfer.source().aside(name, value));
                let config = format!("{}\nstrict = {strict}", transfer.config);
                let daemon = stage.start(&stage.config(&config)).await;
                stage.drained().await;
                daemon.stop().await;
                // CopyObject without provenance metadata copies all metadata itself.
                let kept = reported.is_empty()
                    || name == "x-amz-missing-meta" && transfer.name == "CopyObject";
                let arrives = kept || !strict;
                let dead_lettered = stage.dead_lettered().await;
                assert_eq!(
                    dead_lettered.is_empty(),
                    arrives,
                    "{why}: {dead_lettered:?}"
                );
                let copy = stage.aws.object("lake", "orders/a.bin");
                assert_eq!(copy.is_some(), arrives, "{why}");
                for (reason, error) in dead_lettered {
                    assert_eq!(reason, "dropped_attribute", "{why}");
                    assert!(error.contains(reported), "{why}: {error}");
                }
            }
        }
    }
}
