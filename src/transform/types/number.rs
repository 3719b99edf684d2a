//! Reads numbers exactly.
//!
//! A number is never rounded: `1.005` is not a `decimal(12,2)`. `12.0` and `1.2e1` are whole
//! numbers, because nothing is lost when they are written as `12`.

/// The most digits a decimal has in Parquet, Glue and Athena.
pub const MAX_PRECISION: u8 = 38;

/// Reads a number as a count of `10^-scale`, or `None` if that is not exact.
///
/// A result always has fewer than 39 digits.
pub(crate) fn scaled(text: &str, scale: u8) -> Option<i128> {
    if scale == 0
        && let Some(whole) = short_integer(text.as_bytes())
    {
        return Some(i128::from(whole));
    }
    let (negative, digits) = sign(text.as_bytes());
    let number = Mantissa::read(digits)?;
    let shift = i64::from(scale) - number.decimals + number.exponent;
    let units = shifted(number.units, shift)?;
    Some(if negative { -units } else { units })
}

/// The common case: at most 18 digits and nothing else.
fn short_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut whole = 0_i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        whole = whole * 10 + i64::from(digit);
    }
    Some(if negative { -whole } else { whole })
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, text),
    }
}

/// The digits of a number without their point: `units * 10^(exponent - decimals)`.
struct Mantissa {
    units: i128,
    decimals: i64,
    exponent: i64,
}

impl Mantissa {
    fn read(text: &[u8]) -> Option<Self> {
        let (mut units, mut decimals, mut digits) = (0_i128, 0, 0);
        let (mut point, mut rest) = (false, text);
        while let [next, after @ ..] = rest {
            match next {
                b'0'..=b'9' => {
                    units = units
                        .checked_mul(10)?
                        .checked_add(i128::from(next - b'0'))?;
                    digits += 1;
                    decimals += i64::from(point);
                }
                b'.' if !point && digits > 0 => point = true,
                _ => break,
            }
            rest = after;
        }
        if digits == 0 || point && decimals == 0 {
            return None;
        }
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', exponent @ ..] => short_integer(exponent).filter(|e| e.abs() < 1000)?,
            _ => return None,
        };
        Some(Self {
            units,
            decimals,
            exponent,
        })
    }
}

/// `units * 10^shift`, if that is whole and short enough.
fn shifted(units: i128, shift: i64) -> Option<i128> {
    if units == 0 {
        return Some(0);
    }
    let power = 10_i128.checked_pow(u32::try_from(shift.unsigned_abs()).ok()?);
    let units = if shift >= 0 {
        units.checked_mul(power?)?
    } else {
        let power = power?;
        (units % power == 0).then_some(units / power)?
    };
    fits(units, MAX_PRECISION).then_some(units)
}

/// Whether `units` has at most `precision` digits.
pub(crate) fn fits(units: i128, precision: u8) -> bool {
    10_u128
        .checked_pow(u32::from(precision))
        .is_none_or(|limit| units.unsigned_abs() < limit)
}

/// Reads a binary floating-point number; infinities and NaN, which JSON does not have, are
/// not accepted.
pub(crate) fn double(text: &str) -> Option<f64> {
    let start = text.trim_start_matches(['-', '+']);
    if !start.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn a_number_is_read_exactly_or_not_at_all() {
        for (why, text, scale, want) in [
            ("an integer",                   "42",       0, Some(42)),
            ("negative",                     "-42",      0, Some(-42)),
            ("a plus sign",                  "+42",      0, Some(42)),
            ("above 2^53",                   "9007199254740993", 0, Some(9_007_199_254_740_993)),
            ("whole, as pandas writes it",   "12.0",     0, Some(12)),
            ("whole, with an exponent",      "1.2e1",    0, Some(12)),
            ("zero, whatever its exponent",  "0e900",    0, Some(0)),
            ("not whole",                    "12.5",     0, None),
            ("fewer decimals than the scale", "1.1",     2, Some(110)),
            ("as many",                      "1.10",     2, Some(110)),
            ("more, but zeros",              "1.1000",   2, Some(110)),
            ("never rounded",                "1.005",    2, None),
            ("below the scale",              "1e-3",     2, None),
            ("the longest",                  "99999999999999999999999999999999999999", 0,
             Some(99_999_999_999_999_999_999_999_999_999_999_999_999)),
            ("one digit too long",           "100000000000000000000000000000000000000", 0, None),
            ("an enormous exponent",         "1e999999999999", 0, None),
            ("nothing",                      "",         0, None),
            ("a sign alone",                 "-",        0, None),
            ("two signs",                    "--1",      0, None),
            ("no digit before the point",    ".5",       2, None),
            ("no digit after it",            "5.",       2, None),
            ("a thousands separator",        "1,000",    0, None),
            ("a space",                      " 1",       0, None),
            ("a word",                       "abc",      0, None),
        ] {
            assert_eq!(scaled(text, scale), want, "{why}: {text}");
        }
    }

    #[test]
    fn a_double_is_finite_and_starts_with_a_digit() {
        for (text, want) in [
            ("1.5", Some(1.5)),
            ("-1e3", Some(-1000.0)),
            ("NaN", None),
            ("inf", None),
            ("1e999", None),
            ("", None),
            ("1,5", None),
        ] {
            assert_eq!(double(text), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_integer_is_read_as_rust_reads_it(number: i64, scale in 0_u8..4) {
            let want = i128::from(number) * 10_i128.pow(u32::from(scale));
            prop_assert_eq!(scaled(&number.to_string(), scale), Some(want));
        }
    }
}
