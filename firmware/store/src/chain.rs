//! Hash chains on disk: one for each writer, appended to and read, never changed (docs/ref/store.md 5.9).
//!
//! It deliberately knows neither what an entry says nor how its hash is made. It keeps three things: numbers without
//! gaps, an entry that builds on the chain's end or is not stored, and one writer of a name at a time.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::Result;
use crate::sqlite::ChainFile;

/// One entry of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// 1, 2, 3 … in each chain.
    pub number: u64,
    /// What the next entry continues.
    pub hash: [u8; 32],
    pub bytes: Vec<u8>,
}

/// Where a chain ends, by the file's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub writer: String,
    /// Zero before the first entry, and then the hash is zeros.
    pub number: u64,
    pub hash: [u8; 32],
    /// Highest number found among the entries; another one than `number` means damage.
    pub found: u64,
}

/// A signed event over the ends of all chains (2128).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub num: u64,
    /// Exact JSON.
    pub bytes: String,
    pub published: bool,
}

/// One writer's chain, open for appending.
#[derive(Debug)]
pub struct Chain {
    file: ChainFile,
    writer: String,
    epoch: u64,
}

/// All chains of a file, for reading: also beside the role that writes it.
#[derive(Debug)]
pub struct Chains {
    file: ChainFile,
}

impl Chain {
    /// Opens the file, makes it when there is none, and takes the writer's next epoch: whoever opened the same writer
    /// before appends nothing any more. Gives the end and the last entry.
    ///
    /// # Errors
    /// When the file cannot be used, or is of a newer version.
    pub async fn open(path: &Path, writer: &str) -> Result<(Self, End, Option<Link>)> {
        let file = ChainFile::open(path).await?;
        let (epoch, end) = file.take(writer).await?;
        let last = match end.number.checked_sub(1) {
            Some(before) => file.scan(writer, before, 1).await?.pop(),
            None => None,
        };
        Ok((Self { file, writer: writer.to_owned(), epoch }, end, last))
    }

    /// All or nothing, on disk when it returns. `after` is the end that the entries build on.
    ///
    /// # Errors
    /// `Conflict` when another process has opened this writer since, or the chain ends elsewhere.
    pub async fn append(&mut self, after: [u8; 32], links: Vec<Link>) -> Result<RangeInclusive<u64>> {
        self.file.append(&self.writer, self.epoch, after, links).await
    }

    /// Ends of all chains of this file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn ends(&self) -> Result<Vec<End>> {
        self.file.ends().await
    }

    /// Entries after a number of this writer's chain, oldest first, at most `max`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn scan(&self, after: u64, max: usize) -> Result<Vec<Link>> {
        self.file.scan(&self.writer, after, max).await
    }

    /// Keeps a signed anchor before it is published; gives its number.
    ///
    /// # Errors
    /// When the file does not take it.
    pub async fn keep_anchor(&self, bytes: String) -> Result<u64> {
        self.file.keep_anchor(bytes).await
    }

    /// # Errors
    /// When the file does not take it.
    pub async fn anchor_published(&self, num: u64) -> Result<()> {
        self.file.anchor_published(num).await
    }

    /// The newest anchor.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn last_anchor(&self) -> Result<Option<Anchor>> {
        Ok(self.file.anchors().await?.pop())
    }

    /// The same file for reading, on a connection of its own, so that a long look holds up no append.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub async fn chains(&self) -> Result<Chains> {
        Chains::look(self.file.path()).await
    }
}

impl Chains {
    /// # Errors
    /// When there is no such file, or it is none of these.
    pub async fn look(path: &Path) -> Result<Self> {
        Ok(Self { file: ChainFile::look(path).await? })
    }

    /// As [`Chain::ends`], with writers that have entries and no end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn ends(&self) -> Result<Vec<End>> {
        self.file.ends().await
    }

    /// As [`Chain::scan`], of any writer.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn scan(&self, writer: &str, after: u64, max: usize) -> Result<Vec<Link>> {
        self.file.scan(writer, after, max).await
    }

    /// Every anchor kept, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn anchors(&self) -> Result<Vec<Anchor>> {
        self.file.anchors().await
    }
}
