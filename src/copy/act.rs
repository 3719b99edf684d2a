//! Carrying a plan out: inside S3, or [through this process](super::stream).

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::marker::{self, Marker};
use super::memory::Memory;
use super::plan::Copy;
use super::progress::Progress;
use super::tags::{Rights, Tagging};
use super::unkept::Unkept;
use super::verify::verify;
use super::way::Way;
use crate::config::{self, Properties};
use crate::queue::{Terms, Window};
use crate::s3::{Bandwidth, CopyObject, ETag, Kind, Object, S3Error, Side, Spot, Tags, Written};

/// Carries plans out. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Copier {
    pub(super) memory: Memory,
    /// Buckets that were seen to encrypt with a KMS key: copies into them need the mark.
    kms: Arc<Mutex<HashSet<String>>>,
    progress: Progress,
    pub(super) rights: Rights,
    /// What was warned about, on which route.
    warned: Arc<Mutex<HashSet<(String, Unkept)>>>,
}

/// The route that a copy is for.
#[derive(Debug, Clone, Copy)]
pub struct ForRoute<'a> {
    /// The `[route.NAME]`.
    pub name: &'a str,
    /// What its streamed bytes may take, if that is bounded.
    pub bandwidth: Option<&'a Bandwidth>,
    /// What it says of parts.
    pub parts: config::Parts,
    /// What it says of its copies.
    pub properties: &'a Properties,
}

/// One write to carry out.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// For which route.
    pub route: ForRoute<'a>,
    /// Where the source is.
    pub from: Side<'a>,
    /// Under which key.
    pub key: &'a str,
    /// Where the copy goes.
    pub to: Side<'a>,
    /// Under which key.
    pub target: &'a str,
    /// What was decided.
    pub copy: &'a Copy,
    /// What a look at the source has shown, if there was one.
    pub source: Option<&'a Object>,
    /// Its bytes, where they came with that look.
    pub body: Option<&'a Bytes>,
    /// An earlier try may have been cut off; the source was looked at since.
    pub again: bool,
    /// What it leaves behind.
    pub traces: &'a Traces,
}

/// What a copy in parts leaves behind that did not become one.
#[derive(Debug, Default)]
pub struct Traces {
    /// An upload that could not be taken back.
    pub stays: AtomicBool,
    /// Parts it has made itself, which a later try goes on with.
    pub gained: AtomicBool,
    /// An upload was torn: nothing that is open for the key is gone on with.
    pub torn: AtomicBool,
}

/// A write that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The source version that was read, where S3 told.
    pub source_version: Option<String>,
    /// False when the answer cannot show that the copy is right and nobody has looked yet.
    pub proven: bool,
    /// The version that was written, in a bucket that keeps them.
    pub version: Option<String>,
    /// The copy's tags, where they are still to be put onto it.
    pub tags: Option<Tags>,
}

/// Why a copy was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CopyError {
    /// S3 said no.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// The copy that was written is not its source.
    #[error("integrity: the copy has {what} {got}, the source {want}")]
    Integrity {
        /// What was compared: the `ETag` or a checksum.
        what: &'static str,
        /// The source's.
        want: String,
        /// The copy's.
        got: String,
    },
}

impl CopyError {
    /// Whether bytes arrived that are not the source's.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        matches!(
            self,
            Self::Integrity { .. }
                | Self::S3(S3Error {
                    kind: Kind::Corrupt,
                    ..
                })
        )
    }
}

impl Copier {
    /// A copier that holds at most `memory` bytes of bodies.
    #[must_use]
    pub fn new(memory: u64) -> Self {
        Self {
            memory: Memory::new(memory),
            kms: Arc::default(),
            progress: Progress::default(),
            rights: Rights::default(),
            warned: Arc::default(),
        }
    }

    /// How far the copies in parts have come.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether a bucket was seen to encrypt with a KMS key.
    #[must_use]
    pub fn is_kms(&self, bucket: &str) -> bool {
        self.kms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(bucket)
    }

    /// Warns, once a route, of what its copies leave behind.
    pub fn warn(&self, route: ForRoute<'_>, key: &str, left: &[Unkept]) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        for what in left {
            if warned.insert((route.name.to_owned(), *what)) {
                let route = route.name;
                tracing::warn!(route, key, %what, "copies do not keep this; said once a route");
            }
        }
    }

    /// Writes the destination and compares what S3 answers with the source.
    ///
    /// # Errors
    /// [`CopyError`].
    pub async fn act(&self, act: Act<'_>, window: &Window) -> Result<Done, CopyError> {
        let mut tagging = self.tagging(act).await?;
        let patient = act.patient(window).await?;
        let window = patient.as_ref().unwrap_or(window);
        let written = match self.write(act, &tagging, window).await {
            Err(CopyError::S3(denied)) if Self::may_leave_tags(act.route, &tagging, &denied) => {
                tagging = Tagging::Left;
                // Boxed: rare, and as large as the first try.
                let again = Box::pin(self.write(act, &tagging, window));
                let written = again.await?;
                self.left_tags(act.route, &denied);
                written
            }
            written => written?,
        };
        if written.kms {
            self.kms
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(act.to.bucket.name.clone());
        }
        // A marked copy vouches for itself; an unmarked one wants a look at both sides.
        let proven = verify(&act.copy.pin, act.source, &written)? || act.copy.marked;
        Ok(Done {
            source_version: written.source_version.clone(),
            proven,
            version: written.own_version(),
            tags: match tagging {
                Tagging::Follow(tags) => Some(tags),
                Tagging::Copied | Tagging::Sent(_) | Tagging::Left => None,
            },
        })
    }

    async fn write(
        &self,
        act: Act<'_>,
        tagging: &Tagging,
        window: &Window,
    ) -> Result<Written, CopyError> {
        match act.copy.way {
            Way::Server => Ok(self.server(act, tagging, window).await?),
            Way::Stream => self.stream(act, tagging, window).await,
            // Boxed: it is large, and few copies need it.
            Way::ServerParts | Way::StreamParts => {
                Box::pin(self.in_parts(act, tagging, window)).await
            }
        }
    }

    async fn server(
        &self,
        act: Act<'_>,
        tagging: &Tagging,
        window: &Window,
    ) -> Result<Written, S3Error> {
        let metadata = act.metadata(tagging, None);
        let marked = act.source.filter(|_| act.copy.marked);
        let copy = CopyObject {
            source: act.from.bucket,
            source_key: act.key,
            pin: &act.copy.pin,
            bucket: act.to.bucket,
            key: act.target,
            condition: &act.copy.condition,
            replace: marked.map(|source| tagging.dress(source, &metadata)),
            tags: *tagging == Tagging::Copied,
            properties: act.route.properties,
        };
        act.to.s3.copy(&copy, window).await
    }
}

impl<'a> Act<'a> {
    /// What a look at the source has shown, where nothing can be done without it.
    pub(super) fn seen(&self) -> Result<&'a Object, S3Error> {
        self.source.ok_or_else(|| {
            let code = "Unseen".into();
            let message = format!("{} needs a HEAD of its source", self.copy.way);
            S3Error::with("GetObject", Kind::Refused { code }, message)
        })
    }

    /// A window with more time for one write, where it needs that: who is cut off each time never arrives.
    async fn patient(&self, window: &Window) -> Result<Option<Window>, S3Error> {
        let bytes = self.source.map_or(0, |source| source.size);
        let patience = self.copy.way.patience(bytes);
        if !self.again || patience <= window.terms().write_timeout() {
            return Ok(None);
        }
        let longer = window.reaching(Terms::for_write_of(patience)).await;
        let op = match self.copy.way {
            Way::Server => "CopyObject",
            Way::Stream | Way::ServerParts | Way::StreamParts => "PutObject",
        };
        Ok(Some(longer.map_err(|_| S3Error::new(op, Kind::Lease))?))
    }

    /// The source's user metadata, with our mark if the copy carries one; it says what was `sent`.
    pub(super) fn metadata(
        &self,
        tagging: &Tagging,
        sent: Option<&ETag>,
    ) -> BTreeMap<String, String> {
        let Some(source) = self.source else {
            return BTreeMap::new();
        };
        let mut metadata = source.metadata.clone();
        metadata.remove(marker::NAME);
        if self.copy.marked {
            let spot = Spot::new(self.from.bucket, self.key);
            let mark = Marker::of(&spot, source).of_body(sent);
            let mark = mark.before_its_tags(tagging.follows());
            mark.put_into(&mut metadata);
        }
        metadata
    }
}
