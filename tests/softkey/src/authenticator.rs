//! The authenticator itself, with its flash in a file, so that a key that is put in again is the same key.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ctaphid_app::{App as _, Command};
use fido_authenticator::{Authenticator, Config, Conforming};
use heapless_bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};
use trussed::backend::BackendId;
use trussed::pipe::TrussedChannel;
use trussed::platform::{Platform, UserInterface};
use trussed::virt::{Runner, StorageConfig, Store, StoreConfig};
use trussed_core::types::consent::Level;
use trussed_staging::virt::{BackendIds, Client, Dispatcher};

/// Longest message of CTAPHID.
pub const MESSAGE_BYTES: usize = 7_609;
/// How long a key waits for a touch, as those on the market do.
pub const PATIENCE: u32 = 30_000;
const BACKENDS: &[BackendId<BackendIds>] = &[BackendId::Custom(BackendIds::StagingBackend), BackendId::Core];

/// A finger, and what the key shows of waiting for it.
#[derive(Default)]
pub struct Finger {
    state: Mutex<Touch>,
    changed: Condvar,
}

#[derive(Default)]
pub struct Touch {
    /// Touches whenever the key waits.
    pub always: bool,
    /// Touches that are still to come.
    pub times: usize,
    /// Somebody waits for this key.
    pub waited_for: bool,
    /// Whoever asked is gone: the key stops waiting.
    pub alone: bool,
}

impl Finger {
    pub fn get(&self) -> MutexGuard<'_, Touch> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, change: impl FnOnce(&mut Touch)) {
        change(&mut self.get());
        self.changed.notify_all();
    }

    /// False when it does not come to be in time.
    pub fn until(&self, time: Duration, holds: impl Fn(&Touch) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.get(), time, |touch| !holds(touch));
        waited.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }
}

/// How long the authenticator's service is held before it looks at its clock.
const GLANCE: Duration = Duration::from_millis(20);

struct Hand<'a> {
    finger: &'a Finger,
    start: Instant,
}

impl UserInterface for Hand<'_> {
    fn check_user_presence(&mut self) -> Level {
        self.finger.set(|touch| touch.waited_for = true);
        if !self.finger.until(GLANCE, |touch| touch.always || touch.times > 0 || touch.alone) {
            return Level::None;
        }
        let mut level = Level::None;
        self.finger.set(|touch| {
            if touch.always || touch.times > 0 {
                touch.times = touch.times.saturating_sub(1);
                touch.waited_for = false;
                level = Level::Normal;
            }
        });
        level
    }

    fn uptime(&mut self) -> Duration {
        // Time is over at once for a question that nobody waits for.
        let over = if self.finger.get().alone { 86_400 } else { 0 };
        self.start.elapsed() + Duration::from_secs(over)
    }
}

struct Board<'a> {
    rng: ChaCha8Rng,
    store: Store<'a>,
    hand: Hand<'a>,
}

impl<'a> Platform for Board<'a> {
    type R = ChaCha8Rng;
    type S = Store<'a>;
    type UI = Hand<'a>;

    fn rng(&mut self) -> &mut Self::R {
        &mut self.rng
    }
    fn store(&self) -> Self::S {
        self.store
    }
    fn user_interface(&mut self) -> &mut Self::UI {
        &mut self.hand
    }
}

/// Runs `serve` with a key of this name that gets power now. What it is given asks the authenticator a message of
/// CTAPHID and returns the answer. `patience`: milliseconds for a touch.
pub fn powered(
    name: &str,
    flash: &Path,
    finger: &Finger,
    patience: u32,
    serve: impl FnOnce(&mut dyn FnMut(Command, &[u8]) -> Vec<u8>),
) {
    let mut config = StoreConfig {
        internal: StorageConfig::filesystem(flash.to_owned()),
        external: StorageConfig::ram(),
        volatile: StorageConfig::ram(),
    };
    config.with_store(|store| {
        let seed = Sha256::digest(name.as_bytes()).into();
        let hand = Hand { finger, start: Instant::now() };
        let board = Board { rng: ChaCha8Rng::from_seed(seed), store, hand };
        let channel = TrussedChannel::new();
        let Some((requester, responder)) = channel.split() else { return };
        let mut runner = Runner::new();
        runner.add_endpoint(responder, "fido", BACKENDS);
        let client: Client<'_, Dispatcher> = Client::new(requester, runner.syscall(), None);
        let config = Config { fido2_up_timeout: Some(patience), ..Config::new(MESSAGE_BYTES) };
        runner.run(board, Dispatcher::default(), || {
            let mut authenticator = Authenticator::new(client, Conforming {}, config);
            serve(&mut |command, request| {
                let mut answer = Bytes::<MESSAGE_BYTES>::new();
                let _ = authenticator.call(command, request, &mut answer);
                answer.to_vec()
            });
        });
    });
}
