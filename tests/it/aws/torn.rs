//! Bodies that do not arrive as they were sent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// What happens to a body on its way, after half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tear {
    /// The connection is reset.
    Reset,
    /// It ends, as if it were whole.
    End,
    /// Nothing comes for so long; then the rest.
    Stall(Duration),
    /// It does not end: whitespace comes, and comes.
    Endless,
    /// It comes whole, but not as it was: something on the way has changed a byte.
    Flip,
}

struct Torn {
    first: Option<Bytes>,
    tear: Option<Wait>,
    rest: Option<Bytes>,
}

enum Wait {
    Reset,
    End,
    Stall(Pin<Box<Sleep>>),
}

pub(super) fn torn(body: &Bytes, tear: Tear) -> SdkBody {
    let half = body.len() / 2;
    let wait = match tear {
        Tear::Reset => Wait::Reset,
        Tear::End => Wait::End,
        Tear::Stall(time) => Wait::Stall(Box::pin(sleep(time))),
        Tear::Endless => return SdkBody::from_body_1_x(Endless(0)),
        Tear::Flip => {
            let mut flipped = body.to_vec();
            flipped.last_mut().into_iter().for_each(|byte| *byte ^= 1);
            return SdkBody::from(flipped);
        }
    };
    SdkBody::from_body_1_x(Torn {
        first: Some(body.slice(..half)),
        tear: Some(wait),
        rest: Some(body.slice(half..)),
    })
}

/// Reads what is sent, of so many bytes, as far as it comes.
pub(super) async fn receive(
    body: SdkBody,
    length: usize,
    tear: Option<Tear>,
) -> Result<Bytes, ConnectorError> {
    let (mut body, mut whole) = (ByteStream::new(body), BytesMut::new());
    let mut tear = tear;
    while let Some(piece) = body.next().await {
        whole.extend_from_slice(&piece.map_err(|e| ConnectorError::user(e.into()))?);
        if whole.len() < length.div_ceil(2) {
            continue;
        }
        match tear.take() {
            None | Some(Tear::Endless) => {}
            Some(Tear::Reset) => return Err(ConnectorError::io("reset by peer".into())),
            Some(Tear::End) => {
                whole.truncate(length / 2);
                break;
            }
            Some(Tear::Stall(time)) => sleep(time).await,
            Some(Tear::Flip) => whole[length / 4] ^= 1,
        }
    }
    Ok(whole.freeze())
}

/// How much of it was read.
struct Endless(usize);

/// Who has read so much of it would read on.
const ENDLESS: usize = 100 << 20;

impl Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        static BLANK: [u8; 64 << 10] = [b' '; 64 << 10];
        self.0 += BLANK.len();
        Poll::Ready(Some(if self.0 > ENDLESS {
            Err(io::Error::other("100 MiB of it were read"))
        } else {
            Ok(Frame::data(Bytes::from_static(&BLANK)))
        }))
    }
}

impl Body for Torn {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match &mut self.tear {
            Some(Wait::Reset) => {
                self.rest = None;
                let reset = io::Error::new(io::ErrorKind::ConnectionReset, "reset by peer");
                return Poll::Ready(Some(Err(reset)));
            }
            Some(Wait::End) => self.rest = None,
            Some(Wait::Stall(until)) => ready!(until.as_mut().poll(cx)),
            None => {}
        }
        self.tear = None;
        let rest = self.rest.take().filter(|rest| !rest.is_empty());
        Poll::Ready(rest.map(|rest| Ok(Frame::data(rest))))
    }

    fn size_hint(&self) -> SizeHint {
        let left = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len) as u64;
        SizeHint::with_exact(left(&self.first) + left(&self.rest))
    }
}
