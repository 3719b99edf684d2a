//! What routes do to each other.
//!
//! A route feeds another when what it writes may be what the other reads: same bucket, and one of
//! "every key I write begins with" and "every key I read begins with" begins with the other. Chains
//! are fine; a circle would copy for ever, at the operator's cost. Filters are left out of account:
//! whether a circle closes must not hang on a suffix.
//!
//! Buckets of one name in two partitions, or in two stores, are two buckets.
//!
//! Two routes whose keys may meet in one bucket would take turns overwriting each other.

use crate::config::read::faults::Faults;
use crate::config::route::{Route, words::Collisions};
use crate::config::rules::{circle::circle_from, removal};
use crate::config::sections::Config;
use crate::config::value::location::overlap;

/// Refuses circles, and keys that two routes would fight over.
pub(crate) fn check(config: &Config, faults: &mut Faults<'_>) {
    // What could not be read stands in with an example, which must not be judged.
    let readable = |name: &str| {
        !faults.holds(&format!("route.{name}.from")) && !faults.holds(&format!("route.{name}.to"))
    };
    let routes = config.route.iter().filter(|(name, _)| readable(name));
    let routes: Vec<(&str, &Route)> = routes.map(|(name, route)| (name.as_str(), route)).collect();
    for (i, one) in routes.iter().enumerate() {
        for other in &routes[i + 1..] {
            removal::check_pair(*one, *other, config, faults);
        }
    }
    // What is moved aside takes one more way.
    let aside = routes
        .iter()
        .filter_map(|(name, route)| Some((*name, route.aside()?)));
    let aside: Vec<(&str, Route)> = aside.collect();
    let flows = routes.iter().map(|(name, route)| Flow {
        name,
        key: "to",
        route,
    });
    let aside = aside.iter().map(|(name, route)| Flow {
        name,
        key: "move_to",
        route,
    });
    let flows: Vec<Flow<'_>> = flows.chain(aside).collect();
    check_circles(&flows, config, faults);
    for (i, one) in flows.iter().enumerate() {
        for other in &flows[i + 1..] {
            check_pair(one, other, config, faults);
        }
    }
}

/// One way for keys.
struct Flow<'a> {
    /// The route's name.
    name: &'a str,
    /// The route's key that says where to.
    key: &'static str,
    route: &'a Route,
}

fn check_circles(routes: &[Flow<'_>], config: &Config, faults: &mut Faults<'_>) {
    for first in 0..routes.len() {
        let feeds =
            |one: usize, other: usize| feeds(routes[one].route, routes[other].route, config);
        let Some(circle) = circle_from(first, routes.len(), feeds) else {
            continue;
        };
        let &Flow { name, key, route } = &routes[first];
        let why = if circle.len() == 1 {
            format!(
                "feeds itself: what it writes to s3://{}/{} is read again by from = \"{}\"; choose places that don't overlap",
                route.to.bucket,
                route.to.key.literal_prefix(),
                route.from,
            )
        } else {
            let names: Vec<&str> = circle
                .iter()
                .map(|&i| routes[i].name)
                .chain([name])
                .collect();
            format!(
                "goes in a circle: {}; two-way sync is not supported",
                names.join(" → ")
            )
        };
        faults.refuse(&format!("route.{name}.{key}"), why);
    }
}

fn feeds(one: &Route, other: &Route, config: &Config) -> bool {
    let (to, from) = (config.cloud_to(one), config.cloud_from(other));
    let one_bucket = one.to.bucket == other.from.bucket && to.needs_streaming(&from).is_none();
    one_bucket && overlap(one.to.key.literal_prefix(), &other.from.prefix)
}

fn check_pair(one: &Flow<'_>, other: &Flow<'_>, config: &Config, faults: &mut Faults<'_>) {
    let (a, b) = (one.route, other.route);
    let needs_streaming = config.cloud_to(a).needs_streaming(&config.cloud_to(b));
    let one_bucket = a.to.bucket == b.to.bucket && needs_streaming.is_none();
    let meet = one_bucket && overlap(a.to.key.literal_prefix(), b.to.key.literal_prefix());
    let removes = |route: &Route| route.follows() || route.moves();
    let allowed = |route: &Route| route.collisions == Collisions::Allow && !removes(route);
    if meet && !(allowed(a) && allowed(b)) && !same_function(a, b) {
        let todo = if removes(a) || removes(b) {
            ", for what one takes away the other may need"
        } else {
            ", or say collisions = \"allow\" in both"
        };
        let why = format!(
            "may write the same keys as route.{} (to = \"{}\"): give each a place of its own{todo}",
            one.name, a.to
        );
        faults.refuse(&format!("route.{}.{}", other.name, other.key), why);
    }
}

/// Whether both bring one source key to one destination key, so that meeting is agreeing.
fn same_function(a: &Route, b: &Route) -> bool {
    if a.from == b.from && a.to.key == b.to.key {
        return true;
    }
    let constant = |route: &Route| {
        route
            .to
            .key
            .constant_before_key(&route.from.prefix)
            .map(str::to_owned)
    };
    a.from.bucket == b.from.bucket && constant(a).is_some() && constant(a) == constant(b)
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    /// Routes `a`, `b`, … by their places.
    type FromTo<'a> = &'a [(&'a str, &'a str)];

    fn said(routes: FromTo<'_>) -> String {
        let mut file = String::new();
        for (name, (from, to)) in ["a", "b", "c", "d"].iter().zip(routes) {
            file = format!("{file}[route.{name}]\nfrom = \"s3://{from}\"\nto = \"s3://{to}\"\n");
        }
        match Config::load(&Sources::text("f", &file)) {
            Ok(_) => String::new(),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn a_circle_is_refused_and_its_routes_named_in_order() {
        #[rustfmt::skip]
        let table: [(&str, FromTo<'_>, &str); 10] = [
            ("itself", &[("one/", "one/{key}")], "feeds itself: what it writes to s3://one/ is read again by from = \"s3://one/\""),
            ("below itself", &[("one/in/", "one/in/out/{path}")], "feeds itself"),
            ("above itself", &[("one/in/", "one/{path}")], "feeds itself"),
            ("beside itself", &[("one/in/", "one/out/{path}")], ""),
            ("another bucket", &[("one/in/", "two/in/{path}")], ""),
            ("a chain", &[("one/", "two/"), ("two/", "three/"), ("three/", "four/")], ""),
            ("back and forth", &[("one/", "two/"), ("two/", "one/")], "route.a.to in f = \"s3://two/\": goes in a circle: a → b → a; two-way sync is not supported"),
            ("the long way round", &[("one/", "two/"), ("three/", "one/"), ("two/", "three/")], "circle: a → c → b → a;"),
            ("a tail is no part of it", &[("one/", "two/"), ("two/", "three/"), ("three/", "two/x/{path}")], "goes in a circle: b → c → b"),
            ("a circle that does not close", &[("one/a/", "two/a/"), ("two/a/", "one/b/")], ""),
        ];
        for (why, routes, want) in table {
            let said = said(routes);
            assert!(
                said.contains(want) && (!want.is_empty() || said.is_empty()),
                "{why}: {said}"
            );
            assert_eq!(
                said.matches("circle").count(),
                usize::from(want.contains("circle")),
                "{why}: {said}"
            );
        }
    }

    #[test]
    fn two_routes_may_not_fight_over_keys() {
        #[rustfmt::skip]
        let table: [(&str, FromTo<'_>, bool); 9] = [
            ("one place, two sources",           &[("one/", "lake/{path}"), ("two/", "lake/{path}")], true),
            ("places of their own",              &[("one/", "lake/a/{path}"), ("two/", "lake/b/{path}")], false),
            ("one place inside the other",       &[("one/", "lake/{path}"), ("two/", "lake/b/{path}")], true),
            ("prefixes lost, names meet",        &[("one/x/", "lake/o/{path}"), ("one/y/", "lake/o/{path}")], true),
            ("whole keys of one bucket",         &[("one/x/", "lake/o/{key}"), ("one/y/", "lake/o/{key}")], false),
            ("the prefix put back",              &[("one/x/", "lake/o/{key}"), ("one/y/", "lake/o/y/{path}")], false),
            ("whole keys of two buckets",        &[("one/x/", "lake/o/{key}"), ("two/x/", "lake/o/{key}")], true),
            ("whole keys, different constants",  &[("one/x/", "lake/o/{key}"), ("one/y/", "lake/o/o/{key}")], true),
            ("identical but for their filters",  &[("one/x/", "lake/o/{path}"), ("one/x/", "lake/o/{path}")], false),
        ];
        for (why, routes, refused) in table {
            let said = said(routes);
            assert_eq!(!said.is_empty(), refused, "{why}: {said}");
            assert!(
                !refused
                    || said.contains("route.b.to in f = ")
                        && said.contains("may write the same keys as route.a"),
                "{why}: {said}"
            );
        }
    }

    #[test]
    fn both_must_allow_collisions() {
        let file = |a: &str, b: &str| {
            format!(
                "[route.a]\nfrom = \"s3://one\"\nto = \"s3://lake\"\ncollisions = \"{a}\"\n\
                 [route.b]\nfrom = \"s3://two\"\nto = \"s3://lake\"\ncollisions = \"{b}\""
            )
        };
        assert!(Config::load(&Sources::text("f", &file("allow", "allow"))).is_ok());
        assert!(Config::load(&Sources::text("f", &file("allow", "refuse"))).is_err());
    }

    #[test]
    fn buckets_of_one_name_in_two_partitions_are_two_buckets() {
        let file = "
            [account.china]
            region = \"cn-north-1\"
            [route.there]
            from = \"s3://raw/\"
            to = \"s3://raw/\"
            to_account = \"china\"
            [route.zoo]
            from = \"s3://other/\"
            to = \"s3://raw/\"
            ";
        let load = |more: &str| Config::load(&Sources::text("f", &format!("{more}{file}")));
        assert_eq!(load("aws.region = \"us-east-1\"").err(), None);
        let said = load("").unwrap_err().to_string();
        assert_eq!(
            said.lines().count(),
            2,
            "without home's region they may be one: {said}"
        );
    }
}
