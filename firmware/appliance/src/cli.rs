//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use relaybox_process::clock::Clock;
use relaybox_process::config::Config;
use relaybox_process::unit::Unit;
use relaybox_process::{Env, Listener, logging, shutdown};
use tokio::signal::unix::{SignalKind, signal};

use crate::dev::{self, DevBox, Fill, Options};
use crate::launch::{LaunchError, bind_unix};
use crate::roles::{self, Role};
use crate::tools;

/// Health records of one practice on one small box.
#[derive(Debug, Parser)]
#[command(name = "relaybox", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every role in one process, for development
    Dev(DevArgs),
    /// Run the relay role (systemd does this)
    Relay(RoleArgs),
    /// Run the gateway role (systemd does this)
    Gateway(RoleArgs),
    /// Run the admin role (systemd does this)
    Admin(RoleArgs),
    /// Run the audit role (systemd does this), or look at the audit
    Audit(AuditArgs),
    /// Run the vault role (systemd does this)
    Vault(RoleArgs),
    /// The process of one ceremony (the vault starts it)
    #[command(hide = true)]
    CeremonyProcess,
    /// Claim this box for a practice, on its console
    Claim(tools::ceremony::ClaimArgs),
    /// Open the practice's key with the recovery words when all slot keys are lost, on the console
    Recover(tools::ceremony::RecoverArgs),
    /// Give the practice its next key with the words of the succession sheet, on the console
    Succeed(tools::ceremony::SucceedArgs),
    /// Hold a ceremony on the console, or look at the key slot
    Ceremony(tools::ceremony::CeremonyArgs),
    /// Say where the box is reached, or touch the simulated front panel of `relaybox dev`
    Panel(tools::panel::PanelArgs),
    /// Look at a configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at a box's events
    #[command(subcommand)]
    Store(StoreCommand),
}

#[derive(Debug, Args)]
struct DevArgs {
    /// Directory of everything the box keeps
    #[arg(long, value_name = "DIR", default_value_os_t = dev::default_data().to_owned())]
    data: PathBuf,
    /// Address of the HTTPS front [default: 127.0.0.1:8443 and [::1]:8443]; port 0 takes any free port
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Fill a fresh box with the demo practice
    #[arg(long, conflicts_with = "empty")]
    demo: bool,
    /// Name of the demo practice; another name makes another practice, known to the same families
    #[arg(long, value_name = "NAME", conflicts_with = "empty")]
    demo_practice: Option<String>,
    /// Run without a practice: the box serves its state only
    #[arg(long)]
    empty: bool,
    /// Offer the relay's WebSocket without TLS on this loopback address as well
    #[arg(long, value_name = "ADDR")]
    plain_relay: Option<SocketAddr>,
    /// Print one line of JSON when ready, and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// Remove everything in the data directory first
    #[arg(long)]
    reset: bool,
    /// Limits and names from this relaybox.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct RoleArgs {
    /// The relaybox.toml of the box
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// State directory, when systemd gives none
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Directory of credentials, when systemd gives none
    #[arg(long, value_name = "DIR")]
    credentials: Option<PathBuf>,
    /// Where to bind the Unix sockets, when systemd hands over none
    #[arg(long, value_name = "DIR")]
    sockets: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct AuditArgs {
    #[command(subcommand)]
    command: Option<AuditCommand>,
    #[command(flatten)]
    role: Option<RoleArgs>,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Read every chain from its first entry, compare it with the anchors, and name what was changed, removed or moved;
    /// also while the box runs
    Verify {
        /// Directory of `relaybox dev`, or the audit's state directory
        #[arg(long, value_name = "DIR", default_value_os_t = dev::default_data().to_owned())]
        data: PathBuf,
        /// The relay's state directory, whose stored anchors are compared as well
        #[arg(long, value_name = "DIR")]
        relay: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say whether a file can be used, and what to change when it cannot
    Check {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Print the reference page of all fields
    Doc,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Verify file, signatures, receipts, and that arrival and receipts give the same members
    Check {
        /// Directory of `relaybox dev`, or the relay's state directory
        #[arg(long, value_name = "DIR", default_value_os_t = dev::default_data().to_owned())]
        data: PathBuf,
    },
    /// Write a consistent copy of the events to a new file, also while the box runs
    Snapshot {
        /// Directory of `relaybox dev`, or the relay's state directory
        #[arg(long, value_name = "DIR", default_value_os_t = dev::default_data().to_owned())]
        data: PathBuf,
        #[arg(long, value_name = "FILE")]
        into: PathBuf,
    },
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why a role could not be started by hand.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("start the role: --{0} is needed outside systemd")]
    Missing(&'static str),
    #[error("listen on {address}")]
    Listen {
        address: String,
        #[source]
        source: std::io::Error,
    },
}

/// Runs the command to its end.
///
/// # Errors
/// What failed, as a fragment that fits after "failed to", with its causes as sources.
pub fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Config(ConfigCommand::Check { config }) => tools::config_check(&config),
        Command::Config(ConfigCommand::Doc) => tools::config_doc(),
        Command::Store(StoreCommand::Check { data }) => runtime()?.block_on(tools::store::check(&data)),
        Command::Store(StoreCommand::Snapshot { data, into }) => {
            runtime()?.block_on(tools::store::snapshot(&data, &into))
        }
        Command::Dev(args) => runtime()?.block_on(run_dev(args)),
        Command::Relay(args) => run_role("relay", &args),
        Command::Gateway(args) => run_role("gateway", &args),
        Command::Admin(args) => run_role("admin", &args),
        Command::Audit(AuditArgs { command: Some(AuditCommand::Verify { data, relay }), .. }) => {
            runtime()?.block_on(tools::audit::verify(&data, relay.as_deref()))
        }
        Command::Audit(AuditArgs { role: Some(args), .. }) => run_role("audit", &args),
        Command::Audit(_) => Err(StartError::Missing("config").into()),
        Command::Vault(args) => run_role("vault", &args),
        Command::CeremonyProcess => Ok(relaybox_vault::ceremony_process()?),
        Command::Claim(args) => runtime()?.block_on(tools::ceremony::claim(args)),
        Command::Recover(args) => runtime()?.block_on(tools::ceremony::recover(args)),
        Command::Succeed(args) => runtime()?.block_on(tools::ceremony::succeed(args)),
        Command::Ceremony(args) => runtime()?.block_on(tools::ceremony::run(args)),
        Command::Panel(args) => runtime()?.block_on(tools::panel::run(args)),
    }
}

/// An error and all its causes in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn run_dev(args: DevArgs) -> Result<(), Failure> {
    // Before anything else, so that no signal is missed while the box starts.
    let mut stop = Stop::new()?;
    let config = args.config.as_deref().map(Config::load).transpose()?.unwrap_or_default();
    logging::install(config.log.level.filter(), Clock::System);
    let fill = match (args.demo, args.empty) {
        (true, _) => Fill::Demo,
        (_, true) => Fill::Empty,
        _ => Fill::Keep,
    };
    let options = Options {
        data: args.data,
        listen: args.listen,
        plain_relay: args.plain_relay,
        fill,
        practice: args.demo_practice,
        reset: args.reset,
        config,
    };
    let mut running = tokio::select! {
        started = DevBox::start(&options, Clock::System) => started?,
        () = stop.asked() => return Ok(()),
    };
    let ready = running.ready();
    tools::say(&if args.json { ready.line()? } else { ready.text() })?;
    tokio::select! {
        failed = running.failed() => {
            // The failure that stopped the box is the one to tell.
            let _ = running.stop().await;
            Ok(failed?)
        }
        () = stop.asked() => {
            log::info!("stopping");
            tokio::select! {
                stopped = running.stop() => Ok(stopped?),
                () = stop.asked() => Err("wait for open connections: told to stop twice".into()),
            }
        }
    }
}

/// SIGINT and SIGTERM.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn run_role(name: &'static str, args: &RoleArgs) -> Result<(), Failure> {
    let role = roles::find(name).ok_or("find the role in the manifest")?;
    let config = Arc::new(Config::load(&args.config)?);
    let unit = Unit::from_environment()?;
    logging::install(config.log.level.filter(), Clock::System);
    runtime()?.block_on(serve(role, config, unit, args))
}

async fn serve(role: &Role, config: Arc<Config>, mut unit: Unit, args: &RoleArgs) -> Result<(), Failure> {
    let mut stop = Stop::new()?;
    let state = unit.state.clone().or_else(|| args.state.clone()).ok_or(StartError::Missing("state"))?;
    let credentials = unit.credentials.clone().or_else(|| args.credentials.clone());
    let credentials = match credentials {
        Some(directory) => directory,
        None if role.credentials.is_empty() => state.clone(),
        None => return Err(StartError::Missing("credentials").into()),
    };
    let listeners = listeners(role, &config, &mut unit, args).await?;
    // Without the file nobody but the own user is admitted.
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let (order, shutdown) = shutdown::channel();
    let ready = Box::new(move || {
        if let Err(error) = unit.notify_ready() {
            log::warn!("{}", chain(&error));
        }
    });
    let callers = role.callers(&passwd, relaybox_process::peer::own_uid());
    let clock = Clock::System;
    let env = Env { config, listeners, callers, shutdown, ready, clock, state, credentials, dev: false };
    let mut run = (role.start)(env);
    tokio::select! {
        ended = &mut run => {
            ended?;
            return Err(LaunchError::Ended { role: role.name }.into());
        }
        () = stop.asked() => log::info!("stopping"),
    }
    // The role holds the receiver until it ends.
    let _ = order.send(true);
    tokio::select! {
        ended = run => Ok(ended?),
        () = stop.asked() => Err("wait for open connections: told to stop twice".into()),
    }
}

async fn listeners(
    role: &Role,
    config: &Config,
    unit: &mut Unit,
    args: &RoleArgs,
) -> Result<Vec<(String, Listener)>, Failure> {
    let mut listeners = Vec::new();
    for socket in role.sockets {
        let mut inherited = unit.take(socket.name)?;
        if inherited.is_empty() {
            let directory = args.sockets.as_deref().ok_or(StartError::Missing("sockets"))?;
            inherited.push(Listener::Unix(bind_unix(directory, socket.name)?));
        }
        listeners.extend(inherited.into_iter().map(|listener| (socket.name.to_owned(), listener)));
    }
    for name in role.tcp {
        let mut inherited = unit.take(name)?;
        if inherited.is_empty() {
            for address in &config.gateway.listen {
                let bound = tokio::net::TcpListener::bind(address).await;
                inherited.push(Listener::Tcp(
                    bound.map_err(|source| StartError::Listen { address: address.clone(), source })?,
                ));
            }
        }
        listeners.extend(inherited.into_iter().map(|listener| ((*name).to_owned(), listener)));
    }
    Ok(listeners)
}
