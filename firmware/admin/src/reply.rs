//! Answers: JSON, never kept by anybody, and one form of a refusal.

use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use relaybox_protocol::refusal::{Class, Refusal};
use relaybox_web::status;
use serde::Serialize;
use serde_json::json;

use crate::body::Body;

/// A refusal: stable code, text for a person, class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) class: Class,
    pub(crate) code: String,
    pub(crate) text: String,
}

impl Refused {
    pub(crate) fn new(class: Class, code: &str, text: &str) -> Self {
        Self { class, code: code.to_owned(), text: text.to_owned() }
    }

    /// The one answer for what is not there, not open, or nobody's business.
    pub(crate) fn not_found() -> Self {
        Self::new(Class::NotFound, "not-found", "there is nothing here")
    }

    pub(crate) fn malformed(text: &str) -> Self {
        Self::new(Class::Invalid, "malformed", text)
    }

    /// The cause is logged, not told.
    pub(crate) fn unavailable(code: &str, error: &dyn std::error::Error) -> Self {
        log::error!("failed to {error}");
        Self::new(Class::Unavailable, code, "this cannot be done now: try again in a minute")
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.class(), refusal.code(), refusal.text())
    }
}

pub(crate) type Answer = Result<Response<Body>, Refused>;

/// A whole answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let text = serde_json::to_string(value).unwrap_or_default() + "\n";
    with(status, "application/json", Body::whole(text))
}

pub(crate) fn ok(value: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, value))
}

pub(crate) fn done() -> Answer {
    Ok(with(StatusCode::NO_CONTENT, "application/json", Body::whole(String::new())))
}

pub(crate) fn refused(refused: &Refused) -> Response<Body> {
    let Refused { class, code, text } = refused;
    let mut response = json(status::of(*class), &json!({"code": code, "text": text}));
    if *class == Class::Unauthenticated {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Nostr"));
    }
    response
}

/// An answer with the headers that all have.
pub(crate) fn with(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
