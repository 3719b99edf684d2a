//! The JSON Schema that the sections' types make: what `config schema` prints, and by which what was
//! typed is read.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::config::sections::Config;

/// The JSON Schema of the configuration.
#[must_use]
pub fn schema() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    settings
        .into_generator()
        .into_root_schema_for::<Config>()
        .to_value()
}
