//! A part that is too large to hold: read piece by piece, and sent on as it comes.
//!
//! ```text
//!         GET range ─▶ piece ─▶ sum ─▶ UploadPart
//! held:   one arrives,  one waits,  one leaves
//! ```
//!
//! The rules it keeps:
//! * a piece is read like any part, pinned to the source's `ETag`; one that breaks is taken up at its
//!   byte, and S3 sees nothing of it but a pause;
//! * a write that breaks is begun anew, as nobody has what was sent;
//! * what was read is summed up on its way. That is compared with what S3 says has arrived, and with
//!   the source before an object is made of all parts;
//! * a part waits for its lines before it begins, and then no more: S3 gives up on a body that
//!   pauses. So over the time of one part they carry their rate.

use bytes::BytesMut;

use super::composite::Expected;
use super::parts::Parts;
use super::stream::may_travel;
use super::sum::Summing;
use crate::plan::pieces;
use crate::s3::{Checksum, Part, PartSender, S3Error, Sums};

impl Parts {
    /// Makes one part of the pinned source.
    pub(super) async fn streamed(&self, number: u32) -> Result<Part, S3Error> {
        let length = self.layout.length(number);
        self.pay(length).await;
        let _room = self.copier.memory.room(length).await;
        let reported = self.reported(number).await?;
        let feed = |sender| self.feed(number, reported.clone(), sender);
        self.to
            .stream_part(&self.upload, (number, length), feed)
            .await
    }

    /// Reads the part and sends it on; gives what it sums up to.
    async fn feed(
        &self,
        number: u32,
        reported: Option<Checksum>,
        sender: PartSender,
    ) -> Result<Sums, S3Error> {
        let range = self.layout.range(number);
        let mut expected = reported.map(Expected::new);
        let mut summing = Summing::begin(self.sums, self.upload.algorithm.is_none());
        for piece in pieces(range.clone()) {
            let is_last = piece.end == range.end;
            sender.is_free().await;
            let length = usize::try_from(piece.end - piece.start).expect("a piece fits in memory");
            let body = self
                .from
                .get_range(
                    &self.bucket,
                    (&self.key, &self.pin),
                    piece,
                    BytesMut::with_capacity(length),
                )
                .await?;
            summing.add(&body);
            if let Some(expected) = &mut expected {
                expected.add(&body);
            }
            if is_last && let Some(expected) = expected.take() {
                // Before S3 has all of it.
                expected.end()?;
            }
            sender.send(body).await;
        }
        Ok(summing.end())
    }

    /// Waits until so many bytes may be read and written: a bit at a time, so that nobody has to wait
    /// for all of it, and one part after the other, so that they do not all begin at once.
    async fn pay(&self, length: u64) {
        let _turn = self.paying.lock().await;
        for bit in pieces(0..length) {
            let bytes = bit.end - bit.start;
            may_travel(self.bandwidth.as_ref(), (&self.from, &self.to), bytes).await;
        }
    }
}
