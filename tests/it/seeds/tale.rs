//! What happened, line by line, for the person who plays one seed again.

use std::fmt::Write;

use super::play::Played;
use super::stage::SOURCE;
use crate::aws::Write as Change;

/// Every call and every change of a bucket, in the order they happened.
pub(super) fn tale(played: &Played) -> String {
    let (aws, script) = (&played.stage.aws, &played.stage.script);
    let mut lines = Vec::new();
    for call in aws.calls().0 {
        let who = call.line.map_or_else(|| "-".into(), |n| n.to_string());
        let status = call.status.map_or_else(|| "—".into(), |s| s.to_string());
        let (code, fault) = (
            call.code.unwrap_or_default(),
            call.fault.unwrap_or_default(),
        );
        let what = format!("{who}  {} {} → {status} {code}", call.operation, call.key);
        lines.push((call.at, format!("{what} {fault}")));
    }
    let mut changes = |place: &str, history: Vec<Change>| {
        for Change {
            at,
            moment,
            what,
            current,
            ..
        } in history
        {
            let object = current.and_then(|version| version.object);
            let now = object.map_or_else(
                || "nothing".to_owned(),
                |object| format!("{} {:?} {:?}", object.etag, object.meta, object.tags),
            );
            lines.push((at, format!("      {moment}. {place}: {what:?} ⇒ {now}")));
        }
    };
    for key in 0..script.keys.len() {
        let name = played.stage.key(key);
        changes(&name, aws.history(SOURCE, &name).0);
        for route in played.stage.transfers() {
            for target in played.stage.targets(route, key) {
                let bucket = played.stage.bucket(route);
                let place = format!("{bucket}/{target}");
                changes(&place, aws.history(&bucket, &target).0);
            }
        }
    }
    for settled in aws.settled() {
        lines.push((settled.at, format!("      settled: {}", settled.body)));
    }
    lines.sort_by_key(|(at, _)| *at);
    lines.iter().fold(String::new(), |mut tale, (at, line)| {
        let _ = writeln!(tale, "{at:.3}  {line}");
        tale
    })
}
