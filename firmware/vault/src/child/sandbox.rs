//! Locks a process up before it sees a secret: no core dump, no debugger, no memory on the swap where that can be
//! had, no file, no network, and one program that it may start.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _,
};
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

mod calls;

/// Why the process was not locked up; it then holds nothing and ends.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("keep the ceremony's memory out of core dumps")]
    Dumps(#[source] rustix::io::Errno),
    #[error("close the file system to the ceremony")]
    Landlock(#[from] landlock::RulesetError),
    #[error("open {0} for the ceremony's rules")]
    Path(&'static str, #[source] landlock::PathFdError),
    #[error("close the kernel to the ceremony")]
    Seccomp(#[from] seccompiler::Error),
    #[error("close the kernel to the ceremony: this machine's kind is not known")]
    Machine,
}

/// What a program needs in order to start and to find a security key: its libraries, the kernel's lists of devices,
/// the devices.
const READ: [&str; 8] =
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/sys", "/run/udev", "/dev"];
/// The dynamic linkers of Debian's two machines.
const LINKERS: [&str; 2] = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

/// Locks this thread and all it starts up. Call it while there is one thread.
///
/// # Errors
/// When a part of it cannot be had. A kernel without landlock goes without (seccomp stays), one without room for
/// locked memory as well.
pub(super) fn enter(helper: &Path) -> Result<(), SandboxError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(SandboxError::Dumps)?;
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(SandboxError::Dumps)?;
    lock_memory();
    close_files(helper)?;
    close_kernel()
}

/// Without a limit all pages, also those to come, stay in memory. With one, an allocation beyond it would fail, so
/// only what is there is locked.
fn lock_memory() {
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    let flags =
        if unlimited { MlockAllFlags::CURRENT | MlockAllFlags::FUTURE } else { MlockAllFlags::CURRENT };
    if let Err(error) = mlockall(flags) {
        log::warn!("the ceremony's memory is not locked: {error}");
    }
}

/// Landlock: reading where a program and its devices are, writing to devices, starting the helper.
fn close_files(helper: &Path) -> Result<(), SandboxError> {
    let abi = ABI::V5;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()?;
    for path in READ {
        // What a machine does not have need not be opened.
        let Ok(place) = PathFd::new(path) else { continue };
        let access = match path {
            "/dev" => read | AccessFs::WriteFile | AccessFs::IoctlDev,
            "/etc/ld.so.cache" => AccessFs::ReadFile.into(),
            _ => read,
        };
        rules = rules.add_rule(PathBeneath::new(place, access))?;
    }
    // Where the helper lies: the software keys of tests and demo have their sockets there.
    if let Some(Ok(place)) = helper.parent().map(PathFd::new) {
        rules = rules.add_rule(PathBeneath::new(place, read))?;
    }
    for path in LINKERS.iter().map(Path::new).chain([helper]) {
        let Ok(place) = PathFd::new(path) else { continue };
        rules = rules.add_rule(PathBeneath::new(place, AccessFs::ReadFile | AccessFs::Execute))?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// Seccomp: the calls of the list, sockets of the Unix kind only, and nothing else.
fn close_kernel() -> Result<(), SandboxError> {
    let machine = std::env::consts::ARCH.try_into().map_err(|_| SandboxError::Machine)?;
    let mut rules: std::collections::BTreeMap<i64, Vec<SeccompRule>> =
        calls::allowed().map(|call| (call, Vec::new())).collect();
    let unix = u64::try_from(libc::AF_UNIX).unwrap_or(u64::MAX);
    for call in [libc::SYS_socket, libc::SYS_socketpair] {
        let domain = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, unix)
            .map_err(seccompiler::Error::from)?;
        rules.insert(call, vec![SeccompRule::new(vec![domain]).map_err(seccompiler::Error::from)?]);
    }
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, refuse, SeccompAction::Allow, machine).map_err(seccompiler::Error::from)?;
    let program: BpfProgram = filter.try_into().map_err(seccompiler::Error::from)?;
    Ok(seccompiler::apply_filter(&program)?)
}

#[cfg(test)]
mod tests;
