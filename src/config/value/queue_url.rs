//! The URL of a queue: what it is, and what is written in its place.

use crate::config::value::{address, arn::Arn};

/// What the names of FIFO queues end in; SQS is strict about its case.
const FIFO: &str = ".fifo";

/// Says what is wrong with the URL of a queue.
///
/// # Errors
/// Says what was expected, and what to write if that is known.
pub(crate) fn check(url: &str) -> Result<(), String> {
    if url.starts_with("arn:") {
        return Err(match Arn::parse(url).and_then(|arn| arn.queue_url()) {
            Some(url) => format!("is an ARN: write the queue's URL, \"{url}\""),
            None => {
                "is an ARN: expected the queue's URL, which `aws sqs get-queue-url` prints".into()
            }
        });
    }
    match address::parse(url) {
        Err(_) if is_queue_name(url) => Err(format!(
            "is a name: expected the queue's URL, which `aws sqs get-queue-url --queue-name {url}` prints"
        )),
        Err(why) => Err(why),
        Ok(uri) if uri.path().trim_matches('/').is_empty() => Err(
            "expected the queue's whole URL, such as https://sqs.us-east-1.amazonaws.com/111122223333/events"
                .into(),
        ),
        Ok(uri) if uri.path().ends_with(FIFO) => Err(
            "FIFO queues are not supported yet: S3 cannot notify one directly, and their order is \
             not needed, as an event is only a hint; use a standard queue"
                .into(),
        ),
        Ok(_) => Ok(()),
    }
}

/// What SQS lets a name consist of.
fn is_queue_name(text: &str) -> bool {
    let fit = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let name = text.strip_suffix(FIFO).unwrap_or(text);
    (1..=80).contains(&text.len()) && name.bytes().all(fit)
}

/// Reads the region from a queue URL, if its host has one.
pub(crate) fn region_of(url: &str) -> Option<String> {
    let host = address::host(url)?;
    let labels: Vec<&str> = host.split('.').collect();
    for pair in labels.windows(2) {
        match *pair {
            ["sqs" | "sqs-fips", region] | [region, "queue"] if reads_as_region(region) => {
                return Some(region.into());
            }
            _ => {}
        }
    }
    // The oldest queues of the first region name none.
    (host == "queue.amazonaws.com").then(|| "us-east-1".into())
}

/// Whether a host label reads as a region: `eu-west-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn reads_as_region(label: &str) -> bool {
    let words: Vec<&str> = label.split('-').collect();
    let [places @ .., number] = words.as_slice() else {
        return false;
    };
    places.len() >= 2
        && places
            .iter()
            .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::region_of;
    use crate::config::{Config, Sources};

    #[test]
    fn what_is_no_url_of_a_queue_is_refused_with_what_to_write() {
        #[rustfmt::skip]
        let table = [
            ("sqs.eu-west-1/1/events", "expected a web address such as https://host/path"),
            ("ftp://h/1/events", "expected a web address that begins with https:// or http://"),
            ("events", "is a name: expected the queue's URL, which `aws sqs get-queue-url --queue-name events` prints"),
            ("arn:aws:sqs:eu-west-1:111122223333:events", "is an ARN: write the queue's URL, \"https://sqs.eu-west-1.amazonaws.com/111122223333/events\""),
            ("arn:aws-cn:sqs:cn-north-1:111122223333:dead", "is an ARN: write the queue's URL, \"https://sqs.cn-north-1.amazonaws.com.cn/111122223333/dead\""),
            ("arn:aws:sns:eu-west-1:111122223333:events", "is an ARN: expected the queue's URL, which `aws sqs get-queue-url` prints"),
            ("https://sqs.us-east-1.amazonaws.com/", "expected the queue's whole URL, such as"),
            ("https://sqs.us-east-1.amazonaws.com/1/x.fifo", "FIFO queues are not supported yet: S3 cannot notify one directly"),
            ("https://sqs.us-east-1.amazonaws.com/1/x#y", "expected an address without ? and #"),
            ("https://sqs.us-east-1.amazonaws.com/1/x?Action=DeleteQueue", "expected an address without ? and #"),
        ];
        let queue = "[queue.q]\nurl = \"https://h/1/q\"\n";
        for (url, want) in table {
            for (key, file) in [
                ("queue.q.url", "[queue.q]\nurl = ".to_owned()),
                (
                    "queue.q.dead_letter_queue_url",
                    format!("{queue}dead_letter_queue_url = "),
                ),
                ("catalog.queue", "[catalog]\nqueue = ".to_owned()),
            ] {
                let refused = Config::load(&Sources::text("f", &format!("{file}\"{url}\"")));
                let said = refused.unwrap_err().to_string();
                assert!(
                    said.starts_with(&format!("{key} in f = \"{url}\": {want}")),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn a_region_is_read_from_the_url_where_the_host_tells_it() {
        #[rustfmt::skip]
        let table = [
            ("standard",       "https://sqs.eu-west-1.amazonaws.com/1111/x", Some("eu-west-1")),
            ("China",          "https://sqs.cn-north-1.amazonaws.com.cn/1111/x", Some("cn-north-1")),
            ("GovCloud, FIPS", "https://sqs-fips.us-gov-west-1.amazonaws.com/1111/x", Some("us-gov-west-1")),
            ("dual stack",     "https://sqs.us-east-1.api.aws/1111/x", Some("us-east-1")),
            ("sovereign",      "https://sqs.eusc-de-east-1.amazonaws.eu/1111/x", Some("eusc-de-east-1")),
            ("legacy",         "https://eu-west-1.queue.amazonaws.com/1111/x", Some("eu-west-1")),
            ("oldest",         "https://queue.amazonaws.com/1111/x", Some("us-east-1")),
            ("VPC endpoint",   "https://vpce-1a-2b.sqs.eu-west-1.vpce.amazonaws.com/1111/x", Some("eu-west-1")),
            ("an AWS emulator", "http://sqs.eu-west-1.localhost.localstack.cloud:4566/000/x", Some("eu-west-1")),
            ("address",        "http://127.0.0.1:4566/000000000000/x", None),
            ("no region",      "https://sqs.example.com/1111/x", None),
            ("no URL",         "sqs.eu-west-1.amazonaws.com", None),
        ];
        for (why, url, want) in table {
            assert_eq!(region_of(url).as_deref(), want, "{why}");
        }
    }
}
