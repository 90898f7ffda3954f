//! The front: accepted sockets, the gateway's preface, HTTP/1.1. The socket decides what may be asked: `admin` is the
//! box's own administration on the practice's network, `admin-portal` what families need of it.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use relaybox_process::peer::Callers;
use relaybox_process::shutdown;
use relaybox_protocol::refusal::Class;
use relaybox_web::Surface;
use relaybox_web::limits::Connections;
use relaybox_web::proxy::Preface;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api;
use crate::body::Body;
use crate::login::Asked;
use crate::reply::{self, Refused};
use crate::run::Shared;

/// Seconds for the preface, for a request head, and for its body.
const REQUEST_SECONDS: u64 = 10;
const HEAD_BYTES: usize = 16 * 1024;
/// Wait after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The socket of the administration; the other one is the portal's.
const ADMIN: &str = "admin";

/// What every accept loop needs.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) connections: Connections,
    pub(crate) callers: Arc<Callers>,
}

/// Accepts until the role stops, then waits for its connections to end.
pub(crate) async fn accept(
    front: Front,
    name: String,
    listener: UnixListener,
    mut order: watch::Receiver<bool>,
) {
    let surface = if name == ADMIN { Surface::Admin } else { Surface::Portal };
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match front.callers.admit(&name, &stream) {
                    Ok(()) => {
                        open.spawn(connect(front.clone(), surface, stream));
                    }
                    Err(error) => log::warn!("a caller on {name} was turned away: failed to {error}"),
                },
                Err(error) => {
                    log::warn!("accepting on {name} failed: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = open.join_next() => {}
            () = shutdown::requested(&mut order) => break,
        }
    }
    while open.join_next().await.is_some() {}
}

async fn connect(front: Front, surface: Surface, mut stream: UnixStream) {
    let limit = Duration::from_secs(REQUEST_SECONDS);
    let preface = match tokio::time::timeout(limit, Preface::read(&mut stream)).await {
        Ok(Ok(preface)) => preface,
        Ok(Err(error)) => return log::warn!("a connection was turned away: failed to {error}"),
        Err(_) => return log::warn!("a connection was turned away: its preface did not come in time"),
    };
    let Ok(_permit) = front.connections.admit(preface.source.ip()) else { return };
    let (shared, host) = (Arc::clone(&front.shared), Arc::<str>::from(preface.host));
    let mut order = shared.stop.clone();
    let service = service_fn(move |request| {
        let (shared, host) = (Arc::clone(&shared), Arc::clone(&host));
        async move { Ok::<_, Infallible>(answer(&shared, surface, &host, request).await) }
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = shutdown::requested(&mut order) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        log::debug!("failed to serve a connection: {}", io::Error::other(error));
    }
}

async fn answer(
    shared: &Arc<Shared>,
    surface: Surface,
    host: &str,
    request: Request<Incoming>,
) -> Response<Body> {
    let answered = match asked(shared, host, request).await {
        Ok((path, asked)) => match surface {
            Surface::Admin => api::admin(shared, &path, asked).await,
            _ => api::portal(shared, &path, asked).await,
        },
        Err(refused) => Err(refused),
    };
    answered.unwrap_or_else(|refused| reply::refused(&refused))
}

/// The request with its whole body, and its path.
async fn asked(shared: &Shared, host: &str, request: Request<Incoming>) -> Result<(String, Asked), Refused> {
    let (head, body) = request.into_parts();
    if !same_origin(&head.headers, host) {
        return Err(Refused::new(Class::Forbidden, "origin", "only this box's own pages may ask"));
    }
    let read = Limited::new(body, shared.config.body_bytes_max).collect();
    let body = match tokio::time::timeout(Duration::from_secs(REQUEST_SECONDS), read).await {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(_)) => return Err(Refused::new(Class::TooLarge, "too-large", "the request is too large")),
        Err(_) => return Err(Refused::malformed("the request did not come in time")),
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let asked = Asked {
        method: head.method.to_string(),
        url: format!("https://{host}{target}"),
        authorization: authorization.map(str::to_owned),
        body,
    };
    Ok((head.uri.path().to_owned(), asked))
}

/// A browser says which page asks; programs say nothing.
fn same_origin(headers: &HeaderMap, host: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    origins.all(|origin| origin.to_str().is_ok_and(|origin| origin == format!("https://{host}")))
}
