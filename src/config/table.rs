//! `[table.NAME]`: Glue tables that get a partition for what arrives.
//!
//! Values are read from the Hive-style folders of the destination's key: `dt=2026-11-20/`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account::check_account;
use super::fault::Faults;
use super::template::{Part, Template};
use super::{Config, text};

/// `[table.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The database it is in.
    #[serde(deserialize_with = "text::one")]
    #[schemars(example = "lake".to_owned())]
    pub database: String,
    /// The table's name in Glue; default: the section's name.
    #[serde(default, deserialize_with = "text::optional")]
    pub name: Option<String>,
    /// Default: the region of its account.
    #[serde(default, deserialize_with = "text::region")]
    pub region: Option<String>,
    /// Whose it is. Default: home.
    #[serde(default, deserialize_with = "text::optional")]
    pub account: Option<String>,
}

impl Table {
    /// A table of this database with every other setting at its default.
    #[must_use]
    pub fn new(database: &str) -> Self {
        Self {
            database: database.into(),
            name: None,
            region: None,
            account: None,
        }
    }

    pub(super) fn check(&self, at: &str, config: &Config, faults: &mut Faults<'_>) {
        if let Some(account) = &self.account {
            check_account(&format!("{at}.account"), account, config, faults);
        }
    }
}

/// Stands for what a source may bring into a folder's name.
const ANYTHING: char = '\0';

impl Template {
    /// Whether a key of this template can have a folder `name=VALUE`; without a name, any such.
    #[must_use]
    pub fn can_have_partition(&self, name: Option<&str>) -> bool {
        let mut shape = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => shape += text,
                // They bring folders of their own.
                Part::Key | Part::Path | Part::Dir => return true,
                Part::Name | Part::Stem | Part::Ext => shape.push(ANYTHING),
                Part::Year | Part::Month | Part::Day | Part::Hour => shape.push('0'),
            }
        }
        let folders = shape.rsplit_once('/').map_or("", |(folders, _)| folders);
        folders.split('/').any(|folder| {
            let Some(at) = folder.find([ANYTHING, '=']) else {
                return false;
            };
            let (known, rest) = folder.split_at(at);
            name.is_none_or(|name| {
                if rest.starts_with('=') {
                    name.eq_ignore_ascii_case(known)
                } else {
                    let begin = name.get(..known.len());
                    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(known))
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    #[test]
    fn a_template_tells_which_partitions_its_keys_can_have() {
        #[rustfmt::skip]
        let table = [
            ("dt={yyyy}-{mm}-{dd}/{name}",   None,           true),
            ("dt={yyyy}-{mm}-{dd}/{name}",   Some("dt"),     true),
            ("DT={yyyy}/{name}",             Some("dt"),     true),
            ("dt={yyyy}-{mm}-{dd}/{name}",   Some("region"), false),
            ("dt={yyyy}/{name}",             Some("d"),      false),
            ("d={yyyy}/{name}",              Some("dt"),     false),
            ("{yyyy}/{mm}/{dd}/{name}",      None,           false),
            ("orders/{name}",                None,           false),
            ("orders/dt={name}",             None,           false),
            ("orders/{path}",                Some("dt"),     true),
            ("{dir}/{yyyy}/{name}",          Some("dt"),     true),
            ("{key}",                        None,           true),
            ("{stem}/part.csv",              Some("dt"),     true),
            ("d{stem}/part.csv",             Some("dt"),     true),
            ("x{stem}/part.csv",             Some("dt"),     false),
        ];
        for (template, name, want) in table {
            let template = Template::parse(template).unwrap();
            assert_eq!(
                template.can_have_partition(name),
                want,
                "{template} {name:?}"
            );
        }
    }

    #[test]
    fn a_table_without_its_database_or_its_folders_is_refused() {
        #[rustfmt::skip]
        let table = [
            ("[table.t]", "table.t.database in f: is missing, and has no default"),
            ("[table.t]\ndatabase = \"d\"\naccount = \"x\"", "table.t.account in f = \"x\": there is no [account.x]: add it"),
            ("[route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/{path}\"\ntables = \"t\"", "route.r.tables in f = \"t\": there is no [table.t]: add it"),
            ("[table.t]\ndatabase = \"d\"\n[route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/{yyyy}/{key}\"\ntables = \"t\"", ""),
            ("[table.t]\ndatabase = \"d\"\n[route.r]\nfrom = \"s3://raw/\"\nto = \"s3://lake/{yyyy}/{mm}/{name}\"\ncollisions = \"allow\"\ntables = \"t\"",
             "route.r.tables in f = \"t\": the keys that `to` makes never have a folder such as dt=2026-11-20, from which a partition is read; write one, such as dt={yyyy}-{mm}-{dd}/, or keep the source's with {path}"),
        ];
        for (file, want) in table {
            let said = Config::load(&Sources::text("f", file));
            let said = said.map_or_else(|refusal| refusal.to_string(), |_| String::new());
            assert_eq!(said, want, "{file}");
        }
    }
}
