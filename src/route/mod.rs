//! Where an object goes: from what happened to the routes that take it.
//!
//! Pure: bucket, key and size in; routes, near misses and destination keys out. More than one route
//! may take an object; none taking it is an ending, not an error.

mod destination;
mod filter;

use std::sync::Arc;

use crate::config::{
    self, Archived, Config, Location, NeedsStreaming, Notify, Parts, Properties, SourceMissing,
    Target, Transfer,
};
use crate::s3::{Bandwidth, Bucket};
pub use destination::NoDestination;
use filter::Filter;
pub use filter::NearMiss;

/// All routes, ready to choose from.
#[derive(Debug, Clone, Default)]
pub struct Routes(Vec<Arc<Route>>);

/// One route, its filters compiled.
#[derive(Debug, Clone)]
pub struct Route {
    /// The section's name.
    pub name: String,
    /// The queue it listens to; none: all.
    pub queue: Option<String>,
    /// Where objects are taken from.
    pub from: Location,
    /// That bucket, and what the operator says of it.
    pub source_bucket: Bucket,
    /// Where they are brought to.
    pub to: Target,
    /// That bucket, and what the operator says of it.
    pub destination_bucket: Bucket,
    /// Whose credentials read; none: the default account's.
    pub from_account: Option<String>,
    /// Whose credentials write; none: the default account's.
    pub to_account: Option<String>,
    /// How bytes travel.
    pub transfer: Transfer,
    /// What is copied in parts, and in which.
    pub parts: Parts,
    /// Why S3 shall not copy between the two sides by itself.
    pub needs_streaming: Option<&'static str>,
    /// What becomes of archived sources.
    pub archived: Archived,
    /// A copy whose source is gone is deleted.
    pub follows: bool,
    /// The source object is taken away once all routes that take it have it.
    pub moves: bool,
    /// What a key that is gone means.
    pub source_missing: SourceMissing,
    /// The limit of its streamed bytes, shared with what it moves aside.
    pub bandwidth: Option<Bandwidth>,
    /// What copies are made with.
    pub properties: Properties,
    /// The crawlers to run after an arrival.
    pub crawlers: Vec<String>,
    /// The tables that get a partition for an arrival.
    pub tables: Vec<String>,
    /// Where arrivals are notified.
    pub notify: Option<Notify>,
    filter: Filter,
}

impl Routes {
    /// Makes routes of their sections. Where a source object is moved aside, that is a route of its
    /// own.
    #[must_use]
    pub fn compile(config: &Config) -> Self {
        let routes = config.route.iter().flat_map(|(name, route)| {
            let route_itself = Route::compile(name, route, config);
            let aside = route.aside().map(|aside| Route {
                bandwidth: route_itself.bandwidth.clone(),
                ..Route::compile(&format!("{name}.aside"), &aside, config)
            });
            [Some(route_itself), aside]
        });
        Self(routes.flatten().map(Arc::new).collect())
    }

    /// The routes that take an object, whose event came through `queue`; none: through no queue,
    /// as when an operator names an object, and every route listens.
    ///
    /// An unknown size matches: the size is checked again on the source as it is now.
    pub fn choose(
        &self,
        queue: Option<&str>,
        bucket: &str,
        key: &str,
        size: Option<u64>,
    ) -> impl Iterator<Item = &Arc<Route>> {
        self.0
            .iter()
            .filter(move |route| route.takes(queue, bucket, key, size).is_ok())
    }

    /// Whether a route would take an object if it were not a folder's marker.
    #[must_use]
    pub fn names_folder(
        &self,
        queue: Option<&str>,
        bucket: &str,
        key: &str,
        size: Option<u64>,
    ) -> bool {
        let mut misses = self
            .0
            .iter()
            .filter_map(|route| route.takes(queue, bucket, key, size).err());
        misses.any(|miss| miss == NearMiss::Folder)
    }

    /// All routes, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.0.iter()
    }
}

impl Route {
    fn compile(name: &str, route: &config::Route, config: &Config) -> Self {
        Self {
            name: name.into(),
            queue: route.queue.clone(),
            from: route.from.clone(),
            source_bucket: Bucket::source(route),
            to: route.to.clone(),
            destination_bucket: Bucket::destination(route),
            from_account: route.from_account.clone(),
            to_account: route.to_account.clone(),
            transfer: route.transfer,
            parts: route.parts(),
            needs_streaming: config.needs_streaming(route).map(NeedsStreaming::why),
            archived: route.archived(),
            follows: route.follows(),
            moves: route.moves(),
            source_missing: route.source_missing,
            bandwidth: route.bandwidth.map(Bandwidth::new),
            properties: route.properties(),
            crawlers: route.crawlers.clone(),
            tables: route.tables.clone(),
            notify: route.notify.clone(),
            filter: Filter::compile(route),
        }
    }

    /// Whether anything follows from an arrival.
    #[must_use]
    pub fn announces(&self) -> bool {
        !self.crawlers.is_empty() || !self.tables.is_empty() || self.notify.is_some()
    }

    /// Whether only objects of certain sizes are taken.
    #[must_use]
    pub fn has_size_limits(&self) -> bool {
        self.filter.has_size_limits()
    }

    /// Whether an object whose event came through `queue` is taken.
    ///
    /// # Errors
    /// The first condition that failed.
    pub fn takes(
        &self,
        queue: Option<&str>,
        bucket: &str,
        key: &str,
        size: Option<u64>,
    ) -> Result<(), NearMiss> {
        if let (Some(wanted), Some(came)) = (&self.queue, queue)
            && wanted != came
        {
            return Err(NearMiss::Queue {
                wanted: wanted.clone(),
                came: came.into(),
            });
        }
        self.matches(bucket, key, size)
    }

    /// Whether an object is taken, whichever queue its event came through.
    ///
    /// # Errors
    /// The first condition that failed.
    pub fn matches(&self, bucket: &str, key: &str, size: Option<u64>) -> Result<(), NearMiss> {
        if bucket != self.from.bucket {
            return Err(NearMiss::Bucket {
                wanted: self.from.bucket.clone(),
                came: bucket.into(),
            });
        }
        let Some(path) = key.strip_prefix(&self.from.prefix) else {
            return Err(NearMiss::Prefix {
                wanted: self.from.prefix.clone(),
            });
        };
        if self.is_folder(key, path, size) {
            return Err(NearMiss::Folder);
        }
        self.filter.passes(key, path, size)
    }

    /// Tells whether a key is the marker that consoles put for a folder, and no object to copy: the prefix
    /// itself, or an empty one from which the template would make no key at all.
    ///
    /// To take the prefix's own marker away would make the folder vanish in which others drop their objects.
    fn is_folder(&self, key: &str, path: &str, size: Option<u64>) -> bool {
        let makes_nothing = || {
            let made = self.to.key.render(key, path, None);
            made.is_ok_and(|made| made.is_empty())
        };
        key.ends_with('/') && (path.is_empty() || size == Some(0) && makes_nothing())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::config::Sources;

    fn routes(file: &str) -> Routes {
        Routes::compile(&Config::load(&Sources::text("f", file)).unwrap().config)
    }

    const FILE: &str = r#"
        [queue.events]
        url = "http://h/events"
        [queue.other]
        url = "http://h/other"
        [route.csv]
        from = "s3://raw/in/"
        to = "s3://lake/csv/"
        suffix = ".csv"
        [route.large]
        queue = "other"
        from = "s3://raw/in/"
        to = "s3://lake/large/{yyyy}/{path}"
        min_size = 10
        [route.text]
        from = "s3://text"
        to = "s3://lake/text/{key}"
        include = "**/[a-c]*"
        exclude = "tmp/**"
        max_size = "1KiB"
    "#;

    #[test]
    fn every_route_that_matches_is_chosen() {
        #[rustfmt::skip]
        let table = [
            ("one of two queues",      Some("events"), "raw",  "in/a.csv", Some(10), "csv"),
            ("both",                   Some("other"),  "raw",  "in/a.csv", Some(10), "csv large"),
            ("no queue is any queue",  None,           "raw",  "in/a.csv", Some(10), "csv large"),
            ("too small for one",      None,           "raw",  "in/a.csv", Some(9),  "csv"),
            ("unknown size is taken",  None,           "raw",  "in/a.csv", None,     "csv large"),
            ("another bucket",         None,           "text", "in/a.csv", None,     "text"),
            ("another prefix",         None,           "raw",  "out/a.csv", None,    ""),
            ("an unknown bucket",      None,           "x",    "in/a.csv", None,     ""),
        ];
        let routes = routes(FILE);
        for (why, queue, bucket, key, size, want) in table {
            let chosen: Vec<&str> = routes
                .choose(queue, bucket, key, size)
                .map(|route| route.name.as_str())
                .collect();
            assert_eq!(chosen.join(" "), want, "{why}");
        }
    }

    #[test]
    fn a_near_miss_says_which_queue_bucket_or_prefix_it_was() {
        let routes = routes(FILE);
        let large = routes.iter().find(|route| route.name == "large").unwrap();
        let said = |queue, bucket, key| {
            large
                .takes(queue, bucket, key, None)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            said(Some("events"), "raw", "in/a"),
            "listens to queue other, not events"
        );
        assert_eq!(
            said(None, "text", "in/a"),
            "takes from bucket raw, not text"
        );
        assert_eq!(said(None, "raw", "i"), "takes keys that begin with \"in/\"");
    }

    #[test]
    fn a_folders_marker_is_not_taken() {
        let taken = |from: &str, to: &str, key: &str, size| {
            let file = format!(
                "[route.r]\nfrom = \"s3://raw/{from}\"\nto = \"s3://{to}\"\ncollisions = \"allow\""
            );
            let routes = routes(&file);
            let taken = routes.choose(None, "raw", key, size).count() == 1;
            assert_eq!(
                routes.names_folder(None, "raw", key, size),
                !taken,
                "{from} {to} {key}"
            );
            taken
        };
        #[rustfmt::skip]
        let table = [
            ("the prefix, to a root",      "in/",     "lake",          "in/",     Some(0), false),
            ("the prefix, to a folder",    "in/",     "lake/out/",     "in/",     Some(0), false),
            ("the prefix, whole",          "in/",     "lake/x/{key}",  "in/",     Some(0), false),
            ("of a size that is not told", "in/",     "lake",          "in/",     None,    false),
            ("whatever it holds",          "in/",     "lake",          "in/",     Some(9), false),
            ("a folder below",             "in/",     "lake",          "in/a/",   Some(0), true),
            ("one that gets no key",       "in/",     "lake/{name}",   "in/a/",   Some(0), false),
            ("what is none, and gets none", "in/",    "lake/{name}",   "in/a/",   Some(9), true),
            ("an object that is a prefix", "in/a.csv", "lake/x/{key}", "in/a.csv", Some(9), true),
            ("a prefix without a slash",   "in",      "lake/x/{path}", "in/",     Some(0), true),
        ];
        for (why, from, to, key, size, want) in table {
            assert_eq!(taken(from, to, key, size), want, "{why}");
        }
    }

    proptest! {
        #[test]
        fn no_key_is_too_strange(bucket in "raw|text|\\PC*", key in any::<String>(), prefixed in any::<bool>(), size in any::<Option<u64>>()) {
            let key = if prefixed { format!("in/{key}") } else { key };
            let routes = routes(FILE);
            for route in routes.choose(None, &bucket, &key, size) {
                let made = route.destination(&key, Some(Timestamp::UNIX_EPOCH));
                if let Ok(made) = made {
                    prop_assert!(made.starts_with(route.to.key.literal_prefix()) && made.len() <= 1024);
                }
            }
            for route in routes.iter() {
                let _ = route.destination(&key, None);
            }
        }

        #[test]
        fn what_was_accepted_never_meets_at_one_key_and_comes_to_rest(
            typed in prop::collection::vec(any_route(), 2..4),
            seconds in (0_i64..4_000_000_000, 0_i64..4_000_000_000),
        ) {
            let sections = typed.iter().enumerate();
            let file = sections.fold(String::new(), |file, (n, route)| format!("{file}[route.r{n}]\n{route}"));
            let Ok(loaded) = Config::load(&Sources::text("f", &file)) else { return Ok(()) };
            let routes = Routes::compile(&loaded.config);
            let mut owners = BTreeMap::new();
            for (bucket, key) in SOURCES {
                let second = if key.ends_with('a') { seconds.0 } else { seconds.1 };
                let date = Timestamp::from_second(second).ok();
                for (to, made) in brought(&routes, bucket, key, date) {
                    let met = owners.insert((to.clone(), made.clone()), (bucket, key));
                    prop_assert!(met.is_none_or(|other| other == (bucket, key)), "{file}: {met:?} and {key} at {made}");
                    let mut waiting = vec![(to, made, 1)];
                    while let Some((bucket, key, hops)) = waiting.pop() {
                        prop_assert!(hops <= typed.len(), "{file}: {key} goes on for ever");
                        let next = brought(&routes, &bucket, &key, date);
                        waiting.extend(next.into_iter().map(|(bucket, key)| (bucket, key, hops + 1)));
                    }
                }
            }
        }
    }

    #[rustfmt::skip]
    const SOURCES: [(&str, &str); 14] = [
        ("one", "a"), ("one", "b"), ("one", "a/a"), ("one", "a/b"), ("one", "in/a"), ("one", "in/b"), ("one", "a/in/a"),
        ("two", "a"), ("two", "b"), ("two", "a/a"), ("two", "a/b"), ("two", "in/a"), ("two", "in/b"), ("two", "in/a/a"),
    ];

    /// Where the routes bring an object.
    fn brought(
        routes: &Routes,
        bucket: &str,
        key: &str,
        date: Option<Timestamp>,
    ) -> Vec<(String, String)> {
        let chosen = routes.choose(None, bucket, key, None);
        let made = chosen.filter_map(|route| {
            Some((route.to.bucket.clone(), route.destination(key, date).ok()?))
        });
        made.collect()
    }

    /// Few places and templates, so that routes often touch.
    fn any_route() -> impl Strategy<Value = String> {
        let template = "(a/|in/|\\{yyyy\\}/|)(\\{path\\}|\\{key\\}|\\{dir\\}/\\{name\\})";
        (
            "one|one|two",
            "a/|in/|",
            "one|two|six|six|six|six",
            template,
        )
            .prop_map(|(from, prefix, to, template)| {
                format!("from = \"s3://{from}/{prefix}\"\nto = \"s3://{to}/{template}\"\n")
            })
    }
}
