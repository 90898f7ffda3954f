//! What all steps of a ceremony share: the line to the vault, the slot, the time, and what interrupts.

use std::collections::VecDeque;
use std::future::Future;
use std::time::{Duration, Instant};

use relaybox_process::clock::Clock;
use relaybox_process::rpc::line;
use relaybox_process::rpc::slot::Key;
use relaybox_process::rpc::vault::Status;
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, PublicKey};
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::ceremony::Stopped;
use crate::slot::Slot;
use crate::wire::{LINE_BYTES_MAX, Order, Said, Task};

/// Time between two looks at which keys are in.
const LOOK: Duration = Duration::from_millis(400);

/// What came while something was waited for.
pub(super) enum Came {
    Order(Order),
    /// Time for a look at the slot.
    Tick,
    Stop(Stopped),
    /// The vault is gone: nobody waits for this ceremony.
    Gone,
}

/// A ceremony's table.
pub(super) struct Table {
    orders: mpsc::Receiver<Order>,
    /// Came while the slot or the vault was asked: taken at the next wait.
    kept: VecDeque<Order>,
    writer: OwnedWriteHalf,
    pub(super) slot: Slot,
    clock: Clock,
    start: (u64, Instant),
    /// One-time key that PINs and words are sealed to.
    key: Keys,
    pub(super) random: Random,
    /// Unix seconds at which everything ends.
    pub(super) end: u64,
    /// A ceremony that thaws goes on when somebody freezes.
    pub(super) deaf_to_freeze: bool,
}

impl Table {
    /// Call inside the runtime.
    pub(super) fn open(stream: UnixStream, clock: Clock, task: &Task) -> Self {
        let (read, writer) = stream.into_split();
        let (send, orders) = mpsc::channel(16);
        // A line that was read in part is not lost when something else comes first.
        tokio::spawn(async move {
            let mut reader = BufReader::new(read);
            while let Ok(Some(order)) = line::read::<Order>(&mut reader, LINE_BYTES_MAX).await {
                if send.send(order).await.is_err() {
                    return;
                }
            }
        });
        let start = (task.now, clock.instant());
        let mut random = Random::os();
        let key = random.keys();
        let slot = Slot::new(&task.helper);
        let (kept, end) = (VecDeque::new(), u64::MAX);
        Self { orders, kept, writer, slot, clock, start, key, random, end, deaf_to_freeze: false }
    }

    /// Unix seconds.
    pub(super) fn now(&self) -> u64 {
        self.start.0 + self.clock.instant().duration_since(self.start.1).as_secs()
    }

    /// It ends so many seconds from now; gives when that is.
    pub(super) fn allow(&mut self, seconds: u64) -> u64 {
        self.end = self.now() + seconds;
        self.end
    }

    pub(super) async fn say(&mut self, said: &Said) {
        // A vault that is gone is seen at the next wait.
        let _ = line::write(&mut self.writer, said).await;
    }

    pub(super) async fn ready(&mut self) {
        let key = self.key.public_key();
        self.say(&Said::Ready { key }).await;
    }

    pub(super) async fn show(&mut self, status: Status) {
        self.say(&Said::Status(Box::new(status))).await;
    }

    /// What was typed, if it was sealed to this ceremony's key.
    pub(super) fn opened(&self, from: &PublicKey, sealed: &str) -> Option<Zeroizing<String>> {
        let key = ConversationKey::derive(self.key.secret_key(), from).ok()?;
        let plain = Zeroizing::new(key.decrypt(sealed).ok()?);
        std::str::from_utf8(&plain).ok().map(|text| Zeroizing::new(text.to_owned()))
    }

    /// The next order, a tick, or the end.
    pub(super) async fn wait(&mut self) -> Came {
        let tick = LOOK.min(self.left());
        let order = match self.kept.pop_front() {
            Some(order) => Some(order),
            None => tokio::select! {
                biased;
                order = self.orders.recv() => order,
                () = tokio::time::sleep(tick) => return self.tick(),
            },
        };
        match order {
            None => Came::Gone,
            Some(Order::Cancel) => Came::Stop(Stopped::Cancelled),
            Some(Order::Freeze) if self.deaf_to_freeze => self.tick(),
            Some(order) => Came::Order(order),
        }
    }

    /// What interrupted a look at the slot is taken at the next wait. That the time is over is seen there anyway.
    pub(super) fn put_back(&mut self, came: Came) {
        match came {
            Came::Order(order) => self.kept.push_front(order),
            Came::Stop(Stopped::Cancelled) => self.kept.push_front(Order::Cancel),
            Came::Tick | Came::Stop(_) | Came::Gone => {}
        }
    }

    /// What came too early is not what is wanted now.
    pub(super) fn forget(&mut self) {
        self.kept.retain(|order| matches!(order, Order::Cancel | Order::Freeze));
    }

    /// An answer that the vault owes: its disk's or the relay's. Only the vault's end interrupts.
    pub(super) async fn owed(&mut self) -> Option<Order> {
        loop {
            match self.orders.recv().await? {
                order @ (Order::History { .. }
                | Order::Stored
                | Order::Refused { .. }
                | Order::Copied { .. }
                | Order::Kept) => return Some(order),
                other => self.kept.push_back(other),
            }
        }
    }

    /// Asks the slot. What interrupts drops the question, which kills the helper.
    pub(super) async fn during<T>(&mut self, question: impl Future<Output = T>) -> Result<T, Came> {
        tokio::pin!(question);
        loop {
            let left = self.left();
            tokio::select! {
                biased;
                answer = &mut question => return Ok(answer),
                order = self.orders.recv() => match order {
                    None => return Err(Came::Gone),
                    Some(Order::Cancel) => return Err(Came::Stop(Stopped::Cancelled)),
                    Some(Order::Freeze) if self.deaf_to_freeze => {}
                    Some(Order::Freeze) => return Err(Came::Order(Order::Freeze)),
                    Some(other) => self.kept.push_back(other),
                },
                () = tokio::time::sleep(left) => return Err(Came::Stop(Stopped::TimeOver)),
            }
        }
    }

    /// The keys that are in; none when the helper cannot say.
    pub(super) async fn present(&mut self) -> Result<Vec<Key>, Came> {
        let slot = self.slot.clone();
        Ok(self.during(slot.list()).await?.unwrap_or_default())
    }

    fn left(&self) -> Duration {
        Duration::from_secs(self.end.saturating_sub(self.now()))
    }

    fn tick(&self) -> Came {
        if self.now() >= self.end { Came::Stop(Stopped::TimeOver) } else { Came::Tick }
    }
}
