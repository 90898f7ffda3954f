//! The caller's side of the socket.

use std::ops::RangeInclusive;
use std::path::Path;

use tokio::io::BufStream;
use tokio::net::UnixStream;

use super::{Entry, Head, LINE_BYTES_MAX, Reply, Request, Stored};
use crate::rpc::line::{self, LineError};

/// Why the audit role did not do it.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("reach the audit's socket")]
    Line(#[from] LineError),
    #[error("have it done by the audit: {text} ({code})")]
    Refused { code: String, text: String },
    #[error("understand the audit's answer")]
    Unexpected,
}

/// One request at a time.
#[derive(Debug)]
pub struct AuditClient {
    stream: BufStream<UnixStream>,
}

impl AuditClient {
    /// # Errors
    /// When nothing listens on the socket.
    pub async fn connect(path: &Path) -> Result<Self, AuditError> {
        Ok(Self { stream: BufStream::new(UnixStream::connect(path).await.map_err(LineError::from)?) })
    }

    /// On disk when it returns; gives the numbers of the first and the last entry. A connection that breaks before the
    /// answer leaves it open whether they were appended.
    ///
    /// # Errors
    /// When nothing was appended, or the answer did not come.
    pub async fn append(&mut self, entries: Vec<Entry>) -> Result<RangeInclusive<u64>, AuditError> {
        match self.ask(&Request::Append { entries }).await? {
            Reply::Appended { first, last } => Ok(first..=last),
            other => Err(unexpected(other)),
        }
    }

    /// # Errors
    /// When this socket may not ask, or the file cannot be read.
    pub async fn heads(&mut self) -> Result<Vec<Head>, AuditError> {
        match self.ask(&Request::Heads {}).await? {
            Reply::Heads { heads } => Ok(heads),
            other => Err(unexpected(other)),
        }
    }

    /// Entries read, and what was found wrong.
    ///
    /// # Errors
    /// When this socket may not ask, or the file cannot be read.
    pub async fn verify(&mut self) -> Result<(u64, Vec<String>), AuditError> {
        match self.ask(&Request::Verify {}).await? {
            Reply::Verified { entries, faults } => Ok((entries, faults)),
            other => Err(unexpected(other)),
        }
    }

    /// Entries after a number, oldest first; fewer than `max` when a line holds no more.
    ///
    /// # Errors
    /// When this socket may not ask, or the file cannot be read.
    pub async fn read(&mut self, after: u64, max: u64) -> Result<Vec<(u64, Stored)>, AuditError> {
        match self.ask(&Request::Read { after, max }).await? {
            Reply::Entries { entries } => Ok(entries),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Reply, AuditError> {
        line::write(&mut self.stream, request).await?;
        Ok(line::read(&mut self.stream, LINE_BYTES_MAX).await?.ok_or(LineError::Truncated)?)
    }
}

fn unexpected(reply: Reply) -> AuditError {
    match reply {
        Reply::Refused { code, text } => AuditError::Refused { code, text },
        _ => AuditError::Unexpected,
    }
}
