//! Proposes `types` for a file: what `brigade transform --infer` prints.
//!
//! A proposal holds for every record that was seen. Later records may have
//! larger values, so the wider type is proposed: `bigint` for whole numbers, eighteen digits for
//! decimals. Postcodes with a leading zero and telephone numbers with a plus sign stay text.

use crate::transform::{
    names::Names,
    record::{Field, Value},
    types::{Decimal, Stamp, Type, Typed, is_json_number},
};

/// What all records so far have in common.
#[derive(Debug, Default)]
pub struct Inference {
    names: Names,
    seen: Vec<Seen>,
}

/// The types that the values of one field can have.
#[derive(Debug)]
struct Seen {
    /// Types that every value converts into.
    candidates: Vec<Type>,
    /// The most digits before and behind the point.
    digits: (usize, usize),
    any: bool,
}

/// In order of preference.
fn candidates() -> Vec<Type> {
    let dates = ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"];
    let mut types = vec![
        Type::Bool,
        Type::BigInt,
        Type::Double,
        Type::Date(None),
        Type::Timestamp(Stamp::Iso),
    ];
    types.extend(dates.map(|format| Type::Date(Some(format.into()))));
    types
}

impl Inference {
    /// Takes a record into account.
    pub fn see(&mut self, record: &[Field<'_>]) {
        for (position, field) in record.iter().enumerate() {
            let at = self.names.find(position, &field.name).unwrap_or_else(|| {
                self.names.add(&field.name);
                self.seen.push(Seen {
                    candidates: candidates(),
                    digits: (0, 0),
                    any: false,
                });
                self.seen.len() - 1
            });
            self.seen[at].see(&field.value);
        }
    }

    /// The line to paste under `[route.NAME.transform]`.
    #[must_use]
    pub fn line(&self) -> String {
        let items = self.names.iter().zip(&self.seen);
        let items: Vec<_> = items
            .map(|(name, seen)| serde_json::json!(format!("{name}={}", seen.kind())).to_string())
            .collect();
        format!("types = [{}]", items.join(", "))
    }
}

impl Seen {
    fn see(&mut self, value: &Value<'_>) {
        let text = match value {
            Value::Null => return,
            Value::Text(text) if text.is_empty() => return,
            Value::Text(text) | Value::Number(text) => text,
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Json(_) => return self.candidates.clear(),
        };
        self.any = true;
        self.candidates.retain(|kind| fits(kind, text));
        let digits = text.trim_start_matches('-').split_once('.');
        let (whole, decimals) = digits.unwrap_or((text.trim_start_matches('-'), ""));
        let decimals = if decimals.contains(['e', 'E']) {
            usize::MAX
        } else {
            decimals.len()
        };
        self.digits.0 = self.digits.0.max(whole.len());
        self.digits.1 = self.digits.1.max(decimals);
    }

    fn kind(&self) -> Type {
        let (whole, decimals) = self.digits;
        match self.candidates.as_slice() {
            _ if !self.any => Type::Text,
            // As money is written; more decimals are measurements.
            [Type::Double, ..] if whole <= 14 && (1..=4).contains(&decimals) => {
                let scale = u8::try_from(decimals).expect("at most four");
                let precision = 18;
                Type::Decimal(Decimal { precision, scale })
            }
            // A double has 15 exact digits.
            [Type::Double, ..] if whole > 15 => Type::Text,
            // 03/04/2024 is in March or in April.
            [] | [Type::Date(Some(_)), _, ..] => Type::Text,
            [first, ..] => first.clone(),
        }
    }
}

fn fits(kind: &Type, text: &str) -> bool {
    let value = Value::Text(text.into());
    match kind.read(&value) {
        Ok(Typed::Bool(_)) => ["true", "false"]
            .iter()
            .any(|bool| text.eq_ignore_ascii_case(bool)),
        Ok(Typed::Int(_)) => is_json_number(text) && !text.contains(['.', 'e', 'E']),
        Ok(Typed::Double(_)) => is_json_number(text),
        Ok(_) => true,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_type_is_proposed_that_all_values_have() {
        for (why, values, want) in [
            ("whole numbers",          &["1", "-2", ""][..],                "bigint"),
            ("zero and one",           &["0", "1"],                         "bigint"),
            ("beyond 64 bits",         &["9223372036854775808"],            "text"),
            ("truth",                  &["true", "FALSE"],                  "bool"),
            ("answers are text",       &["yes", "no"],                      "text"),
            ("money",                  &["1.10", "2", "1234.5"],            "decimal(18,2)"),
            ("measurements",           &["1.23456", "0.1"],                 "double"),
            ("exponents",              &["1.5e10"],                         "double"),
            ("a leading zero",         &["01234", "12345"],                 "text"),
            ("a plus sign",            &["+49301234"],                      "text"),
            ("days",                   &["2024-01-15"],                     "date"),
            ("days and moments",       &["2024-01-15", "2024-01-15T10:00:00Z"], "timestamp"),
            ("moments",                &["2024-01-15 10:00:00.5"],          "timestamp"),
            ("days with dots",         &["15.01.2024", "03.04.2024"],       "date(%d.%m.%Y)"),
            ("the day first",          &["15/01/2024", "03/04/2024"],       "date(%d/%m/%Y)"),
            ("the month first",        &["01/15/2024", "03/04/2024"],       "date(%m/%d/%Y)"),
            ("day or month first",     &["03/04/2024"],                     "text"),
            ("words",                  &["1", "x"],                         "text"),
            ("never a value",          &["", ""],                           "text"),
        ] {
            let mut inference = Inference::default();
            for value in values {
                inference.see(&[Field { name: "f".into(), value: Value::Text((*value).into()) }]);
            }
            assert_eq!(inference.line(), format!("types = [\"f={want}\"]"), "{why}");
        }
    }

    #[test]
    fn fields_come_in_order_of_appearance_and_a_nested_value_is_text() {
        let mut inference = Inference::default();
        for record in [
            [("b", Value::Json("{}".into())), ("a", Value::Null)],
            [("a", Value::Bool(true)), ("c\"", Value::Number("1".into()))],
        ] {
            inference.see(&record.map(|(name, value)| Field {
                name: name.into(),
                value,
            }));
        }
        assert_eq!(
            inference.line(),
            r#"types = ["b=text", "a=bool", "c\"=bigint"]"#
        );
    }
}
