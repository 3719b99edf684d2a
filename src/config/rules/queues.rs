//! What queues are to each other, and to those who name them.

use std::collections::BTreeMap;

use crate::config::read::faults::Faults;
use crate::config::rules::circle::circle_from;
use crate::config::{queue::Queue, sections::Config};

pub(crate) fn check(config: &Config, faults: &mut Faults<'_>) {
    check_urls_differ(&config.queue, faults);
    check_dead_lettering_ends(&config.queue, faults);
    check_arrivals(config, faults);
    check_notified(config, faults);
}

/// Poison that is dead-lettered where the daemon listens is worked again, with its attempts counted from
/// one. A chain of queues ends; a circle never does.
fn check_dead_lettering_ends(queues: &BTreeMap<String, Queue>, faults: &mut Faults<'_>) {
    let queues: Vec<_> = queues.iter().collect();
    let feeds = |one: usize, other: usize| {
        queues[one].1.dead_letter_queue_url.as_ref() == Some(&queues[other].1.url)
    };
    for first in 0..queues.len() {
        let Some(circle) = circle_from(first, queues.len(), feeds) else {
            continue;
        };
        let key = |&at: &usize| format!("queue.{}.dead_letter_queue_url", queues[at].0);
        let keys: Vec<_> = circle.iter().map(key).collect();
        let why = format!(
            "expected dead-lettering to end somewhere, but it goes in a circle through {}: what can never \
             work would go round for ever; dead-letter to where no [queue.NAME] listens",
            keys.join(", ")
        );
        faults.refuse(&keys[0], why);
    }
}

/// Two sections on one queue would take each other's messages and settle by different rules.
fn check_urls_differ(queues: &BTreeMap<String, Queue>, faults: &mut Faults<'_>) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, queue) in queues {
        let key = format!("queue.{name}.url");
        if faults.holds(&key) {
            continue;
        }
        match seen.get(queue.url.as_str()) {
            Some(first) => faults.refuse(
                &key,
                format!("is the URL of queue.{first} too: a queue has one section"),
            ),
            None => {
                seen.insert(&queue.url, name);
            }
        }
    }
}

/// Arrivals need a queue of their own.
fn check_arrivals(config: &Config, faults: &mut Faults<'_>) {
    let Some(url) = &config.catalog.queue else {
        return;
    };
    for (name, queue) in &config.queue {
        let other = if *url == queue.url {
            "url"
        } else if Some(url) == queue.dead_letter_queue_url.as_ref() {
            "dead_letter_queue_url"
        } else {
            continue;
        };
        let why = format!("is queue.{name}.{other} too: arrivals need a queue of their own");
        faults.refuse("catalog.queue", why);
    }
}

/// Notifications must not be read as events.
fn check_notified(config: &Config, faults: &mut Faults<'_>) {
    let ours = config.queue.iter();
    let ours = ours.map(|(name, queue)| (format!("queue.{name}.url"), &queue.url));
    let arrivals = config.catalog.queue.as_ref();
    let arrivals = arrivals.map(|url| ("catalog.queue".to_owned(), url));
    for (key, url) in ours.chain(arrivals) {
        for (name, route) in &config.route {
            if route
                .notify
                .as_ref()
                .is_some_and(|reported| reported.target == *url)
            {
                let why = format!("is {key} too, and would be read by brigade itself");
                faults.refuse(&format!("route.{name}.notify"), why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    #[test]
    fn two_sections_on_one_queue_are_refused() {
        let file = "[queue.a]\nurl = \"http://h/q\"\n[queue.b]\nurl = \"http://h/q\"";
        let said = Config::load(&Sources::text("f", file))
            .unwrap_err()
            .to_string();
        assert_eq!(
            said,
            "queue.b.url in f = \"http://h/q\": is the URL of queue.a too: a queue has one section"
        );
    }

    #[test]
    fn parking_in_a_circle_is_refused_and_in_a_chain_is_not() {
        let circle = |keys: &str, value: &str| {
            format!(
                "queue.{}.dead_letter_queue_url in f = \"http://h/{value}\": expected dead-lettering to end \
                 somewhere, but it goes in a circle through {}: what can never work would go round \
                 for ever; dead-letter to where no [queue.NAME] listens",
                &keys[..1],
                keys.split_whitespace()
                    .map(|name| format!("queue.{name}.dead_letter_queue_url"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        };
        #[rustfmt::skip]
        let table = [
            ("a circle of two", "ab ba", vec![circle("a b", "b")]),
            ("a circle of three", "ab bc ca", vec![circle("a b c", "b")]),
            ("a way into a circle", "ac bc cb", vec![circle("b c", "c")]),
            ("two circles", "ab ba cd dc", vec![circle("a b", "b"), circle("c d", "d")]),
            ("a chain", "ab bc c-", vec![]),
            ("two into one", "ac bc c-", vec![]),
        ];
        for (why, links, want) in table {
            let section = |link: &str| {
                let (from, to) = link.split_at(1);
                format!(
                    "[queue.{from}]\nurl = \"http://h/{from}\"\ndead_letter_queue_url = \"http://h/{to}\"\n"
                )
            };
            let file: String = links.split_whitespace().map(section).collect();
            let said = match Config::load(&Sources::text("f", &file)) {
                Ok(_) => String::new(),
                Err(refused) => refused.to_string(),
            };
            assert_eq!(said.lines().collect::<Vec<_>>(), want, "{why}");
        }
    }

    #[test]
    fn two_missing_urls_are_missing_not_the_same() {
        let said = Config::load(&Sources::text("f", "[queue.a]\n[queue.b]")).unwrap_err();
        assert_eq!(said.to_string().matches("is missing").count(), 2, "{said}");
        let fifo = "[queue.a]\nurl = \"http://h/q.fifo\"\n[queue.b]\nurl = \"http://h/q.fifo\"";
        let said = Config::load(&Sources::text("f", fifo))
            .unwrap_err()
            .to_string();
        assert_eq!(said.matches("FIFO queues").count(), 2, "{said}");
        let example = "[queue.a]\n[queue.b]\nurl = \"https://sqs.us-east-1.amazonaws.com/111122223333/events\"";
        let said = Config::load(&Sources::text("f", example))
            .unwrap_err()
            .to_string();
        assert_eq!(said, "queue.a.url in f: is missing, and has no default");
    }
}
