//! The built faces: the files of `appliance-ui/portal/dist`. A release build carries them, a debug build
//! reads them from the tree, so that a face can be built anew under a running box.
//!
//! A file is found by its exact name or not at all. What the build named by its content (`/assets/`) may be
//! kept for ever, everything else is asked for again; both have the hash of the bytes sent as strong ETag.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::reply::{self, Body};

/// The portal's files. Missing ones are no error of the Rust build: [`NOT_BUILT`] says what to do.
#[derive(RustEmbed)]
#[folder = "../../appliance-ui/portal/dist"]
#[allow_missing = true]
pub(crate) struct Portal;

/// The page that every route of the portal begins with.
const PAGE: &str = "index.html";
/// First parts of the addresses that the portal's own router knows (`appliance-ui/portal/src/app/paths.ts`).
const ROUTES: [&str; 9] = ["in", "r", "messages", "visits", "practices", "keys", "settings", "about", "more"];

/// Script from this origin only, and none made from text (Trusted Types; the one policy that the page may
/// make is `default`). Styles inline, because the component library writes some. `wss:` and `https:` at large,
/// because a person may read another practice, whose box answers under a name of its own: its relay, and
/// before any login the information document that says whose it is (NIP-11).
const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
img-src 'self' data: blob:; font-src 'self'; connect-src 'self' wss: https:; worker-src 'self'; manifest-src 'self'; \
base-uri 'none'; object-src 'none'; form-action 'none'; frame-ancestors 'none'; \
require-trusted-types-for 'script'; trusted-types default";

/// The camera reads the code on an access sheet.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()";

const NOT_BUILT: &str = "The pages of this box are not built. Run `make run` in its source tree, or there \
`npm ci && npm run build` in appliance-ui.\n";

/// The file or page of `F` at this path; none when it has nothing there.
pub(crate) fn answer<F: RustEmbed>(path: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let name = if is_route(path) { PAGE } else { file_name(path)? };
    let kind = kind_of(name)?;
    let plain = F::get(name);
    if plain.is_none() && name == PAGE {
        return Some(reply::text(StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT));
    }
    let plain = plain?;
    let packed = takes_brotli(headers).then(|| F::get(&format!("{name}.br"))).flatten();
    Some(file(name, kind, plain, packed, headers))
}

fn file(
    name: &str,
    kind: &'static str,
    plain: EmbeddedFile,
    packed: Option<EmbeddedFile>,
    asked: &HeaderMap,
) -> Response<Body> {
    let encoded = packed.is_some();
    let file = packed.unwrap_or(plain);
    let tag = entity_tag(&file);
    let known = asked.get_all(header::IF_NONE_MATCH).iter().any(|value| names_tag(value, &tag));
    let mut response = match (known, file.data) {
        (true, _) => reply::bytes(StatusCode::NOT_MODIFIED, kind, Bytes::new()),
        (false, Cow::Borrowed(bytes)) => reply::bytes(StatusCode::OK, kind, Bytes::from_static(bytes)),
        (false, Cow::Owned(bytes)) => reply::bytes(StatusCode::OK, kind, bytes),
    };
    let cached = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fixed = [
        (header::CACHE_CONTROL, cached),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("origin-agent-cluster"), "?1"),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if encoded {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Routes have no dot, so that a missing file is never answered with a page.
fn is_route(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let first = rest.split('/').next().unwrap_or_default();
    rest.is_empty() || (ROUTES.contains(&first) && file_name(path).is_some() && !rest.contains('.'))
}

/// The name of a file below the folder: parts of plain characters that do not begin with a dot. Packed twins
/// are no files of their own.
fn file_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix('/')?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    (name.split('/').all(plain) && !name.ends_with(".br")).then_some(name)
}

fn kind_of(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Strong: it is that of the very bytes, so the packed file has another one.
fn entity_tag(file: &EmbeddedFile) -> String {
    format!("\"{}\"", relaybox_protocol::hex::encode(&file.metadata.sha256_hash()))
}

/// RFC 9110 section 13.1.2: weak comparison.
fn names_tag(value: &HeaderValue, tag: &str) -> bool {
    let Ok(text) = value.to_str() else { return false };
    text.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// RFC 9110 section 12.5.3, for the one coding that we have.
fn takes_brotli(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|text| text.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
        let refused = parts
            .filter_map(|part| part.strip_prefix("q="))
            .any(|quality| quality.parse::<f32>().is_ok_and(|quality| quality <= 0.0));
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    /// A face of three files.
    #[derive(RustEmbed)]
    #[folder = "tests/face"]
    struct Face;

    /// A face that nobody has built.
    #[derive(RustEmbed)]
    #[folder = "tests/no-such-folder"]
    #[allow_missing = true]
    struct Missing;

    fn asked(headers: &[(HeaderName, &str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn of<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    async fn body(response: Response<Body>) -> Vec<u8> {
        response.into_body().collect().await.unwrap().to_bytes().to_vec()
    }

    #[tokio::test]
    async fn what_the_build_named_by_content_is_kept_and_the_page_is_asked_for_again() {
        let none = HeaderMap::new();
        let script = answer::<Face>("/assets/app-1.js", &none).unwrap();
        assert_eq!(of(&script, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(of(&script, "content-type"), "text/javascript; charset=utf-8");
        let page = answer::<Face>("/", &none).unwrap();
        assert_eq!(
            (of(&page, "cache-control"), of(&page, "content-type")),
            ("no-cache", "text/html; charset=utf-8")
        );
        let page = body(page).await;
        let route = answer::<Face>("/r/2/health/growth", &none).unwrap();
        assert_eq!(body(route).await, page);
        for nothing in ["/assets/app-2.js", "/r/app-1.js", "/nothing", "/assets", "/assets/../index.html"] {
            assert!(answer::<Face>(nothing, &none).is_none(), "{nothing}");
        }
    }

    #[tokio::test]
    async fn the_packed_file_goes_to_those_who_take_it_under_a_tag_of_its_own() {
        let plain = answer::<Face>("/assets/app-1.js", &HeaderMap::new()).unwrap();
        let packed = asked(&[(header::ACCEPT_ENCODING, "gzip, br")]);
        let packed = answer::<Face>("/assets/app-1.js", &packed).unwrap();
        assert_eq!((of(&plain, "content-encoding"), of(&packed, "content-encoding")), ("", "br"));
        assert_eq!((of(&plain, "vary"), of(&packed, "vary")), ("accept-encoding", "accept-encoding"));
        assert_eq!(of(&packed, "content-type"), of(&plain, "content-type"));
        assert_ne!(of(&packed, "etag"), of(&plain, "etag"));
        assert_ne!(body(packed).await, body(plain).await);
        // Without a packed twin the plain one goes.
        let page = answer::<Face>("/", &asked(&[(header::ACCEPT_ENCODING, "br")])).unwrap();
        assert_eq!(of(&page, "content-encoding"), "");
    }

    #[tokio::test]
    async fn who_has_the_bytes_is_not_sent_them_again() {
        let first = answer::<Face>("/", &HeaderMap::new()).unwrap();
        let tag = of(&first, "etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() == 66, "{tag}");
        let again = answer::<Face>("/in", &asked(&[(header::IF_NONE_MATCH, &tag)])).unwrap();
        assert_eq!((again.status(), of(&again, "etag")), (StatusCode::NOT_MODIFIED, tag.as_str()));
        assert_eq!(of(&again, "cache-control"), "no-cache");
        assert!(body(again).await.is_empty());
        let other = answer::<Face>("/in", &asked(&[(header::IF_NONE_MATCH, "\"0\"")])).unwrap();
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_page_runs_script_of_this_origin_only_and_is_framed_by_nobody() {
        for path in ["/", "/assets/app-1.js"] {
            let response = answer::<Face>(path, &HeaderMap::new()).unwrap();
            let policy = of(&response, "content-security-policy");
            for part in [
                "default-src 'none';",
                "script-src 'self';",
                "connect-src 'self' wss: https:;",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "object-src 'none'",
                "require-trusted-types-for 'script'",
            ] {
                assert!(policy.contains(part), "{part}: {policy}");
            }
            assert!(!policy.contains("unsafe-eval") && policy.matches("'unsafe-inline'").count() == 1);
            assert_eq!(of(&response, "referrer-policy"), "no-referrer");
            assert_eq!(of(&response, "cross-origin-opener-policy"), "same-origin");
            assert_eq!(of(&response, "cross-origin-resource-policy"), "same-origin");
            assert!(of(&response, "permissions-policy").starts_with("camera=(self), microphone=()"));
        }
    }

    #[tokio::test]
    async fn a_face_that_is_not_built_says_how_to_build_it() {
        let page = answer::<Missing>("/in", &HeaderMap::new()).unwrap();
        assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(String::from_utf8(body(page).await).unwrap().contains("npm ci && npm run build"));
        assert!(answer::<Missing>("/assets/app-1.js", &HeaderMap::new()).is_none());
    }

    #[test]
    fn routes_are_the_portals_own_and_have_no_dot() {
        for path in ["/", "/in", "/in/first", "/r/2/health/growth", "/messages/1", "/settings"] {
            assert!(is_route(path), "{path}");
        }
        for path in
            ["", "/r/2/x.js", "/r/../in", "/r//2", "/assets", "/robots", "/inn", "/IN", "/r/%2e%2e", "//in"]
        {
            assert!(!is_route(path), "{path}");
        }
    }

    #[test]
    fn a_file_is_found_by_plain_parts_only() {
        for path in ["/sw.js", "/assets/index-B1_x-9.js", "/icons/192.png"] {
            assert_eq!(file_name(path), path.strip_prefix('/'), "{path}");
        }
        for path in [
            "",
            "/",
            "sw.js",
            "/../Cargo.toml",
            "/assets/../../package.json",
            "/assets/%2e%2e/package.json",
            "/assets//a.js",
            "/.env",
            "/assets/.hidden.js",
            "/assets\\..\\a.js",
            "/C:/a.js",
            "//a.js",
            "/a.js/",
            "/index.html.br",
        ] {
            assert_eq!(file_name(path), None, "{path}");
        }
        assert_eq!((kind_of("a.rs"), kind_of("a.map"), kind_of("LICENSE")), (None, None, None));
    }

    #[test]
    fn brotli_goes_to_those_who_take_it() {
        let takes = |text: &'static str| {
            takes_brotli(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]))
        };
        for text in ["br", "gzip, deflate, br, zstd", "gzip;q=0.5, BR;q=0.1"] {
            assert!(takes(text), "{text}");
        }
        for text in ["", "gzip", "br;q=0", "br;q=0.0, gzip", "brx", "*"] {
            assert!(!takes(text), "{text}");
        }
        assert!(!takes_brotli(&HeaderMap::new()));
    }

    #[test]
    fn a_tag_is_known_in_any_list_also_as_a_weak_one() {
        let known = |text: &'static str| names_tag(&HeaderValue::from_static(text), "\"ab\"");
        for text in ["\"ab\"", "\"cd\", \"ab\"", "W/\"ab\"", "*"] {
            assert!(known(text), "{text}");
        }
        for text in ["", "ab", "\"abc\"", "\"cd\""] {
            assert!(!known(text), "{text}");
        }
    }
}
