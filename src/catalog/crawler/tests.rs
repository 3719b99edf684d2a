//! The task against a scripted Glue, on a paused clock.

use std::collections::VecDeque;
use std::sync::Mutex;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::super::crawlers::{Crawlers, Snapshot};
use super::super::glue::CrawlResult;
use super::super::scripted::{Answer, Scripted};
use super::*;
use crate::edge::Clock;
use crate::metrics::Metrics;

/// One crawler as Glue would have it.
#[derive(Default)]
struct Glue {
    run_ends: Option<Instant>,
    /// How the next runs end; then they succeed.
    results: VecDeque<&'static str>,
    last: Option<&'static str>,
    /// Marked while the next start is being asked for.
    signal: Option<Crawlers>,
    /// What the next calls say instead.
    trouble: VecDeque<Answer>,
}

const RUN: Duration = Duration::from_secs(42);

impl Glue {
    fn answer(&mut self, op: &str) -> Answer {
        if self.run_ends.is_some_and(|at| at <= Instant::now()) {
            self.run_ends = None;
            self.last = Some(self.results.pop_front().unwrap_or("SUCCEEDED"));
        }
        if let Some(trouble) = self.trouble.pop_front() {
            return trouble;
        }
        match (op, self.run_ends) {
            ("StartCrawler", Some(_)) => Answer::Error("CrawlerRunningException"),
            ("StartCrawler", None) => {
                self.run_ends = Some(Instant::now() + RUN);
                self.signal
                    .take()
                    .iter()
                    .for_each(|crawlers| crawlers.arrived("orders"));
                Answer::Is(json!({}))
            }
            ("GetCrawler", running) => {
                let state = if running.is_some() {
                    "RUNNING"
                } else {
                    "READY"
                };
                let last = self.last.map(|status| json!({"Status": status}));
                Answer::Is(json!({"Crawler": {"State": state, "LastCrawl": last}}))
            }
            (other, _) => panic!("{other} is not expected"),
        }
    }
}

/// A crawler task at work.
struct Fixture {
    glue: Arc<Mutex<Glue>>,
    calls: Scripted,
    crawlers: Crawlers,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Fixture {
    /// With `debounce` 30 s and `at_most_every` 600 s.
    fn new(glue: Glue) -> Self {
        Self::with_quiet(glue, Duration::from_secs(30))
    }

    fn with_quiet(glue: Glue, debounce: Duration) -> Self {
        let glue = Arc::new(Mutex::new(glue));
        let behind = glue.clone();
        let calls = Scripted::new(move |op: &str, body: &Value| {
            assert_eq!(body, &json!({"Name": "orders-crawler"}));
            behind.lock().unwrap().answer(op)
        });
        let config = config::Crawler {
            name: Some("orders-crawler".into()),
            region: None,
            account: None,
            debounce,
            ..config::Crawler::default()
        };
        let stop = CancellationToken::new();
        let client = calls.glue();
        let by = (Rng::with_seed(7), Clock::new(|| Timestamp::UNIX_EPOCH));
        let metrics = Metrics::new("test").0;
        let report = Report::new("orders", &config, "eu-west-1", metrics, by);
        let task = CrawlerTask::new(report, &config, client, stop.clone(), stop.clone());
        let crawlers = [task.handle()].into_iter().collect();
        let mut tasks = JoinSet::new();
        tasks.spawn(task.run());
        Self {
            glue,
            calls,
            crawlers,
            stop,
            tasks,
        }
    }

    async fn until(&self, second: u64) {
        tokio::time::sleep_until(self.calls.boot() + Duration::from_secs(second)).await;
    }

    fn starts(&self) -> Vec<u64> {
        self.calls.times("StartCrawler")
    }

    fn reported(&self) -> Snapshot {
        self.crawlers.snapshot()["orders"].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn boot_owes_one_run_and_nothing_more() {
    let fixture = Fixture::new(Glue::default());
    fixture.until(29).await;
    assert_eq!(
        (fixture.reported().state, fixture.reported().dirty),
        (State::Waiting, true)
    );
    fixture.until(40).await;
    assert_eq!(
        (fixture.reported().state, fixture.reported().dirty),
        (State::Running, false)
    );
    fixture.until(90).await;
    let reported = fixture.reported();
    assert_eq!(
        (reported.state, reported.last_result),
        (State::Idle, Some(CrawlResult::Succeeded))
    );
    assert_eq!(reported.last_started_seconds_ago, Some(60));
    let readings = fixture.calls.times("GetCrawler").len();
    assert_eq!(readings, 9, "every 5 s for 42 s");
    fixture.until(100_000).await;
    assert_eq!(fixture.starts(), [30]);
    assert_eq!(
        fixture.calls.times("GetCrawler").len(),
        readings,
        "an idle crawler costs no call"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_is_looked_at_as_often_as_quiet_is_short() {
    for (why, debounce, want) in [
        ("every second", Duration::from_secs(1), 42),
        ("never without pause", Duration::ZERO, 420),
        ("every 5 s is enough", Duration::from_mins(5), 9),
    ] {
        let fixture = Fixture::with_quiet(Glue::default(), debounce);
        fixture.until(400).await;
        assert_eq!(fixture.calls.times("GetCrawler").len(), want, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_one_run() {
    let fixture = Fixture::new(Glue::default());
    fixture.until(2000).await;
    for _ in 0..500 {
        fixture.crawlers.arrived("orders");
        sleep(Duration::from_millis(20)).await;
    }
    fixture.until(10_000).await;
    assert_eq!(
        fixture.starts(),
        [30, 2039],
        "30 s after the last, which came at 2009.98 s"
    );
}

#[tokio::test(start_paused = true)]
async fn arrivals_without_end_do_not_put_a_run_off_for_ever() {
    let fixture = Fixture::new(Glue::default());
    for _ in 0..2500 {
        fixture.crawlers.arrived("orders");
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(
        fixture.starts(),
        [600, 1201, 1802, 2403],
        "600 s after the first not yet covered"
    );
}

#[tokio::test(start_paused = true)]
async fn an_arrival_during_a_run_needs_another() {
    let fixture = Fixture::new(Glue::default());
    fixture.until(31).await;
    fixture.crawlers.arrived("orders");
    fixture.until(40).await;
    assert_eq!(
        (fixture.reported().state, fixture.reported().dirty),
        (State::Running, true)
    );
    fixture.until(10_000).await;
    assert_eq!(fixture.starts(), [30, 630]);
}

#[tokio::test(start_paused = true)]
async fn so_does_one_while_the_start_is_being_asked_for() {
    let fixture = Fixture::new(Glue::default());
    fixture.glue.lock().unwrap().signal = Some(fixture.crawlers.clone());
    fixture.until(10_000).await;
    assert_eq!(fixture.starts(), [30, 630]);
}

#[tokio::test(start_paused = true)]
async fn after_a_run_that_is_not_ours_exactly_one_more_follows() {
    let ends = Instant::now() + Duration::from_secs(200);
    let fixture = Fixture::new(Glue {
        run_ends: Some(ends),
        ..Glue::default()
    });
    fixture.until(100).await;
    assert_eq!(
        (fixture.reported().state, fixture.reported().dirty),
        (State::Busy, true)
    );
    fixture.crawlers.arrived("orders");
    fixture.until(198).await;
    fixture.crawlers.arrived("orders");
    fixture.until(10_000).await;
    assert_eq!(
        fixture.starts(),
        [30, 200],
        "refused at 30 s, granted as soon as it is ready"
    );
    assert_eq!(fixture.reported().state, State::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_failed_is_run_again() {
    for (result, want) in [
        ("FAILED", CrawlResult::Failed),
        ("CANCELLED", CrawlResult::Cancelled),
    ] {
        let fixture = Fixture::new(Glue {
            results: [result].into(),
            ..Glue::default()
        });
        fixture.until(100).await;
        let reported = fixture.reported();
        assert_eq!(
            (reported.last_result, reported.dirty),
            (Some(want), true),
            "{result}"
        );
        fixture.until(10_000).await;
        let reported = fixture.reported();
        assert_eq!(
            (reported.last_result, reported.dirty),
            (Some(CrawlResult::Succeeded), false)
        );
        let starts = fixture.starts();
        assert_eq!(starts.len(), 2, "{result}: {starts:?}");
        assert!((630..=675).contains(&starts[1]), "{result}: {starts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn runs_that_keep_failing_are_run_ever_less_often() {
    let fixture = Fixture::new(Glue {
        results: ["FAILED"; 1000].into(),
        ..Glue::default()
    });
    fixture.until(24 * 3600).await;
    let starts = fixture.starts();
    assert!(
        (24..=50).contains(&starts.len()),
        "at least hourly: {starts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_crawler_is_named_and_found_once_it_exists() {
    let missing = || Answer::Error("EntityNotFoundException");
    let trouble = std::iter::repeat_with(missing).take(20).collect();
    let fixture = Fixture::new(Glue {
        trouble,
        ..Glue::default()
    });
    fixture.until(1000).await;
    assert_eq!(
        fixture.reported().error.as_deref(),
        Some("StartCrawler: no such crawler: EntityNotFoundException: so it is")
    );
    fixture.glue.lock().unwrap().trouble.clear();
    let tried = fixture.starts();
    let growing: Vec<_> = tried.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        growing[..4].iter().all(|wait| *wait <= 9),
        "soon at first: {growing:?}"
    );
    assert!(
        growing.iter().all(|wait| *wait <= 301),
        "never longer than 5 min: {growing:?}"
    );
    assert!((8..=15).contains(&tried.len()), "{growing:?}");
    fixture.until(1000 + 301 + 50).await;
    let reported = fixture.reported();
    assert_eq!(
        (reported.error, reported.last_result),
        (None, Some(CrawlResult::Succeeded))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_made_again() {
    let trouble = [Answer::Error("ThrottlingException"), Answer::Broken].into();
    let fixture = Fixture::new(Glue {
        trouble,
        ..Glue::default()
    });
    fixture.until(36).await;
    assert_eq!(fixture.starts().len(), 3, "throttled, broken, granted");
    fixture.glue.lock().unwrap().trouble = [Answer::Broken, Answer::Broken].into();
    fixture.until(46).await;
    let reported = fixture.reported();
    assert_eq!(
        (reported.state, reported.error),
        (State::Running, None),
        "a look is no verdict on the run"
    );
    fixture.until(10_000).await;
    assert_eq!(fixture.starts().len(), 3);
    assert_eq!(fixture.reported().last_result, Some(CrawlResult::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_the_wait() {
    for second in [1, 31, 500] {
        let mut fixture = Fixture::new(Glue::default());
        fixture.until(second).await;
        fixture.stop.cancel();
        fixture.tasks.join_next().await.unwrap().unwrap();
        assert_eq!(fixture.calls.boot().elapsed().as_secs(), second, "at once");
    }
}
