//! Starts roles and stops them: sockets first, one task set, first failure stops all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use relaybox_process::{Env, RoleError, shutdown};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::roles::Role;

/// Longest path of a Unix socket on Linux (unix(7)), without the closing zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;
/// After this, roles that did not stop are left behind.
const STOP_SECONDS_MAX: u64 = 30;

/// Why the roles could not be started or kept running.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error("bind the socket {path}")]
    Bind {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "bind the socket {path}: its path has more than {SOCKET_PATH_BYTES_MAX} bytes; choose a shorter directory"
    )]
    PathTooLong { path: PathBuf },
    #[error(transparent)]
    Role(#[from] RoleError),
    #[error("keep the role {role} running: it ended by itself")]
    Ended { role: &'static str },
    #[error("keep the role {role} running: it panicked")]
    Panicked { role: String },
    #[error("stop the roles within {STOP_SECONDS_MAX} seconds")]
    TooSlow,
}

/// Binds a Unix socket that only this user may reach; a file left by a killed process is removed.
pub(crate) fn bind_unix(directory: &Path, name: &str) -> Result<UnixListener, LaunchError> {
    let path = directory.join(format!("{name}.sock"));
    if path.as_os_str().len() > SOCKET_PATH_BYTES_MAX {
        return Err(LaunchError::PathTooLong { path });
    }
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(LaunchError::Bind { path, source });
        }
        _ => {}
    }
    UnixListener::bind(&path).map_err(|source| LaunchError::Bind { path, source })
}

/// A role, and what makes its surroundings from the order to stop and the way to say ready.
pub(crate) type Starting =
    (&'static Role, Box<dyn FnOnce(watch::Receiver<bool>, Box<dyn FnOnce() + Send>) -> Env + Send>);

/// Running roles.
pub(crate) struct Roles {
    tasks: JoinSet<(&'static str, Result<(), RoleError>)>,
    stop: Vec<watch::Sender<bool>>,
    ready: mpsc::UnboundedReceiver<()>,
    waiting: usize,
}

impl Roles {
    /// Starts each role with its surroundings, in the order of the manifest. `env` gets the order to
    /// stop and the way to say ready.
    pub(crate) fn start(roles: Vec<Starting>) -> Self {
        let (said, ready) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let mut stop = Vec::new();
        let waiting = roles.len();
        for (role, env) in roles {
            let (sender, receiver) = shutdown::channel();
            stop.push(sender);
            let said = said.clone();
            let ready = Box::new(move || {
                // The launcher may have stopped listening; then nobody needs to know.
                let _ = said.send(());
            });
            let run = (role.start)(env(receiver, ready));
            tasks.spawn(async move { (role.name, run.await) });
        }
        Self { tasks, stop, ready, waiting }
    }

    /// Returns when every role accepts connections, or with the first failure.
    pub(crate) async fn ready(&mut self) -> Result<(), LaunchError> {
        while self.waiting > 0 {
            tokio::select! {
                said = self.ready.recv() => match said {
                    Some(()) => self.waiting -= 1,
                    None => return self.failed().await,
                },
                failed = failed(&mut self.tasks) => return failed,
            }
        }
        Ok(())
    }

    /// Returns when a role ends although nobody asked it to.
    pub(crate) async fn failed(&mut self) -> Result<(), LaunchError> {
        failed(&mut self.tasks).await
    }

    /// Tells the roles to stop, in the order of the manifest, and waits for all of them.
    pub(crate) async fn stop(mut self) -> Result<(), LaunchError> {
        for role in &self.stop {
            // A role that is gone already needs no order.
            let _ = role.send(true);
            tokio::task::yield_now().await;
        }
        let drain = async {
            let mut first = Ok(());
            while let Some(ended) = self.tasks.join_next().await {
                let result = match ended {
                    Ok((_, result)) => result.map_err(LaunchError::from),
                    Err(error) => Err(LaunchError::Panicked { role: panic_text(error) }),
                };
                first = first.and(result);
            }
            first
        };
        tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), drain)
            .await
            .unwrap_or(Err(LaunchError::TooSlow))
    }
}

async fn failed(tasks: &mut JoinSet<(&'static str, Result<(), RoleError>)>) -> Result<(), LaunchError> {
    match tasks.join_next().await {
        Some(Ok((role, Ok(())))) => Err(LaunchError::Ended { role }),
        Some(Ok((_, Err(error)))) => Err(error.into()),
        Some(Err(error)) => Err(LaunchError::Panicked { role: panic_text(error) }),
        None => Ok(()),
    }
}

/// The panic itself has been printed with its place; its text says which role.
fn panic_text(error: tokio::task::JoinError) -> String {
    let text = error.to_string();
    text.split("with message").nth(1).map_or_else(|| text.clone(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_file_left_behind_is_replaced() {
        let directory = std::env::temp_dir().join(format!("relaybox-bind-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let first = bind_unix(&directory, "relay").unwrap();
        drop(first);
        assert!(directory.join("relay.sock").exists());
        assert!(bind_unix(&directory, "relay").is_ok());
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_says_so() {
        let directory = std::env::temp_dir().join("x".repeat(120));
        assert!(matches!(bind_unix(&directory, "relay"), Err(LaunchError::PathTooLong { .. })));
    }
}
