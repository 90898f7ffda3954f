//! The names this box answers to. A request for any other name reaches nothing (421, RFC 9110
//! section 15.5.20): a page of a foreign name that was pointed at the box (DNS rebinding) included.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use crate::Surface;

/// Accepted names, and ports beyond that of the connection.
#[derive(Debug, Clone)]
pub struct Hosts {
    names: BTreeSet<String>,
    with_port: BTreeSet<(String, u16)>,
    /// Names among `names` that are the portal's, and those of the administration.
    portal: BTreeSet<String>,
    admin: BTreeSet<String>,
    /// The first of the relay's names.
    first: Option<String>,
}

impl Hosts {
    /// Without an administration.
    #[cfg(test)]
    pub(crate) fn new(relay: &[String], portal: &[String]) -> Self {
        Self::with_admin(relay, portal, &[])
    }

    /// As in `[gateway] hosts`, `portal_hosts` and `admin_hosts`.
    pub fn with_admin(relay: &[String], portal: &[String], admin: &[String]) -> Self {
        let name = |entry: &String| split(entry).map(|(name, _)| name);
        let mut hosts = Self {
            names: BTreeSet::new(),
            with_port: BTreeSet::new(),
            portal: portal.iter().filter_map(name).collect(),
            admin: admin.iter().filter_map(name).collect(),
            first: relay.iter().filter(|entry| entry.parse::<IpAddr>().is_err()).find_map(name),
        };
        for entry in relay.iter().chain(portal).chain(admin) {
            match entry.rsplit_once(':') {
                Some((name, port)) if entry.parse::<IpAddr>().is_err() => {
                    hosts.names.insert(name.to_owned());
                    hosts.with_port.extend(port.parse().ok().map(|port| (name.to_owned(), port)));
                }
                _ => {
                    hosts.names.insert(canonical(entry));
                }
            }
        }
        hosts
    }

    /// Names and addresses for the certificate.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// What may be reached by the host of an accepted request.
    pub fn surface(&self, host: &str) -> Surface {
        match split(host) {
            Some((name, _)) if self.portal.contains(&name) => Surface::Portal,
            Some((name, _)) if self.admin.contains(&name) => Surface::Admin,
            _ => Surface::Lan,
        }
    }

    /// Where the pages of a portal find the relay: `NAME` for `portal.NAME`, `FIRST.REST` for
    /// `FIRST-portal.REST`, when it is a name of the box, else the first of the relay's names; with the port
    /// by which the portal was reached.
    pub fn relay_of(&self, portal: &str) -> Option<String> {
        let (name, port) = split(portal)?;
        let relay = self.twin(&name).or_else(|| self.first.clone())?;
        Some(port.map_or(relay.clone(), |port| format!("{relay}:{port}")))
    }

    fn twin(&self, portal: &str) -> Option<String> {
        let below = portal.strip_prefix("portal.").map(str::to_owned);
        let beside = portal.split_once("-portal.").map(|(first, rest)| format!("{first}.{rest}"));
        below.or(beside).filter(|twin| {
            self.names.contains(twin) && !self.portal.contains(twin) && !self.admin.contains(twin)
        })
    }

    /// The portal that belongs to a name of the relay: the one whose pages come back to it, else the first.
    pub fn portal_of(&self, relay: &str) -> Option<String> {
        let (name, port) = split(relay)?;
        let twin = self.portal.iter().find(|portal| self.twin(portal).as_deref() == Some(&name));
        let portal = twin.or_else(|| self.portal.first())?;
        Some(port.map_or(portal.clone(), |port| format!("{portal}:{port}")))
    }

    /// Whether TLS may begin for this server name.
    pub fn has(&self, server_name: &str) -> bool {
        self.names.contains(&server_name.to_ascii_lowercase())
    }

    /// The lower-case host of a request, when it is one of the box's. `port` is that of the
    /// connection; `server_name` what the client named in TLS, which must then be the same host.
    pub fn accept(&self, host: &str, port: u16, server_name: Option<&str>) -> Option<String> {
        let host = host.to_ascii_lowercase();
        let (name, given) = split(&host)?;
        if !self.names.contains(&name) {
            return None;
        }
        let known_port =
            given.is_none_or(|given| given == port || self.with_port.contains(&(name.clone(), given)));
        let same_name = server_name.is_none_or(|server_name| server_name.eq_ignore_ascii_case(&name));
        (known_port && same_name).then_some(host)
    }
}

/// Name without brackets, and the port if there is one. User info and empty parts are no host.
fn split(host: &str) -> Option<(String, Option<u16>)> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            (address.to_string(), if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name.to_owned(), Some(port)),
            None => (host.to_owned(), None),
        },
    };
    // "+80" and "080" are numbers to a parser and other origins to a browser.
    let port = match port {
        Some(text) => Some(text.parse().ok().filter(|port: &u16| port.to_string() == text)?),
        None => None,
    };
    (!name.is_empty()).then_some((name, port))
}

fn canonical(entry: &str) -> String {
    entry.parse::<IpAddr>().map_or_else(|_| entry.to_owned(), |ip| ip.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(
            &["127.0.0.1", "::1", "relaybox.local", "clinic.example:9443"].map(str::to_owned),
            &["relaybox-portal.local", "portal.clinic.example:9443", "records.example"].map(str::to_owned),
        )
    }

    #[test]
    fn the_boxs_names_are_accepted_without_a_port_and_with_the_connections() {
        for host in [
            "relaybox.local",
            "RelayBox.Local",
            "relaybox.local:8443",
            "127.0.0.1:8443",
            "[::1]:8443",
            "[::1]",
        ] {
            assert!(hosts().accept(host, 8443, None).is_some(), "{host}");
        }
        assert_eq!(hosts().accept("RelayBox.Local:8443", 8443, None).unwrap(), "relaybox.local:8443");
    }

    #[test]
    fn a_configured_port_is_accepted_for_its_name_only() {
        assert!(hosts().accept("clinic.example:9443", 8443, None).is_some());
        assert!(hosts().accept("relaybox.local:9443", 8443, None).is_none());
    }

    #[test]
    fn every_other_host_is_refused() {
        for host in [
            "",
            ":8443",
            "evil.example",
            "relaybox.local.evil.example",
            "evil.relaybox.local",
            "relaybox.local.",
            "relaybox.local:80",
            "relaybox.local:+8443",
            "relaybox.local:08443",
            "relaybox.local:8443:1",
            "user@relaybox.local",
            "relaybox.local/",
            "[::1",
            "[::1]x",
            "[::2]",
            "::1",
            "127.0.0.2",
            "127.1",
        ] {
            assert!(hosts().accept(host, 8443, None).is_none(), "{host}");
        }
    }

    #[test]
    fn the_host_is_the_one_that_tls_began_with() {
        assert!(hosts().accept("relaybox.local", 8443, Some("relaybox.local")).is_some());
        assert!(hosts().accept("clinic.example", 8443, Some("relaybox.local")).is_none());
    }

    #[test]
    fn the_portals_names_are_the_portals_alone() {
        for host in ["relaybox-portal.local", "Portal.clinic.example:9443", "records.example:8443"] {
            let accepted = hosts().accept(host, 8443, None).unwrap();
            assert_eq!(hosts().surface(&accepted), Surface::Portal, "{host}");
        }
        for host in ["relaybox.local:8443", "clinic.example:9443", "127.0.0.1", "[::1]:8443"] {
            let accepted = hosts().accept(host, 8443, None).unwrap();
            assert_eq!(hosts().surface(&accepted), Surface::Lan, "{host}");
        }
        assert!(hosts().accept("portal.relaybox.local", 8443, None).is_none());
    }

    #[test]
    fn a_portals_relay_is_its_twin_or_the_first_name_at_the_same_port() {
        for (portal, relay) in [
            ("relaybox-portal.local", "relaybox.local"),
            ("relaybox-portal.local:8443", "relaybox.local:8443"),
            ("portal.clinic.example:9443", "clinic.example:9443"),
            ("records.example", "relaybox.local"),
        ] {
            assert_eq!(hosts().relay_of(portal).as_deref(), Some(relay), "{portal}");
        }
        for (relay, portal) in [
            ("relaybox.local:8443", "relaybox-portal.local:8443"),
            ("clinic.example", "portal.clinic.example"),
            ("127.0.0.1:8443", "portal.clinic.example:8443"),
        ] {
            assert_eq!(hosts().portal_of(relay).as_deref(), Some(portal), "{relay}");
        }
        assert_eq!(Hosts::new(&["localhost".to_owned()], &[]).portal_of("localhost"), None);
        assert_eq!(Hosts::new(&["::1".to_owned()], &["portal.x".to_owned()]).relay_of("portal.x"), None);
    }

    #[test]
    fn the_administrations_names_are_its_own() {
        let hosts = Hosts::with_admin(
            &["relaybox.local".to_owned()],
            &["relaybox-portal.local".to_owned()],
            &["relaybox-admin.local".to_owned()],
        );
        let surface = |host: &str| hosts.surface(&hosts.accept(host, 8443, None).unwrap());
        assert_eq!(surface("relaybox-admin.local:8443"), Surface::Admin);
        assert_eq!(surface("relaybox-portal.local"), Surface::Portal);
        assert_eq!(surface("relaybox.local"), Surface::Lan);
        assert!(hosts.has("relaybox-admin.local"));
    }

    #[test]
    fn certificate_names_have_no_port() {
        let names: Vec<&str> = [
            "127.0.0.1",
            "::1",
            "clinic.example",
            "portal.clinic.example",
            "records.example",
            "relaybox-portal.local",
            "relaybox.local",
        ]
        .into();
        assert_eq!(hosts().names().iter().map(String::as_str).collect::<Vec<_>>(), names);
        assert!(hosts().has("Clinic.Example") && !hosts().has("evil.example"));
    }
}
