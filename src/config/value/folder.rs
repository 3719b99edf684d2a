//! Whether a template makes Hive-style folders, `dt=2026-11-20/`, from which a partition is read.

use crate::config::value::template::{Part, Template};

/// Stands for what a source may bring into a folder's name.
const ANYTHING: char = '\0';

impl Template {
    /// Whether a key of this template can have a folder `name=VALUE`; without a name, any such.
    #[must_use]
    pub fn can_have_partition(&self, name: Option<&str>) -> bool {
        let mut shape = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => shape += text,
                // They bring folders of their own.
                Part::Key | Part::Path | Part::Dir => return true,
                Part::Name | Part::Stem | Part::Ext => shape.push(ANYTHING),
                Part::Year | Part::Month | Part::Day | Part::Hour => shape.push('0'),
            }
        }
        let folders = shape.rsplit_once('/').map_or("", |(folders, _)| folders);
        folders.split('/').any(|folder| {
            let Some(at) = folder.find([ANYTHING, '=']) else {
                return false;
            };
            let (known, rest) = folder.split_at(at);
            name.is_none_or(|name| {
                if rest.starts_with('=') {
                    name.eq_ignore_ascii_case(known)
                } else {
                    let begin = name.get(..known.len());
                    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(known))
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_tells_which_partitions_its_keys_can_have() {
        #[rustfmt::skip]
        let table = [
            ("dt={yyyy}-{mm}-{dd}/{name}",   None,           true),
            ("dt={yyyy}-{mm}-{dd}/{name}",   Some("dt"),     true),
            ("DT={yyyy}/{name}",             Some("dt"),     true),
            ("dt={yyyy}-{mm}-{dd}/{name}",   Some("region"), false),
            ("dt={yyyy}/{name}",             Some("d"),      false),
            ("d={yyyy}/{name}",              Some("dt"),     false),
            ("{yyyy}/{mm}/{dd}/{name}",      None,           false),
            ("orders/{name}",                None,           false),
            ("orders/dt={name}",             None,           false),
            ("orders/{path}",                Some("dt"),     true),
            ("{dir}/{yyyy}/{name}",          Some("dt"),     true),
            ("{key}",                        None,           true),
            ("{stem}/part.csv",              Some("dt"),     true),
            ("d{stem}/part.csv",             Some("dt"),     true),
            ("x{stem}/part.csv",             Some("dt"),     false),
        ];
        for (template, name, want) in table {
            let template = Template::parse(template).unwrap();
            assert_eq!(
                template.can_have_partition(name),
                want,
                "{template} {name:?}"
            );
        }
    }
}
