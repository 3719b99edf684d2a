//! Rows as JSON, as CSV, or drawn for a terminal.
//!
//! JSON and CSV are written page by page, so that a result may be of any length; a table is drawn
//! in the end, because its columns are as wide as their widest value.

use std::io::{self, Write};

use comfy_table::CellAlignment;
use csv::{Terminator, WriterBuilder};
use serde_json::json;

use crate::catalog::{Column, Kind, Row, Value, printable};

/// One way of printing rows.
pub(super) enum Format<'o, W: Write> {
    Json { out: &'o mut W, any: bool },
    Csv(Box<csv::Writer<&'o mut W>>),
    Table { out: &'o mut W, rows: Vec<Row> },
}

/// How rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    Json,
    Csv,
    Table,
}

impl<'o, W: Write> Format<'o, W> {
    pub(super) fn new(how: As, out: &'o mut W) -> Self {
        match how {
            As::Json => Self::Json { out, any: false },
            // RFC 4180: lines end in CRLF, quotes are doubled.
            As::Csv => {
                let mut csv = WriterBuilder::new();
                Self::Csv(Box::new(csv.terminator(Terminator::CRLF).from_writer(out)))
            }
            As::Table => {
                let rows = Vec::new();
                Self::Table { out, rows }
            }
        }
    }

    /// What comes before the rows.
    pub(super) fn begin(&mut self, columns: &[Column]) -> io::Result<()> {
        match self {
            Self::Json { out, .. } => {
                let names: Vec<_> = columns.iter().map(|column| &column.name).collect();
                let types: Vec<_> = columns.iter().map(|column| &column.type_name).collect();
                write!(
                    out,
                    "{{\"columns\":{},\"types\":{},\"rows\":[",
                    json!(names),
                    json!(types)
                )
            }
            Self::Csv(out) if columns.is_empty() => out.flush(),
            Self::Csv(out) => Ok(out.write_record(columns.iter().map(|column| &column.name))?),
            Self::Table { .. } => Ok(()),
        }
    }

    pub(super) fn rows(&mut self, columns: &[Column], page: Vec<Row>) -> io::Result<()> {
        match self {
            Self::Json { out, any } => {
                for row in page {
                    if std::mem::replace(any, true) {
                        out.write_all(b",")?;
                    }
                    let values: Vec<Value<'_>> = columns
                        .iter()
                        .zip(&row)
                        .map(|(column, value)| column.value(value.as_deref()))
                        .collect();
                    serde_json::to_writer(&mut **out, &values)?;
                }
            }
            Self::Csv(out) => {
                for row in page {
                    out.write_record(row.iter().map(|value| value.as_deref().unwrap_or_default()))?;
                }
            }
            Self::Table { rows, .. } => rows.extend(page),
        }
        Ok(())
    }

    /// What comes after the rows.
    pub(super) fn end(self, columns: &[Column], id: &str, scanned_bytes: u64) -> io::Result<()> {
        match self {
            Self::Json { out, .. } => {
                writeln!(
                    out,
                    "],\"query\":{},\"scanned_bytes\":{scanned_bytes}}}",
                    json!(id)
                )
            }
            Self::Csv(mut out) => out.flush(),
            Self::Table { out, rows } => draw(columns, &rows, out),
        }
    }
}

/// Numbers stand to the right, as they are compared from there.
fn draw(columns: &[Column], rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    if !columns.is_empty() {
        let mut drawn = comfy_table::Table::new();
        drawn.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        drawn.set_header(columns.iter().map(|column| printable(&column.name)));
        drawn.add_rows(rows.iter().map(|row| {
            row.iter()
                .map(|value| value.as_deref().map_or_else(|| "NULL".into(), printable))
        }));
        for (column, drawn) in columns.iter().zip(drawn.column_iter_mut()) {
            if column.kind() == Kind::Number {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(out, "{drawn}")?;
    }
    let rows = rows.len();
    writeln!(out, "{rows} {}", if rows == 1 { "row" } else { "rows" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        let types = [
            ("id", "bigint"),
            ("name", "varchar"),
            ("paid", "boolean"),
            ("sum", "decimal"),
        ];
        types
            .map(|(name, kind)| Column::new(name.into(), kind.into()))
            .into()
    }

    fn pages() -> Vec<Vec<Row>> {
        let row = |values: [Option<&str>; 4]| values.map(|value| value.map(Into::into)).to_vec();
        vec![
            vec![row([Some("1"), Some("Ada"), Some("true"), Some("0.10")])],
            vec![],
            vec![
                row([Some("9007199254740993"), None, Some("false"), None]),
                row([
                    None,
                    Some("a, \"b\"\nc\u{1b}[2J"),
                    None,
                    Some("12345678901234567890.12"),
                ]),
            ],
        ]
    }

    fn printed(how: As, columns: &[Column], pages: Vec<Vec<Row>>) -> String {
        let mut out = Vec::new();
        let mut format = Format::new(how, &mut out);
        format.begin(columns).unwrap();
        for page in pages {
            format.rows(columns, page).unwrap();
        }
        format.end(columns, "q-1", 12).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_has_types_and_all_digits() {
        assert_eq!(
            printed(As::Json, &columns(), pages()),
            concat!(
                r#"{"columns":["id","name","paid","sum"],"types":["bigint","varchar","boolean","decimal"],"rows":["#,
                r#"[1,"Ada",true,0.10],[9007199254740993,null,false,null],"#,
                r#"[null,"a, \"b\"\nc\u001b[2J",null,12345678901234567890.12]],"query":"q-1","scanned_bytes":12}"#,
                "\n"
            )
        );
        assert_eq!(
            printed(As::Json, &[], vec![]),
            "{\"columns\":[],\"types\":[],\"rows\":[],\"query\":\"q-1\",\"scanned_bytes\":12}\n"
        );
    }

    #[test]
    fn csv_is_what_rfc_4180_says() {
        assert_eq!(
            printed(As::Csv, &columns(), pages()),
            "id,name,paid,sum\r\n1,Ada,true,0.10\r\n9007199254740993,,false,\r\n,\"a, \"\"b\"\"\nc\u{1b}[2J\",,12345678901234567890.12\r\n"
        );
        assert_eq!(printed(As::Csv, &[], vec![]), "", "no columns, no header");
        let one = &columns()[..1];
        assert_eq!(
            printed(As::Csv, one, vec![vec![vec![None]]]),
            "id\r\n\"\"\r\n",
            "no empty line"
        );
    }

    #[test]
    fn a_table_is_drawn_and_obeys_nobody() {
        insta::assert_snapshot!(printed(As::Table, &columns(), pages()), @r#"
        ┌──────────────────┬────────────────────┬───────┬─────────────────────────┐
        │               id ┆ name               ┆ paid  ┆                     sum │
        ╞══════════════════╪════════════════════╪═══════╪═════════════════════════╡
        │                1 ┆ Ada                ┆ true  ┆                    0.10 │
        │ 9007199254740993 ┆ NULL               ┆ false ┆                    NULL │
        │             NULL ┆ a, "b"\nc\u{1b}[2J ┆ NULL  ┆ 12345678901234567890.12 │
        └──────────────────┴────────────────────┴───────┴─────────────────────────┘
        3 rows
        "#);
        assert_eq!(printed(As::Table, &[], vec![]), "0 rows\n");
    }
}
