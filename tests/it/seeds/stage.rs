//! The simulated AWS of a script: its buckets, queues and crawler, and what outsiders do to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::script::{AccessPoints, AfterCopy, Denied, Envelope, Outside, Place, Script, Shape};
use crate::aws::{Aws, Bucket, Crawler, Denial, Ending, HOME_KEY, Queue, TestObject, Version};
use crate::stage::notification;

pub(super) const SOURCE: &str = "raw";
pub(super) const CRAWLER: &str = "lake";
pub(super) const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:arrivals";
pub(super) const CRAWLER_REGION: &str = "eu-west-1";

/// User metadata of what outsiders write.
pub(super) const OUTSIDER: &str = "outsider";

/// A body that is no message.
pub(super) const NOISE: &str = "{noise";

/// The names of objects that nobody can read begin so.
pub(super) const UNREADABLE: &str = "unreadable-";

/// A world as a script wants it.
pub(super) struct Stage {
    pub(super) aws: Aws,
    pub(super) script: Script,
    pub(super) queue: String,
    pub(super) dead: String,
    /// Where arrivals are kept, if they are.
    pub(super) arrivals: Option<String>,
    /// The access points of buckets that let nobody in but through them.
    pub(super) access_points: BTreeMap<String, String>,
    /// The moments at which outsiders took something away at the source.
    pub(super) taken: Mutex<BTreeSet<u64>>,
}

/// The destination of a route. The way after the last route's is that of source objects moved aside.
pub(super) fn lake(route: usize) -> String {
    format!("lake{route}")
}

/// Whether an outsider wrote this version.
pub(super) fn is_outsiders(version: &Version) -> bool {
    let object = version.object.as_ref();
    object.is_some_and(|object| object.meta.user.contains_key(OUTSIDER))
}

impl Stage {
    pub(super) fn build(script: &Script) -> Self {
        let aws = Aws::later(script.rng, Duration::from_millis(script.begins));
        let dead = Queue::new("events-dead", "us-east-1");
        // The redrive policy must allow more than the daemons' own count.
        let most = script.max_attempts + 20;
        let queue = Queue::new("events", "us-east-1").redrive(&dead, most);
        let (dead, queue) = (aws.create_queue(dead), aws.create_queue(queue));
        aws.create_bucket(bucket(SOURCE, "us-east-1", &script.source));
        for (n, target) in script.routes.iter().enumerate() {
            let near = script.access_points == AccessPoints::Near;
            let region = if near { "us-east-1" } else { "eu-west-1" };
            aws.create_bucket(bucket(&lake(n), region, &target.place));
        }
        let closed = script.access_points != AccessPoints::Open;
        let lakes = (0..script.routes.len()).map(lake);
        let access_points = lakes.chain([SOURCE.to_owned()]).filter(|_| closed);
        let access_points = access_points.map(|bucket| {
            aws.close_bucket(&bucket);
            let access_point = aws.access_point(&format!("to-{bucket}"), &bucket);
            (bucket, access_point)
        });
        let access_points = access_points.collect();
        aws.notify(SOURCE, &queue);
        let crawl = Duration::from_secs(40);
        let failed = std::iter::repeat_n(Ending::Failed("no role".into()), script.crawls_fail);
        aws.create_crawler(Crawler::new(CRAWLER, CRAWLER_REGION, crawl).script(failed));
        if script.reported {
            aws.create_topic(TOPIC);
        }
        let arrivals = Queue::new("arrivals", "us-east-1");
        let arrivals = script.durable.then(|| aws.create_queue(arrivals));
        aws.make_mischief((&script.queue).into());
        aws.slow_down(script.latency());
        let script = script.clone();
        Self {
            aws,
            script,
            queue,
            dead,
            arrivals,
            access_points,
            taken: Mutex::default(),
        }
    }

    /// An arrival that is still in its queue.
    pub(super) fn is_announced(&self) -> Option<String> {
        let queue = self.aws.queue(self.arrivals.as_ref()?);
        let left = queue.messages().first()?;
        Some(format!("an arrival is left: {}", left.body))
    }

    /// The key of a source.
    pub(super) fn key(&self, key: usize) -> String {
        format!("in/{}", self.script.keys[key])
    }

    /// All ways that copies go: the routes', and that of source objects moved aside.
    pub(super) fn transfers(&self) -> std::ops::Range<usize> {
        0..self.script.routes.len() + usize::from(self.script.after_copy == AfterCopy::Move)
    }

    /// Where a way leads.
    pub(super) fn bucket(&self, transfer: usize) -> String {
        if transfer < self.script.routes.len() {
            lake(transfer)
        } else {
            SOURCE.to_owned()
        }
    }

    /// The keys at a way's end that copies of a source may have.
    pub(super) fn targets(&self, transfer: usize, key: usize) -> Vec<String> {
        let name = &self.script.keys[key];
        match self.script.routes.get(transfer) {
            None => return vec![format!("done/{name}")],
            Some(route) if !route.dated => return vec![format!("out/{name}")],
            Some(_) => {}
        }
        let history = self.aws.history(SOURCE, &self.key(key)).0;
        let versions = history.iter().filter_map(|write| write.current.as_ref());
        let mut targets: Vec<_> = versions.map(|v| dated(name, v.modified)).collect();
        targets.dedup();
        targets
    }

    /// The key at a way's end that a source modified then belongs at.
    pub(super) fn target(&self, transfer: usize, key: usize, modified: jiff::Timestamp) -> String {
        let name = &self.script.keys[key];
        match self.script.routes.get(transfer) {
            None => format!("done/{name}"),
            Some(route) if route.dated => dated(name, modified),
            Some(_) => format!("out/{name}"),
        }
    }

    /// Deletes at the source, as an outsider.
    fn take(&self, key: usize, version: Option<&str>) {
        let name = self.key(key);
        self.aws.delete(SOURCE, &name, version);
        let moment = self
            .aws
            .history(SOURCE, &name)
            .0
            .last()
            .map(|write| write.moment);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.extend(moment);
    }

    /// What outsiders do to buckets and the queue.
    pub(super) fn act(&self, act: &Outside) {
        let aws = &self.aws;
        match *act {
            Outside::Put {
                key,
                content,
                attributes,
                shape,
            } => {
                aws.put(SOURCE, self.object(key, content, attributes, shape));
            }
            Outside::Delete { key } => self.take(key, None),
            Outside::DeleteVersion { key, back } => {
                let versions = aws.versions(SOURCE, &self.key(key));
                if let Some(version) = versions.iter().rev().nth(back) {
                    let id = version.id.as_deref().unwrap_or("null");
                    self.take(key, Some(id));
                }
            }
            Outside::Undelete { key } => {
                let versions = aws.versions(SOURCE, &self.key(key));
                if let Some(marker) = versions.last().filter(|v| v.object.is_none()) {
                    self.take(key, marker.id.as_deref());
                }
            }
            Outside::Hint {
                key,
                envelope,
                true_etag,
            } => aws.send(&self.queue, &self.hint(key, envelope, true_etag)),
            Outside::Noise => aws.send(&self.queue, NOISE),
            Outside::Unreadable { count } => {
                for n in 0..count {
                    let seed = TestObject::new(&format!("in/{UNREADABLE}{n}."), "x");
                    aws.put(SOURCE, seed.customer_key());
                }
            }
            Outside::Meddle {
                route,
                key,
                content,
            } => {
                let body = format!("from outside {content}");
                for target in self.targets(route, key) {
                    let seed = TestObject::new(&target, body.clone()).meta(OUTSIDER, "yes");
                    aws.put(&lake(route), seed);
                }
            }
            Outside::MeddleDelete { route, key } => {
                for target in self.targets(route, key) {
                    aws.delete(&lake(route), &target, None);
                }
            }
        }
    }

    fn object(&self, key: usize, content: u8, attributes: u8, shape: Shape) -> TestObject {
        let name = self.key(key);
        let small = || TestObject::new(&name, format!("{} {content}", self.script.keys[key]));
        // Streams are made of real bytes, which take time.
        let size = if self.script.bandwidth.is_some() {
            40 << 20
        } else if self.script.streams() {
            17 << 20
        } else {
            700 << 20
        };
        let large = || TestObject::claimed(&name, size, content.into());
        let seed = match shape {
            Shape::Empty => TestObject::new(&name, ""),
            Shape::Single => small(),
            Shape::Multipart => small().multipart(2),
            Shape::Composite => small().composite(),
            Shape::Kms => small().kms(),
            Shape::Large => large(),
            Shape::LargeParts => large().multipart(10),
        };
        // Whoever dresses an object anew also tags it anew: HEAD shows no tags.
        match attributes {
            0 => seed.header("content-type", "text/csv"),
            1 => seed
                .header("content-type", "text/csv")
                .header("cache-control", "max-age=60")
                .meta("owner", "orders")
                .tag("stage", "one"),
            _ => {
                let seed = seed
                    .header("content-language", "de")
                    .header("content-disposition", "attachment")
                    .meta("owner", "invoices");
                // More than a header takes.
                (0..10).fold(seed, |seed, n| {
                    seed.tag(&format!("tag {n}"), &"ü".repeat(200))
                })
            }
        }
    }

    /// An event in one of its envelopes; the truth about the source, or none.
    fn hint(&self, key: usize, envelope: Envelope, true_etag: bool) -> String {
        let name = self.key(key);
        let now = format!("{:.3}", self.aws.now());
        let known = self.aws.object(SOURCE, &name).and_then(|v| v.object);
        let (size, etag) = match known.filter(|_| true_etag) {
            Some(object) => (object.content.len(), object.etag),
            None => (5, "5d41402abc4b2a76b9719d911017c592".to_owned()),
        };
        let encode = |name: &str| utf8_percent_encode(name, NON_ALPHANUMERIC).to_string();
        let record = |event: &str| notification(event, &encode(&name), size, &etag, &now);
        match envelope {
            Envelope::S3 => record("ObjectCreated:Put"),
            Envelope::Removal => record("ObjectRemoved:Delete"),
            Envelope::Several => {
                let keys = (0..self.script.keys.len())
                    .map(|n| self.key((key + n) % self.script.keys.len()));
                let records = keys.map(|name| {
                    notification("ObjectCreated:Put", &encode(&name), size, &etag, &now)
                });
                let parsed = |record: String| {
                    serde_json::from_str::<Value>(&record).expect("it was printed as JSON")
                };
                let records = records.map(|record| parsed(record)["Records"][0].take());
                json!({ "Records": records.collect::<Vec<_>>() }).to_string()
            }
            Envelope::Sns => json!({
                "Type": "Notification", "MessageId": "1", "Timestamp": now,
                "TopicArn": "arn:aws:sns:us-east-1:111122223333:events",
                "Message": record("ObjectCreated:Copy"),
            })
            .to_string(),
            Envelope::EventBridge => json!({
                "version": "0", "id": "1", "detail-type": "Object Created", "source": "aws.s3",
                "account": "111122223333", "time": now, "region": "us-east-1",
                "resources": [format!("arn:aws:s3:::{SOURCE}")],
                "detail": {
                    "version": "0", "bucket": { "name": SOURCE },
                    "object": { "key": name, "size": size, "etag": etag, "sequencer": "00" },
                    "reason": "PutObject",
                },
            })
            .to_string(),
            Envelope::Work => self.work(key),
        }
    }

    /// What a caller may not do while this is denied.
    pub(super) fn denials(&self, what: Denied) -> Vec<Denial> {
        let deny = |action: &str, resource: &str| Denial {
            access_key: HOME_KEY.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
        };
        match what {
            Denied::Read => vec![deny("s3:GetObject", SOURCE)],
            Denied::Look(route) => vec![deny("s3:GetObject", &self.bucket(route))],
            Denied::Write(route) => vec![deny("s3:PutObject", &self.bucket(route))],
            Denied::ReadTags => vec![deny("s3:GetObjectTagging", SOURCE)],
            Denied::WriteTags(route) => vec![
                deny("s3:PutObjectTagging", &self.bucket(route)),
                deny("s3:PutObjectVersionTagging", &self.bucket(route)),
            ],
            Denied::Remove => vec![deny("s3:DeleteObject", "")],
            Denied::Receive => vec![deny("sqs:ReceiveMessage", "events")],
            Denied::Delete => vec![deny("sqs:DeleteMessage", "events")],
            Denied::Send => vec![deny("sqs:SendMessage", "")],
            Denied::DeadLetter => vec![deny("sqs:SendMessage", "events-dead")],
            Denied::Tell => vec![deny("sns:Publish", "")],
        }
    }

    /// Our own message: look at this key.
    pub(super) fn work(&self, key: usize) -> String {
        let key = utf8_percent_encode(&self.key(key), NON_ALPHANUMERIC).to_string();
        json!({ "brigade": 1, "kind": "work", "bucket": SOURCE, "key": key }).to_string()
    }
}

fn bucket(name: &str, region: &str, place: &Place) -> Bucket {
    let mut bucket = Bucket::new(name, region);
    if place.versioned {
        bucket = bucket.versioned();
    }
    if place.kms {
        bucket = bucket.kms();
    }
    bucket
}

fn dated(name: &str, modified: jiff::Timestamp) -> String {
    format!("out/{}/{name}", modified.strftime("%Y/%m/%d"))
}
