//! The manifest: which roles there are, who may call whom, and what each may reach. Unit files and
//! the launcher are checked against it.

use relaybox_process::{Start, peer::Callers};

/// What a role may reach beyond the Unix sockets of other roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Listens on TCP or UDP; never dials out.
    Listens,
    /// Unix sockets only.
    None,
}

/// A Unix socket of a role.
#[derive(Debug, Clone, Copy)]
pub struct Socket {
    /// Name in unit files and in [`relaybox_process::Env::listeners`]; the file is `<name>.sock`.
    pub name: &'static str,
    /// User names that may connect.
    pub callers: &'static [&'static str],
}

/// One role: one crate, one unit, one uid, one state directory.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    pub name: &'static str,
    pub uid: &'static str,
    pub sockets: &'static [Socket],
    /// Names of inherited TCP sockets.
    pub tcp: &'static [&'static str],
    /// Files in the credentials directory.
    pub credentials: &'static [&'static str],
    pub network: Network,
    pub start: Start,
}

/// All roles, in the order in which they are told to stop: first no new work, then drain.
pub const ROLES: &[Role] = &[
    Role {
        name: "gateway",
        uid: "relaybox-gateway",
        sockets: &[],
        tcp: &["gateway"],
        credentials: &[],
        network: Network::Listens,
        start: relaybox_gateway::start,
    },
    Role {
        name: "admin",
        uid: "relaybox-admin",
        sockets: &[
            Socket { name: "admin", callers: &["relaybox-gateway"] },
            Socket { name: "admin-portal", callers: &["relaybox-gateway"] },
        ],
        tcp: &[],
        credentials: &[],
        network: Network::None,
        start: relaybox_admin::start,
    },
    Role {
        name: "vault",
        uid: "relaybox-vault",
        // On the console root holds ceremonies; what is signed needs the key slot in any case.
        sockets: &[Socket { name: "vault", callers: &["relaybox-admin", "root"] }],
        tcp: &[],
        credentials: &["receipts.pub", "audit.pub"],
        network: Network::None,
        start: relaybox_vault::start,
    },
    Role {
        name: "relay",
        uid: "relaybox-relay",
        sockets: &[
            Socket { name: "relay", callers: &["relaybox-gateway"] },
            // The vault holds ceremonies; restore and import are run by root.
            Socket { name: "ceremony", callers: &["relaybox-vault", "root"] },
            Socket { name: "anchor", callers: &["relaybox-audit"] },
            Socket { name: "policy", callers: &["relaybox-admin"] },
        ],
        tcp: &[],
        credentials: &["receipts.key"],
        network: Network::None,
        start: relaybox_relay::start,
    },
    // The last to stop: the others enter what they did until their end.
    Role {
        name: "audit",
        uid: "relaybox-audit",
        sockets: &[
            Socket { name: "audit-relay", callers: &["relaybox-relay"] },
            Socket { name: "audit-vault", callers: &["relaybox-vault"] },
            Socket { name: "audit-admin", callers: &["relaybox-admin", "root"] },
        ],
        tcp: &[],
        credentials: &["audit.key"],
        network: Network::None,
        start: relaybox_audit::start,
    },
];

/// Roles in which people have sessions or logins, and the test that shows how a suspension ends them. A role that the
/// gateway may call has a row here, or a test of the house fails.
pub const SUSPENSION_PROBES: &[(&str, &str)] = &[
    ("relay", "a_suspension_ends_relay_sessions_and_administration_within_seconds_of_the_click"),
    ("admin", "a_suspension_ends_relay_sessions_and_administration_within_seconds_of_the_click"),
];

/// The role of this name.
pub fn find(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == name)
}

impl Role {
    /// Allowed callers by uid. `passwd` is the text of `/etc/passwd`, `own` the uid of this process.
    ///
    /// A process that runs as the role's own user admits the users of the manifest and nobody else.
    /// A process of any other user is somebody's development box, where all roles share one uid.
    pub fn callers(&self, passwd: &str, own: u32) -> Callers {
        let on_the_box = uid_of(passwd, self.uid) == Some(own);
        self.sockets.iter().fold(Callers::default(), |callers, socket| {
            if on_the_box {
                let uids = socket.callers.iter().filter_map(|user| uid_of(passwd, user));
                callers.allow(socket.name, uids)
            } else {
                callers.allow(socket.name, [own])
            }
        })
    }
}

/// The uid of a user (passwd(5)).
fn uid_of(passwd: &str, user: &str) -> Option<u32> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(user)).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nrelaybox-relay:x:901:901::/:/bin/false\n\
        relaybox-gateway:x:902:902::/:/bin/false\n";

    #[test]
    fn names_uids_and_sockets_are_used_once() {
        let mut seen = BTreeSet::new();
        for role in ROLES {
            assert_eq!(role.uid, format!("relaybox-{}", role.name));
            for socket in role.sockets {
                assert!(seen.insert(socket.name), "{}", socket.name);
                assert!(!socket.callers.is_empty(), "{}", socket.name);
            }
        }
        assert_eq!(find("relay").map(|role| role.name), Some("relay"));
        assert!(find("nobody").is_none());
    }

    #[test]
    fn no_network_role_reaches_the_ceremony_socket() {
        let listening: Vec<&str> =
            ROLES.iter().filter(|role| role.network == Network::Listens).map(|role| role.uid).collect();
        let ceremony = ROLES
            .iter()
            .flat_map(|role| role.sockets)
            .find(|socket| socket.name == "ceremony")
            .expect("the manifest has a ceremony socket");
        assert!(!listening.is_empty());
        assert!(ceremony.callers.iter().all(|caller| !listening.contains(caller)));
    }

    #[test]
    fn no_network_role_reaches_the_vault() {
        let vault = find("vault").unwrap();
        assert_eq!(vault.network, Network::None);
        let callers: Vec<&str> = vault.sockets.iter().flat_map(|socket| socket.callers).copied().collect();
        assert_eq!(callers, ["relaybox-admin", "root"]);
        let listening = ROLES.iter().filter(|role| role.network == Network::Listens);
        assert!(listening.map(|role| role.uid).all(|uid| !callers.contains(&uid)));
    }

    #[test]
    fn on_the_box_only_the_users_of_the_manifest_may_call() {
        let relay = find("relay").unwrap();
        let expected = Callers::default()
            .allow("relay", [902])
            .allow("ceremony", [0])
            .allow("anchor", [])
            .allow("policy", []);
        assert_eq!(relay.callers(PASSWD, 901), expected);
    }

    #[test]
    fn in_development_only_the_own_user_may_call() {
        let relay = find("relay").unwrap();
        let all = |uid| {
            ["relay", "ceremony", "anchor", "policy"]
                .iter()
                .fold(Callers::default(), |c, s| c.allow(s, [uid]))
        };
        assert_eq!(relay.callers(PASSWD, 1000), all(1000));
        assert_eq!(relay.callers("", 901), all(901));
    }
}
