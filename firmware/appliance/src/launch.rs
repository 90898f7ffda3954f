//! Starts roles and stops them: sockets first, one task set, first failure stops all.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use relaybox_process::{Env, RoleError, shutdown};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};

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
    Panicked { role: &'static str },
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
    tasks: JoinSet<Result<(), RoleError>>,
    names: HashMap<Id, &'static str>,
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
        let mut names = HashMap::new();
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
            let env = env(receiver, ready);
            // Inside the task, so that a panic while starting is told like any other.
            let task = tasks.spawn(async move { (role.start)(env).await });
            names.insert(task.id(), role.name);
        }
        Self { tasks, names, stop, ready, waiting }
    }

    /// Returns when every role accepts connections, or with the first failure.
    pub(crate) async fn ready(&mut self) -> Result<(), LaunchError> {
        while self.waiting > 0 {
            tokio::select! {
                said = self.ready.recv() => match said {
                    Some(()) => self.waiting -= 1,
                    None => return self.failed().await,
                },
                failed = failed(&mut self.tasks, &self.names) => return failed,
            }
        }
        Ok(())
    }

    /// Returns when a role ends although nobody asked it to.
    pub(crate) async fn failed(&mut self) -> Result<(), LaunchError> {
        failed(&mut self.tasks, &self.names).await
    }

    /// Tells the roles to stop, in the order of the manifest, and waits for all of them. The last one is told when
    /// the others have ended: they write to it until then.
    pub(crate) async fn stop(mut self) -> Result<(), LaunchError> {
        let last = self.stop.pop();
        for role in &self.stop {
            // A role that is gone already needs no order.
            let _ = role.send(true);
            tokio::task::yield_now().await;
        }
        let drain = async {
            let mut first = Ok(());
            loop {
                if let Some(last) = last.as_ref().filter(|_| self.tasks.len() <= 1) {
                    let _ = last.send(true);
                }
                let Some(ended) = self.tasks.join_next_with_id().await else { return first };
                let result = match ended {
                    Ok((_, result)) => result.map_err(LaunchError::from),
                    Err(error) => Err(panicked(&error, &self.names)),
                };
                first = first.and(result);
            }
        };
        tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), drain)
            .await
            .unwrap_or(Err(LaunchError::TooSlow))
    }
}

async fn failed(
    tasks: &mut JoinSet<Result<(), RoleError>>,
    names: &HashMap<Id, &'static str>,
) -> Result<(), LaunchError> {
    match tasks.join_next_with_id().await {
        Some(Ok((id, Ok(())))) => Err(LaunchError::Ended { role: name(id, names) }),
        Some(Ok((_, Err(error)))) => Err(error.into()),
        Some(Err(error)) => Err(panicked(&error, names)),
        None => Ok(()),
    }
}

/// The panic itself has been printed with its place.
fn panicked(error: &JoinError, names: &HashMap<Id, &'static str>) -> LaunchError {
    LaunchError::Panicked { role: name(error.id(), names) }
}

fn name(id: Id, names: &HashMap<Id, &'static str>) -> &'static str {
    names.get(&id).copied().unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::{Arc, Mutex};

    use relaybox_process::clock::Clock;
    use relaybox_process::peer::Callers;
    use relaybox_process::{Listener, Start};

    use super::*;
    use crate::roles::Network;

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

    fn role(name: &'static str, start: Start) -> &'static Role {
        let role = Role {
            name,
            uid: "relaybox-test",
            sockets: &[],
            tcp: &[],
            credentials: &[],
            network: Network::None,
            start,
        };
        Box::leak(Box::new(role))
    }

    fn starting(role: &'static Role) -> Starting {
        let env = move |shutdown, ready| Env {
            config: Arc::default(),
            listeners: Vec::<(String, Listener)>::new(),
            callers: Callers::default(),
            shutdown,
            ready,
            clock: Clock::System,
            state: PathBuf::new(),
            credentials: PathBuf::new(),
            dev: true,
        };
        (role, Box::new(env))
    }

    static ORDER: Mutex<Vec<&str>> = Mutex::new(Vec::new());

    fn faithful(
        name: &'static str,
        mut env: Env,
    ) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>> {
        Box::pin(async move {
            (env.ready)();
            shutdown::requested(&mut env.shutdown).await;
            ORDER.lock().unwrap().push(name);
            Ok(())
        })
    }

    #[tokio::test]
    async fn roles_are_told_to_stop_in_the_order_of_the_manifest() {
        let front = role("front", |env| faithful("front", env));
        let back = role("back", |env| faithful("back", env));
        let mut roles = Roles::start(vec![starting(front), starting(back)]);
        roles.ready().await.unwrap();
        roles.stop().await.unwrap();
        assert_eq!(*ORDER.lock().unwrap(), ["front", "back"]);
    }

    #[tokio::test]
    async fn a_role_that_panics_while_starting_is_named() {
        let broken = role("broken", |_| panic!("a planted fault"));
        let waiting = role("waiting", |env| {
            Box::pin(async move {
                let mut env = env;
                shutdown::requested(&mut env.shutdown).await;
                Ok(())
            })
        });
        let mut roles = Roles::start(vec![starting(broken), starting(waiting)]);
        let error = roles.ready().await.unwrap_err();
        assert!(matches!(error, LaunchError::Panicked { role: "broken" }), "{error}");
        roles.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_role_that_ends_by_itself_is_a_failure() {
        let short = role("short", |env| {
            Box::pin(async move {
                (env.ready)();
                Ok(())
            })
        });
        let mut roles = Roles::start(vec![starting(short)]);
        // Whichever is seen first, ready or the end, the end is reported.
        let ready = roles.ready().await;
        let ended = if ready.is_ok() { roles.failed().await } else { ready };
        assert!(matches!(ended, Err(LaunchError::Ended { role: "short" })));
    }
}
