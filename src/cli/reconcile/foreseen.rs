//! `--dry-run`: what would be done, in words.

use bytesize::ByteSize;

use super::report::Row;
use super::{TERMS, gone};
use crate::config::{Glacier, SourceMissing};
use crate::plan::{Nothing, Plan};
use crate::queue::Terms;
use crate::s3::{Archive, Object, ObjectLocation};
use crate::work::{Foreseen, Planned, Replicator, Skip};

/// What each route that takes the object would do.
pub(super) async fn rows(replicator: &Replicator, location: &ObjectLocation) -> Vec<Row> {
    let object = location.to_string();
    let all = replicator.foresee(location, Terms::new(TERMS)).await;
    if all.is_empty() {
        return vec![Row::new(&object, "none".into(), Skip::NoRoute.name())];
    }
    all.into_iter().map(|one| row(&object, one)).collect()
}

fn row(object: &str, foreseen: Foreseen) -> Row {
    let Foreseen {
        route,
        target,
        source,
        plan,
    } = foreseen;
    let target = target.unwrap_or_else(|| "…".into());
    let to = format!("s3://{}/{target}", route.to.bucket);
    let row = |outcome| Row::new(object, route.name.clone(), outcome);
    let plan = match plan {
        Planned::Failed(why) => return row("fails").failed(why),
        Planned::Size => return row(Skip::Size.name()).because("outside the route's size limits"),
        Planned::Plan(plan) => plan,
    };
    match (plan, source) {
        (Plan::Nothing(Nothing::AlreadyThere(proof)), _) => {
            row(Skip::AlreadyThere.name()).because(format!("{to} has {proof}"))
        }
        (Plan::Nothing(Nothing::SourceGone), _) => {
            let why = gone(Some(route.source_missing));
            match route.source_missing {
                SourceMissing::Skip => row(Skip::SourceGone.name()).because(why),
                SourceMissing::Retry | SourceMissing::DeadLetter => {
                    row(Skip::SourceGone.name()).failed(why)
                }
            }
        }
        (Plan::Tags(proof), _) => {
            row("would_put_tags").because(format!("{to} has {proof}, but lacks the tags"))
        }
        (Plan::Delete(_), _) => row("would_delete").because(format!("{to}: the source is gone")),
        (Plan::Copy(_), Some(source)) if source.archive != Archive::Readable => {
            let (what, why) = archived(route.archived.policy, &source);
            row(what).because(why)
        }
        (Plan::Copy(copy), source) => {
            let bytes = ByteSize(source.map_or(0, |source| source.size));
            let mut why = format!("{bytes} to {to} by {}: {}", copy.transfer, copy.why);
            if route.moves {
                why += "; then the source object is deleted, once all routes have it";
            }
            row("would_copy").because(why)
        }
    }
}

/// What becomes of a source that cannot be read at once.
fn archived(policy: Glacier, source: &Object) -> (&'static str, &'static str) {
    match (policy, source.archive) {
        (Glacier::Skip, _) => (Skip::Archived.name(), "archived, and the route leaves such"),
        (_, Archive::Restoring) => ("would_wait", "archived, and being restored"),
        (Glacier::Restore, _) => (
            "would_restore",
            "archived; it is copied once it is restored",
        ),
        (Glacier::DeadLetter, _) => ("would_fail", "archived, and the route restores nothing"),
    }
}
