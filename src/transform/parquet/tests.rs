//! What is written is read back by the `parquet` crate's reader.

use bytes::Bytes;
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::{Field as Read, Row, RowAccessor},
};
use proptest::prelude::*;

use crate::transform::{
    columns::{Column, Columns},
    record::{Field, Value},
    types::{Type, Typed, Types},
};

use super::*;

fn field<'a>(name: &'a str, value: Value<'a>) -> Field<'a> {
    Field {
        name: name.into(),
        value,
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(text.into())
}

fn columns(items: &[&str], metadata: &[&str]) -> Columns {
    let types = Types::parse(items).unwrap();
    let metadata = Types::parse(metadata).unwrap();
    let metadata = metadata.iter().map(|(name, kind)| Column {
        name: name.to_owned(),
        kind: kind.clone(),
    });
    let names: Vec<_> = types.iter().map(|(name, _)| name).collect();
    Columns::new(names, &types, metadata.collect())
}

fn written<'a>(columns: Columns, records: impl IntoIterator<Item = Vec<Field<'a>>>) -> Bytes {
    let (mut writer, mut out) = (Writer::new(columns).unwrap(), Vec::new());
    for record in records {
        writer.write(&record, &mut out).unwrap();
    }
    writer.finish(&mut out).unwrap();
    out.into()
}

fn reader(file: Bytes) -> SerializedFileReader<Bytes> {
    SerializedFileReader::new(file).unwrap()
}

fn rows(file: Bytes) -> Vec<Row> {
    let reader = reader(file);
    reader
        .get_row_iter(None)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_type_is_read_back() {
    let items = [
        "b=bool",
        "i=int",
        "l=bigint",
        "f=float",
        "d=double",
        "n=decimal(9,2)",
        "m=decimal(18,3)",
        "o=decimal(38,10)",
        "day=date",
        "at=timestamp",
        "t=text",
    ];
    let record = vec![
        field("b", text("yes")),
        field("i", text("-5")),
        field("l", Value::Number("9007199254740993".into())),
        field("f", text("1.5")),
        field("d", text("-2.5")),
        field("n", text("-1.1")),
        field("m", text("1234567.125")),
        field("o", text("-12345678901234567890.5")),
        field("day", text("2024-01-15")),
        field("at", text("2024-01-15T10:20:30.123456Z")),
        field("t", text("é")),
    ];
    let rows = rows(written(columns(&items, &[]), [record, vec![]]));
    let want = "{b: true, i: -5, l: 9007199254740993, f: 1.5, d: -2.5E0, n: -1.10, \
                m: 1234567.125, o: -12345678901234567890.5000000000, day: 2024-01-15, \
                at: 2024-01-15 10:20:30.123456 +00:00, t: \"é\", _rest: null}";
    assert_eq!(rows[0].to_string(), want);
    let nothing = |(_, value): (&String, &Read)| matches!(value, Read::Null);
    assert!(rows[1].get_column_iter().all(nothing));
}

#[test]
fn a_field_without_a_column_and_a_bad_value_go_into_rest() {
    let record = vec![
        field("x", text("y\n")),
        field("i", text("abc")),
        field("n", Value::Null),
    ];
    let rows = rows(written(
        columns(&["i=int"], &[]),
        [record, vec![field("i", text("1"))]],
    ));
    assert_eq!(
        rows[0].get_string(1).unwrap(),
        r#"{"i":"abc","x":"y\n","n":null}"#
    );
    assert!(matches!(
        rows[0].get_column_iter().next(),
        Some((_, Read::Null))
    ));
    assert_eq!(rows[1].get_int(0).unwrap(), 1);
    assert!(rows[1].get_string(1).is_err(), "nothing is left");
}

#[test]
fn metadata_is_a_struct() {
    let metadata = ["processed_at=timestamp", "environment=text", "row=bigint"];
    let json = |row| {
        Value::Json(
            format!(
                r#"{{"environment":"prod","row":{row},"processed_at":"2024-01-15T10:20:30.250Z"}}"#
            )
            .into(),
        )
    };
    let records = (0..3).map(|row| vec![field("_metadata", json(row)), field("i", text("1"))]);
    let rows = rows(written(columns(&["i=int"], &metadata), records));
    for (at, row) in rows.iter().enumerate() {
        let group = row.get_group(2).unwrap();
        assert_eq!(
            group.get_timestamp_micros(0).unwrap(),
            1_705_314_030_250_000
        );
        assert_eq!(group.get_string(1).unwrap(), "prod");
        assert_eq!(group.get_long(2).unwrap(), i64::try_from(at).unwrap());
    }
    assert_eq!(rows.len(), 3);
}

#[test]
fn columns_that_nothing_names_are_those_of_the_first_records() {
    let types = Types::parse(&["b=int", "never=int"]).unwrap();
    let (mut table, mut out) = (Table::sampled(types, vec![]), Vec::new());
    let long = "x".repeat(1 << 20);
    table.write(&[field("a", text(&long))], &mut out).unwrap();
    for _ in 0..4 {
        table
            .write(&[field("b", text("7")), field("a", text(&long))], &mut out)
            .unwrap();
    }
    table.write(&[field("late", text("y"))], &mut out).unwrap();
    table.finish(&mut out).unwrap();
    let rows = rows(out.into());
    let names: Vec<_> = rows[0]
        .get_column_iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["a", "b", "_rest"]);
    assert_eq!((rows.len(), rows[4].get_int(1).unwrap()), (6, 7));
    assert_eq!(rows[5].get_string(2).unwrap(), r#"{"late":"y"}"#);
}

#[test]
fn a_sample_that_ends_early_is_a_file() {
    let (mut table, mut out) = (Table::sampled(Types::default(), vec![]), Vec::new());
    table.write(&[field("a", text("x"))], &mut out).unwrap();
    table.finish(&mut out).unwrap();
    assert_eq!(rows(out.into())[0].to_string(), "{a: \"x\", _rest: null}");
    let mut out = Vec::new();
    Table::sampled(Types::default(), vec![])
        .finish(&mut out)
        .unwrap();
    assert!(rows(out.into()).is_empty());
}

#[test]
fn a_file_without_records_is_valid() {
    let file = written(columns(&["i=int"], &[]), []);
    assert_eq!(reader(file.clone()).metadata().num_row_groups(), 0);
    assert!(rows(file).is_empty());
}

#[test]
fn row_groups_end_by_their_bytes_and_leave() {
    let columns = columns(&["t=text"], &[]);
    let (mut writer, mut out) = (Writer::new(columns).unwrap(), Vec::new());
    let mut random = 1_u64;
    let mut left = Vec::new();
    for _ in 0..45 {
        let noise = std::iter::repeat_with(|| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from((random >> 57) as u8)
        });
        let noise: String = noise.take(1 << 20).collect();
        writer.write(&[field("t", text(&noise))], &mut out).unwrap();
        left.push(out.len());
    }
    writer.finish(&mut out).unwrap();
    let file = reader(out.into());
    assert_eq!(file.metadata().num_row_groups(), 3);
    assert!(
        left.iter().any(|length| *length > 10 << 20),
        "bytes leave before the end"
    );
    assert_eq!(file.get_row_iter(None).unwrap().count(), 45);
}

#[test]
fn a_dictionary_stays_where_it_pays() {
    let columns = columns(&["few=text", "many=bigint", "later=bigint"], &[]);
    let records = (0..100_000).map(|at| {
        let later = if at < 30_000 { 7 } else { at };
        vec![
            field("few", text(["a", "b", "c"][at % 3])),
            field("many", Value::Number(at.to_string().into())),
            field("later", Value::Number(later.to_string().into())),
        ]
    });
    let file = written(columns, records);
    let reader = reader(file.clone());
    let group = reader.metadata().row_group(0);
    let has = |at: usize| group.column(at).dictionary_page_offset().is_some();
    assert_eq!([has(0), has(1), has(2)], [true, false, true]);
    for (at, row) in rows(file).iter().enumerate() {
        assert_eq!(row.get_string(0).unwrap(), ["a", "b", "c"][at % 3]);
        assert_eq!(row.get_long(1).unwrap(), i64::try_from(at).unwrap());
        let later = if at < 30_000 { 7 } else { at };
        assert_eq!(row.get_long(2).unwrap(), i64::try_from(later).unwrap());
    }
}

#[test]
fn a_row_group_is_bounded_after_decompression_too() {
    let (mut writer, mut out) = (Writer::new(columns(&["t=text"], &[])).unwrap(), Vec::new());
    for at in 0..140 {
        let long = "a".repeat((1 << 20) + at);
        writer.write(&[field("t", text(&long))], &mut out).unwrap();
    }
    writer.finish(&mut out).unwrap();
    assert_eq!(reader(out.into()).metadata().num_row_groups(), 2);
}

#[test]
fn a_chunk_has_its_bounds_and_counts_its_nulls() {
    let record = |at: i64| {
        let value = if at % 3 == 0 {
            String::new()
        } else {
            at.to_string()
        };
        ["i", "f", "n", "t"]
            .map(|name| field(name, Value::Text(value.clone().into())))
            .into()
    };
    let columns = columns(
        &["i=int", "f=float", "n=decimal(38,0)", "t=decimal(12,2)"],
        &[],
    );
    let file = reader(written(columns, (-50..50_000).map(record)));
    for chunk in &file.metadata().row_group(0).columns()[..4] {
        let statistics = chunk.statistics().unwrap();
        assert_eq!(
            statistics.null_count_opt(),
            Some(16_683),
            "{}",
            chunk.column_path()
        );
        let bytes = (
            statistics.min_bytes_opt().unwrap(),
            statistics.max_bytes_opt().unwrap(),
        );
        let want: (&[u8], &[u8]) = match chunk.column_path().string().as_str() {
            "i" => (&(-50_i32).to_le_bytes(), &49_999_i32.to_le_bytes()),
            "f" => (&(-50_f32).to_le_bytes(), &49_999_f32.to_le_bytes()),
            "n" => (&(-50_i128).to_be_bytes(), &49_999_i128.to_be_bytes()),
            _ => (&(-5_000_i64).to_le_bytes(), &4_999_900_i64.to_le_bytes()),
        };
        assert_eq!(bytes, want, "{}", chunk.column_path());
    }
}

/// Whether what is read is what was written.
fn same(typed: Typed<'_>, read: &Read) -> bool {
    match (typed, read) {
        (Typed::Null, Read::Null) => true,
        (Typed::Bool(a), Read::Bool(b)) => a == *b,
        (Typed::Int(a), Read::Int(b)) => a == i64::from(*b),
        (Typed::Int(a), Read::Long(b)) | (Typed::Timestamp(a), Read::TimestampMicros(b)) => a == *b,
        (Typed::Double(a), Read::Float(b)) => super::stored::narrow(a).to_bits() == b.to_bits(),
        (Typed::Double(a), Read::Double(b)) => a.to_bits() == b.to_bits(),
        (Typed::Date(a), Read::Date(b)) => a == *b,
        (Typed::Text(a), Read::Str(b)) => a == b,
        (Typed::Decimal(a, scale), Read::Decimal(b)) => {
            let first = if b.data()[0] < 0x80 { 0 } else { -1 };
            let units = b
                .data()
                .iter()
                .fold(first, |units, byte| units << 8 | i128::from(*byte));
            a == units && i32::from(scale) == b.scale()
        }
        _ => false,
    }
}

const KINDS: [&str; 11] = [
    "bool",
    "int",
    "bigint",
    "float",
    "double",
    "decimal(9,2)",
    "decimal(18,3)",
    "decimal(38,10)",
    "date",
    "timestamp",
    "text",
];

/// Values of many kinds, some of which come again and again.
fn values() -> impl Strategy<Value = Value<'static>> {
    let owned = |text: String| Value::Text(text.into());
    prop_oneof![
        1 => Just(Value::Null),
        3 => "[a-c]{0,2}".prop_map(owned),
        1 => any::<String>().prop_map(owned),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i64>().prop_map(move |whole| owned(whole.to_string())),
        2 => (-100_i8..100).prop_map(move |whole| owned(whole.to_string())),
        2 => any::<f64>().prop_map(move |real| owned(format!("{real:?}"))),
        2 => (any::<i32>(), 0_u8..100).prop_map(move |(a, b)| owned(format!("{a}.{b:02}"))),
        2 => (0_u16..=9999, 1_u8..=12, 1_u8..=28)
            .prop_map(move |(y, m, d)| owned(format!("{y:04}-{m:02}-{d:02}"))),
        1 => Just(Value::Json("[1]".into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        kinds in prop::collection::vec(0..KINDS.len(), 1..6),
        some in prop::collection::vec(prop::collection::vec(values(), 6), 0..60),
        repeat in 1_usize..1_500,
    ) {
        let names: Vec<_> = (0..kinds.len()).map(|at| format!("c{at}")).collect();
        let items: Vec<_> = names.iter().zip(&kinds).map(|(n, k)| format!("{n}={}", KINDS[*k])).collect();
        let items: Vec<_> = items.iter().map(String::as_str).collect();
        let records = some.iter().cycle().take(some.len() * repeat);
        let record = |values: &Vec<Value<'static>>| {
            names.iter().zip(values).map(|(name, value)| field(name, value.clone())).collect()
        };
        let rows = rows(written(columns(&items, &[]), records.clone().map(record)));
        prop_assert_eq!(rows.len(), records.clone().count());
        let kinds: Vec<_> = kinds.iter().map(|kind| Type::parse(KINDS[*kind]).unwrap()).collect();
        for (row, values) in rows.iter().zip(records) {
            for ((_, read), (value, kind)) in row.get_column_iter().zip(values.iter().zip(&kinds)) {
                let typed = kind.read(value).unwrap_or(Typed::Null);
                prop_assert!(same(typed, read), "{kind} {value:?} {read:?}");
            }
        }
    }
}
