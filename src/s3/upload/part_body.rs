//! Filling an upload with a part that is too large to hold: its bytes are sent on as they come.
//!
//! ```text
//! feed ── a piece at a time ──▶ PartSender ──▶ Pipe, the request's body ──▶ S3
//! ```
//!
//! * Nobody has such a body a second time: an attempt that fails is followed by one that is fed anew.
//! * Its checksum is known when it ends, so it comes last, as a trailer, and S3 compares it. An
//!   endpoint that keeps no checksums of parts may not know trailers either, and gets none: there the
//!   part's `ETag` tells whether its bytes have arrived.
//! * Its bytes are calls of their own. While it waits for them it holds no place
//!   that they could be waiting for.
//! * A connection that takes no more bytes is the SDK's stall guard's; what is timed here is how
//!   long S3 takes to answer.

use std::fmt::Display;
use std::future::pending;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::part::PUT_TIMEOUT;
use super::{Call, ETag, Effect, Part, Upload, guard, sdk_algorithm, wire};
use crate::s3::attempt::Attempt;
use crate::s3::sdk::{about, checksum_of, paying};
use crate::s3::seen::is_kms;
use crate::s3::{Kind, S3, S3Error};

const OP: &str = "UploadPart";

/// What goes by in [`PUT_TIMEOUT`] on a slow line.
const SLOWLY: u64 = 16 << 20;

/// What the bytes that were put in sum up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    /// Base64, in the upload's algorithm, if it is known.
    pub checksum: Option<String>,
    /// The part's MD5, which its `ETag` is unless KMS encrypts it; computed if there is no checksum.
    pub etag: Option<ETag>,
}

/// Where the bytes of a part go in.
#[derive(Debug)]
pub struct PartSender(mpsc::Sender<Bytes>);

impl PartSender {
    /// Waits until the piece before has been taken.
    pub async fn is_free(&self) {
        if self.0.reserve().await.is_err() {
            // The request has ended, and its answer will end whoever asks.
            pending::<()>().await;
        }
    }

    /// Sends a piece on.
    pub async fn send(&self, piece: Bytes) {
        if self.0.send(piece).await.is_err() {
            pending::<()>().await;
        }
    }
}

/// A body of so many bytes still to come.
struct PartBody {
    pieces: mpsc::Receiver<Bytes>,
    left: u64,
}

impl Body for PartBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.pieces.poll_recv(cx).map(|piece| {
            let piece = piece?;
            self.left = self.left.saturating_sub(piece.len() as u64);
            Some(Ok(Frame::data(piece)))
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl S3 {
    /// Sends one part that `feed` puts in, piece by piece.
    ///
    /// # Errors
    /// [`S3Error`]; what `feed` ends with ends the part. `Kind::Corrupt` when S3 has summed up
    /// other bytes; `Kind::Gone` when the upload is no longer open.
    pub async fn stream_part<Feeding>(
        &self,
        upload: &Upload,
        (number, length): (u32, u64),
        feed: impl Fn(PartSender) -> Feeding + Sync,
    ) -> Result<Part, S3Error>
    where
        Feeding: Future<Output = Result<Sums, S3Error>> + Send,
    {
        let client = self.client(&upload.bucket).await?;
        let call = Call {
            op: OP,
            effect: Effect::Repeatable,
        };
        let (limits, bucket) = (self.limits.passing(), &upload.bucket.name);
        let answer = guard(&limits, bucket, call, patience(length), || {
            let attempt = Attempt::start(self.limits.metrics(), call.op);
            let (sender, pieces) = mpsc::channel(1);
            let feeding = feed(PartSender(sender));
            let pipe = PartBody {
                pieces,
                left: length,
            };
            let request = paying!(client.upload_part(), &upload.bucket)
                .key(&upload.key)
                .upload_id(&upload.id)
                .part_number(wire(number))
                .content_length(i64::try_from(length).expect("at most 5 GiB"))
                .body(SdkBody::from_body_1_x(pipe).into())
                .set_checksum_algorithm(upload.algorithm.map(sdk_algorithm))
                .customize()
                .config_override(trailing(upload));
            async move {
                let mut sent = pin!(request.send());
                let sums = select! {
                    // In this order: the last piece is in before S3 can have it.
                    biased;
                    sums = feeding => sums,
                    early = &mut sent => {
                        attempt.end(early)?;
                        return Err(unanswered("before all was sent"));
                    }
                };
                match sums {
                    // No fault of the destination's, whose limit would learn from it.
                    Err(other) => Ok(Err(other)),
                    Ok(sums) => {
                        let answer = timeout(PUT_TIMEOUT, sent).await;
                        let answer = answer.map_err(|late| unanswered(&late.to_string()))?;
                        Ok(Ok((sums, attempt.end(answer)?)))
                    }
                }
            }
        });
        let (sums, answer) = self.learn(&upload.bucket, answer.await)??;
        let etag = answer.e_tag.as_deref().map(ETag::new);
        let etag = etag.ok_or_else(|| S3Error::empty(call.op).about(&answer))?;
        let kms = answer.server_side_encryption.as_ref().is_some_and(is_kms);
        let reported = checksum_of!(answer, upload.algorithm);
        sums.compare(reported.as_deref(), (!kms).then_some(&etag))?;
        Ok(Part {
            number,
            size: length,
            etag,
            checksum: sums.checksum.or(reported),
        })
    }
}

impl Sums {
    /// Compares them with what S3 says has arrived.
    fn compare(&self, checksum: Option<&str>, etag: Option<&ETag>) -> Result<(), S3Error> {
        let corrupt = |sent: &dyn Display, arrived: &dyn Display| {
            let message = format!("{sent} was sent, and {arrived} has arrived");
            S3Error::with(OP, Kind::Corrupt, message)
        };
        match (&self.checksum, checksum) {
            (Some(sent), Some(arrived)) if sent != arrived => return Err(corrupt(sent, &arrived)),
            (Some(_), Some(_)) => return Ok(()),
            (None, _) | (_, None) => {}
        }
        match (&self.etag, etag) {
            (Some(sent), Some(arrived)) if sent != arrived => Err(corrupt(sent, arrived)),
            (None | Some(_), _) => Ok(()),
        }
    }
}

/// How long a part on a slow line may take, and its answer.
fn patience(length: u64) -> Duration {
    let bodies = length.div_ceil(SLOWLY) + 1;
    PUT_TIMEOUT * u32::try_from(bodies).expect("a part is at most 5 GiB")
}

/// Whether a checksum follows the body.
fn trailing(upload: &Upload) -> Builder {
    Builder::default().request_checksum_calculation(match upload.algorithm {
        Some(_) => RequestChecksumCalculation::WhenSupported,
        None => RequestChecksumCalculation::WhenRequired,
    })
}

fn unanswered(message: &str) -> S3Error {
    S3Error::with(OP, Kind::Unanswered, message)
}
