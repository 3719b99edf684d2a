//! Which envelope a body wears, told by its fields before any of them is believed.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ParseError;
use super::error::clip;

/// A body as it came.
pub(super) enum Outer<'a> {
    /// An SNS notification around another body.
    Sns { message: String },
    /// Anything else.
    Bare(Shape<'a>),
}

/// An envelope that was recognised but not parsed yet.
pub(super) enum Shape<'a> {
    /// Our own message.
    Own { version: &'a RawValue },
    /// An S3 notification.
    S3 { records: &'a RawValue },
    /// What S3 sends to try a queue.
    Test,
    /// An EventBridge event of source `aws.s3`, by its `detail-type`.
    EventBridge { name: Option<Cow<'a, str>> },
}

/// The fields that tell the envelopes apart. Undecoded, so that an unrelated use of such a name,
/// or a huge value under it, costs and breaks nothing.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    brigade: Option<&'a RawValue>,
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "Event")]
    event: Option<&'a RawValue>,
    #[serde(borrow, rename = "Type")]
    sns_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "Message")]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
}

impl<'a> Outer<'a> {
    /// Recognises a body by its fields.
    pub(super) fn of(body: &'a str) -> Result<Self, ParseError> {
        let foreign = |hint: String| Err(ParseError::Foreign { hint });
        let whole: &RawValue =
            serde_json::from_str(body).map_err(|error| ParseError::from_json(&error))?;
        // Asked here because serde would take a list for a struct without field names.
        if !whole.get().starts_with('{') {
            return foreign("this is not a JSON object".into());
        }
        let fields: Fields<'a> =
            serde_json::from_str(body).map_err(|error| ParseError::from_json(&error))?;
        if let Some(version) = fields.brigade {
            return Ok(Self::Bare(Shape::Own { version }));
        }
        if let Some(records) = fields.records {
            return Ok(Self::Bare(Shape::S3 { records }));
        }
        if let Some(event) = text(fields.event) {
            return match &*event {
                "s3:TestEvent" => Ok(Self::Bare(Shape::Test)),
                other => foreign(format!(
                    "its Event is \"{}\", expected \"s3:TestEvent\"",
                    clip(other)
                )),
            };
        }
        if let Some(sns_type) = text(fields.sns_type) {
            return match (&*sns_type, text(fields.message)) {
                ("Notification", Some(message)) => Ok(Self::Sns {
                    message: message.into_owned(),
                }),
                ("Notification", None) => foreign("the SNS notification has no Message".into()),
                (other, _) => foreign(format!(
                    "its Type is \"{}\", expected SNS's \"Notification\"",
                    clip(other)
                )),
            };
        }
        match (text(fields.source), text(fields.detail_type)) {
            (Some(source), _) if source != "aws.s3" => foreign(format!(
                "its source is \"{}\", expected \"aws.s3\"",
                clip(&source)
            )),
            (Some(_), name) => Ok(Self::Bare(Shape::EventBridge { name })),
            (None, _) => foreign("it has none of the fields Records, Type, source, brigade".into()),
        }
    }
}

fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    raw.and_then(|raw| serde_json::from_str::<Text<'_>>(raw.get()).ok())
        .map(|Text(text)| text)
}
