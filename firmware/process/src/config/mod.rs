//! One `relaybox.toml`: unknown fields are errors, units stand in the names, every limit has a name
//! and a default here. To change a default or its description, change its row.

mod check;
mod page;
mod section;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use section::section;
pub use section::{Field, Section};

/// The whole file. Every section and every field may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub relay: RelayConfig,
    pub gateway: GatewayConfig,
    pub vault: VaultConfig,
    pub admin: AdminConfig,
    pub audit: AuditConfig,
    pub sockets: SocketsConfig,
    pub log: LogConfig,
}

section! {
    RelayConfig, "relay", "The relay: what it says of itself, and its limits.";
    name: String = "Relaybox".to_owned(), "Name in the relay's information document (NIP-11).";
    description: String = "Health records of one practice".to_owned(), "Description in the information document.";
    contact: String = String::new(), "Whom to ask about this relay: `mailto:` or `https:`. Empty: not stated.";
    event_bytes_max: usize = 393_216, "Largest event in bytes; two copies of the largest body fit.";
    frame_bytes_max: usize = 458_752, "Largest WebSocket message in bytes.";
    filters_max: usize = 16, "Filters in one REQ or COUNT.";
    filter_values_max: usize = 2_000, "Values in all sets of one filter.";
    subscriptions_max: usize = 64, "Open subscriptions of one connection.";
    subscription_id_bytes_max: usize = 64, "Longest subscription id in bytes.";
    limit_max: usize = 5_000, "Largest `limit` of one REQ, and the limit when none is given.";
    connections_max: usize = 2_000, "Open connections, per node.";
    connections_per_address_max: usize = 256, "Open connections of one address, per node.";
    auth_seconds_max: u64 = 60, "Seconds in which a connection must log in.";
    auth_bytes_max: usize = 65_536, "Bytes a connection may send before it has logged in.";
    auth_keys_max: usize = 8, "Keys logged in on one connection.";
    events_per_minute_per_key: u32 = 1_200, "Events one key may publish in a minute, per node.";
    wraps_per_minute_per_address: u32 = 30, "Gift wraps one address may publish in a minute, per node.";
    outgoing_bytes_max: usize = 8_388_608, "Bytes waiting for one slow reader; above it the connection is dropped.";
    idle_seconds: u64 = 3_600, "Seconds without any frame after which a connection is closed.";
    neg_ids_max: usize = 500_000, "Ids in one negentropy session.";
    neg_sessions_max: usize = 4, "Open negentropy sessions of one connection.";
    quota_bytes: u64 = 0, "Bytes one key may store; 0 means no limit.";
    receipt_seconds: u64 = 10, "Longest wait of a record for its receipt, in seconds.";
    receipt_seconds_loaded: u64 = 60, "The same while more than `receipt_due_max` records wait.";
    receipt_due_max: u64 = 5_000, "Waiting records above which receipts are written at the slower pace.";
    ceremony_line_bytes_max: usize = 16_777_216, "Longest line on the ceremony socket in bytes.";
    audit: bool = true, "Enter logins and refusals in the audit, and refuse logins while it takes none. Only tests and measurements of the relay alone go without.";
    drain_seconds: u64 = 5, "Seconds for what is under way to be answered and receipted when the role stops; the goodbye to open connections takes up to two more.";
}

impl RelayConfig {
    /// Longest time in which a stopping relay says goodbye to its connections, after `drain_seconds`.
    pub const GOODBYE_SECONDS: u64 = 2;
}

section! {
    GatewayConfig, "gateway", "The HTTPS front: where it listens, its names, and its limits.";
    listen: Vec<String> = vec!["0.0.0.0:443".to_owned(), "[::]:443".to_owned()], "Addresses to listen on. Under systemd the inherited sockets are used instead.";
    hosts: Vec<String> = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()], "Names and addresses in the certificate, accepted as `Host`, and with them as the relay that a login names (NIP-42). A name is accepted without a port and with the port of the connection; `name:port` adds another port (a router that forwards one).";
    portal_hosts: Vec<String> = vec!["portal.localhost".to_owned()], "Names of the portal, the face of families, as in `hosts`: each is an origin of its own, and no name stands in both lists. Its pages find the relay at NAME when they are called `portal.NAME` or `FIRST-portal.REST` for a NAME (FIRST.REST) of `hosts`, else at the first name of `hosts`. Empty: no portal.";
    admin_hosts: Vec<String> = vec!["admin.localhost".to_owned()], "Names of the administration, as in `portal_hosts`: on the practice's own network alone. Empty: none.";
    relay_socket: PathBuf = PathBuf::from("/run/relaybox/relay.sock"), "Unix socket of the relay.";
    connections_max: usize = 2_000, "Open connections, per node.";
    connections_per_address_max: usize = 256, "Open connections of one address (of one /64 in IPv6), per node.";
    tls_seconds_max: u64 = 10, "Seconds for the TLS handshake.";
    header_bytes_max: usize = 16_384, "Largest request head in bytes; at least 8,192.";
    header_seconds_max: u64 = 10, "Seconds for a request head to arrive, and between two requests.";
    relay_seconds_max: u64 = 10, "Seconds for the relay to answer a request.";
    write_seconds_max: u64 = 60, "Seconds a joined connection may take no byte while some are waiting for it.";
    half_closed_seconds_max: u64 = 10, "Seconds without a byte after which a joined connection is closed when one side has ended.";
    drain_seconds: u64 = 8, "Seconds for open connections to end when the role stops; at least two more than the relay's, whose last words they carry.";
}

section! {
    VaultConfig, "vault", "The vault: the key slot, and how long a ceremony may take.";
    slot_helper: PathBuf = PathBuf::from("/usr/lib/relaybox/relaybox-slot"), "The program that speaks to security keys.";
    request_seconds: u64 = 300, "Seconds for which a request waits for the button; at most the default.";
    ceremony_seconds: u64 = 60, "Seconds from the button to the end of a ceremony, whatever happens; at most the default.";
    claim_seconds: u64 = 2_400, "Seconds for a claim after its button, and for the enrolment of one more slot key.";
    two_person: bool = false, "Whether two different slot keys have to approve each ceremony. It binds this vault, not a thief of its file who has one of its keys.";
    panel: Panel = Panel::None, "Front panel: `none`; for development `console`, whose display is standard error and whose button is the console, or `simulated`, with a button of its own (`relaybox panel`).";
    soft: bool = false, "Whether the slot keys are programs and no hardware: said wherever the slot is shown, and refused outside `relaybox dev`.";
}

/// What stands in front of the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Panel {
    None,
    /// A simulated panel without a button.
    Console,
    /// One with a button.
    Simulated,
}

section! {
    AdminConfig, "admin", "The interface of staff who run the box, and the store of wrapped keys.";
    body_bytes_max: usize = 65_536, "Largest request in bytes.";
    connections_max: usize = 64, "Open connections, in all and of one address, per node.";
}

section! {
    AuditConfig, "audit", "The audit: who logged in, what was refused, what was done to keys, staff and seals.";
    anchor_seconds: u64 = 3_600, "Seconds between two anchors, by which the box signs where its chains end.";
}

section! {
    SocketsConfig, "sockets", "Where the roles meet.";
    folder: PathBuf = PathBuf::from("/run/relaybox"), "Folder of the roles' Unix sockets, each `NAME.sock`. The gateway's way to the relay stands in its own section.";
}

section! {
    LogConfig, "log", "What is logged. Content, keys, names and addresses never are.";
    level: LogLevel = LogLevel::Info, "One of `error`, `warn`, `info`, `debug`, `trace`.";
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub const fn filter(self) -> log::LevelFilter {
        match self {
            Self::Error => log::LevelFilter::Error,
            Self::Warn => log::LevelFilter::Warn,
            Self::Info => log::LevelFilter::Info,
            Self::Debug => log::LevelFilter::Debug,
            Self::Trace => log::LevelFilter::Trace,
        }
    }
}

/// Why a configuration cannot be used. The text names the field and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("read {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("understand the configuration")]
    Parse(#[from] toml::de::Error),
    #[error("use [{section}] {field} = {value}: {advice}")]
    Field { section: &'static str, field: &'static str, value: String, advice: &'static str },
}

impl Config {
    /// All sections, in the order of the file.
    pub const SECTIONS: &'static [Section] = &[
        RelayConfig::SECTION,
        GatewayConfig::SECTION,
        VaultConfig::SECTION,
        AdminConfig::SECTION,
        AuditConfig::SECTION,
        SocketsConfig::SECTION,
        LogConfig::SECTION,
    ];

    /// Path of a role's Unix socket.
    pub fn socket(&self, name: &str) -> PathBuf {
        self.sockets.folder.join(format!("{name}.sock"))
    }

    /// Reads, parses and checks a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Parses and checks the text of a file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)?;
        config.check()?;
        Ok(config)
    }
}
