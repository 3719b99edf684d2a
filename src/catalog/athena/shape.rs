//! Rows as they are meant: a value for each column.
//!
//! Only a SELECT is answered in columns. DESCRIBE and SHOW TBLPROPERTIES give each row as one text
//! with tabs between the values, as Hive prints it; MSCK REPAIR TABLE gives rows and no columns.

use super::{Column, Row};

/// The type of what Athena gives no type.
const TEXT: &str = "string";

/// Columns for rows that came without any, named as Athena names what has no name.
pub(super) fn columns(mut reported: Vec<Column>, rows: &[Row]) -> Vec<Column> {
    if reported.is_empty() {
        let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
        reported.extend((0..widest).map(|at| Column::new(format!("_col{at}"), TEXT.into())));
    }
    reported
}

/// The row with a value for each column. `hives` where a single value may be a whole line of Hive's. What is
/// more than there are columns stays: nothing that Athena says is dropped.
pub(super) fn row(columns: &[Column], mut row: Row, hives: bool) -> Row {
    if hives && columns.len() > 1 && row.len() == 1 {
        let line = row.remove(0).unwrap_or_default();
        // Hive fills its columns up with spaces.
        let values = line.splitn(columns.len(), '\t');
        row.extend(values.map(|value| Some(value.trim_end().to_owned())));
    }
    if row.len() < columns.len() {
        row.resize(columns.len(), None);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why, the columns, what is given, whether by Hive, and what is wanted.
    type Line = (&'static str, &'static [&'static str], Given, bool, Given);
    type Given = &'static [Option<&'static str>];

    fn named(names: &[&str]) -> Vec<Column> {
        let column = |name: &&str| Column::new((*name).into(), "string".into());
        names.iter().map(column).collect()
    }

    #[test]
    fn each_column_has_a_value() {
        let three: &'static [&'static str] = &["col_name", "data_type", "comment"];
        #[rustfmt::skip]
        let table: [Line; 8] = [
            ("a line of DESCRIBE",    three, &[Some("id      \tbigint  \tthe key ")], true,  &[Some("id"), Some("bigint"), Some("the key")]),
            ("without a comment",     three, &[Some("id      \tbigint  ")],           true,  &[Some("id"), Some("bigint"), None]),
            ("a blank line",          three, &[Some("")],                             true,  &[Some(""), None, None]),
            ("tabs in the last",      &["k", "v"], &[Some("k\ta\tb")],                true,  &[Some("k"), Some("a\tb")]),
            ("one column",            &["tab_name"], &[Some("a\tb")],                 true,  &[Some("a\tb")]),
            ("a SELECT's own tab",    three, &[Some("a\tb"), None, Some("")],         false, &[Some("a\tb"), None, Some("")]),
            ("too few of a SELECT",   three, &[Some("a\tb")],                         false, &[Some("a\tb"), None, None]),
            ("more than columns",     &["a"], &[Some("1"), Some("2")],                true,  &[Some("1"), Some("2")]),
        ];
        for (why, names, given, hives, want) in table {
            let owned = |row: &[Option<&str>]| -> Row {
                let values = row.iter();
                values.map(|value| value.map(str::to_owned)).collect()
            };
            assert_eq!(
                row(&named(names), owned(given), hives),
                owned(want),
                "{why}"
            );
        }
    }

    #[test]
    fn rows_without_columns_get_some() {
        let rows = [vec![Some("a".to_owned())], vec![None, None]];
        assert_eq!(columns(Vec::new(), &rows), named(&["_col0", "_col1"]));
        assert_eq!(columns(named(&["a"]), &rows), named(&["a"]));
        assert_eq!(columns(Vec::new(), &[]), []);
    }
}
