use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

use super::*;

/// What is tried, and whether it worked. Landlock and seccomp hold for the thread that asked for them.
fn tries(inside: bool) -> Vec<(&'static str, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vault.age");
    std::fs::write(&file, "sealed").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    std::thread::spawn(move || {
        if inside {
            close_files(&helper()).unwrap();
            close_kernel().unwrap();
        }
        vec![
            ("read a file of the vault", std::fs::read(&file).is_ok()),
            ("write a file", std::fs::write(file.with_extension("new"), "leak").is_ok()),
            ("remove a file", std::fs::remove_file(&file).is_ok()),
            ("connect to a network", TcpStream::connect(address).is_ok()),
            ("open a datagram socket", UdpSocket::bind("127.0.0.1:0").is_ok()),
            ("start another program", Command::new("/bin/ls").output().is_ok()),
            (
                "take a descriptor of another process",
                rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty())
                    .and_then(|process| {
                        let flags = rustix::process::PidfdGetfdFlags::empty();
                        rustix::process::pidfd_getfd(process, 2, flags)
                    })
                    .is_ok(),
            ),
        ]
    })
    .join()
    .unwrap()
}

fn helper() -> PathBuf {
    PathBuf::from("/bin/true").canonicalize().unwrap()
}

#[test]
fn inside_the_ceremony_no_file_no_network_and_no_other_program_is_reached() {
    let free: Vec<_> = tries(false).into_iter().filter(|(_, worked)| !worked).collect();
    assert_eq!(free, [], "outside every act works");
    let forbidden: Vec<_> = tries(true).into_iter().filter(|(_, worked)| *worked).collect();
    assert_eq!(forbidden, [], "inside none does");
}

#[test]
fn inside_the_ceremony_the_helper_starts_and_a_socket_pair_works() {
    std::thread::spawn(|| {
        close_files(&helper()).unwrap();
        close_kernel().unwrap();
        assert!(UnixStream::pair().is_ok());
        assert!(Command::new(helper()).status().unwrap().success());
    })
    .join()
    .unwrap();
}
