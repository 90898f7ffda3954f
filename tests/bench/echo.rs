//! The floor of an answer: the same bytes out of memory through the same kind of socket to the same
//! client, with nothing looked up. It runs as a process of its own, so that its CPU counts alone.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::say;
use crate::wire::Door;

/// Longest request that is read.
const REQUEST_BYTES: usize = 4_096;

/// The process.
pub(crate) struct Echo {
    child: Child,
    port: u16,
}

impl Echo {
    /// Answers each request with so many events of so many bytes each, and EOSE.
    pub(crate) fn start(rows: usize, bytes: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--echo", &rows.to_string(), &bytes.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a piped output")?).read_line(&mut line)?;
        Ok(Self { child, port: line.trim().parse()? })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn door(&self) -> Door {
        Door::Plain { url: format!("ws://127.0.0.1:{}", self.port) }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It holds nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the process does: says its port, then a thread for each connection.
pub(crate) fn serve(rows: usize, bytes: usize) -> Result<()> {
    let mut answer = Vec::new();
    for _ in 0..rows {
        push(&mut answer, &format!("[\"EVENT\",\"q\",{}]", "x".repeat(bytes)));
    }
    push(&mut answer, "[\"EOSE\",\"q\"]");
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    say(&listener.local_addr()?.port().to_string())?;
    let answer = answer.as_slice();
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            let stream = stream?;
            // The client goes away when it has asked enough.
            scope.spawn(move || _ = talk(stream, answer));
        }
        Ok(())
    })
}

fn talk(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = [0; REQUEST_BYTES];
    while stream.read(&mut request)? > 0 {
        stream.write_all(answer)?;
    }
    Ok(())
}

/// A text frame as a server sends it.
fn push(out: &mut Vec<u8>, text: &str) {
    out.push(0x81);
    match u8::try_from(text.len()) {
        Ok(short) if short < 126 => out.push(short),
        _ => {
            out.push(127);
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}
