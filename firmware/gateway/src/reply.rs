//! Answers of the gateway itself, with the headers that every answer carries.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

/// Bytes of ours, or a stream from a role.
pub(crate) type Body = BoxBody<Bytes, hyper::Error>;

/// Scripts, frames and forms do not exist here; style and pictures come from this origin.
const CONTENT_SECURITY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
form-action 'none'; frame-ancestors 'none'";

/// Two years, the least that browsers' own lists ask for.
const HSTS: &str = "max-age=63072000";
/// RFC 6797 pins a name for all its ports: for the names of every developer's machine it must not.
const HSTS_OFF: &str = "max-age=0";

/// A page or file of the gateway.
pub(crate) fn bytes(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    let fixed: [(HeaderName, &'static str); 7] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A short sentence for a person.
pub(crate) fn text(status: StatusCode, sentence: &'static str) -> Response<Body> {
    bytes(status, "text/plain; charset=utf-8", sentence)
}

/// Closes the connection after this answer.
pub(crate) fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Headers of every answer over TLS, those of roles included. `host` as in the request.
pub(crate) fn finish(response: &mut Response<Body>, host: Option<&str>) {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let hsts = if host.is_some_and(pins) { HSTS } else { HSTS_OFF };
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(hsts));
}

/// Names of one box only: no address, no loopback name.
fn pins(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    let address = host.starts_with('[') || name.parse::<std::net::IpAddr>().is_ok();
    !(address || name == "localhost" || name.ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hsts_of(host: &str) -> String {
        let mut response = text(StatusCode::OK, "");
        finish(&mut response, Some(host));
        response.headers()[header::STRICT_TRANSPORT_SECURITY].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_of_the_box_is_pinned_and_a_loopback_name_is_not() {
        for host in ["relaybox.local", "clinic.example:8443"] {
            assert_eq!(hsts_of(host), HSTS, "{host}");
        }
        for host in ["localhost:8443", "relay.localhost", "127.0.0.1:8443", "[::1]:8443"] {
            assert_eq!(hsts_of(host), HSTS_OFF, "{host}");
        }
    }
}
