//! Glue tables and their partitions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::{Value, json};

use super::access::Access;
use super::json::{JsonError, text};
use super::reply::Reply;
use super::request::Request;
use super::{Aws, HOME_ACCOUNT};

/// All tables, by region, database and name.
#[derive(Debug, Default)]
pub(super) struct Tables(BTreeMap<(String, String, String), Table>);

/// One table and the partitions it has.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    at: (String, String, String),
    keys: Vec<String>,
    partitions: BTreeMap<Vec<String>, Value>,
}

/// Most partitions in one request (API reference, `BatchCreatePartition`: `PartitionInputList`).
const MOST: usize = 100;

impl Table {
    /// A table of JSON files with these partition keys, of text.
    pub(crate) fn new(region: &str, database: &str, name: &str, keys: &[&str]) -> Self {
        Self {
            at: (region.into(), database.into(), name.into()),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            partitions: BTreeMap::new(),
        }
    }

    /// The values of its partitions, and where each is.
    pub(crate) fn partitions(&self) -> BTreeMap<Vec<String>, String> {
        let located = |(values, storage): (&Vec<String>, &Value)| {
            let location = storage["Location"].as_str().unwrap_or_default();
            (values.clone(), location.to_owned())
        };
        self.partitions.iter().map(located).collect()
    }

    /// Its own storage descriptor.
    fn storage(&self) -> Value {
        let (_, database, name) = &self.at;
        json!({
            "Columns": [{ "Name": "id", "Type": "bigint" }],
            "Location": format!("s3://{database}/{name}/"),
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": { "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe", "Parameters": { "paths": "id" } },
            "Compressed": false, "NumberOfBuckets": -1, "StoredAsSubDirectories": false,
        })
    }

    fn show(&self) -> Value {
        let (_, database, name) = &self.at;
        let column = |key: &String| json!({ "Name": key, "Type": "string" });
        json!({ "Table": {
            "Name": name, "DatabaseName": database, "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": self.keys.iter().map(column).collect::<Vec<_>>(),
            "StorageDescriptor": self.storage(), "Parameters": { "classification": "json" },
        }})
    }

    /// Whatever is wrong with the request as a whole refuses it; the rest, item by item (API
    /// reference, `BatchCreatePartition`: Errors). Whether a wrong number of values is the one or
    /// the other is not told: here it is the one that hurts.
    fn create(&mut self, input: &Value, failing: &[usize]) -> Result<Value, JsonError> {
        let list = input["PartitionInputList"].as_array().cloned();
        let list = list.unwrap_or_default();
        if list.len() > MOST {
            let why = format!(
                "1 validation error detected: Value at 'partitionInputList' failed to satisfy \
                 constraint: Member must have length less than or equal to {MOST}"
            );
            return Err(JsonError::new("ValidationException", why));
        }
        let values = |item: &Value| super::json::texts(item, "Values");
        for item in &list {
            only(item, &["Values", "StorageDescriptor"])?;
            let values = values(item);
            let wrong = if values.len() != self.keys.len() {
                "The number of partition keys do not match the number of partition values"
            } else if values.iter().any(String::is_empty) {
                "Partition values cannot be empty"
            } else if values.iter().any(|value| value.chars().count() > 1024) {
                "Partition values are longer than 1024"
            } else {
                continue;
            };
            return Err(JsonError::new("InvalidInputException", wrong));
        }
        let mut errors = Vec::new();
        for (position, item) in list.iter().enumerate() {
            let values = values(item);
            let (code, why) = if failing.contains(&position) {
                (
                    "InternalServiceException",
                    "Service unavailable, try again.",
                )
            } else if let Entry::Vacant(free) = self.partitions.entry(values.clone()) {
                free.insert(item["StorageDescriptor"].clone());
                continue;
            } else {
                ("AlreadyExistsException", "Partition already exists.")
            };
            errors.push(json!({
                "PartitionValues": values,
                "ErrorDetail": { "ErrorCode": code, "ErrorMessage": why },
            }));
        }
        Ok(json!({ "Errors": errors }))
    }

    /// One page is enough here (API reference, `GetPartitions`: 1,000 at most).
    fn list(&self) -> Value {
        let (_, database, name) = &self.at;
        let partition = |(values, storage): (&Vec<String>, &Value)| json!({ "Values": values, "DatabaseName": database, "TableName": name, "StorageDescriptor": storage });
        json!({ "Partitions": self.partitions.iter().map(partition).collect::<Vec<_>>() })
    }
}

impl Aws {
    /// Sets a table up, or replaces it.
    pub(crate) fn create_table(&self, table: Table) {
        self.with(|state, _| state.tables.0.insert(table.at.clone(), table));
    }

    /// A table as it is now.
    pub(crate) fn table(&self, region: &str, database: &str, name: &str) -> Table {
        let at = (region.into(), database.into(), name.into());
        self.with(|state, _| state.tables.0[&at].clone())
    }
}

/// Whether an operation of Glue is about tables.
pub(super) fn takes(operation: &str) -> bool {
    ["GetTable", "BatchCreatePartition", "GetPartitions"].contains(&operation)
}

/// The table a request is about, for the log.
pub(super) fn place(request: &Request) -> String {
    let input = request.json();
    let (database, name) = (&input["DatabaseName"], of(&input));
    format!("{}.{name}", database.as_str().unwrap_or_default())
}

/// `GetTable` calls it otherwise than the rest.
fn of(input: &Value) -> &str {
    let named = input["TableName"].as_str().or(input["Name"].as_str());
    named.unwrap_or_default()
}

pub(super) fn handle(tables: &mut Tables, access: &Access, request: &Request) -> Reply {
    match perform(tables, access, request) {
        Ok(value) => Reply::new(200).body(value.to_string()),
        Err(error) => error.reply(),
    }
}

fn perform(tables: &mut Tables, access: &Access, request: &Request) -> Result<Value, JsonError> {
    let (input, region) = (request.json(), request.caller.region.as_str());
    only(
        &input,
        &["DatabaseName", "Name", "TableName", "PartitionInputList"],
    )?;
    let (database, name) = (text(&input, "DatabaseName")?, of(&input));
    let action = format!("glue:{}", request.target());
    let resource = format!("table/{database}/{name}");
    let arn = format!("arn:aws:glue:{region}:{HOME_ACCOUNT}:{resource}");
    let caller = (request.caller.access_key.as_str(), region);
    let allowed = access.check(caller, &action, &resource);
    allowed.map_err(|refusal| JsonError::refused(refusal, &action, &arn))?;
    let at = (region.into(), database.into(), name.into());
    let table = tables.0.get_mut(&at).ok_or_else(|| {
        JsonError::new(
            "EntityNotFoundException",
            format!("Table {name} not found."),
        )
    })?;
    match request.target() {
        "GetTable" => Ok(table.show()),
        "BatchCreatePartition" => table.create(&input, &request.failing_entries),
        _ => Ok(table.list()),
    }
}

/// What this world would otherwise ignore in silence.
fn only(input: &Value, known: &[&str]) -> Result<(), JsonError> {
    let asked = input.as_object().into_iter().flatten();
    let strange = asked
        .map(|(name, _)| name)
        .find(|name| !known.contains(&name.as_str()));
    strange.map_or(Ok(()), |strange| {
        Err(JsonError {
            status: 501,
            ..JsonError::new("NotImplemented", strange.as_str())
        })
    })
}
