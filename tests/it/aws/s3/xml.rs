//! The little XML that S3 reads and answers with.

use std::collections::BTreeMap;

use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};

use super::error::S3Error;

/// One element as the text of its children.
pub(super) type Row = BTreeMap<String, String>;

/// All elements at the end of a path; nothing may stand beside it.
pub(super) fn rows(body: &[u8], path: &[&str]) -> Result<Vec<Row>, S3Error> {
    let mut rows = Vec::new();
    let mut document = Document::try_from(body).map_err(|_| malformed())?;
    let root = document.root_element().map_err(|_| malformed())?;
    gather(root, path, &mut rows).ok_or_else(malformed)?;
    Ok(rows)
}

fn gather(mut at: ScopedDecoder<'_, '_>, path: &[&str], rows: &mut Vec<Row>) -> Option<()> {
    let (name, below) = path.split_first()?;
    if at.start_el().local() != *name {
        return None;
    }
    let mut row = Row::new();
    while let Some(mut child) = at.next_tag() {
        if below.is_empty() {
            let field = child.start_el().local().to_owned();
            row.insert(field, try_data(&mut child).ok()?.into_owned());
        } else {
            gather(child, below, rows)?;
        }
    }
    if below.is_empty() {
        rows.push(row);
    }
    Some(())
}

/// Error responses, `MalformedXML`.
pub(super) fn malformed() -> S3Error {
    let why = "The XML you provided was not well-formed or did not validate against our published \
               schema";
    S3Error::new(400, "MalformedXML", why)
}

/// A whole document around ready-made children.
pub(super) fn document(root: &str, children: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>{children}</{root}>")
}

/// One element with text in it.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// One element with ready-made children.
pub(super) fn nested(name: &str, children: &str) -> String {
    format!("<{name}>{children}</{name}>")
}

fn escape(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        c if c.is_control() => format!("&#x{:x};", u32::from(c)),
        c => c.to_string(),
    });
    escaped.collect()
}
