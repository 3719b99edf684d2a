//! The schema of a file: how each type is stored.
//!
//! Every column is optional. The struct `_metadata` is required and its fields are optional, so that
//! every column has exactly one definition level.

use std::sync::Arc;

use parquet::{
    basic::{LogicalType, Repetition, TimeUnit, Type as Physical},
    errors::ParquetError,
    schema::types::{Type as Node, TypePtr},
};

use crate::transform::{
    columns::{Columns, METADATA, REST},
    types::{Decimal, Type},
};

/// The schema of these columns: the data's, then those of `_rest` and `_metadata`.
pub(crate) fn schema(columns: &Columns) -> Result<TypePtr, ParquetError> {
    let mut nodes = Vec::new();
    for (name, kind) in columns.iter() {
        nodes.push(leaf(name, kind)?);
    }
    nodes.push(leaf(REST, &Type::Text)?);
    if !columns.metadata().is_empty() {
        let fields = columns.metadata().iter();
        let fields = fields.map(|column| leaf(&column.name, &column.kind));
        let group = Node::group_type_builder(METADATA)
            .with_repetition(Repetition::REQUIRED)
            .with_fields(fields.collect::<Result<_, _>>()?);
        nodes.push(Arc::new(group.build()?));
    }
    let root = Node::group_type_builder("record").with_fields(nodes);
    Ok(Arc::new(root.build()?))
}

fn leaf(name: &str, kind: &Type) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = stored(kind);
    let mut node = Node::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if let Type::Decimal(decimal) = kind {
        node = node
            .with_precision(decimal.precision.into())
            .with_scale(decimal.scale.into())
            .with_length(width(decimal.precision));
    }
    Ok(Arc::new(node.build()?))
}

fn stored(kind: &Type) -> (Physical, Option<LogicalType>) {
    match kind {
        Type::Bool => (Physical::BOOLEAN, None),
        Type::Int => (Physical::INT32, None),
        Type::BigInt => (Physical::INT64, None),
        Type::Float => (Physical::FLOAT, None),
        Type::Double => (Physical::DOUBLE, None),
        Type::Date(_) => (Physical::INT32, Some(LogicalType::Date)),
        Type::Timestamp(_) => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
        ),
        Type::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Type::Decimal(Decimal { precision, scale }) => {
            let physical = match precision {
                0..=9 => Physical::INT32,
                10..=18 => Physical::INT64,
                _ => Physical::FIXED_LEN_BYTE_ARRAY,
            };
            (
                physical,
                Some(LogicalType::decimal((*scale).into(), (*precision).into())),
            )
        }
    }
}

/// How many bytes hold a number of so many digits and its sign.
fn width(precision: u8) -> i32 {
    let largest = 10_i128.pow(precision.into()) - 1;
    let bits = 129 - largest.leading_zeros();
    bits.div_ceil(8).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::width;

    #[test]
    fn a_decimal_takes_as_few_bytes_as_the_format_asks_for() {
        for (precision, want) in [(1, 1), (2, 1), (3, 2), (9, 4), (18, 8), (19, 9), (38, 16)] {
            assert_eq!(width(precision), want, "{precision}");
        }
    }
}
