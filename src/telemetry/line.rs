//! One event as one flat JSON object in one line.
//!
//! ```text
//! timestamp, level, message, environment, target     every line has them, in this order
//! the event's fields                                 typed: numbers, booleans, texts, lists, objects
//! the fields of the spans around it                  unless the event, or an inner span, has the field
//! ```
//!
//! No key is written twice, for readers keep the last: an event's field that has the name of another key gets an
//! underscore (`message_`). Own code has no such field (`sites.rs`); libraries may. A text is cut after
//! 8 KiB, because keys, event names and bodies are written by strangers, and collectors split or refuse long lines.
//!
//! The JSON of `tracing-subscriber` repeats keys (tokio-rs/tracing#3195), writes lists as texts and has spans in a
//! list of their own; `json-subscriber` can nest and rename but leaves the first two as they are.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::Write as _;

use serde::{Serialize, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::structured::Structured;

/// The longest text, in bytes.
const LONGEST: usize = 8 * 1024;

/// The field in which `tracing` keeps an event's text.
const TEXT: &str = "message";

/// What the `log` crate's records carry: where they come from. Only the target is of use.
const FROM_LOG: &str = "log.";

/// Writes each event as a line of JSON.
#[derive(Debug)]
pub struct JsonLines<W> {
    environment: String,
    writer: W,
}

impl<W> JsonLines<W> {
    /// Writes to `writer`, one call of `write_all` a line. `environment` goes on every line.
    #[must_use]
    pub fn new(environment: &str, writer: W) -> Self {
        let environment = environment.to_owned();
        Self {
            environment,
            writer,
        }
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let target = fields.target.take();
        let target = target.unwrap_or_else(|| metadata.target().into());

        let mut line = Line::default();
        line.put("timestamp", now().into());
        line.put("level", metadata.level().as_str().into());
        line.put(TEXT, fields.text.take().unwrap_or_default());
        line.put("environment", self.environment.clone().into());
        line.put("target", target);
        for (name, value) in fields.named {
            line.put(name, value);
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.add(fields);
            }
        }
        let mut writer = self.writer.make_writer_for(metadata);
        // There is nowhere to report it.
        let _ = writer.write_all(&line.to_bytes());
    }
}

/// The clock of log lines is the machine's, whatever the daemon goes by.
fn now() -> String {
    let mut now = String::new();
    // Cannot fail on a String.
    let _ = SystemTime.format_time(&mut Writer::new(&mut now));
    now
}

/// What an event or a span carries.
#[derive(Debug, Default)]
struct Fields {
    text: Option<Value>,
    target: Option<Value>,
    named: Vec<(&'static str, Value)>,
}

impl Fields {
    fn push(&mut self, field: &Field, value: Value) {
        match field.name() {
            TEXT if self.text.is_none() => self.text = Some(value),
            "log.target" => self.target = Some(value),
            name if name.starts_with(FROM_LOG) => {}
            name => match self.named.iter_mut().find(|(known, _)| *known == name) {
                // A span's field may be recorded again.
                Some((_, known)) => *known = value,
                None => self.named.push((name, value)),
            },
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, clipped(value).into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if let Some(structured) = value.downcast_ref::<Structured>() {
            return self.push(field, structured.value().clone());
        }
        let mut chain = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(chain, ": {error}");
            cause = error.source();
        }
        self.push(field, clipped(&chain).into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, clipped(&format!("{value:?}")).into());
    }
}

fn clipped(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return text.into();
    }
    let start = &text[..text.floor_char_boundary(LONGEST)];
    format!("{start}… ({} bytes)", text.len()).into()
}

/// The object that is written; keys in their order, each once.
#[derive(Debug, Default)]
struct Line(Vec<(Cow<'static, str>, Value)>);

impl Line {
    /// Adds a value, under another name if the name is taken.
    fn put(&mut self, name: &'static str, value: Value) {
        let mut name = Cow::from(name);
        while self.has(&name) {
            name.to_mut().push('_');
        }
        self.0.push((name, value));
    }

    /// Adds what a span says and nobody nearer to the event.
    fn add(&mut self, span: &Fields) {
        for (name, value) in &span.named {
            if !self.has(name) {
                self.0.push(((*name).into(), value.clone()));
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn to_bytes(&self) -> Vec<u8> {
        // Texts, numbers and JSON values: nothing that could fail.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// What is written while `say` runs.
    fn written(say: impl FnOnce()) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let into = lines.clone();
        let writer = move || Into(into.clone());
        let subscriber = tracing_subscriber::registry().with(JsonLines::new("prod", writer));
        tracing::subscriber::with_default(subscriber, say);
        let lines = lines.lock().unwrap().clone();
        String::from_utf8(lines).unwrap()
    }

    #[derive(Debug)]
    struct Into(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Into {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A line without its time.
    fn line(say: impl FnOnce()) -> String {
        let written = written(say);
        let (time, rest) = written.split_once(',').unwrap();
        assert!(time.starts_with("{\"timestamp\":\"20"), "{time}");
        rest.to_owned()
    }

    #[test]
    fn a_line_is_one_flat_object_with_typed_fields() {
        let queues = Structured::new(["a", "b"]);
        let error = std::io::Error::other("no answer");
        let error: &(dyn Error + 'static) = &error;
        let said = line(|| {
            let outer = tracing::info_span!("outer", queue = "events", n = 1);
            let _outer = outer.enter();
            let inner = tracing::info_span!("inner", n = 2, later = tracing::field::Empty);
            inner.record("later", true);
            let _inner = inner.enter();
            tracing::info!(
                queues = queues.field(),
                bytes = 7_u64,
                lag = 0.5,
                error,
                of = -1,
                "running"
            );
        });
        assert_eq!(
            said,
            "\"level\":\"INFO\",\"message\":\"running\",\"environment\":\"prod\",\
             \"target\":\"brigade::telemetry::line::tests\",\"queues\":[\"a\",\"b\"],\"bytes\":7,\"lag\":0.5,\
             \"error\":\"no answer\",\"of\":-1,\"n\":2,\"later\":true,\"queue\":\"events\"}\n"
        );
    }

    #[test]
    fn a_key_is_written_once_whatever_a_library_names_its_fields() {
        let said =
            line(|| tracing::warn!(message = "theirs", level = 3, environment = "x", "ours"));
        assert_eq!(
            said,
            "\"level\":\"WARN\",\"message\":\"ours\",\"environment\":\"prod\",\
             \"target\":\"brigade::telemetry::line::tests\",\"message_\":\"theirs\",\"level_\":3,\
             \"environment_\":\"x\"}\n"
        );
    }

    #[test]
    fn what_strangers_wrote_is_clipped_and_stays_in_its_line() {
        let said = line(|| {
            let name = "\u{1b}[31m\n€".repeat(100_000);
            tracing::debug!(name, "ignored");
        });
        assert!(said.len() < 4 * LONGEST, "{} bytes", said.len());
        assert_eq!(said.lines().count(), 1);
        assert!(
            said.contains("€… (900000 bytes)") || said.contains("… (900000 bytes)"),
            "{said}"
        );
    }
}
