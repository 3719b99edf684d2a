//! What Glue says of a table, and the partitions it is given.

use std::collections::BTreeMap;

use aws_sdk_glue::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_glue::types::{PartitionInput, StorageDescriptor};

use super::super::hive::Partition;
use super::{Glue, GlueError, named};
use crate::cause::{self, status};

/// Most partitions in one call (API reference, `BatchCreatePartition`).
pub(in crate::catalog) const MOST: usize = 100;

/// A table, as far as its partitions need it.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The names of its partition keys, in order.
    pub keys: Vec<String>,
    /// Why partitions in the catalogue do not matter to queries, if they do not.
    pub idle: Option<&'static str>,
    storage: StorageDescriptor,
}

/// A partition or a table that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Until a person changes something, nothing will work.
    #[error("{op}: {why}")]
    Lasts {
        /// The operation.
        op: &'static str,
        /// What Glue said.
        why: String,
    },
    /// What was asked makes no sense to Glue: of a batch, perhaps one only.
    #[error("{op}: {why}")]
    Invalid {
        /// The operation.
        op: &'static str,
        /// What Glue said.
        why: String,
    },
    /// Throttled, unreachable, busy with another writer: worth another try.
    #[error("{op}: {why}")]
    Unavailable {
        /// The operation.
        op: &'static str,
        /// What Glue or the connection said.
        why: String,
    },
}

/// A partition that is in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog) enum Made {
    /// It is new.
    New,
    /// It was there, wherever it may lie.
    There,
}

const GET: &str = "GetTable";
const CREATE: &str = "BatchCreatePartition";
const THERE: &str = "AlreadyExistsException";

impl Glue {
    /// Looks at a table.
    ///
    /// # Errors
    /// When Glue did not show it.
    pub async fn table(&self, database: &str, table: &str) -> Result<Layout, TableError> {
        let request = self.client.get_table().database_name(database).name(table);
        let answer = request.send().await;
        self.metrics.call("glue", GET, status(&answer));
        let table = answer.map_err(|error| sorted(GET, &error))?.table;
        let Some(table) = table else {
            let why = "an empty answer".into();
            return Err(TableError::Unavailable { op: GET, why });
        };
        let parameters = table.parameters.unwrap_or_default();
        let says = |name: &str, value: &str| {
            let said = parameters.get(name);
            said.is_some_and(|said| said.eq_ignore_ascii_case(value))
        };
        let idle = if says("projection.enabled", "true") {
            Some("projects its partitions (projection.enabled)")
        } else if says("table_type", "ICEBERG") {
            Some("keeps its partitions itself (Iceberg)")
        } else {
            None
        };
        let keys = table.partition_keys.unwrap_or_default();
        Ok(Layout {
            keys: keys.into_iter().map(|column| column.name).collect(),
            idle,
            storage: table
                .storage_descriptor
                .unwrap_or_else(|| StorageDescriptor::builder().build()),
        })
    }

    /// Adds at most [`MOST`] partitions of a bucket to a table. Each has an answer of its own.
    pub(in crate::catalog) async fn add(
        &self,
        (database, table): (&str, &str),
        layout: &Layout,
        partitions: &[(&str, &Partition)],
    ) -> Result<Vec<Result<Made, TableError>>, TableError> {
        let inputs = partitions.iter().map(|(bucket, partition)| {
            let mut storage = layout.storage.clone();
            storage.location = Some(format!("s3://{bucket}/{}", partition.folder));
            PartitionInput::builder()
                .set_values(Some(partition.values.clone()))
                .storage_descriptor(storage)
                .build()
        });
        let answer = self
            .client
            .batch_create_partition()
            .database_name(database)
            .table_name(table)
            .set_partition_input_list(Some(inputs.collect()))
            .send()
            .await;
        self.metrics.call("glue", CREATE, status(&answer));
        let answer = match answer {
            Ok(answer) => answer,
            // Of one, this is success; of many, each has to be asked.
            Err(error) if error.code() == Some(THERE) && partitions.len() == 1 => {
                return Ok(vec![Ok(Made::There)]);
            }
            Err(error) => return Err(sorted(CREATE, &error)),
        };
        let mut failed = BTreeMap::new();
        for error in answer.errors() {
            let detail = error.error_detail();
            let code = detail.and_then(|detail| detail.error_code());
            let why = detail.and_then(|detail| detail.error_message());
            let (code, why) = (code.unwrap_or_default(), why.unwrap_or_default());
            failed.insert(error.partition_values(), (code, why));
        }
        let answers =
            partitions
                .iter()
                .map(|(_, partition)| match failed.get(&*partition.values) {
                    None => Ok(Made::New),
                    Some((THERE, _)) => Ok(Made::There),
                    Some((code, why)) => {
                        let why = cause::clipped(&format!("{code}: {why}")).to_owned();
                        let why = cause::of_request(why, &answer);
                        Err(by_code(CREATE, code, why))
                    }
                });
        Ok(answers.collect())
    }
}

fn sorted<E>(op: &'static str, error: &SdkError<E>) -> TableError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let why = cause::describe(error);
    match named(op, error) {
        GlueError::Denied { op, why } => TableError::Lasts { op, why },
        GlueError::Missing { .. } | GlueError::Unavailable { .. } => {
            by_code(op, error.code().unwrap_or_default(), why)
        }
    }
}

fn by_code(op: &'static str, code: &str, why: String) -> TableError {
    match code {
        "EntityNotFoundException"
        | "GlueEncryptionException"
        | "ResourceNumberLimitExceededException" => TableError::Lasts { op, why },
        THERE | "InvalidInputException" | "ValidationException" => TableError::Invalid { op, why },
        _ => TableError::Unavailable { op, why },
    }
}
