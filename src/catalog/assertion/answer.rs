//! What an answer of Athena's means: one row with one boolean that is true, or anything else.

use super::super::athena::{AthenaError, Column, Kind, Row, Rows, printable};

/// An answer is for a log line.
const LONGEST_ANSWER_CHARS: usize = 200;

/// What Athena said.
pub(super) struct Answer {
    pub(super) is_true: bool,
    /// A value, or why there is no single one.
    pub(super) value: String,
}

/// Reads no further than it takes to know.
pub(super) async fn read(mut rows: Rows) -> Result<Answer, AthenaError> {
    let mut read = Vec::new();
    while read.len() < 2
        && let Some(more) = rows.next().await?
    {
        read.extend(more);
    }
    Ok(judge(rows.columns(), &read))
}

fn judge(columns: &[Column], rows: &[Row]) -> Answer {
    let value = match (columns, rows) {
        (_, []) => "no row".into(),
        (_, [_, _, ..]) => "more than one row".into(),
        ([column], [row]) => {
            let value = row.first().cloned().flatten();
            if column.kind() == Kind::Boolean && value.as_deref() == Some("true") {
                let value = "true".into();
                return Answer {
                    is_true: true,
                    value,
                };
            }
            let value = value.map_or_else(|| "NULL".into(), |value| clipped(&value));
            match column.kind() {
                Kind::Boolean => value,
                Kind::Number | Kind::Text => {
                    format!("{value}, no boolean but {}", column.type_name)
                }
            }
        }
        (columns, [_]) => format!("{} columns", columns.len()),
    };
    Answer {
        is_true: false,
        value,
    }
}

fn clipped(value: &str) -> String {
    let mut clipped: String = value.chars().take(LONGEST_ANSWER_CHARS).collect();
    if clipped.len() < value.len() {
        clipped.push('…');
    }
    printable(&clipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_with_one_boolean_that_is_true_passes() {
        let of = |types: &[&str]| -> Vec<Column> {
            let columns = types.iter();
            columns
                .map(|name| Column::new("c".into(), (*name).into()))
                .collect()
        };
        let row = |value: &str| vec![Some(value.to_owned())];
        let long = "x".repeat(1_000);
        let clipped = format!("{}…, no boolean but varchar", "x".repeat(200));
        #[rustfmt::skip]
        let table = [
            (of(&["boolean"]), vec![row("true")],               Ok("true")),
            (of(&["boolean"]), vec![row("false")],              Err("false")),
            (of(&["boolean"]), vec![vec![None]],                Err("NULL")),
            (of(&["boolean"]), vec![],                          Err("no row")),
            (of(&["boolean"]), vec![row("true"), row("true")],  Err("more than one row")),
            (of(&["boolean", "boolean"]), vec![[row("true"), row("true")].concat()], Err("2 columns")),
            (of(&["varchar"]), vec![row("true")],               Err("true, no boolean but varchar")),
            (of(&["bigint"]),  vec![row("1")],                  Err("1, no boolean but bigint")),
            (of(&["varchar"]), vec![row("a\u{1b}[2J")],         Err("a\\u{1b}[2J, no boolean but varchar")),
            (of(&["varchar"]), vec![row(&long)],                Err(&*clipped)),
            (of(&[]),          vec![],                          Err("no row")),
        ];
        for (columns, rows, want) in table {
            let Answer { is_true, value } = judge(&columns, &rows);
            let got = if is_true { Ok(&*value) } else { Err(&*value) };
            assert_eq!(got, want);
        }
    }
}
