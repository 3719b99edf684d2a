//! The destination's key: made from the source's by the route's template.

use jiff::Timestamp;

use super::Route;
use crate::config::NeedsDate;
use crate::event::LONGEST_KEY;

/// Why a source key has no destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoDestination {
    /// Ask again with the source's Last-Modified.
    #[error(transparent)]
    NeedsDate(#[from] NeedsDate),
    /// The key does not begin with the route's prefix.
    #[error("the key does not begin with the route's prefix")]
    NotTaken,
    /// S3 has no empty key.
    #[error("the destination key would be empty")]
    Empty,
    /// S3 takes no key as long.
    #[error("the destination key would be {bytes} bytes long, and S3 takes {LONGEST_KEY}")]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
}

impl Route {
    /// The destination's key for a source's; `last_modified` is the source's, for dated templates.
    ///
    /// # Errors
    /// When it cannot be made yet, or S3 would not take it.
    pub fn destination(
        &self,
        key: &str,
        last_modified: Option<Timestamp>,
    ) -> Result<String, NoDestination> {
        let path = key
            .strip_prefix(&self.from.prefix)
            .ok_or(NoDestination::NotTaken)?;
        let made = self.to.key.render(key, path, last_modified)?;
        match made.len() {
            0 => Err(NoDestination::Empty),
            1..=LONGEST_KEY => Ok(made),
            bytes => Err(NoDestination::TooLong { bytes }),
        }
    }

    /// Whether destination keys have a date, so that Last-Modified is needed to make one.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.to.key.is_dated()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Config};

    #[test]
    fn a_key_has_a_destination_or_the_reason_why_not() {
        let long = "x".repeat(1024);
        let longer = "x".repeat(1025);
        #[rustfmt::skip]
        let table = [
            ("the path",            "s3://raw/in/", "s3://lake/{path}",        "in/a b+%é", Ok("a b+%é")),
            ("the prefix itself",   "s3://raw/in/", "s3://lake/out/{path}",    "in/",       Ok("out/")),
            ("nothing is left",     "s3://raw/in/", "s3://lake/{path}",        "in/",       Err(NoDestination::Empty)),
            ("another prefix",      "s3://raw/in/", "s3://lake/{path}",        "out/a",     Err(NoDestination::NotTaken)),
            ("the longest",         "s3://raw",     "s3://lake/{path}",        &long,       Ok(long.as_str())),
            ("longer",              "s3://raw",     "s3://lake/{path}",        &longer,     Err(NoDestination::TooLong { bytes: 1025 })),
            ("bytes count",         "s3://raw",     "s3://lake/é{path}",       &long,       Err(NoDestination::TooLong { bytes: 1026 })),
            ("no date yet",         "s3://raw",     "s3://lake/{yyyy}/{path}", "a",         Err(NoDestination::NeedsDate(NeedsDate))),
        ];
        for (why, from, to, key, want) in table {
            let route = config::Route::new(from, to).unwrap();
            let route = Route::compile("r", &route, &Config::default());
            assert_eq!(
                route.destination(key, None),
                want.map(str::to_owned),
                "{why}"
            );
            assert_eq!(route.is_dated(), to.contains("{yyyy}"));
        }
    }
}
