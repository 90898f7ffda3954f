//! What goes to the admin role: everything under `/api` on the administration's names, wrapped keys on those and on the
//! portal's, and enrolment on the portal's. The gateway looks at neither body nor login.

use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response};
use relaybox_protocol::refusal::Class;
use relaybox_web::{Surface, status};

use crate::reply::{self, Body};
use crate::route::{self, Gate};
use crate::upstream::{self, Peer, UpstreamError};

/// Seconds for a request body to arrive.
const BODY_SECONDS: u64 = 10;

/// The socket for this request, when it is one for the admin role.
pub(crate) fn socket<'a>(gate: &'a Gate, surface: Surface, method: &Method, path: &str) -> Option<&'a Path> {
    let keys = path == "/wrapped-keys" || path.starts_with("/wrapped-keys/");
    match surface {
        Surface::Admin if keys || path.starts_with("/api/") => Some(&gate.admin),
        Surface::Portal if keys || (path == "/enrol" && method == Method::POST) => Some(&gate.admin_portal),
        _ => None,
    }
}

/// Passes a request with its body, and the answer back as it comes.
pub(crate) async fn passed(
    gate: &Gate,
    socket: &Path,
    peer: &Peer,
    request: Request<Incoming>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let read = Limited::new(body, gate.admin_bytes_max).collect();
    let body = match tokio::time::timeout(Duration::from_secs(BODY_SECONDS), read).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            let status = status::of(Class::TooLarge);
            return reply::closing(reply::text(status, "The request is too large.\n"));
        }
        Err(_) => {
            let status = status::of(Class::Invalid);
            return reply::closing(reply::text(status, "The request did not come in time.\n"));
        }
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let sent = upstream::send_whole(socket, peer, head.method, target, &head.headers, body);
    let answered = tokio::time::timeout(gate.relay_limit, sent).await.unwrap_or(Err(UpstreamError::TooSlow));
    match answered {
        Ok(response) => {
            let mut response = route::from_relay(response);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
            headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
            response
        }
        Err(error) => {
            log::warn!("failed to {error} (admin)");
            let sentence = "The administration does not answer. Try again in a minute.\n";
            reply::text(status::of(Class::Unavailable), sentence)
        }
    }
}
