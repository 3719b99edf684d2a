//! An access key that is kept in Secrets Manager.
//!
//! ```text
//! first use ──▶ AWSCURRENT ── every 10 min, and when AWS refuses it ──▶ AWSCURRENT again
//!                                                                        │ unchanged
//!                                                                        ▼
//!                                                                     AWSPREVIOUS
//! ```
//!
//! The rules:
//! * However many callers there are, one reads the secret. Callers with a usable key go on with it.
//! * A refused caller says which generation it used; if there is a newer one, the secret is not read.
//! * The last key stays in use while Secrets Manager does not answer.
//! * After a refusal the secret is read at most every few seconds, so that wrong keys in both stages do not run up a
//!   bill.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use serde::Serialize;
use tokio::time::Instant;

use super::keys;
use crate::cause;
use crate::lock::locked;
use crate::metrics::Metrics;

/// A rotation is seen after so long even if no key is ever refused.
const CACHED_FOR: Duration = Duration::from_mins(10);

/// What could not be read again is tried again after so long.
const TRY_AGAIN: Duration = Duration::from_mins(1);

/// Secrets Manager is asked no sooner again about what failed or was refused.
const SOONEST: Duration = Duration::from_secs(5);

/// An access key in a secret. Cheap to clone.
#[derive(Clone)]
pub struct Secret(Arc<Inner>);

struct Inner {
    client: Client,
    id: String,
    metrics: Metrics,
    state: Mutex<State>,
    /// Held by the caller that reads the secret.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    cached: Option<Held>,
    /// Why the last reading failed, and when.
    failed: Option<(Instant, SecretError)>,
    /// When a refusal was asked about last.
    renewed: Option<Instant>,
    /// When a refusal was heard of last.
    suspected: Option<Instant>,
}

struct Held {
    credentials: Credentials,
    stage: Stage,
    generation: u64,
    /// When to read again.
    until: Instant,
}

/// Which version of the secret is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Stage {
    /// The one that counts.
    #[serde(rename = "AWSCURRENT")]
    Current,
    /// The one before: a rotation is under way, and S3 does not know the new key yet.
    #[serde(rename = "AWSPREVIOUS")]
    Previous,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// Why there are no credentials. Names the secret, never what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret {id:?}: {why}")]
pub struct SecretError {
    id: String,
    why: String,
}

/// A secret as `/status.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretStatus {
    /// Which version is in use; none before the first use.
    pub stage: Option<Stage>,
    /// Why it could not be read the last time.
    pub error: Option<String>,
}

impl Secret {
    /// A secret by its name or ARN, asked through a client of its reader; makes no call.
    #[must_use]
    pub fn new(client: Client, id: &str, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            client,
            id: id.to_owned(),
            metrics,
            state: Mutex::default(),
            asking: tokio::sync::Mutex::new(()),
        }))
    }

    /// Makes sure that there are credentials, and returns their generation.
    ///
    /// # Errors
    /// When there never were any.
    pub async fn ready(&self) -> Result<u64, SecretError> {
        if let Some((generation, is_old)) = self.generation() {
            if is_old && let Ok(_asking) = self.0.asking.try_lock() {
                self.read_again().await;
            }
            return Ok(self.generation().map_or(generation, |(now, _)| now));
        }
        let _asking = self.0.asking.lock().await;
        if let Some((generation, _)) = self.generation() {
            return Ok(generation);
        }
        if let Some((at, error)) = &self.state().failed
            && at.elapsed() < SOONEST
        {
            return Err(error.clone());
        }
        let credentials = self.ask(Stage::Current).await?;
        Ok(self.cache(credentials, Stage::Current))
    }

    /// Says that credentials of this generation were refused. Whether there are others by now: a
    /// call that was refused can be sent again with them.
    pub async fn renew(&self, refused: u64) -> bool {
        let _asking = self.0.asking.lock().await;
        let cached = {
            let mut state = self.state();
            let Some(cached) = &state.cached else {
                return false;
            };
            if cached.generation != refused {
                return true;
            }
            let cached = cached.credentials.clone();
            if state.renewed.is_some_and(|at| at.elapsed() < SOONEST) {
                return false;
            }
            state.renewed = Some(Instant::now());
            cached
        };
        for stage in [Stage::Current, Stage::Previous] {
            match self.ask(stage).await {
                Ok(other) if !is_same(&other, &cached) => {
                    tracing::info!(
                        secret = self.0.id,
                        stage = stage.name(),
                        "credentials renewed"
                    );
                    self.cache(other, stage);
                    return true;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, stage = stage.name(), "credentials refused, no others");
                    return false;
                }
            }
        }
        tracing::warn!(
            secret = self.0.id,
            "credentials refused, and the secret has no others"
        );
        false
    }

    /// Says that a call was refused which will come back by itself: time to read again.
    pub(super) fn suspect(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let soon = state.suspected.is_none_or(|at| at.elapsed() >= SOONEST);
        if let Some(cached) = &mut state.cached
            && soon
        {
            cached.until = now;
            state.suspected = Some(now);
        }
    }

    /// What `/status.json` shows.
    #[must_use]
    pub fn status(&self) -> SecretStatus {
        let state = self.state();
        SecretStatus {
            stage: state.cached.as_ref().map(|cached| cached.stage),
            error: state.failed.as_ref().map(|(_, error)| error.to_string()),
        }
    }

    /// The generation there is, and whether it is time to read again.
    fn generation(&self) -> Option<(u64, bool)> {
        let state = self.state();
        let cached = state.cached.as_ref()?;
        Some((cached.generation, cached.until <= Instant::now()))
    }

    /// Reads the secret again; the cached key stays in use if that fails.
    async fn read_again(&self) {
        match self.ask(Stage::Current).await {
            Ok(credentials) => {
                self.cache(credentials, Stage::Current);
            }
            Err(error) => {
                tracing::warn!(%error, "secret not readable; the last credentials stay in use");
                if let Some(cached) = &mut self.state().cached {
                    cached.until = Instant::now() + TRY_AGAIN;
                }
            }
        }
    }

    /// A generation is new only if its credentials are.
    fn cache(&self, credentials: Credentials, stage: Stage) -> u64 {
        let mut known = self.state();
        let generation = match &known.cached {
            None => 0,
            Some(cached) if is_same(&cached.credentials, &credentials) => cached.generation,
            Some(cached) => cached.generation + 1,
        };
        known.failed = None;
        known.cached = Some(Held {
            credentials,
            stage,
            generation,
            until: Instant::now() + CACHED_FOR,
        });
        generation
    }

    async fn ask(&self, stage: Stage) -> Result<Credentials, SecretError> {
        const OP: &str = "GetSecretValue";
        let Inner {
            client,
            id,
            metrics,
            ..
        } = &*self.0;
        let request = client.get_secret_value().secret_id(id);
        // Boxed: the SDK's futures are large, and every call to S3 may end up here.
        let answer = Box::pin(request.version_stage(stage.name()).send()).await;
        metrics.call("secretsmanager", OP, cause::status(&answer));
        let read = match answer {
            Ok(answer) => match answer.secret_string() {
                Some(text) => keys::read(text),
                None => Err("no text in it (SecretString)".into()),
            },
            Err(error) => Err(describe(OP, &error)),
        };
        read.map_err(|why| {
            let id = id.clone();
            let error = SecretError { id, why };
            self.state().failed = Some((Instant::now(), error.clone()));
            error
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.0.state)
    }
}

/// Whether two are signed with alike.
fn is_same(one: &Credentials, other: &Credentials) -> bool {
    one.access_key_id() == other.access_key_id()
        && one.secret_access_key() == other.secret_access_key()
        && one.session_token() == other.session_token()
}

fn describe<E>(op: &str, error: &SdkError<E, aws_smithy_runtime_api::http::Response>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default();
    match (code, error.message()) {
        ("ResourceNotFoundException", Some(message)) => {
            let message = cause::of_request(cause::clipped(message).to_owned(), error);
            format!("not found by this caller in this region: {op}: {message}")
        }
        ("", _) => match cause::credentials(error) {
            Some(why) => format!("cannot be read: no usable credentials: {why}"),
            None => format!("cannot be read: {op}: {}", cause::describe(error)),
        },
        _ => format!("cannot be read: {op}: {}", cause::describe(error)),
    }
}

impl ProvideCredentials for Secret {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.ready()
                .await
                .map_err(CredentialsError::provider_error)?;
            let state = self.state();
            let cached = state
                .cached
                .as_ref()
                .map(|cached| cached.credentials.clone());
            Ok(cached.expect("there are some, once they were ready"))
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
