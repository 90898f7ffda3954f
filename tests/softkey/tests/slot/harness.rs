//! Software keys in a folder of their own, and the helper that asks them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use relaybox_process::rpc::slot::{Failure, Key, Reply, Request, Secret};
use relaybox_softkey::control;

pub const RP: &str = "b0x.vault.relaybox.invalid";
pub const PIN: &str = "caf\u{e9}-1234";

/// Hex of so many equal bytes.
pub fn hex(byte: u8, count: usize) -> String {
    format!("{byte:02x}").repeat(count)
}

pub fn secret(text: &str) -> Secret {
    Secret(text.to_owned())
}

/// The program with software keys, in a folder that goes with it.
pub struct Keys {
    folder: tempfile::TempDir,
    program: Child,
}

impl Keys {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Self::start(&folder);
        Self { folder, program }
    }

    fn start(folder: &tempfile::TempDir) -> Child {
        let mut program = Command::new(env!("CARGO_BIN_EXE_softkey"))
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        program
    }

    /// As after a power cut: every key is out.
    pub fn restart(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
        self.program = Self::start(&self.folder);
    }

    pub fn tell(&self, command: &str) {
        let told = control::command(self.folder.path(), command).unwrap();
        assert!(told.starts_with("ok"), "{command}: {told}");
    }

    /// Puts a key in, with a finger on it, and says under which name the helper lists it.
    pub fn insert(&self, name: &str) -> String {
        self.tell(&format!("insert {name}"));
        self.tell(&format!("touch {name} always"));
        let product = format!("Software key {name}");
        self.list().into_iter().find(|key| key.product == product).unwrap().key
    }

    pub fn list(&self) -> Vec<Key> {
        match self.ask(&Request::List {}) {
            Ok(Reply::Keys { keys }) => keys,
            other => panic!("{other:?}"),
        }
    }

    /// Starts the helper with a request, and leaves it running.
    pub fn begin(&self, request: &str) -> Helper {
        let mut program = Command::new(self.folder.path().join(control::HELPER))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = program.stdin.take().unwrap();
        // It may have read enough before all is written.
        let _ = input.write_all(request.as_bytes()).and_then(|()| input.write_all(b"\n"));
        let output = BufReader::new(program.stdout.take().unwrap());
        Helper { program, output, _input: input }
    }

    /// The last line and the exit status that goes with it; touches before it are counted.
    pub fn ask_counting(&self, request: &Request, touches: &mut usize) -> Result<Reply, Failure> {
        let end = self.begin(&serde_json::to_string(request).unwrap()).end();
        assert!(end.success, "{:?}: {}", end.lines, end.errors);
        let mut replies: Vec<Reply> =
            end.lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
        let last = replies.pop().unwrap();
        assert!(replies.iter().all(|reply| *reply == Reply::Touch), "{replies:?}");
        *touches += replies.len();
        match last {
            Reply::Failed { why } => Err(why),
            reply => Ok(reply),
        }
    }

    pub fn ask(&self, request: &Request) -> Result<Reply, Failure> {
        self.ask_counting(request, &mut 0)
    }

    pub fn tries_left(&self, key: &str) -> u8 {
        match self.ask(&Request::Look { key: key.to_owned() }) {
            Ok(Reply::Looked { tries_left, .. }) => tries_left,
            other => panic!("{other:?}"),
        }
    }

    /// A key with a PIN and a credential: its name in the list, and the credential.
    pub fn enrolled(&self, name: &str) -> (String, String) {
        let key = self.insert(name);
        assert_eq!(self.ask(&Request::SetPin { key: key.clone(), pin: secret(PIN) }), Ok(Reply::Done));
        match self.ask(&make(&key, &[])) {
            Ok(Reply::Made { credential, .. }) => (key, credential),
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

/// A helper that runs.
pub struct Helper {
    program: Child,
    output: BufReader<ChildStdout>,
    _input: ChildStdin,
}

/// How a helper ended.
pub struct End {
    pub lines: Vec<String>,
    pub errors: String,
    pub success: bool,
}

impl Helper {
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub fn runs(&mut self) -> bool {
        self.program.try_wait().unwrap().is_none()
    }

    pub fn kill(mut self) -> End {
        self.program.kill().unwrap();
        self.end()
    }

    pub fn end(mut self) -> End {
        let (mut lines, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut lines).unwrap();
        self.program.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        let success = self.program.wait().unwrap().success();
        assert!(!lines.contains(PIN) && !errors.contains(PIN), "it shows the PIN: {lines} {errors}");
        End { lines: lines.lines().map(str::to_owned).collect(), errors, success }
    }
}

pub fn make(key: &str, exclude: &[String]) -> Request {
    Request::Make {
        key: key.to_owned(),
        rp: RP.to_owned(),
        user: hex(7, 32),
        label: "Desk".to_owned(),
        exclude: exclude.to_vec(),
        challenge: hex(8, 32),
        pin: secret(PIN),
    }
}

pub fn find(key: &str, credentials: &[String], pin: &str) -> Request {
    Request::Find {
        key: key.to_owned(),
        rp: RP.to_owned(),
        credentials: credentials.to_vec(),
        pin: secret(pin),
    }
}

/// Asks for the secrets of these salts.
pub fn question(key: &str, credential: &str, salts: &[String]) -> Request {
    Request::Secret {
        key: key.to_owned(),
        rp: RP.to_owned(),
        credential: credential.to_owned(),
        salts: salts.to_vec(),
        challenge: hex(9, 32),
        pin: secret(PIN),
    }
}

/// The secrets of an answer.
pub fn outputs(reply: Result<Reply, Failure>) -> Vec<String> {
    match reply {
        Ok(Reply::Secret { outputs, .. }) => outputs.iter().map(|output| output.0.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

pub fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

pub fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
