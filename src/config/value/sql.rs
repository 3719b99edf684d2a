//! What a statement is, as far as it can be told without its tables.

/// Whether a statement only reads, so that it can be run again: a SELECT, also one after WITH, in
/// brackets or behind comments. In Athena nothing that writes begins like one.
#[must_use]
pub fn is_select(sql: &str) -> bool {
    let sql = begin(sql);
    let end = sql.find(|c: char| !c.is_ascii_alphabetic());
    let word = &sql[..end.unwrap_or(sql.len())];
    ["select", "with", "values"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

/// Leaves out white space, comments and brackets at the beginning.
fn begin(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        let (rest, end) = if let Some(rest) = sql.strip_prefix("--") {
            (rest, "\n")
        } else if let Some(rest) = sql.strip_prefix("/*") {
            (rest, "*/")
        } else {
            return sql;
        };
        sql = rest.split_once(end).map_or("", |(_, after)| after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_select_is_told_from_what_writes() {
        #[rustfmt::skip]
        let table = [
            ("SELECT 1", true),
            ("select count(*) > 0 from orders", true),
            (" \n(SELECT true)", true),
            ("WITH o AS (SELECT 1) SELECT * FROM o", true),
            ("VALUES (true)", true),
            ("-- INSERT\nSELECT 1", true),
            ("/* a\n* b */ -- c\n (/**/SELECT\t1)", true),
            ("SELECT/**/1", true),
            ("INSERT INTO orders SELECT 1", false),
            ("CREATE TABLE t AS SELECT 1", false),
            ("DROP TABLE orders", false),
            ("SELECTED", false),
            ("SHOW TABLES", false),
            ("EXPLAIN ANALYZE SELECT 1", false),
            ("-- SELECT 1", false),
            ("/* SELECT 1", false),
            ("", false),
            ("-", false),
        ];
        for (sql, want) in table {
            assert_eq!(is_select(sql), want, "{sql}");
        }
    }
}
