//! A key template and two paths: shown as typed, makes a key of bounded length, and keeps keys
//! apart if it says so.
//!
//! The input is the template, a zero byte, a path, a zero byte and another path.
#![no_main]

use brigade::config::Template;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let input = String::from_utf8_lossy(input);
    let mut pieces = input.splitn(3, '\0');
    let [text, path, other] = [(); 3].map(|()| pieces.next().unwrap_or_default());
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(why) => return assert!(!why.is_empty()),
    };
    assert_eq!(template.to_string(), text, "shown as typed");
    let made = |path: &str, date| template.render(&format!("in/{path}"), path, date);
    assert_eq!(made(path, None).is_err(), template.is_dated());
    let then = Some(Timestamp::UNIX_EPOCH);
    let (one, two) = (made(path, then), made(other, Some(Timestamp::MAX)));
    let (Ok(one), Ok(two)) = (one, two) else {
        panic!("a date was given");
    };
    let longest = text.len() + template.parts.len() * (path.len() + "in/".len());
    assert!(one.len() <= longest && one.starts_with(template.literal_prefix()));
    if template.is_injective() {
        assert!(
            path == other || one != two,
            "{path:?} and {other:?} meet at {one:?}"
        );
        assert_eq!(template.collision("in/"), None);
    } else if let Some((a, b, _)) = template.collision("in/") {
        assert_ne!(a, b);
    }
});
