//! Where settings come from, and which of them wins.
//!
//! ```text
//! defaults < files < BRIGADE_CONFIG_TOML < variables
//! ```
//!
//! Nothing is read that is not in [`Sources`], so that a test can set all of it.

use std::path::PathBuf;

use serde_json::Value as Json;

use crate::config::read::{
    fault::{Fault, Refusal},
    layer::Layer,
    variable::{FILE, TEXT, is_ours, setting},
    variables,
};

const FALLBACKS: [&str; 2] = ["config.toml", "/etc/brigade/config.toml"];

/// What a configuration is made of. Nothing else is read: a test sets all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Files that must be there; later wins.
    pub files: Vec<PathBuf>,
    /// Without files: the first of these that is there.
    pub fallbacks: Vec<PathBuf>,
    /// Files already read, by name; win over files.
    pub texts: Vec<(String, String)>,
    /// The environment.
    pub env: Vec<(String, String)>,
}

impl Sources {
    /// This process's own sources: the files named on the command line, the places files have
    /// by custom, the environment.
    #[must_use]
    pub fn from_process(files: Vec<PathBuf>) -> Self {
        let mut env = Vec::new();
        for (name, value) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if is_ours(&name) {
                env.push((name.into_owned(), value.to_string_lossy().into_owned()));
            }
        }
        env.sort();
        Self {
            files,
            fallbacks: FALLBACKS.map(PathBuf::from).to_vec(),
            texts: Vec::new(),
            env,
        }
    }

    /// One file already read, and nothing besides.
    #[must_use]
    pub fn text(name: &str, text: &str) -> Self {
        Self {
            texts: vec![(name.into(), text.into())],
            ..Self::default()
        }
    }

    /// The environment alone.
    pub fn variables<'a>(env: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let env = env
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self {
            env,
            ..Self::default()
        }
    }

    /// The variables that are no settings, though they look as if they should be.
    pub(crate) fn mistyped(&self, schema: &Json) -> Vec<Fault> {
        let ours = self.env.iter().filter(|(name, _)| is_ours(name));
        let checked = ours.map(|(name, value)| variables::check((name, value), &self.env, schema));
        checked.filter_map(Result::err).collect()
    }

    /// Reads all sources but the variables that are mistyped, the one that wins last.
    pub(crate) fn layers(&self, mistyped: &[Fault]) -> Result<Vec<Layer>, Refusal> {
        let mut layers = Vec::new();
        let mut faults = Vec::new();
        let mut add = |layer: Result<Layer, Fault>| match layer {
            Ok(layer) => layers.push(layer),
            Err(fault) => faults.push(fault),
        };
        for (name, value) in &self.env {
            if [FILE, TEXT].contains(&name.as_str()) && value.trim().is_empty() {
                let why = "is empty: give it a value, or unset it".into();
                return Err(Refusal(vec![Fault {
                    key: name.clone(),
                    value: None,
                    why,
                }]));
            }
        }
        for path in self.paths() {
            add(Layer::file(&path));
        }
        for (name, text) in &self.texts {
            add(Layer::document(name, text));
        }
        for (name, value) in &self.env {
            if name == TEXT {
                add(Layer::document(name, value));
            }
        }
        for (name, value) in &self.env {
            if mistyped.iter().any(|fault| fault.key == *name) {
                continue;
            }
            if let Some(path) = setting(name) {
                add(Layer::variable(name, &path, value));
            }
        }
        if faults.is_empty() {
            Ok(layers)
        } else {
            Err(Refusal(faults))
        }
    }

    fn paths(&self) -> Vec<PathBuf> {
        if !self.files.is_empty() {
            return self.files.clone();
        }
        if let Some((_, path)) = self.env.iter().find(|(name, _)| name == FILE) {
            return vec![path.into()];
        }
        self.fallbacks
            .iter()
            .find(|path| path.exists())
            .cloned()
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn refused(sources: &Sources) -> String {
        Config::load(sources).unwrap_err().to_string()
    }

    /// A file of this test's own, gone with the guard.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
            let path = std::env::temp_dir().join(format!("brigade-{}-{name}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            // Nothing is lost if it stays.
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn the_later_source_wins() {
        let first = Scratch::new("first", "environment = \"first\"\n[work]\nworkers = 1");
        let second = Scratch::new("second", "[work]\nworkers = 2");
        let text = ("BRIGADE_CONFIG_TOML", "[work]\nworkers = 3");
        let variable = ("BRIGADE_WORK__WORKERS", "4");
        let table = [
            ("nothing", vec![], vec![], "dev", 64),
            ("a file", vec![&first], vec![], "first", 1),
            ("two files", vec![&first, &second], vec![], "first", 2),
            (
                "a file in a variable",
                vec![&first, &second],
                vec![text],
                "first",
                3,
            ),
            ("a variable", vec![&first], vec![variable, text], "first", 4),
        ];
        for (why, files, env, environment, workers) in table {
            let mut sources = Sources::variables(env);
            sources.files = files.iter().map(|file| file.0.clone()).collect();
            let config = Config::load(&sources).unwrap().config;
            assert_eq!(
                (config.environment.as_str(), config.work.workers),
                (environment, workers),
                "{why}"
            );
        }
    }

    #[test]
    fn a_file_is_looked_for_where_it_was_named_then_where_files_are_by_custom() {
        let named = Scratch::new("named", "environment = \"named\"");
        let custom = Scratch::new("custom", "environment = \"custom\"");
        let absent = PathBuf::from("/nonexistent/config.toml");
        let environment = |sources: &Sources| Config::load(sources).unwrap().config.environment;

        let mut sources = Sources {
            fallbacks: vec![absent.clone()],
            ..Sources::default()
        };
        assert_eq!(environment(&sources), "dev", "no file by custom is fine");
        sources.fallbacks.push(custom.0.clone());
        assert_eq!(environment(&sources), "custom");
        sources
            .env
            .push((FILE.into(), named.0.display().to_string()));
        assert_eq!(environment(&sources), "named", "BRIGADE_CONFIG");
        sources.files = vec![custom.0.clone()];
        assert_eq!(environment(&sources), "custom", "the command line");

        let said =
            "/nonexistent/config.toml: cannot be read: No such file or directory (os error 2)";
        sources.files = vec![absent.clone()];
        assert_eq!(
            refused(&sources),
            said,
            "a file named on the command line must be there"
        );
        let sources = Sources::variables([(FILE, "/nonexistent/config.toml")]);
        assert_eq!(
            refused(&sources),
            said,
            "a file named in the environment too"
        );
    }

    #[test]
    fn a_key_at_the_top_has_a_variable_too() {
        let set = Sources::variables([("BRIGADE__ENVIRONMENT", "prod")]);
        assert_eq!(Config::load(&set).unwrap().config.environment, "prod");
    }

    #[test]
    fn a_variable_is_raw_text_unless_it_is_a_list_or_a_table() {
        let env = [
            ("BRIGADE__ENVIRONMENT", "012345"),
            ("BRIGADE_AWS__REGION", "true"),
            ("BRIGADE_WORK__WORKERS", "7"),
            ("BRIGADE_WORK__BUFFER_MEMORY", "33554432"),
            ("BRIGADE_RETRY__MAX_BACKOFF", "1m30s"),
            ("BRIGADE_ROUTE__A__SUFFIX", ".csv"),
            ("BRIGADE_ROUTE__A__INCLUDE", r#"["2024", "**/x"]"#),
            (
                "BRIGADE_ROUTE__A",
                r#"{ from = "s3://one/", to = "s3://two/" }"#,
            ),
        ];
        // A whole table first, so that what is said of its keys wins.
        let mut sources = Sources::variables(env);
        sources.env.sort();
        let config = Config::load(&sources).unwrap().config;
        assert_eq!(config.environment, "012345");
        assert_eq!(config.aws.region.as_deref(), Some("true"));
        assert_eq!(config.work.workers, 7);
        assert_eq!(config.work.buffer_memory, bytesize::ByteSize::mib(32));
        assert_eq!(config.retry.max_backoff, std::time::Duration::from_secs(90));
        assert_eq!(config.route["a"].suffix, [".csv"]);
        assert_eq!(config.route["a"].include, ["2024", "**/x"]);
    }

    #[test]
    fn a_variable_for_a_file_is_not_empty() {
        for name in [FILE, TEXT] {
            let said = refused(&Sources::variables([(name, "")]));
            assert_eq!(
                said,
                format!("{name}: is empty: give it a value, or unset it")
            );
        }
    }

    #[test]
    fn what_cannot_be_parsed_is_told_with_its_place_all_at_once() {
        let latin = Scratch::new("latin", b"environment = \"\xe9\"");
        let mut sources = Sources::variables([
            (TEXT, "version = 1\n[work\n"),
            ("BRIGADE_ROUTE__A__SUFFIX", "[\".csv\""),
        ]);
        sources.files = vec![latin.0.clone()];
        sources.texts = vec![(
            "config.toml".into(),
            "version = 1\n[work]\nworkers = = 2".into(),
        )];
        let said = refused(&sources).replace(&latin.0.display().to_string(), "FILE");
        insta::assert_snapshot!(said, @r#"
        FILE: cannot be read: stream did not contain valid UTF-8
        config.toml line 3: is not TOML: invalid string expected `"`, `'`
        BRIGADE_CONFIG_TOML line 2: is not TOML: invalid table header expected `.`, `]`
        BRIGADE_ROUTE__A__SUFFIX = [".csv": is not TOML: invalid array expected `]`; text that begins with a bracket is written ["…"]
        "#);
    }
}
