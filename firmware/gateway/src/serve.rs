//! Accepts connections, ends TLS, runs HTTP, and stops.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use relaybox_process::config::{Config, GatewayConfig};
use relaybox_process::{Env, Listener, shutdown};
use relaybox_web::limits::{Connections, Permit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::GatewayError;
use crate::join::Limits;
use crate::route::{self, Connection, Gate};
use crate::tls::{self, Certificates};
use relaybox_web::hosts::Hosts;

/// How often the certificate's age is looked at.
const RENEWAL_CHECK: Duration = Duration::from_secs(3_600);
/// Pause after a failed accept (no descriptors left): others end meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Headers in one request.
const HEADERS_MAX: usize = 64;

/// What a connection holds until it has ended.
pub(crate) struct Held {
    _permit: Permit,
    /// The shutdown waits until every clone is gone.
    _alive: mpsc::Sender<()>,
    cut: watch::Receiver<bool>,
}

impl Held {
    /// Returns when the time to drain is over.
    pub(crate) fn cut(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut cut = self.cut.clone();
        async move { shutdown::requested(&mut cut).await }
    }
}

/// What it takes to serve one connection.
struct Server {
    gate: Arc<Gate>,
    acceptor: TlsAcceptor,
    http: http1::Builder,
    tls_limit: Duration,
    connections: Connections,
    alive: mpsc::Sender<()>,
    cut: watch::Receiver<bool>,
}

pub(crate) async fn run(env: Env) -> Result<(), GatewayError> {
    let config = &env.config.gateway;
    let hosts = Hosts::with_admin(&config.hosts, &config.portal_hosts, &config.admin_hosts);
    let certificates = Certificates::open(env.state.clone(), hosts.clone(), env.clock.now())?;
    let listeners: Vec<TcpListener> = env
        .listeners
        .into_iter()
        .filter_map(|(_, listener)| match listener {
            Listener::Tcp(listener) => Some(listener),
            Listener::Unix(_) => None,
        })
        .collect();
    if listeners.is_empty() {
        return Err(GatewayError::NoListener);
    }
    let (alive, mut ended) = mpsc::channel(1);
    let (cut_all, cut) = shutdown::channel();
    let server = Arc::new(Server {
        gate: Arc::new(gate(&env.config, hosts, env.state, env.dev)),
        acceptor: TlsAcceptor::from(tls::server_config(Arc::clone(&certificates))?),
        http: http(config),
        tls_limit: Duration::from_secs(config.tls_seconds_max),
        connections: Connections::new(config.connections_max, config.connections_per_address_max),
        alive,
        cut,
    });
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|listener| tokio::spawn(accept(Arc::clone(&server), listener, env.shutdown.clone())))
        .collect();
    (env.ready)();
    let mut order = env.shutdown;
    let mut check = tokio::time::interval(RENEWAL_CHECK);
    loop {
        tokio::select! {
            () = shutdown::requested(&mut order) => break,
            _ = check.tick() => if let Err(error) = certificates.renew(env.clock.now()) {
                log::error!("failed to renew the certificate: {error}");
            },
        }
    }
    for task in accepting {
        // An accept loop ends by the same order; a panic in it has been printed.
        let _ = task.await;
    }
    drop(server);
    let drain = Duration::from_secs(config.drain_seconds);
    if tokio::time::timeout(drain, ended.recv()).await.is_err() {
        log::info!("cut the connections that did not end within {} seconds", config.drain_seconds);
        // Receivers live in the connections that are still open.
        let _ = cut_all.send(true);
        ended.recv().await;
    }
    Ok(())
}

fn gate(all: &Config, hosts: Hosts, state: std::path::PathBuf, dev: bool) -> Gate {
    let config = &all.gateway;
    Gate {
        hosts,
        relay: config.relay_socket.clone(),
        admin: all.socket("admin"),
        admin_portal: all.socket("admin-portal"),
        admin_bytes_max: all.admin.body_bytes_max,
        state,
        dev,
        relay_limit: Duration::from_secs(config.relay_seconds_max),
        join_limits: Limits {
            stalled: Duration::from_secs(config.write_seconds_max),
            half_closed: Duration::from_secs(config.half_closed_seconds_max),
        },
    }
}

fn http(config: &GatewayConfig) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(config.header_seconds_max))
        .max_buf_size(config.header_bytes_max)
        .max_headers(HEADERS_MAX);
    http
}

async fn accept(server: Arc<Server>, listener: TcpListener, mut order: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            () = shutdown::requested(&mut order) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                log::warn!("failed to accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let permit = match server.connections.admit(address.ip()) {
            Ok(permit) => permit,
            Err(full) => {
                log::debug!("failed to {full}");
                continue;
            }
        };
        let held = Arc::new(Held { _permit: permit, _alive: server.alive.clone(), cut: server.cut.clone() });
        let server = Arc::clone(&server);
        let order = order.clone();
        tokio::spawn(async move {
            let cut = held.cut();
            tokio::select! {
                served = serve(&server, stream, address, Arc::clone(&held), order) => {
                    if let Err(error) = served {
                        log::debug!("failed to serve a connection: {error}");
                    }
                }
                () = cut => {}
            }
        });
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn serve(
    server: &Server,
    stream: TcpStream,
    address: SocketAddr,
    held: Arc<Held>,
    mut order: watch::Receiver<bool>,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?;
    let stream = tokio::select! {
        tls = tokio::time::timeout(server.tls_limit, server.acceptor.accept(stream)) => tls??,
        () = shutdown::requested(&mut order) => return Ok(()),
    };
    let server_name = stream.get_ref().1.server_name().map(str::to_owned);
    let connection =
        Arc::new(Connection { gate: Arc::clone(&server.gate), address, local, server_name, held });
    let service = service_fn(move |request| {
        let connection = Arc::clone(&connection);
        async move { Ok::<_, std::convert::Infallible>(route::answer(connection, request).await) }
    });
    let serving = server.http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(serving);
    tokio::select! {
        served = serving.as_mut() => return Ok(served?),
        () = shutdown::requested(&mut order) => serving.as_mut().graceful_shutdown(),
    }
    Ok(serving.await?)
}
