//! Lists, each of which may be given as its only value, or as text with commas.

use schemars::JsonSchema;

/// A list that may be given as its only value, in the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "read by the schema only")]
pub(crate) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// Splits at commas, as everybody writes a list in a variable. The commas of a glob's braces and brackets are its own.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut begin, mut depth) = (0, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                items.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    items.push(&text[begin..]);
    items
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;
    use crate::config::{Config, Sources};

    #[test]
    fn text_with_commas_is_a_list_wherever_it_comes_from() {
        #[rustfmt::skip]
        let table = [
            ("suffix",  ".csv,.json",           Ok(vec![".csv", ".json"])),
            ("suffix",  ".csv, .json ",         Ok(vec![".csv", ".json"])),
            ("suffix",  ".csv",                 Ok(vec![".csv"])),
            ("suffix",  "csv,json",             Ok(vec!["csv", "json"])),
            ("include", "{2024,2025}/*.csv,a?", Ok(vec!["{2024,2025}/*.csv", "a?"])),
            ("include", "[a,b]*",               Ok(vec!["[a,b]*"])),
            ("exclude", "**/_*,**/.*",          Ok(vec!["**/_*", "**/.*"])),
            ("suffix",  ".csv,",                Err(())),
            ("suffix",  ",.csv",                Err(())),
            ("exclude", "{a,b",                 Err(())),
        ];
        for (key, value, want) in table {
            let route = [
                ("BRIGADE_ROUTE__A__FROM", "s3://one/"),
                ("BRIGADE_ROUTE__A__TO", "s3://two/"),
            ];
            let name = format!("BRIGADE_ROUTE__A__{}", key.to_uppercase());
            let env = Sources::variables(route.into_iter().chain([(name.as_str(), value)]));
            // A variable that begins with a bracket is TOML.
            let env = if value.starts_with(['[', '{']) {
                Sources::default()
            } else {
                env
            };
            let file =
                format!("[route.a]\nfrom = \"s3://one/\"\nto = \"s3://two/\"\n{key} = \"{value}\"");
            for sources in [env, Sources::text("f", &file)] {
                if sources == Sources::default() {
                    continue;
                }
                let read = Config::load(&sources).map_err(|_| ()).map(|loaded| {
                    let route = &loaded.config.route["a"];
                    let list = match key {
                        "suffix" => &route.suffix,
                        "include" => &route.include,
                        _ => &route.exclude,
                    };
                    list.clone()
                });
                let want = want
                    .clone()
                    .map(|want| want.iter().map(ToString::to_string).collect());
                assert_eq!(read, want, "{key} = {value}");
            }
        }
    }

    #[test]
    fn every_list_takes_commas() {
        let env = [
            ("BRIGADE_QUEUE__Q__URL", "http://h/q"),
            ("BRIGADE_QUEUE__Q__ACCEPT", "s3,sns"),
            ("BRIGADE_CRAWLER__A__DEBOUNCE", "1s"),
            ("BRIGADE_CRAWLER__B__DEBOUNCE", "1s"),
            ("BRIGADE_TABLE__A__DATABASE", "d"),
            ("BRIGADE_TABLE__B__DATABASE", "d"),
            ("BRIGADE_ROUTE__R__FROM", "s3://one/"),
            ("BRIGADE_ROUTE__R__TO", "s3://two/"),
            ("BRIGADE_ROUTE__R__CRAWLERS", "a,b"),
            ("BRIGADE_ROUTE__R__TABLES", "a, b"),
            ("BRIGADE_ROUTE__R__SSE", "aws:kms"),
            ("BRIGADE_ROUTE__R__SSE_KMS_CONTEXT", "a=b,c=d"),
        ];
        let config = Config::load(&Sources::variables(env)).unwrap().config;
        let route = &config.route["r"];
        assert_eq!(config.queue["q"].accept.len(), 2);
        assert_eq!(
            (&route.crawlers, &route.tables),
            (&vec!["a".into(), "b".into()], &vec!["a".into(), "b".into()])
        );
        assert_eq!(route.sse_kms_context, ["a=b", "c=d"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_commas(text in "[a,{}\\[\\]é ]{0,12}") {
            prop_assert_eq!(split(&text).join(","), text);
        }
    }
}
