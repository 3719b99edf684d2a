//! Reads and writes dates and timestamps.
//!
//! Without a format both are ISO 8601 as other programs write it: `T` or a space between date and
//! time, seconds and zone may be missing. A time without a zone is in UTC. Digits below a
//! microsecond, which Parquet's timestamps do not have, are cut off.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    fmt::strtime::{self, BrokenDownTime},
    tz::{Offset, TimeZone},
};

use super::number::scaled;

/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// How a timestamp is written in text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timestamps {
    /// RFC 3339 in UTC, with the fraction of a second it has: `2024-01-15T10:00:00Z`.
    #[default]
    Rfc3339,
    /// What Athena's text readers take as a timestamp: `2024-01-15 10:00:00.000`.
    Hive,
}

/// Reads `2024-01-15` as days since 1970.
pub(crate) fn date(text: &str) -> Option<i32> {
    days(iso_date(text.as_bytes())?)
}

/// Reads a date in a format of `strftime`, as days since 1970.
pub(crate) fn date_by(format: &str, text: &str) -> Option<i32> {
    days(strtime::parse(format, text).ok()?.to_date().ok()?)
}

/// Reads an ISO 8601 timestamp as microseconds since 1970.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let date = iso_date(bytes.get(..10)?)?;
    let (time, rest) = match &bytes[10..] {
        [] => ([0; 3], &bytes[10..]),
        [b'T' | b't' | b' ', rest @ ..] => clock(rest)?,
        _ => return None,
    };
    let (micros, rest) = fraction(rest)?;
    let offset = zone(rest)?;
    let [hour, minute, second] = time;
    // A leap second, which neither POSIX nor Parquet knows, is the second before it.
    let at = date.at(hour, minute, second.min(59), 0);
    let micros = in_utc(at)? + micros - i64::from(offset) * 1_000_000;
    // The offset may move the timestamp out of the supported years.
    civil(micros).map(|_| micros)
}

/// Reads a timestamp in a format of `strftime`, as microseconds since 1970.
pub(crate) fn timestamp_by(format: &str, text: &str) -> Option<i64> {
    let micros = micros_of(&strtime::parse(format, text).ok()?)?;
    civil(micros).map(|_| micros)
}

/// Reads a count of units since 1970, `per_second` of them in a second, as microseconds.
pub(crate) fn epoch(text: &str, per_second: i64) -> Option<i64> {
    // Fractions are kept down to a microsecond: seconds may have six decimals.
    let scale = 6 - u8::try_from(per_second.ilog10()).ok()?;
    let micros = i64::try_from(scaled(text, scale)?).ok()?;
    civil(micros).map(|_| micros)
}

fn micros_of(broken: &BrokenDownTime) -> Option<i64> {
    if let Ok(at) = broken.to_timestamp() {
        return Some(at.as_microsecond());
    }
    if let Ok(at) = broken.to_datetime() {
        return in_utc(at);
    }
    in_utc(broken.to_date().ok()?.at(0, 0, 0, 0))
}

/// Whether a format has day, month and year: it must read back the date that it writes.
pub(crate) fn is_date_format(format: &str) -> bool {
    sample(format).is_some_and(|text| date_by(format, &text) == Some(SAMPLE_DAY))
}

/// Whether a format has day, month and year: it must read back the day that it writes.
pub(crate) fn is_timestamp_format(format: &str) -> bool {
    let micros = sample(format).and_then(|text| timestamp_by(format, &text));
    micros.is_some_and(|at| at.div_euclid(DAY) == i64::from(SAMPLE_DAY))
}

/// 2024-11-23: its day, month and year cannot be confused.
const SAMPLE_DAY: i32 = 20_050;

fn sample(format: &str) -> Option<String> {
    let at = Timestamp::from_microsecond(i64::from(SAMPLE_DAY) * DAY + DAY / 2).ok()?;
    strtime::format(format, &at.to_zoned(TimeZone::UTC)).ok()
}

fn days(date: Date) -> Option<i32> {
    let midnight = in_utc(date.at(0, 0, 0, 0)).filter(|_| date.year() >= 0)?;
    i32::try_from(midnight.div_euclid(DAY)).ok()
}

fn in_utc(at: DateTime) -> Option<i64> {
    Some(Offset::UTC.to_timestamp(at).ok()?.as_microsecond())
}

/// `2024-01-15`, all ten bytes of it.
fn iso_date(text: &[u8]) -> Option<Date> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = i16::from(two(text, 0)?) * 100 + i16::from(two(text, 2)?);
    Date::new(year, two(text, 5)?, two(text, 8)?).ok()
}

/// `10:00` or `10:00:00`, and what follows.
fn clock(text: &[u8]) -> Option<([i8; 3], &[u8])> {
    let (hour, minute) = (two(text, 0)?, two(text, 3)?);
    let (second, length) = match text.get(5) {
        Some(b':') => (two(text, 6)?, 8),
        Some(_) | None => (0, 5),
    };
    let valid = text[2] == b':' && hour < 24 && minute < 60 && second <= 60;
    valid.then(|| ([hour, minute, second], &text[length..]))
}

/// `.123456`, or nothing, in microseconds, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.' | b',', digits @ ..] = text else {
        return Some((0, text));
    };
    let length = digits
        .iter()
        .take_while(|digit| digit.is_ascii_digit())
        .count();
    let mut micros = 0;
    for place in 0..6 {
        let digit = digits[..length].get(place).map_or(0, |digit| digit - b'0');
        micros = micros * 10 + i64::from(digit);
    }
    (length > 0).then_some((micros, &digits[length..]))
}

/// The zone at the end of a timestamp, in seconds east of Greenwich.
fn zone(text: &[u8]) -> Option<i32> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (hours, minutes) = match text {
        [] | b"Z" | b"z" | b"UTC" => return Some(0),
        [_, _, _] => (two(text, 1)?, 0),
        [_, _, _, _, _] => (two(text, 1)?, two(text, 3)?),
        [_, _, _, b':', _, _] => (two(text, 1)?, two(text, 4)?),
        _ => return None,
    };
    let east = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    match text[0] {
        b'+' if hours < 24 && minutes < 60 => Some(east),
        b'-' if hours < 24 && minutes < 60 => Some(-east),
        _ => None,
    }
}

/// The two digits that begin at a byte.
fn two(text: &[u8], at: usize) -> Option<i8> {
    let (tens, ones) = (
        text.get(at)?.wrapping_sub(b'0'),
        text.get(at + 1)?.wrapping_sub(b'0'),
    );
    (tens < 10 && ones < 10).then(|| (tens * 10 + ones).cast_signed())
}

/// Appends a date of days since 1970 as `2024-01-15`.
pub(crate) fn write_date(days: i32, out: &mut Vec<u8>) {
    if let Some(at) = civil(i64::from(days) * DAY) {
        push_date(at.date(), out);
    }
}

/// Appends a timestamp of microseconds since 1970.
pub(crate) fn write_timestamp(micros: i64, form: Timestamps, out: &mut Vec<u8>) {
    let Some(at) = civil(micros) else { return };
    push_date(at.date(), out);
    out.push(if form == Timestamps::Hive { b' ' } else { b'T' });
    for (part, end) in [
        (at.hour(), Some(b':')),
        (at.minute(), Some(b':')),
        (at.second(), None),
    ] {
        push_digits(u32::from(part.unsigned_abs()), 2, out);
        out.extend(end);
    }
    let fraction = at.subsec_nanosecond().unsigned_abs() / 1000;
    match form {
        Timestamps::Hive => push_fraction(fraction / 1000, 3, out),
        Timestamps::Rfc3339 if fraction == 0 => {}
        Timestamps::Rfc3339 if fraction.is_multiple_of(1000) => {
            push_fraction(fraction / 1000, 3, out);
        }
        Timestamps::Rfc3339 => push_fraction(fraction, 6, out),
    }
    if form == Timestamps::Rfc3339 {
        out.push(b'Z');
    }
}

/// `None` outside the years 0 to 9999.
fn civil(micros: i64) -> Option<DateTime> {
    let at = Timestamp::from_microsecond(micros).ok()?;
    Some(Offset::UTC.to_datetime(at)).filter(|at| at.year() >= 0)
}

fn push_date(date: Date, out: &mut Vec<u8>) {
    push_digits(u32::from(date.year().unsigned_abs()), 4, out);
    out.push(b'-');
    push_digits(u32::from(date.month().unsigned_abs()), 2, out);
    out.push(b'-');
    push_digits(u32::from(date.day().unsigned_abs()), 2, out);
}

fn push_fraction(number: u32, width: u32, out: &mut Vec<u8>) {
    out.push(b'.');
    push_digits(number, width, out);
}

fn push_digits(number: u32, width: u32, out: &mut Vec<u8>) {
    for place in (0..width).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).expect("a digit is below ten"));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(micros: i64, form: Timestamps) -> String {
        let mut out = Vec::new();
        write_timestamp(micros, form, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    #[rustfmt::skip]
    fn a_timestamp_is_read_as_other_programs_write_it() {
        for (why, text, want) in [
            ("RFC 3339",                   "2024-01-15T10:20:30Z",           Some("2024-01-15T10:20:30Z")),
            ("milliseconds",               "2024-01-15T10:20:30.5Z",         Some("2024-01-15T10:20:30.500Z")),
            ("microseconds",               "2024-01-15T10:20:30.000001Z",    Some("2024-01-15T10:20:30.000001Z")),
            ("nanoseconds are cut off",    "2024-01-15T10:20:30.123456789Z", Some("2024-01-15T10:20:30.123456Z")),
            ("an offset",                  "2024-01-15T10:20:30+02:00",      Some("2024-01-15T08:20:30Z")),
            ("a short offset",             "2024-01-15 10:20:30-0330",       Some("2024-01-15T13:50:30Z")),
            ("an hour's offset",           "2024-01-15 10:20:30+02",         Some("2024-01-15T08:20:30Z")),
            ("SQL, without a zone",        "2024-01-15 10:20:30",            Some("2024-01-15T10:20:30Z")),
            ("Python's logging",           "2024-01-15 10:20:30,250",        Some("2024-01-15T10:20:30.250Z")),
            ("BigQuery",                   "2024-01-15 10:20:30 UTC",        Some("2024-01-15T10:20:30Z")),
            ("no seconds",                 "2024-01-15T10:20",               Some("2024-01-15T10:20:00Z")),
            ("a day",                      "2024-01-15",                     Some("2024-01-15T00:00:00Z")),
            ("before 1970",                "1969-12-31T23:59:59.999Z",       Some("1969-12-31T23:59:59.999Z")),
            ("a leap second",              "2016-12-31T23:59:60Z",           Some("2016-12-31T23:59:59Z")),
            ("a leap day",                 "2024-02-29",                     Some("2024-02-29T00:00:00Z")),
            ("no leap day",                "2023-02-29",                     None),
            ("before the first year that is written", "0000-01-01T00:00:00+23:00", None),
            ("hour 24",                    "2024-01-15T24:00:00Z",           None),
            ("an offset of a day",         "2024-01-15T10:20:30+24:00",      None),
            ("a point without digits",     "2024-01-15T10:20:30.Z",          None),
            ("another order",              "15.01.2024 10:20:30",            None),
            ("something behind it",        "2024-01-15T10:20:30Zulu",        None),
            ("letters that take two bytes", "2024-01-1é10:20:30",            None),
            ("nothing",                    "",                               None),
        ] {
            let read = timestamp(text).map(|at| written(at, Timestamps::Rfc3339));
            assert_eq!(read.as_deref(), want, "{why}: {text}");
        }
    }

    #[test]
    fn hive_takes_a_space_milliseconds_and_no_zone() {
        let at = timestamp("2024-01-15T10:20:30.123456Z").unwrap();
        assert_eq!(written(at, Timestamps::Hive), "2024-01-15 10:20:30.123");
    }

    #[test]
    #[rustfmt::skip]
    fn a_format_has_to_say_which_day_it_is() {
        for (format, date, timestamp) in [
            ("%d.%m.%Y",             true,  true),
            ("%Y-%m-%d %H:%M:%S",    true,  true),
            ("%d/%b/%Y:%H:%M:%S %z", true,  true),
            ("%m/%Y",                false, false),
            ("%s",                   false, true),
            ("%Q-%q-%!",             false, false),
            ("",                     false, false),
        ] {
            assert_eq!(is_date_format(format), date, "a date: {format}");
            assert_eq!(is_timestamp_format(format), timestamp, "a timestamp: {format}");
        }
    }

    #[test]
    fn a_format_reads_what_it_says() {
        assert_eq!(date_by("%d.%m.%Y", "15.01.2024"), date("2024-01-15"));
        assert_eq!(date_by("%d.%m.%Y", "2024-01-15"), None);
        let want = timestamp("2024-01-15T08:20:30Z");
        assert_eq!(
            timestamp_by("%d/%b/%Y:%H:%M:%S %z", "15/Jan/2024:10:20:30 +0200"),
            want
        );
        assert_eq!(
            timestamp_by("%d/%m/%Y %H:%M:%S", "15/01/2024 08:20:30"),
            want
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in -62_000_000_000_000_000_i64..250_000_000_000_000_000) {
            let rfc3339 = written(micros, Timestamps::Rfc3339);
            prop_assert_eq!(timestamp(&rfc3339), Some(micros));
            prop_assert_eq!(rfc3339.parse::<Timestamp>().unwrap().as_microsecond(), micros);
            let hive = written(micros, Timestamps::Hive);
            prop_assert_eq!(timestamp(&hive), Some(micros.div_euclid(1000) * 1000));
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in "\\PC{0,30}") {
            let _ = (timestamp(&text), date(&text));
        }
    }
}
