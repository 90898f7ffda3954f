//! Joins two byte streams until both have ended. Bytes are read into the stack and written at once, so
//! an idle pair holds no buffer; only what the other side does not take is kept, and reading waits.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

/// Bytes moved at a time; one full TLS record.
const CHUNK: usize = 16_384;

/// Time limits of a joined pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Longest time in which no byte is taken while some wait.
    pub(crate) stalled: Duration,
    /// Longest life of one direction after the other has ended.
    pub(crate) half_closed: Duration,
}

/// One direction.
#[derive(Debug, Default)]
struct Direction {
    /// Read, not yet written; empty when idle.
    waiting: Vec<u8>,
    written: usize,
    unflushed: bool,
    ended: bool,
    done: bool,
    /// Moves with every byte, so that progress shows.
    moved: u64,
}

/// Joins the two sides of an upgraded request, taken out of the HTTP engine with what it had read.
pub(crate) async fn upgraded(client: Upgraded, relay: Upgraded, limits: Limits) -> Result<(), JoinError> {
    let (client, up) = taken::<TlsStream<TcpStream>>(client)?;
    let (relay, down) = taken::<UnixStream>(relay)?;
    Ok(join(client, relay, up, down, limits).await?)
}

/// The stream and the bytes read from it so far. The engine's buffers are let go (the bytes would keep
/// them alive as long as the connection), and the stream lies in one place on the heap, because every
/// future that it passes through would reserve room for it.
fn taken<S>(upgraded: Upgraded) -> Result<(Box<S>, Vec<u8>), JoinError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let parts = upgraded.downcast::<TokioIo<S>>().map_err(|_| JoinError::Foreign)?;
    Ok((Box::new(parts.io.into_inner()), parts.read_buf.to_vec()))
}

/// Why a joined connection ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    #[error("finish the upgrade: {0}")]
    Upgrade(#[from] hyper::Error),
    #[error("recognise the upgraded stream")]
    Foreign,
    #[error("move bytes: {0}")]
    Io(#[from] io::Error),
}

/// Moves bytes both ways; the end of one direction is passed on and the other goes on for a while.
/// `up` and `down` are bytes that were read from client and relay already.
async fn join(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    mut relay: impl AsyncRead + AsyncWrite + Unpin,
    up: Vec<u8>,
    down: Vec<u8>,
    limits: Limits,
) -> io::Result<()> {
    let mut up = Direction { waiting: up, ..Direction::default() };
    let mut down = Direction { waiting: down, ..Direction::default() };
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    let mut seen = 0;
    poll_fn(|context| {
        let upward = up.poll(context, &mut client, &mut relay)?;
        let downward = down.poll(context, &mut relay, &mut client)?;
        if upward.is_ready() && downward.is_ready() {
            return Poll::Ready(Ok(()));
        }
        let half_closed = up.done || down.done;
        let waits = half_closed || up.waits() || down.waits();
        let moved = up.moved + down.moved + u64::from(up.done) + u64::from(down.done);
        if !waits || moved != seen {
            seen = moved;
            timer = None;
        }
        if !waits {
            return Poll::Pending;
        }
        let limit = if half_closed { limits.half_closed } else { limits.stalled };
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    })
    .await
}

impl Direction {
    fn waits(&self) -> bool {
        !self.waiting.is_empty() || self.unflushed
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        while !self.done {
            ready!(self.poll_waiting(context, to))?;
            if self.ended {
                ready!(Pin::new(&mut *to).poll_shutdown(context))?;
                (self.done, self.unflushed) = (true, false);
                break;
            }
            let mut storage = [MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut storage);
            match Pin::new(&mut *from).poll_read(context, &mut chunk)? {
                Poll::Ready(()) if chunk.filled().is_empty() => self.ended = true,
                Poll::Ready(()) => {
                    let written = match Pin::new(&mut *to).poll_write(context, chunk.filled())? {
                        Poll::Ready(written) => written,
                        Poll::Pending => 0,
                    };
                    self.moved += 1;
                    self.unflushed = true;
                    self.waiting.extend_from_slice(chunk.filled().get(written..).unwrap_or_default());
                }
                Poll::Pending => {
                    if self.unflushed {
                        ready!(Pin::new(&mut *to).poll_flush(context))?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_waiting(
        &mut self,
        context: &mut Context<'_>,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self.waiting.get(self.written..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut *to).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
            self.moved += 1;
            self.unflushed = true;
        }
        // Gives the memory back.
        (self.waiting, self.written) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const LIMITS: Limits = Limits { stalled: Duration::from_secs(60), half_closed: Duration::from_secs(10) };

    #[tokio::test]
    async fn bytes_go_both_ways_and_early_ones_first() {
        let (client, mut outside) = duplex(64);
        let (relay, mut inside) = duplex(64);
        let joined =
            tokio::spawn(async move { join(client, relay, b"early ".to_vec(), Vec::new(), LIMITS).await });
        outside.write_all(b"question").await.unwrap();
        let mut question = [0; 14];
        inside.read_exact(&mut question).await.unwrap();
        assert_eq!(&question, b"early question");
        inside.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        outside.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
        drop((outside, inside));
        assert!(joined.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn more_than_any_buffer_arrives_whole() {
        let (client, mut outside) = duplex(100);
        let (relay, mut inside) = duplex(1_000);
        let joined = tokio::spawn(async move { join(client, relay, Vec::new(), Vec::new(), LIMITS).await });
        let sent: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let expected = sent.clone();
        let writer = tokio::spawn(async move {
            outside.write_all(&sent).await.unwrap();
            outside.shutdown().await.unwrap();
            outside
        });
        let mut received = Vec::new();
        inside.read_to_end(&mut received).await.unwrap();
        assert!(received == expected);
        drop((writer.await.unwrap(), inside));
        assert!(joined.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn after_one_side_has_ended_the_other_may_still_answer() {
        let (client, mut outside) = duplex(64);
        let (relay, mut inside) = duplex(64);
        let joined = tokio::spawn(async move { join(client, relay, Vec::new(), Vec::new(), LIMITS).await });
        outside.write_all(b"last").await.unwrap();
        outside.shutdown().await.unwrap();
        let mut last = Vec::new();
        inside.read_to_end(&mut last).await.unwrap();
        assert_eq!(last, b"last");
        inside.write_all(b"bye").await.unwrap();
        inside.shutdown().await.unwrap();
        let mut bye = Vec::new();
        outside.read_to_end(&mut bye).await.unwrap();
        assert_eq!(bye, b"bye");
        assert!(joined.await.unwrap().is_ok());
    }

    const SHORT: Limits = Limits { stalled: Duration::from_millis(5), half_closed: Duration::from_millis(5) };

    #[tokio::test]
    async fn a_side_that_never_ends_is_cut_after_the_limit() {
        let (client, mut outside) = duplex(64);
        let (relay, _inside) = duplex(64);
        outside.shutdown().await.unwrap();
        let cut = join(client, relay, Vec::new(), Vec::new(), SHORT).await;
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_cut_and_an_idle_pair_is_left_alone() {
        let (client, mut outside) = duplex(64);
        let (relay, mut inside) = duplex(64);
        let idle = tokio::spawn(async move { join(client, relay, Vec::new(), Vec::new(), SHORT).await });
        let (slow_client, _slow_outside) = duplex(16);
        let (slow_relay, mut slow_inside) = duplex(1_000);
        slow_inside.write_all(&[0; 900]).await.unwrap();
        let cut = join(slow_client, slow_relay, Vec::new(), Vec::new(), SHORT).await;
        assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::TimedOut);
        outside.write_all(b"still here").await.unwrap();
        let mut text = [0; 10];
        inside.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b"still here");
        assert!(!idle.is_finished());
    }
}
