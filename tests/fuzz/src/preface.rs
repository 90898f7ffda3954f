//! The PROXY v2 preface between gateway and roles.

use futures_util::FutureExt as _;
use relaybox_web::proxy::{Preface, ProxyError};

use super::{OK, Verdict};

/// Every verdict but `ok`.
pub const VERDICTS: [Verdict; 4] = ["authority", "length", "signature", "unsupported"];

pub fn run(input: &[u8]) -> Verdict {
    let parsed = Preface::parse(input);
    from_a_stream(input, parsed.as_ref().ok());
    match parsed {
        Ok(preface) => {
            let written = preface.encode().unwrap();
            assert!(written.len() <= input.len(), "the shortest form is written");
            assert_eq!(Preface::parse(&written).unwrap(), preface);
            OK
        }
        Err(error) => code(&error),
    }
}

/// A stream that begins with these bytes gives the same, and not a byte too much is taken.
fn from_a_stream(input: &[u8], parsed: Option<&Preface>) {
    let mut stream = input;
    let read = Preface::read(&mut stream).now_or_never().unwrap();
    match (parsed, read) {
        (Some(parsed), Ok(read)) => {
            assert_eq!(*parsed, read);
            assert!(stream.is_empty());
        }
        (Some(_), Err(error)) => panic!("{error}"),
        // What follows the preface is the request's.
        (None, Ok(read)) => {
            let (preface, rest) = input.split_at(input.len() - stream.len());
            assert!(!rest.is_empty());
            assert_eq!(Preface::parse(preface).unwrap(), read);
        }
        (None, Err(_)) => {}
    }
}

fn code(error: &ProxyError) -> Verdict {
    match error {
        ProxyError::Signature => "signature",
        ProxyError::Unsupported => "unsupported",
        ProxyError::Length => "length",
        ProxyError::Authority => "authority",
        ProxyError::Io(error) => panic!("bytes in memory: {error}"),
    }
}
