//! Which partition an object is in, read from its key as Hive and Athena write it. Pure.
//!
//! ```text
//! orders/dt=2026-11-20/region=eu%2Fwest/part-0.csv
//!        └─ values: 2026-11-20, eu/west ─┘
//! └──────────── folder: as it is ───────┘
//! ```
//!
//! A value is unescaped as Hive does it (`FileUtils.unescapePathName`): `%` and two hex digits are
//! one character, anything else stands for itself. The folder is a place in S3, and stays.

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

/// Whether queries leave out what stands at this path: a folder itself, and whatever is called
/// `_…` or `.…`, or is in such a folder.
pub(super) fn is_hidden(path: &str) -> bool {
    path.is_empty()
        || path.ends_with('/')
        || path.split('/').any(|name| name.starts_with(['_', '.']))
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
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, escaped)) = rest.split_once('%') {
        plain.push_str(before);
        let digits = escaped
            .get(..2)
            .filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(code) = digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            plain.push(char::from(code));
            rest = &escaped[2..];
        } else {
            plain.push('%');
            rest = escaped;
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
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
            ("as Hive: by the byte", "t/dt=%C3%A9/region=é/a",     Ok(("Ã© é", "t/dt=%C3%A9/region=é/"))),
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
    fn what_queries_leave_out_needs_no_partition() {
        for (path, want) in [
            ("a.csv", false),
            ("x/a.csv", false),
            ("_SUCCESS", true),
            (".a.csv.crc", true),
            ("_temporary/0/a.csv", true),
            ("x/", true),
            ("", true),
            ("x_y/a_.csv", false),
        ] {
            assert_eq!(is_hidden(path), want, "{path}");
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
        fn any_key_is_read(key in any::<String>()) {
            if let Ok(found) = partition(&["a".into()], &key) {
                prop_assert!(key.starts_with(&found.folder) && found.folder.ends_with('/'));
            }
            prop_assert!(named_folders(&key).len() <= 2 * key.len());
        }
    }
}
