//! What no copy keeps: copied without, or parked where the route is strict.

use super::WAYS;

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_parked_only_where_the_route_is_strict() {
    // The last way has nothing of its own here, and its bytes take time.
    for way in &WAYS[..4] {
        for (name, value, told) in [
            ("x-amz-object-lock-mode", "GOVERNANCE", "Object Lock"),
            ("x-amz-object-lock-legal-hold", "ON", "Object Lock"),
            ("x-amz-website-redirect-location", "/b", "redirect"),
            ("x-amz-missing-meta", "1", "no header"),
            ("x-amz-object-lock-legal-hold", "OFF", ""),
        ] {
            for strict in [false, true] {
                let why = format!("{}, {name}: {value}, strict: {strict}", way.name);
                let stage = way.stage();
                stage.world.put("raw", way.source().aside(name, value));
                let config = format!("{}\nstrict = {strict}", way.config);
                let daemon = stage.start(&stage.config(&config)).await;
                stage.drained().await;
                daemon.stop().await;
                // CopyObject without a mark copies all metadata itself.
                let kept =
                    told.is_empty() || name == "x-amz-missing-meta" && way.name == "CopyObject";
                let arrives = kept || !strict;
                let parked = stage.parked().await;
                assert_eq!(parked.is_empty(), arrives, "{why}: {parked:?}");
                let copy = stage.world.object("lake", "orders/a.bin");
                assert_eq!(copy.is_some(), arrives, "{why}");
                for (reason, error) in parked {
                    assert_eq!(reason, "unkept", "{why}");
                    assert!(error.contains(told), "{why}: {error}");
                }
            }
        }
    }
}
