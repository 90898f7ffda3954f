//! Framing of rpc: one JSON object a line, with a limit on its bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Why a line could not be exchanged.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("read or write the line")]
    Io(#[from] std::io::Error),
    #[error("take a line of more than {0} bytes")]
    TooLong(usize),
    #[error("understand the line")]
    Json(#[from] serde_json::Error),
    #[error("read a line that ended early")]
    Truncated,
    #[error("send a message that spans lines")]
    LineBreak,
}

/// The next line as a message; none at the end of the stream. `bytes_max` counts without the
/// line break.
///
/// # Errors
/// A longer line is refused before it is read whole.
pub async fn read<T: DeserializeOwned>(
    reader: &mut (impl AsyncBufRead + Unpin),
    bytes_max: usize,
) -> Result<Option<T>, LineError> {
    let mut line = Vec::new();
    loop {
        let chunk = reader.fill_buf().await?;
        if chunk.is_empty() {
            return if line.is_empty() { Ok(None) } else { Err(LineError::Truncated) };
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        if line.len() + part.len() > bytes_max {
            return Err(LineError::TooLong(bytes_max));
        }
        line.extend_from_slice(part);
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(serde_json::from_slice(&line)?));
        }
    }
}

/// Writes one message and its line break, and flushes.
///
/// # Errors
/// Raw JSON inside the message may hold line breaks between its tokens; such a message is refused.
pub async fn write<T: Serialize>(
    writer: &mut (impl AsyncWrite + Unpin),
    message: &T,
) -> Result<(), LineError> {
    let mut line = serde_json::to_vec(message)?;
    if line.contains(&b'\n') {
        return Err(LineError::LineBreak);
    }
    line.push(b'\n');
    writer.write_all(&line).await?;
    writer.flush().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[tokio::test]
    async fn messages_come_back_one_by_one_and_then_the_end() {
        let mut bytes = Vec::new();
        write(&mut bytes, &"one").await.unwrap();
        write(&mut bytes, &"two").await.unwrap();
        let mut reader = bytes.as_slice();
        assert_eq!(read::<String>(&mut reader, 100).await.unwrap().as_deref(), Some("one"));
        assert_eq!(read::<String>(&mut reader, 100).await.unwrap().as_deref(), Some("two"));
        assert!(read::<String>(&mut reader, 100).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_line_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
        let line = b"\"12345678\"\n";
        assert!(read::<String>(&mut line.as_slice(), 10).await.unwrap().is_some());
        assert!(matches!(read::<String>(&mut line.as_slice(), 9).await, Err(LineError::TooLong(9))));
    }

    #[tokio::test]
    async fn a_line_that_ends_early_is_not_a_message() {
        assert!(matches!(read::<String>(&mut b"\"a\"".as_slice(), 10).await, Err(LineError::Truncated)));
    }

    #[tokio::test]
    async fn raw_json_with_a_line_break_is_refused_and_without_one_is_sent() {
        let broken = RawValue::from_string("{\n}".to_owned()).unwrap();
        let mut bytes = Vec::new();
        assert!(matches!(write(&mut bytes, &broken).await, Err(LineError::LineBreak)));
        assert!(bytes.is_empty());
        let whole = RawValue::from_string("{ }".to_owned()).unwrap();
        write(&mut bytes, &whole).await.unwrap();
        assert_eq!(bytes, b"{ }\n");
    }
}
