//! Daemons on the in-memory AWS: two buckets, a queue that hears of one of them, and what a test asks of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use brigade::admin::View;
use brigade::app::App;
use brigade::config::{Config, Sources};
use brigade::edge::{Clock, Edge, Rng};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aws::{
    Aws, Bucket, Call, Crawler, Fault, HOME_KEY, Line, Moment, Queue, Rule, TestObject,
};
use crate::logs;

/// Longer than anything here may take, in virtual time.
const PATIENCE: Duration = Duration::from_hours(6);

/// A world with `raw` (us-east-1), whose events go to a queue, and `lake` (eu-west-1).
pub(crate) struct Stage {
    pub(crate) aws: Aws,
    pub(crate) queue: String,
    pub(crate) dead: String,
}

impl Stage {
    pub(crate) fn new(seed: u64) -> Self {
        let stage = Self::without_target(seed);
        stage.aws.create_bucket(Bucket::new("lake", "eu-west-1"));
        stage
    }

    /// The same, but `lake` is still to be made.
    pub(crate) fn without_target(seed: u64) -> Self {
        logs::listen();
        let aws = Aws::new(seed);
        let dead = Queue::new("events-dead", "us-east-1");
        let queue = Queue::new("events", "us-east-1").redrive(&dead, 100);
        let dead = aws.create_queue(dead);
        let queue = aws.create_queue(queue);
        aws.create_bucket(Bucket::new("raw", "us-east-1"));
        aws.notify("raw", &queue);
        aws.create_crawler(Crawler::new("lake", "eu-west-1", Duration::from_mins(1)));
        Self { aws, queue, dead }
    }

    /// A configuration with one route, `orders`, and `more` of the route's keys and of others.
    pub(crate) fn config(&self, more: &str) -> Config {
        let queue = &self.queue;
        let file = format!(
            r#"
            aws.region = "us-east-1"
            queue.events.url = "{queue}"
            crawler.lake = {{ region = "eu-west-1", debounce = "30s", at_most_every = "10m" }}
            [route.orders]
            from = "s3://raw/in/"
            to = "s3://lake/orders/{{path}}"
            crawlers = "lake"
            {more}
            "#
        );
        match Config::load(&Sources::text("test.toml", &file)) {
            Ok(loaded) => loaded.config,
            Err(refusal) => panic!("{refusal}"),
        }
    }

    /// The outside world as a daemon of this stage sees it.
    pub(crate) fn edge(&self, seed: u64) -> Edge {
        edge(&self.aws, self.aws.http(), seed)
    }

    /// Starts a daemon.
    pub(crate) async fn start(&self, config: &Config) -> Daemon {
        let app = App::start(config, &self.edge(1))
            .await
            .expect("the queue is there");
        Daemon::run(app)
    }

    /// Starts a daemon whose line to the in-memory AWS can be cut.
    pub(crate) async fn start_on(&self, line: &Line, config: &Config) -> Daemon {
        let http = self.aws.http_on(None, line);
        let app = App::start(config, &edge(&self.aws, http, 1)).await;
        Daemon::run(app.expect("the queue is there"))
    }

    /// Puts an object under `in/` and lets S3 announce it.
    pub(crate) fn put(&self, name: &str, body: &str) {
        self.aws.put(
            "raw",
            TestObject::new(&format!("in/{name}"), body.to_owned()),
        );
    }

    /// Sends a message as anyone could.
    pub(crate) async fn send(&self, body: &str) {
        let sqs = aws_sdk_sqs::Client::new(&self.aws.sdk("us-east-1"));
        let sent = sqs
            .send_message()
            .queue_url(&self.queue)
            .message_body(body)
            .send()
            .await;
        sent.expect("the queue is there");
    }

    /// Waits until nothing is left in the queue, visible or hidden.
    pub(crate) async fn drained(&self) {
        until("the queue is empty", || self.aws.is_dry(&self.queue)).await;
    }

    /// Takes S3's test event out of the queue, which setting up notifications has put there.
    pub(crate) async fn drained_of_test_event(&self) {
        let sqs = aws_sdk_sqs::Client::new(&self.aws.sdk("us-east-1"));
        let reply = sqs
            .receive_message()
            .queue_url(&self.queue)
            .send()
            .await
            .expect("a reply");
        for message in reply.messages.unwrap_or_default() {
            let handle = message.receipt_handle.expect("a handle");
            let delete = sqs
                .delete_message()
                .queue_url(&self.queue)
                .receipt_handle(handle);
            delete.send().await.expect("deleted");
        }
    }

    /// The copy of `in/name`, as bytes.
    pub(crate) fn copy(&self, name: &str) -> Option<Vec<u8>> {
        let object = self.aws.object("lake", &format!("orders/{name}"))?.object?;
        Some(object.content.slice(0..object.content.len()).to_vec())
    }

    /// S3 calls to objects so far; looking up a bucket's region once is not one.
    pub(crate) fn s3_calls(&self) -> usize {
        let calls = self.aws.calls().0;
        calls
            .iter()
            .filter(|call| call.service == "s3" && call.operation != "HeadBucket")
            .count()
    }

    /// Sends what is dead-lettered back to its queue. How many.
    pub(crate) fn send_back(&self) -> usize {
        let dead_lettered = self.aws.empty(&self.dead);
        for message in &dead_lettered {
            self.aws.send_back(&self.queue, message);
        }
        dead_lettered.len()
    }

    /// What is dead-lettered: reason and error of each message.
    pub(crate) async fn dead_lettered(&self) -> Vec<(String, String)> {
        let sqs = aws_sdk_sqs::Client::new(&self.aws.sdk("us-east-1"));
        let mut dead_lettered = Vec::new();
        loop {
            let call = sqs
                .receive_message()
                .queue_url(&self.dead)
                .message_attribute_names("All");
            let reply = call
                .max_number_of_messages(10)
                .send()
                .await
                .expect("the queue is there");
            let messages = reply.messages.unwrap_or_default();
            if messages.is_empty() {
                return dead_lettered;
            }
            for message in messages {
                let attributes = message.message_attributes.unwrap_or_default();
                let text = |name: &str| {
                    let value = attributes.get(name).and_then(|value| value.string_value());
                    value.unwrap_or_default().to_owned()
                };
                dead_lettered.push((text("brigade.reason"), text("brigade.error")));
            }
        }
    }
}

/// A running daemon.
pub(crate) struct Daemon {
    tasks: JoinSet<anyhow::Result<()>>,
    stop: CancellationToken,
    pub(crate) view: Arc<View>,
}

impl Daemon {
    fn run(app: App) -> Self {
        let (stop, view) = (CancellationToken::new(), app.view());
        let mut tasks = JoinSet::new();
        tasks.spawn(app.run(stop.clone().cancelled_owned()));
        Self { tasks, stop, view }
    }

    /// Asks it to stop, as SIGTERM does.
    pub(crate) fn signal(&self) {
        self.stop.cancel();
    }

    /// Stops it and waits for its end.
    pub(crate) async fn stop(mut self) {
        self.signal();
        let ended = self
            .tasks
            .join_next()
            .await
            .expect("it runs")
            .expect("no panic");
        ended.expect("a clean drain");
        logs::check();
    }

    /// Stops it while it has more to do than `shutdown_timeout` allows: what it ends with.
    pub(crate) async fn stop_cut_off(mut self) -> String {
        self.signal();
        let ended = self.tasks.join_next().await.expect("it runs");
        let ended = ended.expect("no panic");
        ended.expect_err("the drain takes longer").to_string()
    }

    /// Ends it as kill -9 does; its line must be cut.
    pub(crate) fn dies(self) {
        drop(self.tasks);
    }

    /// Polls out at once, as `/status.json` shows them.
    pub(crate) fn pollers(&self) -> u64 {
        let status = serde_json::to_value(self.view.status()).expect("it is JSON");
        status["queues"]["events"]["pollers"]
            .as_u64()
            .expect("a number")
    }

    /// Whether `/status.json` calls the route held.
    pub(crate) fn is_paused(&self, route: &str) -> bool {
        self.route(route)["state"] == "paused"
    }

    /// The route as `/status.json` shows it.
    pub(crate) fn route(&self, route: &str) -> serde_json::Value {
        let status = serde_json::to_value(self.view.status()).expect("it is JSON");
        status["routes"][route].clone()
    }
}

/// The section of the stage's queue.
pub(crate) fn events(config: &mut Config) -> &mut brigade::config::Queue {
    let queue = config.queue.get_mut("events");
    queue.expect("every stage has it")
}

/// A world as a daemon sees it that reaches it by this client.
pub(crate) fn edge(aws: &Aws, http: SharedHttpClient, seed: u64) -> Edge {
    let clock = aws.clone();
    let credentials = Credentials::new(HOME_KEY, "secret", None, None, "stage");
    Edge {
        http,
        clock: Clock::new(move || clock.now()),
        rng: Rng::seeded(seed),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
    }
}

/// Does something to the in-memory AWS at the nth call of an operation, counted from now and from 0.
pub(crate) fn at(
    stage: &Stage,
    operation: &'static str,
    nth: usize,
    moment: Moment,
    act: impl Fn(&Aws) + Send + Sync + 'static,
) {
    let seen = AtomicUsize::new(0);
    let watcher = move |aws: &Aws, call: &Call, when| {
        let is_it = call.operation == operation && when == moment;
        if is_it && seen.fetch_add(1, Ordering::Relaxed) == nth {
            act(aws);
        }
    };
    stage.aws.watch(Some(Arc::new(watcher)));
}

/// Waits, in virtual time, until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The queues answer polls at once, with nothing, and hear of it if that brings polls without end.
pub(crate) fn no_queue_waits(stage: &Stage) {
    let empty = Rule::new(Fault::Empty200 { happens: false }).on("sqs", "ReceiveMessage");
    stage.aws.inject(empty);
    at(stage, "ReceiveMessage", 1_000, Moment::Before, |_| {
        panic!("asked a thousand times")
    });
}

/// A message that asks for a HEAD of one key.
pub(crate) fn work(key: &str) -> String {
    serde_json::json!({ "brigade": 1, "kind": "work", "bucket": "raw", "key": key }).to_string()
}

/// An S3 notification of one new object, as S3 would send it.
pub(crate) fn event(key: &str, size: u64, etag: &str, time: &str) -> String {
    notification("ObjectCreated:Put", key, size, etag, time)
}

/// An S3 notification of one object.
pub(crate) fn notification(name: &str, key: &str, size: u64, etag: &str, time: &str) -> String {
    serde_json::json!({ "Records": [{
        "eventVersion": "2.5", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": time, "eventName": name,
        "s3": { "bucket": { "name": "raw" },
                "object": { "key": key, "size": size, "eTag": etag, "sequencer": "00" } },
    }]})
    .to_string()
}
