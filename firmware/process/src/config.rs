//! One `relaybox.toml`: unknown fields are errors, units stand in the names, every limit has a name
//! and a default here.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub relay: RelayConfig,
    pub gateway: GatewayConfig,
}

/// Limits and identity of the relay.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelayConfig {
    pub name: String,
    pub description: String,
    pub contact: String,
    /// Relay URLs that AUTH events may name, one per host name and surface.
    pub urls: Vec<String>,
    pub event_bytes_max: usize,
    pub frame_bytes_max: usize,
    pub filters_max: usize,
    /// Values in all sets of one filter.
    pub filter_values_max: usize,
    pub subscriptions_max: usize,
    pub subscription_id_bytes_max: usize,
    /// Largest limit of one REQ, and the default without one.
    pub limit_max: usize,
    pub connections_max: usize,
    /// Per node.
    pub connections_per_address_max: usize,
    pub auth_seconds_max: u64,
    pub auth_bytes_max: usize,
    /// Keys on one socket.
    pub auth_keys_max: usize,
    /// Per node.
    pub events_per_minute_per_key: u32,
    pub wraps_per_minute_per_address: u32,
    /// Bytes waiting for one slow reader; above it the connection is dropped.
    pub outgoing_bytes_max: usize,
    pub idle_seconds: u64,
    pub neg_ids_max: usize,
    pub neg_sessions_max: usize,
    pub quota_bytes: u64,
    pub receipt_seconds: u64,
    pub receipt_seconds_loaded: u64,
    pub receipt_due_max: u64,
    pub created_at_back_seconds: u64,
    pub created_at_ahead_seconds: u64,
    pub drain_seconds: u64,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            name: "Relaybox".to_owned(),
            description: "Health records of one practice".to_owned(),
            contact: String::new(),
            urls: Vec::new(),
            event_bytes_max: 393_216,
            frame_bytes_max: 458_752,
            filters_max: 16,
            filter_values_max: 2_000,
            subscriptions_max: 64,
            subscription_id_bytes_max: 64,
            limit_max: 5_000,
            connections_max: 2_000,
            connections_per_address_max: 256,
            auth_seconds_max: 60,
            auth_bytes_max: 65_536,
            auth_keys_max: 8,
            events_per_minute_per_key: 1_200,
            wraps_per_minute_per_address: 30,
            outgoing_bytes_max: 8_388_608,
            idle_seconds: 3_600,
            neg_ids_max: 500_000,
            neg_sessions_max: 4,
            quota_bytes: 0,
            receipt_seconds: 10,
            receipt_seconds_loaded: 60,
            receipt_due_max: 5_000,
            created_at_back_seconds: 604_800,
            created_at_ahead_seconds: 600,
            drain_seconds: 5,
        }
    }
}

/// The HTTPS front.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayConfig {
    pub listen: String,
    /// Names in the certificate and accepted as Host.
    pub hosts: Vec<String>,
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    pub header_bytes_max: usize,
    pub header_seconds_max: u64,
    pub tls_seconds_max: u64,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8443".to_owned(),
            hosts: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            connections_max: 2_000,
            connections_per_address_max: 512,
            header_bytes_max: 16_384,
            header_seconds_max: 10,
            tls_seconds_max: 10,
        }
    }
}
