//! What systemd hands to a unit: sockets by name, directories, and where to say "ready".
//!
//! The only place that reads the environment. Roles never see it: they get [`crate::Env`].

use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};

use crate::Listener;

/// First inherited descriptor (sd_listen_fds(3)).
const FIRST: i32 = 3;

/// The unit's surroundings.
#[derive(Debug, Default)]
pub struct Unit {
    listeners: Vec<(String, OwnedFd)>,
    /// `StateDirectory=`
    pub state: Option<PathBuf>,
    /// `LoadCredential=`
    pub credentials: Option<PathBuf>,
    notify: Option<PathBuf>,
}

/// Why the surroundings could not be used.
#[derive(Debug, thiserror::Error)]
pub enum UnitError {
    #[error(
        "take {names} socket names for {descriptors} inherited sockets: set FileDescriptorName= in each socket unit"
    )]
    Names { names: usize, descriptors: i32 },
    #[error("take over the inherited socket {name}")]
    Take {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("say that the role is ready")]
    Notify(#[source] std::io::Error),
}

impl Unit {
    /// Reads the variables that systemd sets. Call once, at the start of the process.
    ///
    /// # Errors
    /// When sockets were handed over without usable names, or cannot be taken over.
    #[allow(clippy::disallowed_methods, reason = "systemd hands over sockets and directories this way")]
    pub fn from_environment() -> Result<Self, UnitError> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        let text = |name| std::env::var(name).ok();
        let for_us = text("LISTEN_PID").is_some_and(|pid| pid == std::process::id().to_string());
        let count = text("LISTEN_FDS").and_then(|count| count.parse::<i32>().ok()).filter(|_| for_us);
        let names = text("LISTEN_FDNAMES").unwrap_or_default();
        Ok(Self {
            listeners: inherit(count.unwrap_or(0), &names)?,
            state: path("STATE_DIRECTORY"),
            credentials: path("CREDENTIALS_DIRECTORY"),
            notify: path("NOTIFY_SOCKET"),
        })
    }

    /// The inherited sockets of this name, ready for tokio. Call inside the runtime.
    ///
    /// # Errors
    /// When a socket is not a listening stream socket.
    pub fn take(&mut self, name: &str) -> Result<Vec<Listener>, UnitError> {
        let (mine, rest) = self.listeners.drain(..).partition(|(given, _)| given == name);
        self.listeners = rest;
        let mine: Vec<(String, OwnedFd)> = mine;
        mine.into_iter()
            .map(|(name, descriptor)| {
                Listener::from_inherited(descriptor).map_err(|source| UnitError::Take { name, source })
            })
            .collect()
    }

    /// Tells systemd that the role accepts connections (`Type=notify`). Nothing happens elsewhere.
    ///
    /// # Errors
    /// When the notification socket does not take the message.
    pub fn notify_ready(&self) -> Result<(), UnitError> {
        match &self.notify {
            Some(path) => notify(path, b"READY=1\n").map_err(UnitError::Notify),
            None => Ok(()),
        }
    }
}

/// Owned copies of the inherited descriptors. Taking a raw number over needs `unsafe`; asking the
/// kernel for a copy of our own descriptor does not. The originals stay open until the process ends.
fn inherit(count: i32, names: &str) -> Result<Vec<(String, OwnedFd)>, UnitError> {
    if count <= 0 {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = names.split(':').filter(|name| !name.is_empty()).collect();
    if usize::try_from(count) != Ok(names.len()) {
        return Err(UnitError::Names { names: names.len(), descriptors: count });
    }
    let own: Pid = rustix::process::getpid();
    (FIRST..)
        .zip(names)
        .map(|(number, name)| {
            let copy = rustix::process::pidfd_open(own, PidfdFlags::empty())
                .and_then(|pid| rustix::process::pidfd_getfd(pid, number, PidfdGetfdFlags::empty()))
                .map_err(|source| UnitError::Take { name: name.to_owned(), source: source.into() })?;
            Ok((name.to_owned(), copy))
        })
        .collect()
}

impl Listener {
    fn from_inherited(descriptor: OwnedFd) -> std::io::Result<Self> {
        let address = rustix::net::getsockname(&descriptor)?;
        if address.address_family() == rustix::net::AddressFamily::UNIX {
            let socket = std::os::unix::net::UnixListener::from(descriptor);
            socket.set_nonblocking(true)?;
            Ok(Self::Unix(tokio::net::UnixListener::from_std(socket)?))
        } else {
            let socket = std::net::TcpListener::from(descriptor);
            socket.set_nonblocking(true)?;
            Ok(Self::Tcp(tokio::net::TcpListener::from_std(socket)?))
        }
    }
}

/// One datagram (sd_notify(3)); a leading `@` means an abstract socket.
fn notify(path: &Path, message: &[u8]) -> std::io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    let text = path.as_os_str().as_encoded_bytes();
    match text.split_first() {
        Some((b'@', name)) => socket.send_to_addr(message, &SocketAddr::from_abstract_name(name)?)?,
        _ => socket.send_to(message, path)?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn readiness_reaches_the_named_socket() {
        let directory = std::env::temp_dir().join(format!("relaybox-notify-{}", std::process::id()));
        let _ = std::fs::remove_file(&directory);
        let socket = UnixDatagram::bind(&directory).unwrap();
        let unit = Unit { notify: Some(directory.clone()), ..Unit::default() };
        unit.notify_ready().unwrap();
        let mut bytes = [0; 32];
        let length = socket.recv(&mut bytes).unwrap();
        assert_eq!(bytes.get(..length), Some(b"READY=1\n".as_slice()));
        std::fs::remove_file(directory).unwrap();
    }

    #[test]
    fn readiness_reaches_an_abstract_socket() {
        let name = format!("relaybox-notify-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        notify(Path::new(&format!("@{name}")), b"READY=1\n").unwrap();
        let mut bytes = [0; 32];
        assert_eq!(socket.recv(&mut bytes).unwrap(), 8);
    }

    #[test]
    fn without_systemd_readiness_is_silent() {
        assert!(Unit::default().notify_ready().is_ok());
    }

    #[test]
    fn sockets_without_a_name_each_are_refused() {
        assert!(matches!(inherit(2, "relay"), Err(UnitError::Names { names: 1, descriptors: 2 })));
        assert!(inherit(0, "").unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_copied_descriptor_is_the_same_listening_socket() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let own = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty()).unwrap();
        let copy = rustix::process::pidfd_getfd(own, socket.as_raw_fd(), PidfdGetfdFlags::empty()).unwrap();
        let mut unit = Unit { listeners: vec![("gateway".to_owned(), copy)], ..Unit::default() };
        assert!(unit.take("relay").unwrap().is_empty());
        let taken = unit.take("gateway").unwrap();
        match taken.as_slice() {
            [Listener::Tcp(listener)] => assert_eq!(listener.local_addr().unwrap(), address),
            other => panic!("one TCP socket, not {other:?}"),
        }
    }
}
