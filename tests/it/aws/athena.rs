//! Athena: workgroups, and queries that pass through their states and end as scripted.

mod run;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::run::Run;
use super::json::{JsonError, text};
use super::reply::Reply;
use super::request::Request;
use super::s3::S3;
use super::{Aws, Bucket, HOME_ACCOUNT, Scene};

/// A page of results holds at most so many rows, the header's among them (SDK model,
/// `MaxQueryResults`; ghdna/athena-express#1).
const ROWS_A_PAGE: usize = 1_000;

/// What was asked to stop goes on for so long; how long is ours.
const STOPS_AFTER: Duration = Duration::from_secs(1);

/// Everything of all regions.
#[derive(Debug, Default)]
pub(super) struct Athena {
    groups: BTreeMap<(String, String), WorkGroup>,
    /// How a statement goes, the next time and the times after that; the last stays.
    script: BTreeMap<(String, String), VecDeque<Run>>,
    queries: BTreeMap<String, Query>,
    /// What was asked with a token, and the query it started.
    tokens: BTreeMap<(String, String), (Value, String)>,
}

/// Whose settings hold for a query.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorkGroup {
    output: Option<String>,
    enforced: bool,
    disabled: bool,
}

#[derive(Debug)]
struct Query {
    region: String,
    sql: String,
    group: String,
    output: String,
    run: Run,
    began: Timestamp,
    stopped: Option<Timestamp>,
}

impl WorkGroup {
    /// Names a place for results.
    pub(crate) fn output(mut self, place: &str) -> Self {
        self.output = Some(place.to_owned());
        self
    }

    /// What a query asks for otherwise counts for nothing.
    pub(crate) fn enforced(mut self) -> Self {
        self.enforced = true;
        self
    }

    /// It takes no queries.
    pub(crate) fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }
}

impl Aws {
    /// Sets a workgroup up, or changes one.
    pub(crate) fn workgroup(&self, region: &str, name: &str, group: WorkGroup) {
        let at = (region.to_owned(), name.to_owned());
        self.with(|state, _| state.athena.groups.insert(at, group));
    }

    /// Gives `primary` a place for results.
    pub(crate) fn results(&self, region: &str) {
        self.create_bucket(Bucket::new("results", region));
        let group = WorkGroup::default().output("s3://results/");
        self.workgroup(region, "primary", group);
    }

    /// Says how a statement goes, first to last; the last repeats.
    pub(crate) fn script(&self, region: &str, sql: &str, runs: impl IntoIterator<Item = Run>) {
        let (at, runs) = ((region.to_owned(), sql.to_owned()), runs.into_iter());
        self.with(|state, _| state.athena.script.insert(at, runs.collect()));
    }

    /// Every query so far and its state, in order.
    pub(crate) fn queries(&self) -> Vec<(String, &'static str)> {
        self.with(|state, now| {
            let queries = state.athena.queries.values();
            queries
                .map(|query| (query.sql.clone(), query.state(now)))
                .collect()
        })
    }
}

/// The workgroup or the query a request is about, for the log.
pub(super) fn place(request: &Request) -> String {
    let input = request.json();
    let named = input["WorkGroup"].as_str();
    named
        .or(input["QueryExecutionId"].as_str())
        .unwrap_or_default()
        .to_owned()
}

pub(super) fn handle(
    athena: &mut Athena,
    s3: &S3,
    scene: &mut Scene<'_>,
    request: &Request,
) -> Reply {
    let answered = match request.target() {
        "StartQueryExecution" => athena.start(s3, scene, request),
        "GetQueryExecution" => athena.look(scene, request),
        "GetQueryResults" => athena.results(scene, request),
        "StopQueryExecution" => athena.stop(scene, request),
        "GetWorkGroup" => athena.group(scene, request),
        other => Err(not_known(other)),
    };
    match answered {
        Ok(value) => Reply::new(200).body(value.to_string()),
        Err(error) => error.reply(),
    }
}

impl Athena {
    /// Every region has one from the beginning, without a place for results (Athena user guide,
    /// "Manage workgroups").
    fn find(&self, region: &str, name: &str) -> Result<WorkGroup, JsonError> {
        let at = (region.to_owned(), name.to_owned());
        let found = self.groups.get(&at).cloned();
        found
            .or_else(|| (name == "primary").then(WorkGroup::default))
            .ok_or_else(|| invalid(format!("WorkGroup {name} is not found.")))
    }

    fn group(&self, scene: &Scene<'_>, request: &Request) -> Result<Value, JsonError> {
        let input = request.json();
        only(&input, &["WorkGroup"])?;
        let name = text(&input, "WorkGroup")?;
        allowed(scene, request, name)?;
        let group = self.find(&request.caller.region, name)?;
        let state = if group.disabled {
            "DISABLED"
        } else {
            "ENABLED"
        };
        Ok(
            json!({ "WorkGroup": { "Name": name, "State": state, "Configuration": {
                "ResultConfiguration": { "OutputLocation": group.output },
                "EnforceWorkGroupConfiguration": group.enforced,
            }}}),
        )
    }

    fn start(&mut self, s3: &S3, scene: &Scene<'_>, request: &Request) -> Result<Value, JsonError> {
        let (input, region) = (request.json(), request.caller.region.clone());
        let context = ["Database", "Catalog"];
        only(&input["QueryExecutionContext"], &context)?;
        only(&input["ResultConfiguration"], &["OutputLocation"])?;
        let known = ["QueryString", "ClientRequestToken", "QueryExecutionContext"];
        only(
            &input,
            &[&known[..], &["ResultConfiguration", "WorkGroup"]].concat(),
        )?;
        let (sql, token) = (
            text(&input, "QueryString")?.to_owned(),
            text(&input, "ClientRequestToken")?,
        );
        // SDK model, `QueryString` and `IdempotencyToken`.
        if !(1..=262_144).contains(&sql.len()) || !(32..=128).contains(&token.len()) {
            return Err(invalid("1 validation error detected"));
        }
        let group = input["WorkGroup"].as_str().unwrap_or("primary").to_owned();
        allowed(scene, request, &group)?;
        // DyfanJones/noctua#104.
        let key = (region.clone(), token.to_owned());
        if let Some((asked, id)) = self.tokens.get(&key) {
            return if *asked == input {
                Ok(json!({ "QueryExecutionId": id }))
            } else {
                Err(invalid("Idempotent parameters do not match"))
            };
        }
        let settings = self.find(&region, &group)?;
        if settings.disabled {
            return Err(invalid(format!("WorkGroup {group} is disabled.")));
        }
        let output = place_of_result(s3, &settings, &input)?;

        let at = (region.clone(), sql.clone());
        let mut run = match self.script.get_mut(&at) {
            Some(runs) if runs.len() > 1 => runs.pop_front(),
            Some(runs) => runs.front().cloned(),
            None => None,
        };
        // grafana/athena-datasource#112.
        let caller = (request.caller.access_key.as_str(), region.as_str());
        let bucket = output.trim_start_matches("s3://");
        if scene.access.check(caller, "s3:PutObject", bucket).is_err() {
            let why = format!("Access denied when writing to location: {output}");
            run = Some(Run::failed(&why, 2, false));
        }
        let nobody_knows = || Run::failed("line 1:1: no test says how this goes", 2, false);
        let id = format!("00000000-0000-4000-8000-{:012}", self.queries.len() + 1);
        let query = Query {
            region,
            sql,
            group,
            output,
            run: run.unwrap_or_else(nobody_knows),
            began: scene.now,
            stopped: None,
        };
        self.queries.insert(id.clone(), query);
        self.tokens.insert(key, (input, id.clone()));
        Ok(json!({ "QueryExecutionId": id }))
    }

    /// The query a request names, if its caller may use the workgroup it ran in.
    fn query(
        &mut self,
        scene: &Scene<'_>,
        request: &Request,
        known: &[&str],
    ) -> Result<&mut Query, JsonError> {
        let input = request.json();
        only(&input, known)?;
        let id = text(&input, "QueryExecutionId")?;
        let query = self.queries.get_mut(id);
        let query = query.filter(|query| query.region == request.caller.region);
        let query = query.ok_or_else(|| invalid(format!("QueryExecution {id} was not found")))?;
        allowed(scene, request, &query.group)?;
        Ok(query)
    }

    fn look(&mut self, scene: &Scene<'_>, request: &Request) -> Result<Value, JsonError> {
        let query = self.query(scene, request, &["QueryExecutionId"])?;
        Ok(query.show(scene.now))
    }

    /// Succeeds whatever the query's state; it goes on for a while (API reference: "stops a query
    /// execution", no error for one that has ended).
    fn stop(&mut self, scene: &Scene<'_>, request: &Request) -> Result<Value, JsonError> {
        let query = self.query(scene, request, &["QueryExecutionId"])?;
        query.stopped.get_or_insert(scene.now);
        Ok(json!({}))
    }

    fn results(&mut self, scene: &Scene<'_>, request: &Request) -> Result<Value, JsonError> {
        let known = ["QueryExecutionId", "MaxResults", "NextToken"];
        let (input, now) = (request.json(), scene.now);
        let query = self.query(scene, request, &known)?;
        match query.state(now) {
            "SUCCEEDED" => {}
            state @ ("QUEUED" | "RUNNING") => {
                let why = format!("Query has not yet finished. Current state: {state}");
                return Err(invalid(why));
            }
            state => {
                let why = format!("Query did not finish successfully. Final query state: {state}");
                return Err(invalid(why));
            }
        }
        // The caller's own right, not Athena's (API reference, `GetQueryResults`).
        let caller = (
            request.caller.access_key.as_str(),
            request.caller.region.as_str(),
        );
        let bucket = query.output.trim_start_matches("s3://");
        let read = scene.access.check(caller, "s3:GetObject", bucket);
        read.map_err(|refusal| JsonError::refused(refusal, "s3:GetObject", bucket))?;

        let most = match input["MaxResults"].as_u64() {
            None => ROWS_A_PAGE,
            Some(most) => usize::try_from(most).unwrap_or(usize::MAX),
        };
        if !(1..=ROWS_A_PAGE).contains(&most) {
            return Err(invalid(
                "MaxResults is more than maximum allowed length 1000.",
            ));
        }
        let id = text(&input, "QueryExecutionId")?;
        let from = match input["NextToken"].as_str() {
            None => 0,
            // Opaque, and of this query only.
            Some(token) => token
                .strip_prefix(&format!("{id}/"))
                .and_then(|from| from.parse().ok())
                .ok_or_else(|| invalid("Invalid NextToken"))?,
        };
        let (page, next) = query.run.page(from, most);
        let next = next.map(|next| format!("{id}/{next}"));
        let wrote = query.run.update_count();
        Ok(json!({ "ResultSet": page, "NextToken": next, "UpdateCount": wrote }))
    }
}

impl Query {
    fn state(&self, now: Timestamp) -> &'static str {
        let stopped = self.stopped.map(|at| at + STOPS_AFTER);
        match stopped.filter(|at| *at <= now) {
            // Only what had not ended by then was stopped.
            Some(at) if !self.run.has_ended(since(self.began, at)) => "CANCELLED",
            Some(_) | None => self.run.state(since(self.began, now)),
        }
    }

    fn show(&self, now: Timestamp) -> Value {
        let state = self.state(now);
        let (reason, error) = match state {
            "CANCELLED" if self.stopped.is_some() => {
                (Some("Query cancelled by user".to_owned()), Value::Null)
            }
            "FAILED" | "CANCELLED" => self.run.why(),
            _ => (None, Value::Null),
        };
        json!({ "QueryExecution": {
            "Query": self.sql, "WorkGroup": self.group, "StatementType": self.run.statement(),
            "SubstatementType": self.run.kind(),
            "ResultConfiguration": { "OutputLocation": self.output },
            "Status": { "State": state, "StateChangeReason": reason, "AthenaError": error,
                        "SubmissionDateTime": self.began.as_duration().as_secs_f64() },
            "Statistics": { "DataScannedInBytes": self.run.scanned(state) },
        }})
    }
}

/// The workgroup's where it insists, else the query's, else the workgroup's (user guide, "Override
/// client-side settings"). Its bucket must be there (re:Post, "Unable to verify/create output bucket").
fn place_of_result(s3: &S3, group: &WorkGroup, input: &Value) -> Result<String, JsonError> {
    let asked = input["ResultConfiguration"]["OutputLocation"].as_str();
    let asked = asked.map(str::to_owned);
    let place = if group.enforced {
        group.output.clone().or(asked)
    } else {
        asked.or_else(|| group.output.clone())
    };
    // aws/aws-sdk-js-v3#3589.
    let place = place.ok_or_else(|| {
        invalid(
            "No output location provided. An output location is required either through the \
             Workgroup result configuration setting or as an API input.",
        )
    })?;
    let bucket = place.strip_prefix("s3://").unwrap_or_default();
    let bucket = bucket.split('/').next().unwrap_or_default();
    if !s3.has_bucket(bucket) {
        let why = format!("Unable to verify/create output bucket {bucket}");
        return Err(invalid(why));
    }
    Ok(place)
}

fn since(began: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(began).try_into().unwrap_or_default()
}

fn allowed(scene: &Scene<'_>, request: &Request, group: &str) -> Result<(), JsonError> {
    let (action, region) = (
        format!("athena:{}", request.target()),
        &request.caller.region,
    );
    let arn = format!("arn:aws:athena:{region}:{HOME_ACCOUNT}:workgroup/{group}");
    let caller = (request.caller.access_key.as_str(), region.as_str());
    let allowed = scene.access.check(caller, &action, group);
    allowed.map_err(|refusal| JsonError::refused(refusal, &action, &arn))
}

fn invalid(why: impl Into<String>) -> JsonError {
    JsonError::new("InvalidRequestException", why)
}

/// What this world would otherwise ignore in silence.
fn only(input: &Value, known: &[&str]) -> Result<(), JsonError> {
    let mut asked = input.as_object().into_iter().flatten();
    match asked.find(|(name, _)| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some((strange, _)) => Err(not_known(strange)),
    }
}

fn not_known(what: &str) -> JsonError {
    JsonError {
        status: 501,
        ..JsonError::new("NotImplemented", what)
    }
}
