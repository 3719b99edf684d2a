//! `brigade config`: every value with where it came from, and the schema.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::config::{self, Loaded};

/// `brigade config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What to show.
    #[command(subcommand)]
    pub what: What,
}

/// What can be shown.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Every value and where it came from
    Show(ShowArgs),
    /// The JSON Schema of the configuration, for editors
    Schema,
}

/// `brigade config show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Print JSON: {"KEY": {"value": …, "from": "…"}}
    #[arg(long)]
    pub json: bool,
    /// Only what differs from the defaults
    #[arg(long)]
    pub changed: bool,
}

/// Shows every value, dotted, with where it came from.
///
/// # Errors
/// When `out` cannot be written.
pub fn show(args: &ShowArgs, loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let tree = serde_json::to_value(&loaded.config).map_err(io::Error::other)?;
    let mut rows = Vec::new();
    flatten("", &tree, &mut rows);
    if args.changed {
        let defaults = loaded.config.with_defaults();
        let defaults = serde_json::to_value(defaults).map_err(io::Error::other)?;
        let mut unchanged = Vec::new();
        flatten("", &defaults, &mut unchanged);
        rows.retain(|row| !unchanged.contains(row));
    }
    if args.json {
        return show_json(&rows, loaded, out);
    }
    let rows: Vec<(&str, String, String)> = rows
        .iter()
        .map(|(path, value)| {
            (
                path.as_str(),
                typed(value),
                loaded.origins.get(path).to_string(),
            )
        })
        .collect();
    let width = |column: fn(&(&str, String, String)) -> usize| rows.iter().map(column).max();
    let paths = width(|row| row.0.chars().count()).unwrap_or_default();
    let values = width(|row| row.1.chars().count()).unwrap_or_default();
    for (path, value, origin) in &rows {
        writeln!(out, "{path:<paths$}  {value:<values$}  {origin}")?;
    }
    Ok(())
}

/// Prints the JSON Schema.
///
/// # Errors
/// When `out` cannot be written.
pub fn schema(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:#}", config::schema())
}

fn show_json(rows: &[(String, Value)], loaded: &Loaded, out: &mut impl Write) -> io::Result<()> {
    let mut object = Map::new();
    for (path, value) in rows {
        let from = loaded.origins.get(path).to_string();
        object.insert(path.clone(), json!({ "value": value, "from": from }));
    }
    writeln!(out, "{:#}", Value::Object(object))
}

fn flatten(at: &str, value: &Value, rows: &mut Vec<(String, Value)>) {
    let Value::Object(object) = value else {
        rows.push((at.into(), value.clone()));
        return;
    };
    for (key, value) in object {
        let path = if at.is_empty() {
            key.clone()
        } else {
            format!("{at}.{key}")
        };
        flatten(&path, value, rows);
    }
}

/// As it could be typed; JSON's text and lists are TOML's too.
fn typed(value: &Value) -> String {
    if value.is_null() {
        "(unset)".into()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn loaded() -> Loaded {
        let mut sources = Sources::text(
            "config.toml",
            "[queue.events]\nurl = \"http://h/q\"\n[route.orders]\nfrom = \"s3://raw/in/\"\nsuffix = \".csv\"",
        );
        let env = [
            ("BRIGADE_ROUTE__ORDERS__TO", "s3://lake/"),
            ("BRIGADE_WORK__BUFFER_MEMORY", "1000000000"),
        ];
        sources.env = Sources::variables(env).env;
        Config::load(&sources).unwrap()
    }

    #[test]
    fn every_value_is_shown_with_its_origin() {
        let mut out = Vec::new();
        let args = ShowArgs {
            json: false,
            changed: false,
        };
        show(&args, &loaded(), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        admin.allowed_hosts                      []                                 default
        admin.listen                             "127.0.0.1:9900"                   default
        aws.bandwidth                            (unset)                            default
        aws.ca_bundle                            (unset)                            default
        aws.conditional_writes                   "auto"                             default
        aws.endpoint_url                         (unset)                            default
        aws.region                               (unset)                            default
        aws.use_dualstack_endpoint               false                              default
        aws.use_fips_endpoint                    false                              default
        catalog.account                          (unset)                            default
        catalog.queue                            (unset)                            default
        catalog.region                           (unset)                            default
        environment                              "dev"                              default
        queue.events.accept                      ["s3","sns","eventbridge","work"]  default
        queue.events.account                     (unset)                            default
        queue.events.dead_letter_queue_url       (unset)                            default
        queue.events.max_attempts                10                                 default
        queue.events.max_pollers                 4                                  default
        queue.events.region                      (unset)                            default
        queue.events.url                         "http://h/q"                       config.toml
        queue.events.visibility_timeout          "2m"                               default
        retry.initial_backoff                    "100ms"                            default
        retry.max_attempts                       3                                  default
        retry.max_backoff                        "20s"                              default
        route.orders.acl                         (unset)                            default
        route.orders.after_copy                  "keep"                             default
        route.orders.bandwidth                   (unset)                            default
        route.orders.bucket_key_enabled          (unset)                            default
        route.orders.collisions                  "refuse"                           default
        route.orders.crawlers                    []                                 default
        route.orders.deletes                     "ignore"                           default
        route.orders.exclude                     []                                 default
        route.orders.from                        "s3://raw/in/"                     config.toml
        route.orders.from_access_point           (unset)                            default
        route.orders.from_account                (unset)                            default
        route.orders.from_expected_bucket_owner  (unset)                            default
        route.orders.from_region                 (unset)                            default
        route.orders.glacier                     "dead-letter"                      default
        route.orders.include                     []                                 default
        route.orders.max_size                    (unset)                            default
        route.orders.min_size                    (unset)                            default
        route.orders.move_to                     (unset)                            default
        route.orders.multipart_copy_threshold    (unset)                            default
        route.orders.notify                      (unset)                            default
        route.orders.notify_account              (unset)                            default
        route.orders.part_size                   (unset)                            default
        route.orders.queue                       (unset)                            default
        route.orders.request_payer               false                              default
        route.orders.restore_days                1                                  default
        route.orders.restore_tier                "Standard"                         default
        route.orders.source_missing              "skip"                             default
        route.orders.sse                         (unset)                            default
        route.orders.sse_kms_context             []                                 default
        route.orders.sse_kms_key_id              (unset)                            default
        route.orders.storage_class               (unset)                            default
        route.orders.strict                      false                              default
        route.orders.suffix                      [".csv"]                           config.toml
        route.orders.tables                      []                                 default
        route.orders.tags                        "require"                          default
        route.orders.to                          "s3://lake/{path}"                 environment BRIGADE_ROUTE__ORDERS__TO
        route.orders.to_access_point             (unset)                            default
        route.orders.to_account                  (unset)                            default
        route.orders.to_expected_bucket_owner    (unset)                            default
        route.orders.to_region                   (unset)                            default
        route.orders.transfer                    "auto"                             default
        version                                  1                                  default
        work.buffer_memory                       "1000000000B"                      environment BRIGADE_WORK__BUFFER_MEMORY
        work.large_threshold                     "64MiB"                            default
        work.large_workers                       4                                  default
        work.shutdown_timeout                    "25s"                              default
        work.workers                             64                                 default
        "#);
    }

    #[test]
    fn only_what_differs_from_the_defaults_is_shown_where_that_is_wanted() {
        let mut sources = Sources::text(
            "config.toml",
            "environment = \"dev\"\n[queue.events]\nurl = \"http://h/q\"\nmax_pollers = 4\n[crawler.c]\n[route.orders]\n\
             from = \"s3://raw/in/\"\nsuffix = \".csv,.json\"\nto = \"s3://lake/\"\n[work]\nworkers = 65",
        );
        sources.env = Sources::variables([("BRIGADE_ADMIN__LISTEN", "0.0.0.0:9900")]).env;
        let loaded = Config::load(&sources).unwrap();
        let shown = |json, loaded: &Loaded| {
            let mut out = Vec::new();
            let changed = true;
            show(&ShowArgs { json, changed }, loaded, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        insta::assert_snapshot!(shown(false, &loaded), @r#"
        admin.listen         "0.0.0.0:9900"      environment BRIGADE_ADMIN__LISTEN
        queue.events.url     "http://h/q"        config.toml
        route.orders.from    "s3://raw/in/"      config.toml
        route.orders.suffix  [".csv",".json"]    config.toml
        route.orders.to      "s3://lake/{path}"  config.toml
        work.workers         65                  config.toml
        "#);
        let json: Value = serde_json::from_str(&shown(true, &loaded)).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 6);
        let nothing = Config::load(&Sources::default()).unwrap();
        assert_eq!(shown(false, &nothing), "");
    }

    #[test]
    fn json_holds_the_same() {
        let mut out = Vec::new();
        let args = ShowArgs {
            json: true,
            changed: false,
        };
        show(&args, &loaded(), &mut out).unwrap();
        let shown: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            shown["route.orders.suffix"],
            json!({ "value": [".csv"], "from": "config.toml" })
        );
        assert_eq!(
            shown["route.orders.to"],
            json!({ "value": "s3://lake/{path}", "from": "environment BRIGADE_ROUTE__ORDERS__TO" })
        );
        assert_eq!(
            shown["aws.region"],
            json!({ "value": null, "from": "default" })
        );
    }

    #[test]
    fn the_schema_is_json_that_knows_every_section() {
        let mut out = Vec::new();
        super::schema(&mut out).unwrap();
        let schema: Value = serde_json::from_slice(&out).unwrap();
        let route = &schema["properties"]["route"]["additionalProperties"];
        assert_eq!(route["required"], json!(["from", "to"]));
        assert_eq!(route["additionalProperties"], json!(false));
        assert_eq!(
            schema["properties"]["work"]["properties"]["buffer_memory"]["default"],
            "256MiB"
        );
    }
}
