//! `[table.NAME]`: Glue tables that get a partition for what arrives.
//!
//! Values are read from the Hive-style folders of the destination's key: `dt=2026-11-20/`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::value::region;

/// `[table.NAME]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The database it is in.
    #[schemars(example = "lake".to_owned())]
    pub database: String,
    /// The table's name in Glue; default: the section's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Default: the region of its account.
    #[serde(default, deserialize_with = "region::optional")]
    pub region: Option<String>,
    /// Whose it is. Default: home.
    #[serde(default)]
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
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

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
