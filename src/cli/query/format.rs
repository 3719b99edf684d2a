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
    Json {
        out: &'o mut W,
        any: bool,
    },
    Csv {
        csv: Box<csv::Writer<&'o mut W>>,
        any: bool,
    },
    Table {
        out: &'o mut W,
        rows: Vec<Row>,
    },
}

/// What is known once all rows have been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended<'a> {
    /// What Athena calls the query.
    pub(super) id: &'a str,
    pub(super) scanned_bytes: u64,
    /// The statement is one that writes rows.
    pub(super) writes: bool,
    /// How many, if Athena says so.
    pub(super) written: Option<u64>,
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
                // A row longer than the header is written as it is: an error would break it off half-way.
                let csv = csv.terminator(Terminator::CRLF).flexible(true);
                Self::Csv {
                    csv: Box::new(csv.from_writer(out)),
                    any: false,
                }
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
            Self::Csv { csv, .. } if columns.is_empty() => csv.flush(),
            Self::Csv { csv, .. } => {
                Ok(csv.write_record(columns.iter().map(|column| &column.name))?)
            }
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
                    serde_json::to_writer(&mut **out, &values(columns, &row))?;
                }
            }
            Self::Csv { csv, any } => {
                for row in page {
                    *any = true;
                    csv.write_record(row.iter().map(|value| value.as_deref().unwrap_or_default()))?;
                }
            }
            Self::Table { rows, .. } => rows.extend(page),
        }
        Ok(())
    }

    /// What comes after the rows.
    pub(super) fn end(self, columns: &[Column], ended: Ended<'_>) -> io::Result<()> {
        match self {
            Self::Json { out, .. } => writeln!(
                out,
                "],\"update_count\":{},\"query\":{},\"scanned_bytes\":{}}}",
                json!(ended.written),
                json!(ended.id),
                ended.scanned_bytes
            ),
            Self::Csv { mut csv, any } => {
                // The column that Athena names for it, if it names one, is there already.
                if let Some(written) = ended.written.filter(|_| !any) {
                    if columns.is_empty() {
                        csv.write_record([ROWS])?;
                    }
                    csv.write_record([written.to_string()])?;
                }
                csv.flush()
            }
            Self::Table { out, rows } if ended.writes && rows.is_empty() => match ended.written {
                Some(written) => writeln!(out, "{} written", counted(written)),
                None => writeln!(out, "done; Athena does not say how many rows were written"),
            },
            Self::Table { out, rows } => draw(columns, &rows, out),
        }
    }
}

/// What Athena calls the column of a statement that writes.
const ROWS: &str = "rows";

/// A value for each column, and what is more than there are columns as text.
fn values<'r>(columns: &'r [Column], row: &'r Row) -> Vec<Value<'r>> {
    let length = row.len().max(columns.len());
    let value = |at: usize| {
        let text = row.get(at).and_then(Option::as_deref);
        match columns.get(at) {
            Some(column) => column.value(text),
            None => text.map_or(Value::Null, Value::Text),
        }
    };
    (0..length).map(value).collect()
}

fn counted(rows: u64) -> String {
    format!("{rows} {}", if rows == 1 { "row" } else { "rows" })
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
    writeln!(out, "{}", counted(rows.len() as u64))
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

    const READ: Ended<'_> = Ended {
        id: "q-1",
        scanned_bytes: 12,
        writes: false,
        written: None,
    };

    fn printed(how: As, columns: &[Column], pages: Vec<Vec<Row>>) -> String {
        ended(how, columns, pages, READ)
    }

    fn ended(how: As, columns: &[Column], pages: Vec<Vec<Row>>, ended: Ended<'_>) -> String {
        let mut out = Vec::new();
        let mut format = Format::new(how, &mut out);
        format.begin(columns).unwrap();
        for page in pages {
            format.rows(columns, page).unwrap();
        }
        format.end(columns, ended).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_has_types_and_all_digits() {
        assert_eq!(
            printed(As::Json, &columns(), pages()),
            concat!(
                r#"{"columns":["id","name","paid","sum"],"types":["bigint","varchar","boolean","decimal"],"rows":["#,
                r#"[1,"Ada",true,0.10],[9007199254740993,null,false,null],"#,
                r#"[null,"a, \"b\"\nc\u001b[2J",null,12345678901234567890.12]],"update_count":null,"query":"q-1","scanned_bytes":12}"#,
                "\n"
            )
        );
        assert_eq!(
            printed(As::Json, &[], vec![]),
            "{\"columns\":[],\"types\":[],\"rows\":[],\"update_count\":null,\"query\":\"q-1\",\"scanned_bytes\":12}\n"
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

    #[test]
    fn a_row_longer_or_shorter_than_the_header_breaks_nothing_off() {
        let two = &columns()[..2];
        let rows = || {
            vec![
                vec![vec![Some("1".to_owned())]],
                vec![vec![Some("2".into()); 3]],
            ]
        };
        let csv = printed(As::Csv, two, rows());
        assert_eq!(csv, "id,name\r\n1\r\n2,2,2\r\n");
        let json = printed(As::Json, two, rows());
        assert!(json.contains(r#""rows":[[1,null],[2,"2","2"]]"#), "{json}");
        let table = printed(As::Table, two, rows());
        assert!(table.ends_with("2 rows\n"), "{table}");
    }

    #[test]
    fn what_was_written_is_printed() {
        let rows = &[Column::new("rows".into(), "bigint".into())];
        let wrote = |written| Ended {
            writes: true,
            written,
            ..READ
        };
        let silent = "done; Athena does not say how many rows were written\n";
        for (how, columns, written, want) in [
            (As::Table, &rows[..], Some(3), "3 rows written\n"),
            (As::Table, &[], Some(1), "1 row written\n"),
            (As::Table, &rows[..], None, silent),
            (As::Csv, &rows[..], Some(3), "rows\r\n3\r\n"),
            (As::Csv, &[], Some(0), "rows\r\n0\r\n"),
            (As::Csv, &rows[..], None, "rows\r\n"),
        ] {
            assert_eq!(ended(how, columns, vec![vec![]], wrote(written)), want);
        }
        let json = ended(As::Json, rows, vec![], wrote(Some(3)));
        assert!(json.contains(r#""rows":[],"update_count":3,"#), "{json}");
    }
}
