//! Which keys and sizes a route takes, and how close one came that it does not.
//!
//! Globs are matched against the key after the route's prefix, and `*` stops at `/`: `*.csv` is the
//! top level only, `**/*.csv` any depth.

use std::fmt;

use globset::GlobSet;

use crate::config;

/// Compiled filters.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    suffix: Vec<String>,
    include: Vec<String>,
    included: GlobSet,
    exclude: Vec<String>,
    excluded: GlobSet,
    min_size: Option<u64>,
    max_size: Option<u64>,
}

/// The first condition in the way of a route taking an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NearMiss {
    /// The event came through another queue.
    Queue {
        /// The route's queue.
        wanted: String,
        /// The event's queue.
        came: String,
    },
    /// The object is in another bucket.
    Bucket {
        /// The route's bucket.
        wanted: String,
        /// The object's bucket.
        came: String,
    },
    /// The key begins otherwise.
    Prefix {
        /// The route's prefix.
        wanted: String,
    },
    /// The key is the folder of the prefix itself, or one from which the template makes no key.
    Folder,
    /// The key ends otherwise.
    Suffix {
        /// The route's suffixes.
        wanted: Vec<String>,
    },
    /// No include pattern matches.
    Include {
        /// The route's patterns.
        wanted: Vec<String>,
        /// What they were matched against.
        path: String,
    },
    /// An exclude pattern matches.
    Exclude {
        /// That pattern.
        pattern: String,
        /// What it was matched against.
        path: String,
    },
    /// The object is smaller.
    TooSmall {
        /// Its size in bytes.
        size: u64,
        /// The least that is taken.
        min: u64,
    },
    /// The object is larger.
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The most that is taken.
        max: u64,
    },
}

impl Filter {
    pub(super) fn compile(route: &config::Route) -> Self {
        Self {
            suffix: route.suffix.clone(),
            include: route.include.clone(),
            included: globs(&route.include),
            exclude: route.exclude.clone(),
            excluded: globs(&route.exclude),
            min_size: route.min_size.map(|size| size.0),
            max_size: route.max_size.map(|size| size.0),
        }
    }

    pub(super) fn has_size_limits(&self) -> bool {
        self.max_size.is_some() || self.min_size.is_some_and(|min| min > 0)
    }

    /// Passes a key, its path after the route's prefix, and its size if that is known.
    pub(super) fn passes(&self, key: &str, path: &str, size: Option<u64>) -> Result<(), NearMiss> {
        if !self.suffix.is_empty() && !self.suffix.iter().any(|suffix| key.ends_with(suffix)) {
            return Err(NearMiss::Suffix {
                wanted: self.suffix.clone(),
            });
        }
        if !self.include.is_empty() && !self.included.is_match(path) {
            return Err(NearMiss::Include {
                wanted: self.include.clone(),
                path: path.into(),
            });
        }
        if let Some(first) = self.excluded.matches(path).first() {
            let pattern = self.exclude[*first].clone();
            return Err(NearMiss::Exclude {
                pattern,
                path: path.into(),
            });
        }
        match (size, self.min_size, self.max_size) {
            (Some(size), Some(min), _) if size < min => Err(NearMiss::TooSmall { size, min }),
            (Some(size), _, Some(max)) if size > max => Err(NearMiss::TooLarge { size, max }),
            _ => Ok(()),
        }
    }
}

fn globs(patterns: &[String]) -> GlobSet {
    config::globs(patterns).expect("patterns were compiled when they were checked")
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue { wanted, came } => write!(f, "listens to queue {wanted}, not {came}"),
            Self::Bucket { wanted, came } => write!(f, "takes from bucket {wanted}, not {came}"),
            Self::Prefix { wanted } => write!(f, "takes keys that begin with {wanted:?}"),
            Self::Folder => {
                f.write_str("is a folder's marker that has no place at the destination")
            }
            Self::Suffix { wanted } => write!(f, "takes keys that end in {}", any_of(wanted)),
            Self::Include { wanted, path } => {
                write!(
                    f,
                    "includes {}, which {path:?} does not match",
                    any_of(wanted)
                )
            }
            Self::Exclude { pattern, path } => {
                write!(f, "excludes {pattern:?}, which {path:?} matches")
            }
            Self::TooSmall { size, min } => {
                write!(f, "takes {min} bytes or more, not {size}")
            }
            Self::TooLarge { size, max } => {
                write!(f, "takes {max} bytes or less, not {size}")
            }
        }
    }
}

fn any_of(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    quoted.join(" or ")
}

#[cfg(test)]
mod tests {
    use bytesize::ByteSize;

    use super::*;

    fn filter(include: &[&str], exclude: &[&str]) -> Filter {
        let mut route = config::Route::new("s3://raw/in/", "s3://lake").unwrap();
        route.include = include.iter().map(ToString::to_string).collect();
        route.exclude = exclude.iter().map(ToString::to_string).collect();
        route.suffix = vec![".csv".into(), ".json".into()];
        route.min_size = Some(ByteSize(2));
        route.max_size = Some(ByteSize(4));
        Filter::compile(&route)
    }

    #[test]
    fn a_filter_says_what_stood_in_the_way() {
        #[rustfmt::skip]
        let table = [
            ("all conditions hold",   "x/a.csv",   Some(3), None),
            ("the other suffix",      "x/a.json",  Some(3), None),
            ("both bounds are taken", "x/a.csv",   Some(2), None),
            ("the upper too",         "x/a.csv",   Some(4), None),
            ("unknown size",          "x/a.csv",   None,    None),
            ("suffix",                "x/a.xml",   Some(3), Some("takes keys that end in \".csv\" or \".json\"")),
            ("not included",          "y/a.csv",   Some(3), Some("includes \"x/**\" or \"*.csv\", which \"y/a.csv\" does not match")),
            ("excluded",              "x/tmp.csv", Some(3), Some("excludes \"**/tmp*\", which \"x/tmp.csv\" matches")),
            ("small",                 "x/a.csv",   Some(1), Some("takes 2 bytes or more, not 1")),
            ("large",                 "x/a.csv",   Some(5), Some("takes 4 bytes or less, not 5")),
        ];
        let filter = filter(&["x/**", "*.csv"], &["none", "**/tmp*"]);
        for (why, path, size, want) in table {
            let said = filter.passes(&format!("in/{path}"), path, size).err();
            assert_eq!(said.map(|miss| miss.to_string()).as_deref(), want, "{why}");
        }
    }

    #[test]
    fn a_star_stops_at_a_slash() {
        #[rustfmt::skip]
        let table = [
            ("*.csv",       "a.csv",     true),
            ("*.csv",       "x/a.csv",   false),
            ("**/*.csv",    "a.csv",     true),
            ("**/*.csv",    "x/y/a.csv", true),
            ("?.csv",       "a.csv",     true),
            ("{a,b}.csv",   "b.csv",     true),
            ("[0-9]*.csv",  "9x.csv",    true),
            ("**",          "",          true),
        ];
        for (pattern, path, want) in table {
            assert_eq!(
                globs(&[pattern.into()]).is_match(path),
                want,
                "{pattern} on {path:?}"
            );
        }
    }
}
