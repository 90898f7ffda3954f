//! The body of an answer: whole, or lines that come as they are known.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::Frame;
use tokio::sync::mpsc;

/// Lines that may wait for a slow reader.
const LINES_WAITING: usize = 16;

#[derive(Debug)]
pub(crate) enum Body {
    Whole(Option<Bytes>),
    Lines(mpsc::Receiver<Bytes>),
}

impl Body {
    pub(crate) fn whole(text: String) -> Self {
        Self::Whole(Some(Bytes::from(text)).filter(|bytes| !bytes.is_empty()))
    }

    /// A body that ends when the sender is dropped.
    pub(crate) fn lines() -> (mpsc::Sender<Bytes>, Self) {
        let (sender, receiver) = mpsc::channel(LINES_WAITING);
        (sender, Self::Lines(receiver))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Lines(lines) => lines.poll_recv(cx).map(|line| line.map(|line| Ok(Frame::data(line)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(bytes) => {
                hyper::body::SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Lines(_) => hyper::body::SizeHint::default(),
        }
    }
}
