//! Glue crawlers: they take their time, refuse a second start and end as scripted.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::json::{JsonError, text};
use super::reply::Reply;
use super::request::Request;
use super::{Aws, HOME_ACCOUNT, Scene};

/// All crawlers, by region and name.
#[derive(Debug, Default)]
pub(super) struct Glue(BTreeMap<(String, String), Crawler>);

/// One crawler and the runs it has made.
#[derive(Debug, Clone)]
pub(crate) struct Crawler {
    name: String,
    region: String,
    takes: Duration,
    script: VecDeque<Ending>,
    runs: Vec<(Timestamp, Ending)>,
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Succeeded,
    Failed(String),
}

impl Crawler {
    /// A crawler whose runs take this long and succeed.
    pub(crate) fn new(name: &str, region: &str, takes: Duration) -> Self {
        let (name, region) = (name.to_owned(), region.to_owned());
        Self {
            name,
            region,
            takes,
            script: VecDeque::new(),
            runs: Vec::new(),
        }
    }

    /// How the next runs end, first to last; after that they succeed.
    pub(crate) fn script(mut self, endings: impl IntoIterator<Item = Ending>) -> Self {
        self.script = endings.into_iter().collect();
        self
    }

    /// When each run began.
    pub(crate) fn starts(&self) -> Vec<Timestamp> {
        self.runs.iter().map(|(start, _)| *start).collect()
    }

    /// When each run that succeeded began, and when it ended.
    pub(crate) fn crawls(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let good = |(_, ending): &&(Timestamp, Ending)| *ending == Ending::Succeeded;
        let runs = self.runs.iter().filter(good);
        runs.map(|(start, _)| (*start, *start + self.takes))
    }

    fn running(&self, now: Timestamp) -> bool {
        self.runs
            .last()
            .is_some_and(|(start, _)| now < *start + self.takes)
    }

    /// No queueing: a start during a run is refused (Glue API reference, `StartCrawler`).
    fn start(&mut self, now: Timestamp) -> Result<Value, JsonError> {
        if self.running(now) {
            let why = format!("Crawler with name {} has already started", self.name);
            return Err(JsonError::new("CrawlerRunningException", why));
        }
        let ending = self.script.pop_front().unwrap_or(Ending::Succeeded);
        self.runs.push((now, ending));
        Ok(json!({}))
    }

    /// `LastCrawl` speaks of the last run that has ended (SDK model, `LastCrawlInfo`).
    fn show(&self, now: Timestamp) -> Value {
        let running = self.running(now);
        let state = if running { "RUNNING" } else { "READY" };
        let ended = self.runs.len() - usize::from(running);
        let mut crawler = json!({ "Name": self.name, "State": state });
        if let Some((start, ending)) = self.runs[..ended].last() {
            let (status, error) = match ending {
                Ending::Succeeded => ("SUCCEEDED", None),
                Ending::Failed(why) => ("FAILED", Some(why)),
            };
            let start = start.as_duration().as_secs_f64();
            crawler["LastCrawl"] =
                json!({ "Status": status, "StartTime": start, "ErrorMessage": error });
        }
        json!({ "Crawler": crawler })
    }
}

impl Aws {
    /// Sets a crawler up.
    pub(crate) fn create_crawler(&self, crawler: Crawler) {
        let at = (crawler.region.clone(), crawler.name.clone());
        self.with(|state, _| state.glue.0.insert(at, crawler));
    }

    /// Takes a crawler away.
    pub(crate) fn delete_crawler(&self, region: &str, name: &str) {
        self.with(|state, _| state.glue.0.remove(&(region.to_owned(), name.to_owned())));
    }

    /// A crawler as it is now.
    pub(crate) fn crawler(&self, region: &str, name: &str) -> Crawler {
        let at = (region.to_owned(), name.to_owned());
        self.with(|state, _| state.glue.0[&at].clone())
    }
}

/// The crawler a request is about, for the log.
pub(super) fn place(request: &Request) -> String {
    request.json()["Name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

pub(super) fn handle(glue: &mut Glue, scene: &mut Scene<'_>, request: &Request) -> Reply {
    match perform(glue, scene, request) {
        Ok(value) => Reply::new(200).body(value.to_string()),
        Err(error) => error.reply(),
    }
}

fn perform(glue: &mut Glue, scene: &mut Scene<'_>, request: &Request) -> Result<Value, JsonError> {
    let (input, region) = (request.json(), request.caller.region.clone());
    let name = text(&input, "Name")?;
    let action = format!("glue:{}", request.target());
    let arn = format!("arn:aws:glue:{region}:{HOME_ACCOUNT}:crawler/{name}");
    let caller = (request.caller.access_key.as_str(), region.as_str());
    let allowed = scene.access.check(caller, &action, name);
    allowed.map_err(|refusal| JsonError::refused(refusal, &action, &arn))?;
    let crawler = glue
        .0
        .get_mut(&(region.clone(), name.to_owned()))
        .ok_or_else(|| {
            let why = format!("Crawler with name {name} does not exist");
            JsonError::new("EntityNotFoundException", why)
        })?;
    match request.target() {
        "StartCrawler" => crawler.start(scene.now),
        "GetCrawler" => Ok(crawler.show(scene.now)),
        other => Err(JsonError {
            status: 501,
            ..JsonError::new("NotImplemented", other)
        }),
    }
}
