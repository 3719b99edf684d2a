//! What a route may take away: copies whose source is gone (`deletes`), and source objects that were
//! copied (`after_copy`).
//!
//! Each refusal here has its counterexample in the model of the message's way (docs/internals/testing.md):
//! even with all rules in force something would be lost, or something stale would stay.

use crate::config::read::faults::Faults;
use crate::config::route::{
    Route,
    words::{AfterCopy, Deletes, SourceMissing},
};

impl Route {
    /// Copies whose source is gone are deleted.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.deletes == Deletes::Follow
    }

    /// Source objects are taken away.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.after_copy != AfterCopy::Keep
    }

    pub(crate) fn check_removal(&self, at: &str, faults: &mut Faults<'_>) {
        let (deletes, after_copy) = (format!("{at}.deletes"), format!("{at}.after_copy"));
        let collide = [Some(&self.to.key), self.move_to.as_ref()];
        let collide = collide.into_iter().flatten().any(|key| !key.is_injective());
        let missing = self.source_missing != SourceMissing::Skip;
        let mut refuse = |key: &str, applies: bool, why: &str| {
            if applies {
                faults.refuse(key, why);
            }
        };
        refuse(
            &deletes,
            self.follows() && self.to.key.is_dated(),
            "with a date in `to`, an overwrite on another day is another object, so that nobody knows \
             which copies to delete: take the date out, or say \"ignore\"",
        );
        refuse(
            &deletes,
            self.follows() && self.moves(),
            "removing source objects would delete their copies: choose one of deletes and after_copy",
        );
        for (key, takes) in [(&deletes, self.follows()), (&after_copy, self.moves())] {
            refuse(
                key,
                takes && collide,
                "two source keys may share one copy here, and what is done about one would destroy \
                 the other's: keep them apart with one {path} or {key}",
            );
            refuse(
                key,
                takes && missing,
                "a source that is gone is no failure then: take source_missing out",
            );
        }
        refuse(
            &after_copy,
            self.after_copy == AfterCopy::Move && self.move_to.is_none(),
            "says where to only together with move_to = \"PREFIX/\"",
        );
        refuse(
            &format!("{at}.move_to"),
            self.after_copy != AfterCopy::Move && self.move_to.is_some(),
            "needs after_copy = \"move\"",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    fn said(route: &str) -> String {
        let (own, more) = route.split_once("[[").unwrap_or((route, ""));
        let file = format!(
            "[queue.q]\nurl = \"http://h/q\"\n[queue.p]\nurl = \"http://h/p\"\n{more}\n[route.r]\n\
             from = \"s3://raw/in/\"\n{}{own}",
            if own.contains("to = \"s3:") {
                ""
            } else {
                "to = \"s3://lake/\"\n"
            },
        );
        match Config::load(&Sources::text("f", &file)) {
            Ok(_) => String::new(),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn what_would_destroy_something_is_refused() {
        let (follow, delete) = ("deletes = \"follow\"", "after_copy = \"delete\"");
        let other = "[[\n[route.s]\nfrom = \"s3://raw/in/a/\"\nto = \"s3://store/\"\n";
        #[rustfmt::skip]
        let table = [
            ("followed",               follow.to_owned(), ""),
            ("moved",                  delete.to_owned(), ""),
            ("moved aside",            "after_copy = \"move\"\nmove_to = \"done/\"".into(), ""),
            ("followed by date",       format!("{follow}\nto = \"s3://lake/{{yyyy}}/{{path}}\""), "route.r.deletes in f = \"follow\": with a date in `to`"),
            ("moved by date",          format!("{delete}\nto = \"s3://lake/{{yyyy}}/{{path}}\""), ""),
            ("both",                   format!("{follow}\n{delete}"), "route.r.deletes in f = \"follow\": removing source objects"),
            ("colliding, followed",    format!("{follow}\nto = \"s3://lake/{{name}}\"\ncollisions = \"allow\""), "route.r.deletes in f = \"follow\": two source keys may share"),
            ("colliding, moved",       format!("{delete}\nto = \"s3://lake/{{name}}\"\ncollisions = \"allow\""), "route.r.after_copy in f = \"delete\": two source keys may share"),
            ("colliding aside",        "after_copy = \"move\"\nmove_to = \"done/{name}\"".into(), "route.r.after_copy in f = \"move\": two source keys may share"),
            ("gone is a failure",      format!("{follow}\nsource_missing = \"dead-letter\""), "route.r.deletes in f = \"follow\": a source that is gone"),
            ("moved is a failure",     format!("{delete}\nsource_missing = \"retry\""), "route.r.after_copy in f = \"delete\": a source that is gone"),
            ("where to?",              "after_copy = \"move\"".into(), "route.r.after_copy in f = \"move\": says where to only"),
            ("what for?",              "move_to = \"done/\"".into(), "route.r.move_to in f = \"done/\": needs after_copy = \"move\""),
            ("no word",                "after_copy = \"mv\"".into(), "route.r.after_copy in f = \"mv\": expected one of keep, delete, move, not mv"),
            ("into itself",            "after_copy = \"move\"\nmove_to = \"in/done/\"".into(), "route.r.move_to in f = \"in/done/\": feeds itself"),
            ("without conditions",     format!("{delete}[[[aws]\nendpoint_url = \"http://127.0.0.1:1\""), "route.r.after_copy in f = \"delete\": a move needs conditional"),
            ("followed by another",    format!("{delete}{other}{follow}"), "route.r.after_copy in f = \"delete\": removes source objects whose copies route.s"),
            ("follows another's move", format!("{follow}{other}{delete}"), "route.s.after_copy in f = \"delete\": removes source objects whose copies route.r"),
            ("another's queue",        format!("{delete}\nqueue = \"p\"{other}queue = \"q\""), "route.r.after_copy in f = \"delete\": removes source objects before route.s"),
            ("the same queue",         format!("{delete}\nqueue = \"q\"{other}queue = \"q\""), ""),
            ("others' keys",           format!("{delete}\nqueue = \"p\"[[\n[route.s]\nfrom = \"s3://raw/out/\"\nto = \"s3://store/\"\n{follow}"), ""),
            ("shared, followed",       format!("{follow}\ncollisions = \"allow\"[[\n[route.s]\nfrom = \"s3://other/\"\nto = \"s3://lake/\"\ncollisions = \"allow\""), "route.s.to in f = \"s3://lake/\": may write the same keys as route.r"),
        ];
        for (why, route, want) in table {
            let said = said(&route);
            assert!(
                said.starts_with(want) && said.is_empty() == want.is_empty(),
                "{why}: {said}"
            );
        }
    }
}
