//! Which partition an object is in, read from its key as Hive and Athena write it. Pure.
//!
//! ```text
//! orders/dt=2026-11-20/region=eu%2Fwest/part-0.csv
//!        └─ values: 2026-11-20, eu/west ─┘
//! └──────────── folder: as it is ───────┘
//! ```
//!
//! A value is decoded as it was written. Hive and Spark escape single ASCII characters
//! (`FileUtils.escapePathName`); pyarrow and `DuckDB` percent-encode the bytes of UTF-8. So `%` and two hex
//! digits are a byte; bytes that are no UTF-8 are Latin-1 characters, as Hive reads them. The folder is a
//! place in S3, and stays.
//!
//! Hive, Spark, Trino and Athena skip each file and folder whose name begins with `_` or `.`, and Hadoop's
//! markers of folders. Such an object needs no partition, and its folder must never become the location of
//! one: writers stage their output there (`.spark-staging-…/dt=1/`) before they move it.

use percent_encoding::percent_decode_str;

/// Glue takes no longer value (API reference, `PartitionInput`).
const LONGEST_VALUE_CHARS: usize = 1024;

/// One partition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    /// In the order of the table's partition keys.
    pub(super) values: Vec<String>,
    /// What the keys of its objects begin with, up to its last folder and a slash.
    pub(super) folder: String,
}

/// Why a key is in no partition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoPartition {
    #[error("has no folder {name}=…, and {name} is a partition key")]
    Missing { name: String },
    #[error("has a folder {name}= without a value")]
    Empty { name: String },
    #[error("has more than one folder {name}=…")]
    Twice { name: String },
    #[error("has a value of {name} longer than the {LONGEST_VALUE_CHARS} characters Glue takes")]
    TooLong { name: String },
}

/// The partition of a table with these partition keys that an object belongs to.
pub(super) fn partition(names: &[String], key: &str) -> Result<Partition, NoPartition> {
    let mut values = vec![None; names.len()];
    let mut end = 0;
    for (after, name, value) in folders(key) {
        let Some(at) = names.iter().position(|known| is(known, name)) else {
            continue;
        };
        if values[at].is_some() {
            return Err(NoPartition::Twice {
                name: names[at].clone(),
            });
        }
        values[at] = Some(unescape(value));
        end = after;
    }
    let values = values.into_iter().zip(names).map(|(value, name)| {
        let name = || name.clone();
        match value {
            None => Err(NoPartition::Missing { name: name() }),
            Some(value) if value.is_empty() => Err(NoPartition::Empty { name: name() }),
            Some(value) if value.chars().count() > LONGEST_VALUE_CHARS => {
                Err(NoPartition::TooLong { name: name() })
            }
            Some(value) => Ok(value),
        }
    });
    Ok(Partition {
        values: values.collect::<Result<_, _>>()?,
        folder: key[..end].to_owned(),
    })
}

/// Whether queries skip an object: a folder marker, and whatever is called `_…` or `.…`, or is below such a
/// folder. A folder of a partition key may be called so (`_year=2026/`), and names that begin before
/// `prefix` are the operator's choice.
pub(super) fn is_hidden(names: &[String], key: &str, prefix: usize) -> bool {
    if key.ends_with('/') || key.ends_with("_$folder$") {
        return true;
    }
    let mut start = 0;
    key.split_inclusive('/').any(|segment| {
        let begins_after = start >= prefix;
        start += segment.len();
        begins_after && segment.starts_with(['_', '.']) && !is_partition_folder(names, segment)
    })
}

/// Whether a segment, with its slash, is a folder `NAME=VALUE/` of a partition key.
fn is_partition_folder(names: &[String], segment: &str) -> bool {
    let folder = segment.strip_suffix('/');
    let parts = folder.and_then(|folder| folder.split_once('='));
    parts.is_some_and(|(name, _)| names.iter().any(|known| is(known, name)))
}

/// The folders of a key that are called `NAME=VALUE`, for people.
#[must_use]
pub fn named_folders(key: &str) -> String {
    let named = folders(key).map(|(_, name, value)| format!("{name}={}", unescape(value)));
    named.collect::<Vec<_>>().join("/")
}

/// Each `NAME=VALUE` folder, and where it ends.
fn folders(key: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let slashes = key.match_indices('/').map(|(at, _)| at);
    slashes
        .scan(0, |begin, at| {
            let folder = &key[std::mem::replace(begin, at + 1)..at];
            Some(
                folder
                    .split_once('=')
                    .map(|(name, value)| (at + 1, name, value)),
            )
        })
        .flatten()
}

/// Glue keeps names in lower case; writers of files do as they like.
fn is(known: &str, name: &str) -> bool {
    known.eq_ignore_ascii_case(name)
}

fn unescape(value: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(value).collect();
    let mut plain = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        plain.push_str(chunk.valid());
        plain.extend(chunk.invalid().iter().copied().map(char::from));
    }
    plain
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_tells_its_partition_or_why_it_has_none() {
        let long = format!("dt={}/region=eu/a", "x".repeat(1025));
        let missing = |name: &str| Err(NoPartition::Missing { name: name.into() });
        #[rustfmt::skip]
        let table = [
            ("in order",            "t/dt=1/region=eu/a",          Ok(("1 eu", "t/dt=1/region=eu/"))),
            ("the table's order",   "t/region=eu/dt=1/a",          Ok(("1 eu", "t/region=eu/dt=1/"))),
            ("deeper",              "t/dt=1/region=eu/h=5/x/a",    Ok(("1 eu", "t/dt=1/region=eu/"))),
            ("others in between",   "dt=1/h=5/region=eu/a",        Ok(("1 eu", "dt=1/h=5/region=eu/"))),
            ("any case",            "t/DT=1/Region=EU/a",          Ok(("1 EU", "t/DT=1/Region=EU/"))),
            ("more equals signs",   "t/dt=a=b/region=/x=y/a",      Err(NoPartition::Empty { name: "region".into() })),
            ("a value with one",    "t/dt=a=b/region=eu/a",        Ok(("a=b eu", "t/dt=a=b/region=eu/"))),
            ("escaped",             "t/dt=a%2Fb/region=100%25/a",  Ok(("a/b 100%", "t/dt=a%2Fb/region=100%25/"))),
            ("no escape",           "t/dt=%zz/region=5%/a",        Ok(("%zz 5%", "t/dt=%zz/region=5%/"))),
            ("as pyarrow: UTF-8",   "t/dt=S%C3%A3o%20Paulo/region=%e8%b3%87/a",
             Ok(("São Paulo 資", "t/dt=S%C3%A3o%20Paulo/region=%e8%b3%87/"))),
            ("as Hive: Latin-1",    "t/dt=caf%E9/region=é%C3x/a",  Ok(("café éÃx", "t/dt=caf%E9/region=é%C3x/"))),
            ("half a character",    "t/dt=%E8%B3/region=%F0%9F/a", Ok(("è³ ð\u{9f}", "t/dt=%E8%B3/region=%F0%9F/"))),
            ("Hive's word for NULL", "t/dt=__HIVE_DEFAULT_PARTITION__/region=eu/a",
             Ok(("__HIVE_DEFAULT_PARTITION__ eu", "t/dt=__HIVE_DEFAULT_PARTITION__/region=eu/"))),
            ("a folder itself",     "t/dt=1/region=eu/",           Ok(("1 eu", "t/dt=1/region=eu/"))),
            ("one is missing",      "t/dt=1/a",                    missing("region")),
            ("the name is no folder", "t/dt=1/region=eu",          missing("region")),
            ("another name",        "t/date=1/region=eu/a",        missing("dt")),
            ("twice",               "t/dt=1/dt=2/region=eu/a",     Err(NoPartition::Twice { name: "dt".into() })),
            ("too long",            &long,                         Err(NoPartition::TooLong { name: "dt".into() })),
        ];
        let names = ["dt".to_owned(), "region".to_owned()];
        for (why, key, want) in table {
            let got = partition(&names, key).map(|found| (found.values.join(" "), found.folder));
            let want = want.map(|(values, folder)| (values.to_owned(), folder.to_owned()));
            assert_eq!(got, want, "{why}");
        }
    }

    #[test]
    fn what_queries_skip_needs_no_partition() {
        let names = ["dt".to_owned(), "_year".to_owned()];
        for (key, want) in [
            ("t/a.csv", false),
            ("t/x/a.csv", false),
            ("t/_SUCCESS", true),
            ("t/.a.csv.crc", true),
            ("t/_temporary/0/a.csv", true),
            ("t/_temporary/0/_temporary/attempt_1/dt=1/a.parquet", true),
            ("t/.spark-staging-1/dt=1/a.parquet", true),
            ("t/.hive-staging_hive_2026/-ext-10000/dt=1/a", true),
            ("t/dt=1/.hidden/a.parquet", true),
            ("t/dt=1/_delta_log/0.json", true),
            ("t/_year=2026/dt=1/a.csv", false),
            ("t/_YEAR=2026/dt=1/a.csv", false),
            ("t/_month=1/_year=2026/a.csv", true),
            ("t/_year=2026", true),
            ("t/dt=1/", true),
            ("t/dt=1/region=eu_$folder$", true),
            ("t/dt=1_$folder$", true),
            ("t/x_y/a_.csv", false),
            ("t/dt=_1/a._csv", false),
            ("t/dt=1/a_$folder$.csv", false),
        ] {
            assert_eq!(is_hidden(&names, key, "t/".len()), want, "{key}");
        }
    }

    #[test]
    fn what_the_route_itself_writes_is_not_hidden() {
        for (prefix, key, want) in [
            ("_lake/", "_lake/dt=1/a.csv", false),
            (".lake/_t/", ".lake/_t/dt=1/a.csv", false),
            ("t/_x", "t/_x9/dt=1/a.csv", false),
            // Only a name's beginning counts, and this one begins before.
            ("t/x", "t/x_9/dt=1/a.csv", false),
            ("t/x", "t/x_9/_dt=1/a.csv", true),
            ("", "_dt=1/a.csv", true),
        ] {
            let names = ["dt".to_owned()];
            assert_eq!(is_hidden(&names, key, prefix.len()), want, "{prefix} {key}");
        }
    }

    proptest! {
        #[test]
        fn what_hive_escapes_comes_back(value in "[ -~]{1,40}") {
            // Hive's list (`FileUtils.charToEscape`), as far as it can be printed.
            let escaped: String = value.chars().map(|c| match c {
                '"' | '#' | '%' | '\'' | '*' | '/' | ':' | '=' | '?' | '\\' | '{' | '[' | ']' | '^' => {
                    format!("%{:02X}", u32::from(c))
                }
                other => other.into(),
            }).collect();
            let key = format!("t/dt={escaped}/a");
            let found = partition(&["dt".into()], &key).unwrap();
            prop_assert_eq!(found.values, [value]);
            prop_assert_eq!(found.folder, format!("t/dt={escaped}/"));
        }

        #[test]
        fn what_pyarrow_and_duckdb_escape_comes_back(value in "(?s).{1,40}") {
            let escaped = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
            let found = partition(&["dt".into()], &format!("t/dt={escaped}/a")).unwrap();
            prop_assert_eq!(found.values, [value]);
        }

        #[test]
        fn any_bytes_are_utf_8_where_they_are_valid_and_latin_1_elsewhere(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let escaped = percent_encode(&bytes, NON_ALPHANUMERIC).to_string();
            let (mut want, mut rest) = (String::new(), &*bytes);
            while let Some(first) = rest.first() {
                // The plain way: the one character that the next bytes are, or else a single byte.
                let longest = (1..=rest.len().min(4)).find_map(|n| std::str::from_utf8(&rest[..n]).ok());
                want.push(longest.map_or(char::from(*first), |text| text.chars().next().unwrap()));
                rest = &rest[longest.map_or(1, str::len)..];
            }
            prop_assert_eq!(unescape(&escaped), want);
        }

        #[test]
        fn any_key_is_read(key in any::<String>()) {
            if let Ok(found) = partition(&["a".into()], &key) {
                prop_assert!(key.starts_with(&found.folder) && found.folder.ends_with('/'));
            }
            prop_assert!(named_folders(&key).len() <= 2 * key.len());
        }
    }
}
