//! From sources to a valid configuration, or to everything that is wrong with it.
//!
//! serde stops at the first value it cannot read. So the reading is repeated: each fault is noted
//! and its value replaced by something readable, until only the rules between values are left to
//! check. What is returned never holds a replaced value: with any fault, nothing is returned.

use std::collections::BTreeSet;

use figment::error::Kind;
use figment::providers::Serialized;
use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};
use serde_json::Value as Json;

use crate::config::read::{
    coerce::TEXT,
    fault::Refusal,
    faults::Faults,
    known,
    layer::Layer,
    origins::Origins,
    sources::Sources,
    tree::{self, find, join},
};
use crate::config::rules::check::check;
use crate::config::{schema::schema, sections::Config};

/// A valid configuration, and where each of its values came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What applies.
    pub config: Config,
    /// Where it came from.
    pub origins: Origins,
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load(sources: &Sources) -> Result<Loaded, Refusal> {
        let schema = schema();
        let mistyped = sources.mistyped(&schema);
        let layers = sources.layers(&mistyped)?;
        let mut origins = Origins::default();
        for layer in &layers {
            origins.record("", &layer.dict, &layer.origin);
        }
        let typed = merge(layers);
        let mut faults = Faults::new(&typed, &origins);
        for fault in mistyped {
            faults.report(fault);
        }
        let pruned = known::prune(&typed, &schema, &mut faults);
        let config = read(pruned, &schema, &mut faults);
        check(&config, &mut faults);
        faults.or(|| Loaded {
            config,
            origins: origins.clone(),
        })
    }
}

/// Later layers win, table by table; a list is replaced as a whole.
fn merge(layers: Vec<Layer>) -> Dict {
    let merged = layers.into_iter().fold(Figment::new(), Figment::merge);
    let mut profiles = merged
        .data()
        .expect("layers were read before they were merged");
    profiles.remove(&Profile::Default).unwrap_or_default()
}

/// Reads values until all are readable.
fn read(mut tree: Dict, schema: &Json, faults: &mut Faults<'_>) -> Config {
    let mut healed = BTreeSet::new();
    loop {
        let figment = Figment::from(Serialized::globals(&tree));
        let error = match figment.extract::<Config>() {
            Ok(config) => return config,
            Err(error) => error,
        };
        let mut path = String::new();
        for key in &error.path {
            // Inside a list, the list is the value.
            if find(&tree, &join(&path, key)).is_some() {
                path = join(&path, key);
            }
        }
        let why = if let Kind::MissingField(key) = &error.kind {
            path = join(&path, key);
            "is missing, and has no default".into()
        } else if let Kind::InvalidType(_, expected) = &error.kind {
            // serde's own word for what its own type of text reads.
            let own = expected == "a string";
            format!("expected {}", if own { TEXT } else { expected })
        } else {
            error.kind.to_string()
        };
        faults.refuse(&path, why);
        // A place that stays unreadable goes with its whole section; each round takes something
        // away, so the loop ends.
        if healed.insert(path.clone()) {
            replace(&mut tree, &path, tree::example(tree::node(&path, schema)));
        } else {
            let section = path.split('.').next().unwrap_or_default();
            if tree.remove(section).is_none() {
                return Config::default();
            }
        }
    }
}

/// Puts something readable in the place of a refused value, or takes it out.
fn replace(tree: &mut Dict, path: &str, by: Option<Value>) {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(a, b)| (a, Some(b)));
    if let (Some(rest), Some(Value::Dict(_, inner))) = (rest, tree.get_mut(first)) {
        return replace(inner, rest, by);
    }
    tree.remove(first);
    if let Some(value) = by {
        tree.insert(first.into(), value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::config::Origin;

    const SECTIONS: [&str; 9] = [
        "",
        "QUEUE",
        "QUEUE__A",
        "ROUTE",
        "ROUTE__A",
        "ROUTE__B",
        "WORK",
        "ADMIN",
        "CRAWLER__A",
    ];
    const KEYS: [&str; 12] = [
        "A", "URL", "FROM", "TO", "QUEUE", "SUFFIX", "WAY", "MEMORY", "QUIET", "LISTEN", "VERSION",
        "ACCEPT",
    ];
    const VALUES: [&str; 10] = [
        "1",
        "s3://one/",
        "s3://two/{key}",
        "http://h/q",
        "30s",
        "[]",
        "[1, \"x\"]",
        "{}",
        "{ a = { from = 1, url = [] } }",
        "a\nb",
    ];

    #[test]
    fn faults_of_every_kind_are_told_together() {
        let file = r#"
            version = 3
            [aws]
            conditional_writes = "maybe"
            regoin = "us-east-1"
            [queue.a]
            url = "ftp://h/q"
            visibility_timeout = 30
            [queue.b]
            [work]
            workers = "many"
            buffer_memory = [1]
            [route.One]
            [route.one]
            from = "s3://raw/"
            to = "s3://raw/{path}"
            queue = "c"
            [route.two]
            to = "s3://raw/{path}"
            include = ["ok", { x = 1 }]
        "#;
        let mut sources = Sources::text("f", file);
        sources.env = Sources::variables([("BRIGADE_ADMIN__LISTEN", "here")]).env;
        let said = Config::load(&sources).unwrap_err().to_string();
        insta::assert_snapshot!(said, @r#"
        BRIGADE_ADMIN__LISTEN = "here": expected a numeric address and a port, such as "127.0.0.1:9900"
        aws.conditional_writes in f = "maybe": expected one of auto, on, off, not maybe
        aws.regoin in f = "us-east-1": no such key; did you mean region?
        queue.a.url in f = "ftp://h/q": expected a web address that begins with https:// or http://
        queue.a.visibility_timeout in f = 30: expected a duration with its unit: write "30s"
        queue.b.url in f: is missing, and has no default
        route.One in f = {}: expected a name of a-z, 0-9 and single _, that begins with a letter
        route.one.queue in f = "c": there is no [queue.c]: add it, or use one of a, b
        route.one.to in f = "s3://raw/{path}": feeds itself: what it writes to s3://raw/ is read again by from = "s3://raw/"; choose places that don't overlap
        route.two.from in f: is missing, and has no default
        route.two.include in f = ["ok",{"x":1}]: expected text, in quotes
        version in f = 3: expected 1, the only layout this program knows
        work.buffer_memory in f = [1]: expected a size such as "64MiB", or a number of bytes
        work.workers in f = "many": expected a whole number
        "#);
    }

    #[test]
    fn values_tell_where_they_came_from() {
        let mut sources = Sources::text("f", "[work]\nworkers = 1\nbuffer_memory = \"16MiB\"");
        sources.env = Sources::variables([("BRIGADE_WORK__WORKERS", "2")]).env;
        let origins = Config::load(&sources).unwrap().origins;
        let variable = Origin::Variable("BRIGADE_WORK__WORKERS".into());
        assert_eq!(origins.get("work.workers"), &variable);
        assert_eq!(
            origins.get("work.buffer_memory"),
            &Origin::Document("f".into())
        );
        assert_eq!(origins.get("work.shutdown_timeout"), &Origin::Default);
    }

    #[test]
    fn what_is_shown_reads_back_the_same() {
        let mut config = Config::default();
        config
            .queue
            .insert("q".into(), crate::config::Queue::new("http://h/q"));
        let mut route =
            crate::config::Route::new("s3://one/a", "s3://two/{yyyy}/{{/{key}").unwrap();
        route.max_size = Some(bytesize::ByteSize(1_234_567));
        route.suffix = vec![".csv".into(), "012".into()];
        config.route.insert("r".into(), route);
        let mut shown = serde_json::to_value(&config).unwrap();
        for at in ["/aws", "/catalog", "/queue/q", "/route/r"] {
            let section = shown.pointer_mut(at).and_then(|at| at.as_object_mut());
            section
                .expect("a section")
                .retain(|_, value| !value.is_null());
        }
        let read: Config = Figment::from(Serialized::defaults(shown))
            .extract()
            .unwrap();
        assert_eq!(read, config);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_refused_line_by_line(
            typed in proptest::collection::btree_map(
                (select(SECTIONS.as_slice()), select(KEYS.as_slice())), prop_oneof![select(VALUES.as_slice()).prop_map(str::to_owned), any::<String>()], 0..8,
            ),
        ) {
            let env = typed.into_iter().map(|((section, key), value)| (format!("BRIGADE_{section}__{key}"), value));
            let sources = Sources { env: env.collect(), ..Sources::default() };
            match Config::load(&sources) {
                Ok(loaded) => prop_assert_eq!(loaded.config.version, 1),
                Err(refusal) => prop_assert_eq!(refusal.to_string().lines().count(), refusal.0.len()),
            }
        }
    }
}
