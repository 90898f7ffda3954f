//! Who may connect to a Unix socket: the uid of the caller, told by the kernel (`SO_PEERCRED`).

use std::collections::{BTreeMap, BTreeSet};

use tokio::net::UnixStream;

/// The allowed callers of each of a role's sockets, from the role manifest. A socket that is not
/// named here admits nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Callers(BTreeMap<String, BTreeSet<u32>>);

/// Why a caller was turned away.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    #[error("ask the kernel who is calling")]
    Unknown(#[source] std::io::Error),
    #[error("admit uid {uid} on the socket {socket}")]
    NotAllowed { uid: u32, socket: String },
}

/// The uid of this process.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

impl Callers {
    /// Admits these uids on this socket.
    #[must_use]
    pub fn allow(mut self, socket: &str, uids: impl IntoIterator<Item = u32>) -> Self {
        self.0.entry(socket.to_owned()).or_default().extend(uids);
        self
    }

    /// Admits only the uid of this process: development and tests, where all roles share it.
    #[must_use]
    pub fn own_uid(sockets: &[&str]) -> Self {
        let own = own_uid();
        sockets.iter().fold(Self::default(), |callers, socket| callers.allow(socket, [own]))
    }

    /// # Errors
    /// When the caller's uid is not one of those allowed on `socket`.
    pub fn admit(&self, socket: &str, stream: &UnixStream) -> Result<(), PeerError> {
        let uid = stream.peer_cred().map_err(PeerError::Unknown)?.uid();
        if self.0.get(socket).is_some_and(|uids| uids.contains(&uid)) {
            Ok(())
        } else {
            Err(PeerError::NotAllowed { uid, socket: socket.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_caller_of_another_uid_is_turned_away_and_the_own_uid_is_admitted() {
        let (here, _there) = UnixStream::pair().unwrap();
        let own = Callers::own_uid(&["relay"]);
        assert!(own.admit("relay", &here).is_ok());
        let uid = own_uid();
        let strangers = Callers::default().allow("relay", [uid + 1]);
        assert!(matches!(strangers.admit("relay", &here), Err(PeerError::NotAllowed { .. })));
    }

    #[tokio::test]
    async fn a_socket_that_is_not_named_admits_nobody() {
        let (here, _there) = UnixStream::pair().unwrap();
        assert!(Callers::own_uid(&["relay"]).admit("ceremony", &here).is_err());
    }
}
