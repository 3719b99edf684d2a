//! Panics: logged like everything else, and caught where they concern one message.
//!
//! A panic is a fault of ours or of a library, met by one input. It must not end the process, which works other
//! messages, nor hide the message that met it.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, PanicHookInfo};

use futures_util::FutureExt;

use crate::cause;
use crate::metrics::Metrics;

/// Work that panicked, with the panic's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("panicked: {0}")]
pub struct Panicked(String);

/// Logs each panic of this process as one line, instead of the lines that Rust writes to stderr.
pub fn log_all() {
    std::panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        location,
        panic = message(panic.payload()),
        backtrace,
        "panicked"
    );
}

/// Runs work to its end. Its panic is counted, and returned as an error.
///
/// # Errors
/// When it panicked.
pub async fn caught<T>(metrics: &Metrics, work: impl Future<Output = T>) -> Result<T, Panicked> {
    // What work shares with others stands behind locks that outlive a panic, and in drop guards.
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.map_err(|payload| {
        metrics.panics.inc();
        Panicked(message(&*payload).to_owned())
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    cause::clipped(text.unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_counted_and_its_message_returned() {
        let metrics = Metrics::new("test").0;
        let number = 7;
        let formatted = caught(&metrics, async { panic!("number {number}") }).await;
        let literal: Result<(), _> = caught(&metrics, async { panic!("a literal") }).await;
        assert_eq!(formatted, Err::<(), _>(Panicked("number 7".into())));
        assert_eq!(literal.unwrap_err().to_string(), "panicked: a literal");
        assert_eq!(metrics.panics.get(), 2);
        assert_eq!(caught(&metrics, async { 5 }).await, Ok(5));
        assert_eq!(metrics.panics.get(), 2);
    }
}
