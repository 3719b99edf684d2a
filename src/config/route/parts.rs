//! `[route.NAME].part_size` and `multipart_copy_threshold`: what is copied in parts, and in which.

use std::time::Duration;

use crate::config::route::Route;

/// `CopyObject` takes no source above this.
const S3_COPY_MAX: u64 = 5 * (1 << 30);

/// What a cross-region `CopyObject` moves in a second when S3 has a slow day. A copy must finish
/// well within *W*, or it could land after its message was settled.
const SLOW_COPY_BYTES_PER_SECOND: u64 = 32 << 20;

/// What a route says of parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// The bytes of each. Unset: as its source is cut, else as suits the object.
    pub size: Option<u64>,
    /// What is larger is not copied by one `CopyObject`. Unset: as large as one can be.
    pub copy_threshold: Option<u64>,
}

/// The largest object that one `CopyObject` finishes within so long.
pub(crate) fn one_copy(timeout: Duration) -> u64 {
    S3_COPY_MAX.min(SLOW_COPY_BYTES_PER_SECOND.saturating_mul(timeout.as_secs()))
}

impl Route {
    /// What it says of parts.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts::of(self)
    }
}

impl Parts {
    fn of(route: &Route) -> Self {
        Self {
            size: route.part_size.map(|size| size.0),
            copy_threshold: route.multipart_copy_threshold.map(|size| size.0),
        }
    }

    /// The largest object of the route's that is not copied in parts, under a write's timeout.
    #[must_use]
    pub fn one_copy(self, timeout: Duration) -> u64 {
        let most = one_copy(timeout);
        self.copy_threshold.map_or(most, |said| said.min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn load(queue: &str, line: &str) -> Result<Parts, String> {
        let file = format!(
            "[queue.events]\nurl = \"http://h/q\"\n{queue}\n[queue.slow]\nurl = \"http://h/s\"\n\
             visibility_timeout = \"1h\"\n[route.r]\nfrom = \"s3://raw/in/\"\nto = \"s3://lake/{{path}}\"\n{line}"
        );
        let loaded = Config::load(&Sources::text("f", &file)).map_err(|e| e.to_string())?;
        Ok(loaded.config.route["r"].parts())
    }

    #[test]
    fn sizes_are_refused_that_s3_or_the_lease_would_refuse() {
        #[rustfmt::skip]
        let table = [
            ("too small a part", "part_size = \"4MiB\"", "route.r.part_size in f = \"4MiB\": expected 5MiB to 5GiB"),
            ("too large a part", "part_size = \"6GiB\"", "route.r.part_size in f = \"6GiB\": expected 5MiB to 5GiB"),
            ("no size", "part_size = \"large\"", "route.r.part_size in f = \"large\": expected a size such as \"64MiB\", or a number of bytes"),
            ("too small to have a range", "multipart_copy_threshold = 1", "route.r.multipart_copy_threshold in f = 1: expected 5MiB to 5GiB"),
            ("more than one CopyObject takes", "multipart_copy_threshold = \"6GiB\"", "route.r.multipart_copy_threshold in f = \"6GiB\": expected 5MiB to 5GiB"),
            ("more than the lease has time for", "multipart_copy_threshold = \"1GiB\"",
             "route.r.multipart_copy_threshold in f = \"1GiB\": expected at most 480MiB: a larger copy may not finish while \
              queue.events hides its message (visibility_timeout = 2m); make that longer, or leave this out"),
        ];
        for (why, line, want) in table {
            assert_eq!(load("", line).unwrap_err(), want, "{why}");
        }
    }

    #[test]
    fn what_fits_the_shortest_lease_is_taken() {
        let gib = "multipart_copy_threshold = \"1GiB\"";
        let longer = "visibility_timeout = \"5m\"";
        let want = Parts {
            size: None,
            copy_threshold: Some(1 << 30),
        };
        assert_eq!(load(longer, gib), Ok(want));
        assert_eq!(load("", &format!("queue = \"slow\"\n{gib}")), Ok(want));
        let five = load(
            "",
            "part_size = \"5GiB\"\nmultipart_copy_threshold = \"5MiB\"",
        );
        let want = Parts {
            size: Some(5 << 30),
            copy_threshold: Some(5 << 20),
        };
        assert_eq!(five, Ok(want));
        assert_eq!(want.one_copy(Duration::from_secs(15)), 5 << 20);
        assert_eq!(
            Parts::default().one_copy(Duration::from_secs(15)),
            480 << 20
        );
    }
}
