//! `relaybox dev`: every role in one process, on the same Unix sockets as on the box, in one directory.

mod data;
mod ready;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relaybox_process::clock::Clock;
use relaybox_process::config::{Config, Panel};
use relaybox_process::peer::Callers;
use relaybox_process::rpc::ceremony::{CeremonyClient, CeremonyError};
use relaybox_process::rpc::vault::{Request, VaultClient};
use relaybox_process::{Env, Listener};
use tokio::net::TcpListener;

use crate::demo::vault::DemoVault;
use crate::demo::{self, DemoError, DemoWorld, Door};
use crate::launch::{LaunchError, Roles, bind_unix};
use crate::roles::{ROLES, Role};
use data::Data;
pub use data::DataError;
pub use ready::{Origins, Ready};

/// The demo's seed: the same people on every machine.
pub(crate) const SEED: [u8; 32] = *b"relaybox synthetic demo practice";
/// Port of the HTTPS front when none is asked for.
const PORT: u16 = 8443;

/// What the box is called when its configuration gives it no name.
const PRACTICE_NAME: &str = "Sampleville Pediatrics";

/// What a fresh directory is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// The demo practice.
    Demo,
    /// Nothing: no practice key, and the box serves its state only.
    Empty,
    /// Whatever the directory holds.
    Keep,
}

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    pub data: PathBuf,
    /// The HTTPS front; none: port 8443 on loopback.
    pub listen: Option<SocketAddr>,
    /// The relay's own WebSocket without TLS; loopback only.
    pub plain_relay: Option<SocketAddr>,
    pub fill: Fill,
    /// Name of the demo practice; none: the usual one.
    pub practice: Option<String>,
    pub reset: bool,
    /// Limits; addresses and hosts are set here.
    pub config: Config,
}

/// Why the box did not start or did not keep running.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("listen on {address}: stop the program that uses it, or choose another address")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("offer the relay without TLS on {0}: only loopback addresses are allowed")]
    NotLoopback(SocketAddr),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error("ask the relay for its state")]
    Ceremony(#[from] CeremonyError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error("run without a practice: this directory holds one; leave out --empty, or add --reset")]
    NotEmpty,
    #[error("add the demo practice: the box holds a practice that is not a whole demo; add --reset")]
    NotDemo,
}

/// A running box.
pub struct DevBox {
    ready: Ready,
    roles: Roles,
    /// Locked until the box has stopped.
    _data: Data,
}

impl DevBox {
    /// Starts every role, waits until all accept connections, and fills a fresh box as asked.
    ///
    /// # Errors
    /// The first thing that failed; nothing is left running.
    pub async fn start(options: &Options, clock: Clock) -> Result<Self, DevError> {
        let data = Data::open(&options.data, options.reset)?;
        let door = Bound::bind(options, &data).await?;
        let name = options.practice.clone().or_else(|| data.world().ok().flatten()?.name);
        let vault = demo_vault(options, &data, name.as_deref(), clock.now()).await;
        let config = Arc::new(door.config(options, &data, name.as_deref(), vault.is_some()));
        let receipts = data.credential("receipts")?;
        let audit = data.credential("audit")?;
        let mut ready = door.ready(&data);
        let door_of_demo = Door {
            ceremony: data.path("run").join("ceremony.sock"),
            relay: data.path("run").join("relay.sock"),
            host: door.host(),
            url: ready.relay.clone(),
            receipts,
            audit,
            now: clock.now(),
        };
        let door_address = door.address;
        let mut roles = Roles::start(door.roles(&config, &data, &clock));
        let filled = async {
            roles.ready().await?;
            tell_address(&data, door_address).await;
            tokio::select! {
                world = fill(options, &data, &door_of_demo) => world,
                failed = roles.failed() => Err(failed.err().map_or(DevError::NotDemo, DevError::from)),
            }
        }
        .await;
        match filled {
            Ok((practice, world)) => {
                ready.practice = practice;
                if let Some(world) = world {
                    ready.vault = vault;
                    ready.epochs = world.epochs;
                    ready.persons = world.persons;
                }
                Ok(Self { ready, roles, _data: data })
            }
            Err(error) => {
                // The first failure is the one to tell.
                let _ = roles.stop().await;
                Err(error)
            }
        }
    }

    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Returns when a role has failed.
    ///
    /// # Errors
    /// Always, but for a box without roles.
    pub async fn failed(&mut self) -> Result<(), DevError> {
        Ok(self.roles.failed().await?)
    }

    /// Drains and stops every role.
    ///
    /// # Errors
    /// When a role did not stop cleanly.
    pub async fn stop(self) -> Result<(), DevError> {
        Ok(self.roles.stop().await?)
    }
}

/// The demo's key lies in a vault where the key slot is one of software keys. Without one the demo runs as well, and
/// no ceremony can be held.
async fn demo_vault(options: &Options, data: &Data, name: Option<&str>, now: u64) -> Option<DemoVault> {
    let demo = options.fill == Fill::Demo || data.world().is_ok_and(|world| world.is_some());
    if !demo || !options.config.vault.soft {
        return None;
    }
    let sealed = demo::vault::seal(SEED, name, &data.path("vault"), &options.config.vault, now).await;
    sealed.inspect_err(|error| log::warn!("demo practice: no ceremony can be held: failed to {error}")).ok()
}

/// Tells the display of the front panel where the box is reached, as the network's hook does on a box.
async fn tell_address(data: &Data, address: SocketAddr) {
    let told = async {
        let mut vault = VaultClient::connect(&data.path("run").join("vault.sock")).await?;
        vault.ask(&Request::Address { address }).await
    };
    if let Err(error) = told.await {
        log::warn!("telling the front panel the address failed to {error}");
    }
}

/// The practice of the box, and the demo that made it.
async fn fill(
    options: &Options,
    data: &Data,
    door: &Door,
) -> Result<(Option<String>, Option<DemoWorld>), DevError> {
    let claimed = CeremonyClient::connect(&door.ceremony).await?.state().await?.practice;
    let world = data.world()?.filter(|world| claimed.as_ref() == Some(&world.practice));
    let world = match (options.fill, &claimed, world) {
        (Fill::Empty, Some(_), _) => return Err(DevError::NotEmpty),
        (Fill::Demo, Some(_), None) => return Err(DevError::NotDemo),
        (Fill::Demo, None, _) => {
            let world = demo::publish(door, SEED, options.practice.as_deref()).await?;
            data.keep_world(&world)?;
            Some(world)
        }
        (_, _, world) => world,
    };
    if let Some(world) = &world {
        data.show_people(world)?;
    }
    Ok((world.as_ref().map(|world| world.practice.clone()).or(claimed), world))
}

/// Every socket, bound before any role starts.
struct Bound {
    gateway: Vec<TcpListener>,
    plain: Option<TcpListener>,
    unix: Vec<(&'static str, tokio::net::UnixListener)>,
    /// Where the HTTPS front really listens.
    address: SocketAddr,
    plain_address: Option<SocketAddr>,
}

impl Bound {
    async fn bind(options: &Options, data: &Data) -> Result<Self, DevError> {
        let first = options.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
        let (listener, address) = listen(first).await?;
        let mut gateway = vec![listener];
        if options.listen.is_none() {
            // Browsers try ::1 first for localhost; a machine without IPv6 goes without.
            let second = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
            gateway.extend(listen(second).await.ok().map(|(listener, _)| listener));
        }
        let plain = match options.plain_relay {
            Some(address) if !address.ip().is_loopback() => return Err(DevError::NotLoopback(address)),
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let (plain, plain_address) = plain.unzip();
        let mut unix = Vec::new();
        for socket in ROLES.iter().flat_map(|role| role.sockets) {
            unix.push((socket.name, bind_unix(&data.path("run"), socket.name)?));
        }
        Ok(Self { gateway, plain, unix, address, plain_address })
    }

    /// Programs on Debian do not resolve `*.localhost`, and an unspecified address is no destination.
    fn host(&self) -> String {
        let ip = self.address.ip();
        let name = if ip.is_loopback() || ip.is_unspecified() {
            "localhost".to_owned()
        } else {
            self.address.to_string().trim_end_matches(&format!(":{}", self.address.port())).to_owned()
        };
        format!("{name}:{}", self.address.port())
    }

    fn config(&self, options: &Options, data: &Data, name: Option<&str>, sealed: bool) -> Config {
        let mut config = options.config.clone();
        if config.relay.name == Config::default().relay.name {
            name.unwrap_or(PRACTICE_NAME).clone_into(&mut config.relay.name);
        }
        let mut names: Vec<String> =
            ["localhost", "relay.localhost", "relaybox.local", "127.0.0.1", "::1"].map(str::to_owned).into();
        let ip = self.address.ip();
        if !ip.is_loopback() && !ip.is_unspecified() {
            names.push(ip.to_string());
        }
        names.extend(options.config.gateway.hosts.iter().cloned());
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let mut portals = ["portal.localhost", "relaybox-portal.local"].map(str::to_owned).to_vec();
        portals.extend(options.config.gateway.portal_hosts.iter().cloned());
        portals.retain(|name| seen.insert(name.clone()));
        config.gateway.portal_hosts = portals;
        let mut admins = ["admin.localhost", "relaybox-admin.local"].map(str::to_owned).to_vec();
        admins.extend(options.config.gateway.admin_hosts.iter().cloned());
        admins.retain(|name| seen.insert(name.clone()));
        config.gateway.admin_hosts = admins;
        config.gateway.hosts = names;
        config.sockets.folder = data.path("run");
        config.gateway.relay_socket = config.socket("relay");
        // A demo whose key lies in no vault has no use for a panel: it would ask for a claim in vain.
        let demo = options.fill == Fill::Demo || data.world().is_ok_and(|world| world.is_some());
        if config.vault.panel == Panel::None && (sealed || !demo) {
            config.vault.panel = Panel::Console;
        }
        config
    }

    fn ready(&self, data: &Data) -> Ready {
        Ready {
            ready: true,
            origins: Origins {
                start: format!("https://{}/", self.host()),
                portal: format!("https://portal.localhost:{}/", self.address.port()),
                admin: format!("https://admin.localhost:{}/", self.address.port()),
            },
            relay: format!("wss://{}", self.host()),
            relay_plain: self.plain_address.map(|address| format!("ws://{address}")),
            ca: data.path("gateway").join("ca.crt"),
            practice: None,
            epochs: Vec::new(),
            persons: Vec::new(),
            vault: None,
        }
    }

    fn roles(self, config: &Arc<Config>, data: &Data, clock: &Clock) -> Vec<crate::launch::Starting> {
        let mut tcp: Vec<(&str, Listener)> =
            self.gateway.into_iter().map(|listener| ("gateway", Listener::Tcp(listener))).collect();
        let mut plain = self.plain;
        let mut unix = self.unix;
        ROLES
            .iter()
            .map(|role| {
                let mut listeners = Vec::new();
                for socket in role.sockets {
                    if let Some(at) = unix.iter().position(|(name, _)| *name == socket.name) {
                        let (name, listener) = unix.swap_remove(at);
                        listeners.push((name.to_owned(), Listener::Unix(listener)));
                    }
                }
                let (mine, rest) = tcp.drain(..).partition(|(name, _)| role.tcp.contains(name));
                tcp = rest;
                let mine: Vec<(&str, Listener)> = mine;
                listeners.extend(mine.into_iter().map(|(name, listener)| (name.to_owned(), listener)));
                if role.name == "relay" {
                    let plain =
                        plain.take().map(|listener| ("relay-plain".to_owned(), Listener::Tcp(listener)));
                    listeners.extend(plain);
                }
                starting(role, listeners, config, data, clock)
            })
            .collect()
    }
}

fn starting(
    role: &'static Role,
    listeners: Vec<(String, Listener)>,
    config: &Arc<Config>,
    data: &Data,
    clock: &Clock,
) -> crate::launch::Starting {
    let sockets: Vec<&str> = role.sockets.iter().map(|socket| socket.name).collect();
    let (config, clock) = (Arc::clone(config), clock.clone());
    let (state, credentials) = (data.path(role.name), data.path("credentials"));
    let callers = Callers::own_uid(&sockets);
    let env = move |shutdown, ready| Env {
        config,
        listeners,
        callers,
        shutdown,
        ready,
        clock,
        state,
        credentials,
        dev: true,
    };
    (role, Box::new(env))
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), DevError> {
    let failed = |source| DevError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The directory when none is given: beside the Makefile, where `make run` starts.
pub fn default_data() -> &'static Path {
    Path::new(".relaybox-dev")
}
