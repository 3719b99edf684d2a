//! The connector: from the SDK's HTTP request to a service and back, with the faults in between.

use std::sync::PoisonError;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::calls::{Call, Moment};
use super::fault::{Fault, Silence};
use super::line::Line;
use super::reply::Reply;
use super::request::Request;
use super::torn::{Tear, receive};
use super::{Aws, athena, events, glue, json, s3, secrets, sns, sqs, sts, tables};

/// Hands out connectors into one simulation.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) aws: Aws,
    pub(super) number: Option<usize>,
    pub(super) line: Line,
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let read_timeout = settings.read_timeout();
        SharedHttpConnector::new(Connector {
            wire: self.clone(),
            read_timeout,
        })
    }
}

#[derive(Debug)]
struct Connector {
    wire: Wire,
    /// Kept here because the SDK leaves it to the HTTP client.
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, http: HttpRequest) -> HttpConnectorFuture {
        let (wire, limit) = (self.wire.clone(), self.read_timeout);
        HttpConnectorFuture::new(async move {
            let answer = wire.carry(wire.receive(http).await?);
            let reply = match limit {
                Some(limit) => timeout(limit, answer).await.unwrap_or_else(|_| {
                    Err(ConnectorError::timeout(
                        "no answer within the read timeout".into(),
                    ))
                })?,
                None => answer.await?,
            };
            Ok(reply.into_http())
        })
    }
}

impl Wire {
    /// Reads a request to its end, unless its body is corrupt on the way.
    async fn receive(&self, http: HttpRequest) -> Result<Request, ConnectorError> {
        let (mut request, body) = Request::head(http);
        // What a call to another service is about stands in its body.
        if request.caller.service == "s3" {
            let tear = self.aws.with(|state, now| {
                let call = describe(&request, now);
                state.faults.tear(&call, &mut state.rng)
            });
            request.body = receive(body, request.length(), tear).await?;
        } else {
            request.body = receive(body, 0, None).await?;
        }
        Ok(request)
    }

    /// From the request to its answer, as far as the line carries them.
    async fn carry(&self, mut request: Request) -> Result<Reply, ConnectorError> {
        self.line.pass().await?;
        let aws = &self.aws;
        let (index, call, fault, _inside) = aws.with(|state, now| {
            let mut call = describe(&request, now);
            call.line = self.number;
            let mut fault = state.faults.strike(&call, &mut state.rng);
            let inside = state.crowds.enter(aws, &call.place);
            if inside.is_err() {
                fault = Some(Fault::SlowDown);
            }
            call.fault = fault.as_ref().map(Fault::name);
            state.calls.0.push(call.clone());
            // A session's key is nobody's without the session's token (IAM user guide, "Using
            // temporary security credentials").
            let token = request.header("x-amz-security-token");
            if !state.access.vouches(&request.caller.access_key, token) {
                request.caller.access_key.push_str(", without its token");
            }
            let fault = fault.or_else(|| state.latency.draw(&mut state.rng));
            (state.calls.0.len() - 1, call, fault, inside.ok())
        });
        aws.report(&call, Moment::Before);
        self.line.pass().await?;
        let reply = match fault {
            Some(fault) => aws.suffer(fault, &mut request).await?,
            None => aws.perform(&request).await,
        };
        let reply = reply.numbered(&request.caller.service, index);
        aws.with(|state, _| {
            let call = &mut state.calls.0[index];
            (call.status, call.code) = (Some(reply.status), reply.code.clone());
            call.request_id = reply.request_id().map(str::to_owned);
        });
        aws.report(&call, Moment::After);
        self.line.pass().await?;
        Ok(reply)
    }
}

impl Aws {
    /// Lets whoever watches the calls do something at this moment.
    fn report(&self, call: &Call, moment: Moment) {
        let watcher = self.0.watcher.lock();
        let watcher = watcher.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(watcher) = watcher {
            watcher(self, call, moment);
        }
    }

    async fn perform(&self, request: &Request) -> Reply {
        match request.caller.service.as_str() {
            "s3" => self.with(|state, now| {
                let (s3, _, _, mut scene) = state.scene(now);
                s3::handle(s3, &mut scene, request)
            }),
            "sqs" => self.sqs(request).await,
            "glue" if tables::takes(request.target()) => {
                self.with(|state, _| tables::handle(&mut state.tables, &state.access, request))
            }
            "glue" => self.with(|state, now| {
                let (_, _, glue, mut scene) = state.scene(now);
                glue::handle(glue, &mut scene, request)
            }),
            "athena" => self.with(|state, now| {
                let mut athena = std::mem::take(&mut state.athena);
                let (s3, _, _, mut scene) = state.scene(now);
                let reply = athena::handle(&mut athena, s3, &mut scene, request);
                state.athena = athena;
                reply
            }),
            "secretsmanager" => {
                self.with(|state, _| secrets::handle(&state.secrets, &state.access, request))
            }
            "sns" => {
                self.with(|state, now| sns::handle(&mut state.sns, &state.access, now, request))
            }
            "events" => self
                .with(|state, now| events::handle(&mut state.buses, &state.access, now, request)),
            "sts" => {
                self.with(|state, now| sts::handle(&mut state.sts, &mut state.access, now, request))
            }
            other => Reply::new(501)
                .code("NotImplemented")
                .body(format!("no service {other:?}")),
        }
    }

    async fn suffer(&self, fault: Fault, request: &mut Request) -> Result<Reply, ConnectorError> {
        match fault {
            Fault::Lost(silence) => {
                let _ = self.perform(request).await;
                Err(silent(silence).await)
            }
            Fault::Dropped(silence) => Err(silent(silence).await),
            Fault::Late(after, silence) => {
                drop(self.travels(after, request.clone()));
                Err(silent(silence).await)
            }
            Fault::SlowDown => Ok(refusal(
                request,
                503,
                "SlowDown",
                "Please reduce your request rate.",
            )),
            Fault::KeySlowDown => Ok(refusal(
                request,
                503,
                "SlowDown",
                "Please reduce your request rate for operations involving AWS KMS.",
            )),
            Fault::KeyDisabled => {
                let why = "arn:aws:kms:us-east-1:111122223333:key/1 is disabled.";
                Ok(refusal(request, 400, "KMS.DisabledException", why))
            }
            Fault::Invalid => Ok(refusal(request, 400, "InvalidRequest", "Thrown in.")),
            Fault::InternalError => Ok(internal(request)),
            Fault::ErrorIn200 { code, happens } => {
                if happens {
                    let _ = self.perform(request).await;
                }
                Ok(refusal(
                    request,
                    200,
                    code,
                    "Thrown in after the head was sent.",
                ))
            }
            Fault::Empty200 { happens } => {
                if happens {
                    let _ = self.perform(request).await;
                }
                Ok(Reply::new(200))
            }
            Fault::Answer { status, body } => Ok(Reply::new(status).body(body)),
            Fault::Endless { status } => {
                let mut reply = Reply::new(status);
                reply.tear = Some(Tear::Endless);
                Ok(reply)
            }
            Fault::NotImplemented => {
                let why = "A header you provided implies functionality that is not implemented";
                Ok(refusal(request, 501, "NotImplemented", why))
            }
            Fault::Conflict => {
                let why = "The conditional request cannot succeed due to a conflicting operation \
                           against this resource.";
                Ok(refusal(request, 409, "ConditionalRequestConflict", why))
            }
            Fault::Slow { before, after } => {
                let reply = arrived(self.travels(before, request.clone())).await;
                sleep(after).await;
                Ok(reply)
            }
            Fault::LongCopy(time) => {
                request.read = self.with(|state, now| {
                    let (s3, _, _, scene) = state.scene(now);
                    s3::read_ahead(s3, &scene, request)
                });
                Ok(arrived(self.travels(time, request.clone())).await)
            }
            Fault::Torn(tear) => {
                let mut reply = self.perform(request).await;
                reply.tear = Some(tear);
                Ok(reply)
            }
            // It has struck while the body came.
            Fault::Sent(_) => Ok(self.perform(request).await),
            Fault::Entries(positions) => {
                request.failing_entries = positions;
                Ok(self.perform(request).await)
            }
        }
    }

    /// A request that was sent happens, whether or not its sender still waits.
    #[expect(
        clippy::disallowed_methods,
        reason = "what happens in the world outlives the call it came from"
    )]
    fn travels(&self, time: Duration, request: Request) -> JoinHandle<Reply> {
        let aws = self.clone();
        tokio::spawn(async move {
            sleep(time).await;
            aws.perform(&request).await
        })
    }
}

async fn arrived(request: JoinHandle<Reply>) -> Reply {
    request.await.expect("the world does not panic")
}

pub(super) async fn silent(silence: Silence) -> ConnectorError {
    match silence {
        Silence::Hang => std::future::pending().await,
        Silence::Reset => ConnectorError::io("connection reset by peer".into()),
    }
}

fn internal(request: &Request) -> Reply {
    let why = "We encountered an internal error. Please try again.";
    refusal(request, 500, "InternalError", why)
}

/// An error in the words of the service it comes from.
fn refusal(request: &Request, status: u16, code: &'static str, why: &str) -> Reply {
    match request.caller.service.as_str() {
        "s3" => s3::refusal(status, code, why),
        // SQS and Glue have names of their own for being asked too much (SDK models).
        "sqs" if code == "SlowDown" => json::refusal(403, "RequestThrottled", why),
        // SNS has a name of its own for it (SDK model, `ThrottledException`).
        "sns" if code == "SlowDown" => sts::refusal(429, "Throttled", why),
        "sns" | "sts" => sts::refusal(status, code, why),
        // Two writers at once (SDK model, `ConcurrentModificationException`).
        "glue" if code == "ConditionalRequestConflict" => {
            json::refusal(400, "ConcurrentModificationException", why)
        }
        "glue" if code == "InternalError" => json::refusal(500, "InternalServiceException", why),
        // Only what Athena's model says throws it (SDK model, errors of each operation).
        "athena"
            if code == "SlowDown"
                && ["StartQueryExecution", "GetQueryResults"].contains(&request.target()) =>
        {
            json::refusal(400, "TooManyRequestsException", why)
        }
        "athena" | "events" | "glue" | "secretsmanager" if code == "SlowDown" => {
            json::refusal(400, "ThrottlingException", why)
        }
        _ => json::refusal(status, code, why),
    }
}

fn describe(request: &Request, at: Timestamp) -> Call {
    let (operation, place, key) = match request.caller.service.as_str() {
        "s3" => s3::describe(request),
        "sqs" => (
            request.target().to_owned(),
            sqs::place(request),
            String::new(),
        ),
        "glue" if tables::takes(request.target()) => (
            request.target().to_owned(),
            tables::place(request),
            String::new(),
        ),
        "glue" => (
            request.target().to_owned(),
            glue::place(request),
            String::new(),
        ),
        "athena" => (
            request.target().to_owned(),
            athena::place(request),
            String::new(),
        ),
        "secretsmanager" => (
            request.target().to_owned(),
            secrets::place(request),
            String::new(),
        ),
        "events" => (
            request.target().to_owned(),
            events::place(request),
            String::new(),
        ),
        "sns" => {
            let (action, topic) = sns::describe(request);
            (action, topic, String::new())
        }
        "sts" => {
            let (action, role) = sts::describe(request);
            (action, role, String::new())
        }
        _ => (
            request.target().to_owned(),
            request.host.clone(),
            String::new(),
        ),
    };
    let conditional = ["if-match", "if-none-match"]
        .iter()
        .any(|h| request.header(h).is_some());
    let header = |name| request.header(name).map(str::to_owned);
    Call {
        at,
        line: None,
        service: request.caller.service.clone(),
        operation,
        region: request.caller.region.clone(),
        access_key: request.caller.access_key.clone(),
        place,
        key,
        conditional,
        owner: header("x-amz-expected-bucket-owner"),
        source_owner: header("x-amz-source-expected-bucket-owner"),
        signs_body: header("x-amz-content-sha256").is_some_and(|digest| digest.len() == 64),
        status: None,
        code: None,
        request_id: None,
        fault: None,
    }
}
