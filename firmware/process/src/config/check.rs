//! Rules between fields that types cannot say.

use super::{AdminConfig, AuditConfig, Config, ConfigError, GatewayConfig, RelayConfig, VaultConfig};
use std::net::{IpAddr, SocketAddr};

impl Config {
    /// The first value that cannot work, with what to do about it.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_relay(&self.relay)?;
        check_gateway(&self.gateway)?;
        check_vault(&self.vault)?;
        check_admin(&self.admin)?;
        check_audit(&self.audit)?;
        check_stop(&self.relay, &self.gateway)
    }
}

/// A gateway that cuts its connections while the relay still answers would lose OKs and closings.
fn check_stop(relay: &RelayConfig, gateway: &GatewayConfig) -> Result<(), ConfigError> {
    if gateway.drain_seconds >= relay.drain_seconds.saturating_add(RelayConfig::GOODBYE_SECONDS) {
        return Ok(());
    }
    Err(ConfigError::Field {
        section: "gateway",
        field: "drain_seconds",
        value: gateway.drain_seconds.to_string(),
        advice: "give at least 2 seconds more than [relay] drain_seconds, or the relay's last answers are cut",
    })
}

fn check_admin(admin: &AdminConfig) -> Result<(), ConfigError> {
    let bad = |field, value: usize, advice| {
        Err(ConfigError::Field { section: "admin", field, value: value.to_string(), advice })
    };
    if admin.body_bytes_max < 8_192 {
        return bad("body_bytes_max", admin.body_bytes_max, "give at least 8192, or no wrapped key fits");
    }
    if admin.connections_max == 0 {
        return bad("connections_max", 0, "give at least 1: nobody could run the box");
    }
    Ok(())
}

fn check_audit(audit: &AuditConfig) -> Result<(), ConfigError> {
    if audit.anchor_seconds > 0 {
        return Ok(());
    }
    Err(ConfigError::Field {
        section: "audit",
        field: "anchor_seconds",
        value: "0".to_owned(),
        advice: "give at least 1 second; an hour is usual",
    })
}

fn check_relay(relay: &RelayConfig) -> Result<(), ConfigError> {
    let bad = |field, value: &dyn std::fmt::Display, advice| {
        Err(ConfigError::Field { section: "relay", field, value: value.to_string(), advice })
    };
    let at_least_one: [(&'static str, usize); 11] = [
        ("filters_max", relay.filters_max),
        ("filter_values_max", relay.filter_values_max),
        ("subscriptions_max", relay.subscriptions_max),
        ("subscription_id_bytes_max", relay.subscription_id_bytes_max),
        ("limit_max", relay.limit_max),
        ("connections_max", relay.connections_max),
        ("connections_per_address_max", relay.connections_per_address_max),
        ("auth_bytes_max", relay.auth_bytes_max),
        ("auth_keys_max", relay.auth_keys_max),
        ("neg_ids_max", relay.neg_ids_max),
        ("neg_sessions_max", relay.neg_sessions_max),
    ];
    if let Some((field, value)) = at_least_one.into_iter().find(|(_, value)| *value == 0) {
        return bad(field, &value, "give at least 1: nobody could use the relay");
    }
    if relay.auth_seconds_max == 0 {
        return bad("auth_seconds_max", &0, "give at least 1 second to log in");
    }
    if relay.event_bytes_max < 1_024 {
        return bad("event_bytes_max", &relay.event_bytes_max, "give at least 1024");
    }
    if relay.frame_bytes_max < relay.event_bytes_max.saturating_add(64) {
        return bad(
            "frame_bytes_max",
            &relay.frame_bytes_max,
            "give at least 64 bytes more than event_bytes_max, or no event of that size fits a message",
        );
    }
    if relay.outgoing_bytes_max < relay.frame_bytes_max {
        return bad("outgoing_bytes_max", &relay.outgoing_bytes_max, "give at least frame_bytes_max");
    }
    if relay.receipt_seconds_loaded < relay.receipt_seconds {
        return bad("receipt_seconds_loaded", &relay.receipt_seconds_loaded, "give at least receipt_seconds");
    }
    Ok(())
}

fn check_gateway(gateway: &GatewayConfig) -> Result<(), ConfigError> {
    let bad = |field, value: &dyn std::fmt::Display, advice| {
        Err(ConfigError::Field { section: "gateway", field, value: value.to_string(), advice })
    };
    if let Some(text) = gateway.listen.iter().find(|text| text.parse::<SocketAddr>().is_err()) {
        return bad("listen", text, "write an address and a port, such as 0.0.0.0:443 or [::]:443");
    }
    if gateway.hosts.is_empty() {
        return bad("hosts", &"[]", "name at least one host, or no browser could reach the box");
    }
    if let Some(host) = gateway.hosts.iter().find(|host| !is_host(host)) {
        return bad(
            "hosts",
            host,
            "write a lower-case name (clinic.example, relaybox.local), an address, or name:port",
        );
    }
    if let Some(host) = gateway.portal_hosts.iter().find(|host| !is_portal_host(host, &gateway.hosts)) {
        return bad(
            "portal_hosts",
            host,
            "write a lower-case name, or name:port, that does not stand in hosts; an address cannot have passkeys",
        );
    }
    let beside: Vec<String> = gateway.hosts.iter().chain(&gateway.portal_hosts).cloned().collect();
    if let Some(host) = gateway.admin_hosts.iter().find(|host| !is_portal_host(host, &beside)) {
        return bad(
            "admin_hosts",
            host,
            "write a lower-case name, or name:port, that stands in no other list; an address cannot have passkeys",
        );
    }
    if gateway.connections_max == 0 || gateway.connections_per_address_max == 0 {
        return bad("connections_max", &gateway.connections_max, "give at least 1 to both connection limits");
    }
    if gateway.header_bytes_max < 8_192 {
        return bad("header_bytes_max", &gateway.header_bytes_max, "give at least 8192");
    }
    let seconds = [
        ("tls_seconds_max", gateway.tls_seconds_max),
        ("header_seconds_max", gateway.header_seconds_max),
        ("relay_seconds_max", gateway.relay_seconds_max),
        ("write_seconds_max", gateway.write_seconds_max),
        ("half_closed_seconds_max", gateway.half_closed_seconds_max),
    ];
    match seconds.into_iter().find(|(_, value)| *value == 0) {
        Some((field, value)) => bad(field, &value, "give at least 1 second"),
        None => Ok(()),
    }
}

/// A ceremony may be shorter than its contract, never longer.
fn check_vault(vault: &VaultConfig) -> Result<(), ConfigError> {
    let most = VaultConfig::default();
    let limits = [
        ("request_seconds", vault.request_seconds, most.request_seconds),
        ("ceremony_seconds", vault.ceremony_seconds, most.ceremony_seconds),
        ("claim_seconds", vault.claim_seconds, 7_200),
    ];
    match limits.into_iter().find(|(_, seconds, most)| *seconds == 0 || seconds > most) {
        Some((field, value, _)) => Err(ConfigError::Field {
            section: "vault",
            field,
            value: value.to_string(),
            advice: "give at least 1 second, at most 300 to a request, 60 to a ceremony and 7200 to a claim",
        }),
        None => Ok(()),
    }
}

/// A DNS name in lower case, an IP address, or a name with a port.
fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok_and(|port| port > 0) => name,
        Some(_) => return false,
        None => text,
    };
    is_dns_name(name)
}

/// A name, with a port or not, that is none of `hosts`: one name is one origin, and one face.
fn is_portal_host(text: &str, hosts: &[String]) -> bool {
    let name = |text: &str| text.rsplit_once(':').map_or(text, |(name, _)| name).to_owned();
    is_host(text)
        && text.parse::<IpAddr>().is_err()
        && hosts.iter().all(|host| host.parse::<IpAddr>().is_ok() || name(host) != name(text))
}

/// Letters, digits and inner hyphens in labels of 1 to 63, 253 in all (RFC 1123), lower case.
pub(super) fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(toml: &str) -> String {
        match Config::parse(toml) {
            Ok(_) => String::from("accepted"),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                format!("{error} {source}")
            }
        }
    }

    #[test]
    fn an_empty_file_gives_the_defaults_and_they_hold() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }

    #[test]
    fn one_field_changes_and_the_others_keep_their_defaults() {
        let config = Config::parse("[relay]\nlimit_max = 7\n").unwrap();
        assert_eq!(config.relay.limit_max, 7);
        assert_eq!(config.relay.filters_max, RelayConfig::default().filters_max);
    }

    #[test]
    fn an_unknown_field_is_named_with_its_line() {
        let text = text_of("[relay]\nlimit_maximum = 7\n");
        assert!(text.contains("limit_maximum") && text.contains("line 2"), "{text}");
    }

    #[test]
    fn an_unknown_section_is_named() {
        assert!(text_of("[relais]\n").contains("relais"));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let text = text_of("[relay]\nlimit_max = \"many\"\n");
        assert!(text.contains("limit_max") && text.contains("line 2"), "{text}");
    }

    #[test]
    fn a_value_out_of_range_says_the_field_and_what_to_do() {
        let cases = [
            ("[relay]\nlimit_max = 0", "limit_max", "at least 1"),
            ("[relay]\nevent_bytes_max = 10", "event_bytes_max", "at least 1024"),
            ("[relay]\nframe_bytes_max = 393216", "frame_bytes_max", "event_bytes_max"),
            ("[relay]\noutgoing_bytes_max = 5", "outgoing_bytes_max", "frame_bytes_max"),
            ("[gateway]\nlisten = [\"localhost\"]", "listen", "address and a port"),
            ("[gateway]\nhosts = []", "hosts", "at least one"),
            ("[gateway]\nhosts = [\"Clinic.example\"]", "hosts", "lower-case"),
            ("[gateway]\nhosts = [\"clinic.example:0\"]", "hosts", "name:port"),
            ("[gateway]\nportal_hosts = [\"127.0.0.1\"]", "portal_hosts", "passkeys"),
            ("[gateway]\nportal_hosts = [\"Portal.example\"]", "portal_hosts", "lower-case"),
            ("[gateway]\nportal_hosts = [\"localhost:9443\"]", "portal_hosts", "does not stand in hosts"),
            ("[gateway]\nadmin_hosts = [\"portal.localhost\"]", "admin_hosts", "no other list"),
            ("[admin]\nbody_bytes_max = 10", "body_bytes_max", "at least 8192"),
            ("[gateway]\nheader_bytes_max = 100", "header_bytes_max", "8192"),
            ("[gateway]\ntls_seconds_max = 0", "tls_seconds_max", "at least 1 second"),
            ("[audit]\nanchor_seconds = 0", "anchor_seconds", "at least 1 second"),
            ("[gateway]\ndrain_seconds = 6", "drain_seconds", "2 seconds more"),
            ("[relay]\ndrain_seconds = 7", "drain_seconds", "2 seconds more"),
        ];
        for (toml, field, advice) in cases {
            let text = text_of(toml);
            assert!(text.contains(field) && text.contains(advice), "{toml}: {text}");
        }
    }

    #[test]
    fn names_addresses_and_names_with_a_port_are_hosts() {
        for host in ["localhost", "relaybox-portal.local", "192.168.1.7", "::1", "clinic.example:8443"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", "a..b", "-a", "a_b", "a b", "a/b", "ä.example", "a:b", "*.example"] {
            assert!(!is_host(host), "{host}");
        }
    }
}
