//! The one mapping from refusal class to HTTP.

use hyper::StatusCode;
use relaybox_protocol::refusal::Class;

/// RFC 9110 section 15; 429 is RFC 6585.
pub const fn of(class: Class) -> StatusCode {
    match class {
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::Invalid => StatusCode::BAD_REQUEST,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use relaybox_protocol::refusal::Refusal;

    use super::*;

    #[test]
    fn every_refusal_is_an_error_status() {
        for refusal in Refusal::ALL {
            let status = of(refusal.class());
            assert!(status.is_client_error() || status.is_server_error(), "{}", refusal.code());
        }
        assert_eq!(of(Class::Unauthenticated), StatusCode::UNAUTHORIZED);
        assert_eq!(of(Class::Forbidden), StatusCode::FORBIDDEN);
    }
}
