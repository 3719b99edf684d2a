//! What is asked for, and the lines of a list.

use super::what::{Objects, What};
use super::*;

fn location(bucket: &str, key: &str) -> ObjectLocation {
    ObjectLocation {
        bucket: bucket.into(),
        key: key.into(),
    }
}

#[test]
fn an_argument_is_an_object_a_prefix_or_a_list() {
    let object = |key| Some(What::Object(location("raw", key)));
    let below = |key| Some(What::Below(location("raw", key)));
    #[rustfmt::skip]
    let table = [
        ("s3://raw/a/b c+%.csv", false, object("a/b c+%.csv")),
        ("s3://raw/a/b c+%.csv", true,  below("a/b c+%.csv")),
        ("s3://raw/a/",          false, below("a/")),
        ("s3://raw//",           false, below("/")),
        ("s3://raw/",            false, below("")),
        ("s3://raw",             true,  below("")),
        ("s3://raw",             false, None),
        ("s3:///a",              false, None),
        ("raw/a",                false, None),
        ("-",                    false, Some(What::List)),
    ];
    for (text, recursive, want) in table {
        let got = What::of(text, recursive);
        assert_eq!(got.clone().ok(), want, "{text} {recursive}");
        assert!(got.is_ok() || got.unwrap_err().contains("expected s3://"));
    }
    let said = What::of("\u{1b}[2J", false).unwrap_err();
    assert!(!said.contains('\u{1b}'), "{said}");
}

/// Gives what it has a piece at a time, as a pipe does.
struct Pipe(Vec<&'static str>);

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        self.0.remove(0).as_bytes().read(buffer)
    }
}

#[tokio::test]
async fn a_list_is_read_line_by_line_and_what_is_no_object_is_named() {
    let pieces = vec![
        "s3://raw/a\ns3://raw/b/\r\n\nraw/c\ns3://r",
        "aw/d\n",
        "s3://raw/\n",
        "s3://raw/e",
    ];
    let mut input = BufReader::new(Pipe(pieces));
    let mut lines = Objects::Lines {
        input: &mut input,
        read: 0,
    };
    let mut pages = Vec::new();
    while let Some(page) = lines.next().await.unwrap() {
        pages.push(page);
    }
    let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
    assert_eq!(
        sizes,
        [3, 1, 1, 1],
        "what is there is worked before more is waited for"
    );
    let read: Vec<_> = pages.into_iter().flatten().collect();
    let wrong = |line: u64, text: &str| Err(format!("line {line} is no s3://BUCKET/KEY: {text}"));
    let want = [
        Ok(location("raw", "a")),
        Ok(location("raw", "b/")),
        wrong(4, "raw/c"),
        Ok(location("raw", "d")),
        wrong(6, "s3://raw/"),
        Ok(location("raw", "e")),
    ];
    assert_eq!(read, want);

    let mut endless = BufReader::new(std::io::repeat(b'a'));
    let mut lines = Objects::Lines {
        input: &mut endless,
        read: 0,
    };
    let refused = format!("{:#}", lines.next().await.unwrap_err());
    assert!(refused.contains("line 1 is longer"), "{refused}");
}
