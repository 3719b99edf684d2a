//! What a route's settings say together.

use crate::config::read::faults::Faults;
use crate::config::route::{
    words::Collisions,
    {Route, archived, properties},
};
use crate::config::value::{glob::globs, location::LONGEST_KEY, size};

impl Route {
    pub(crate) fn check(&self, at: &str, faults: &mut Faults<'_>) {
        self.check_tables(&format!("{at}.tables"), faults);
        if self.notify.is_none() && self.notify_account.is_some() {
            let why = "is of `notify`, which is not set";
            faults.refuse(&format!("{at}.notify_account"), why);
        }
        for (key, patterns) in [("include", &self.include), ("exclude", &self.exclude)] {
            if let Err(why) = globs(patterns) {
                faults.refuse(&format!("{at}.{key}"), why);
            }
        }
        self.check_lengths(at, faults);
        if let (Some(min), Some(max)) = (&self.min_size, &self.max_size)
            && min > max
        {
            let why = format!("expected at most max_size, {}", size::show(*max));
            faults.refuse(&format!("{at}.min_size"), why);
        }
        self.check_access_points(at, faults);
        self.check_collisions(&format!("{at}.to"), faults);
        properties::check(self, at, faults);
        archived::check(self, at, faults);
        self.check_removal(at, faults);
    }

    /// Refuses what no key can be as long as.
    fn check_lengths(&self, at: &str, faults: &mut Faults<'_>) {
        let longest = |text: &str| text.len() > LONGEST_KEY;
        let why = format!("matches nothing: S3 has no key longer than {LONGEST_KEY} bytes");
        if longest(&self.from.prefix) {
            return faults.refuse(&format!("{at}.from"), why);
        }
        if self.suffix.iter().any(|suffix| longest(suffix)) {
            faults.refuse(&format!("{at}.suffix"), why);
        }
        for (key, template) in [
            ("to", Some(&self.to.key)),
            ("move_to", self.move_to.as_ref()),
        ] {
            if template.is_some_and(|key| key.shortest(self.from.prefix.len()) > LONGEST_KEY) {
                let why = format!("makes keys longer than the {LONGEST_KEY} bytes that S3 takes");
                faults.refuse(&format!("{at}.{key}"), why);
            }
        }
    }

    fn check_tables(&self, key: &str, faults: &mut Faults<'_>) {
        if !self.tables.is_empty() && !self.to.key.can_have_partition(None) {
            let why = "the keys that `to` makes never have a folder such as dt=2026-11-20, from which a \
                       partition is read; write one, such as dt={yyyy}-{mm}-{dd}/, or keep the \
                       source's with {path}";
            faults.refuse(key, why);
        }
    }

    fn check_collisions(&self, key: &str, faults: &mut Faults<'_>) {
        let template = &self.to.key;
        if self.collisions == Collisions::Allow || template.is_injective() || faults.holds(key) {
            return;
        }
        let example = match template.collision(&self.from.prefix) {
            Some((a, b, made)) => format!(", such as {a:?} and {b:?} to {made:?}"),
            None => String::new(),
        };
        let todo = if template.has_placeholder() {
            "keep them apart with one {path} or {key}"
        } else {
            "end it in / or {path}"
        };
        faults.refuse(
            key,
            format!("brings different objects to one key{example}: {todo}, or say collisions = \"allow\""),
        );
    }
}
