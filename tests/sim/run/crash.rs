//! A crash with records under way, and what must be there after it.

use std::collections::VecDeque;

use super::{Check, Simulation, told};
use crate::generate::Op;
use crate::reference::{Item, Socket, Verdict};
use crate::session::text_of;

/// Events in flight when it crashes.
const BURST: usize = 64;
/// How long an answer may come that must not come.
const STALLED: std::time::Duration = std::time::Duration::from_millis(60);
impl Simulation {
    /// Records are under way when everything stops; some have their OK.
    pub(super) async fn crash(&mut self) -> Check {
        self.settle().await?;
        // A start believes the clock or the newest row; the service tests ask what then happens.
        let behind = self.world.now - self.clock.load(std::sync::atomic::Ordering::SeqCst);
        self.pass(behind).await?;
        self.tell("crash".to_owned());
        let mut flight = VecDeque::new();
        let author = self.generator().one_of(&["doctor", "doctor2", "nurse"]);
        for n in 0..BURST {
            // Those that come first are good, so that their answers wait for one commit.
            let mut generator = self.generator();
            let op = if n < BURST / 2 {
                generator.measurement(&author)
            } else {
                generator.record_by_staff(&author)
            };
            if let Op::Publish { json, .. } = op {
                flight.push_back(json);
            }
        }
        let outbox = flight.clone();
        let answered = usize::try_from(self.world.dice.below(BURST as u64 + 1)).unwrap();
        let now = self.world.now;
        let reader = self.relay.reader();
        // Every second time the disk takes nothing from before the first event on.
        let stalled = (self.totals.crashes % 2 == 1).then(|| self.relay.stall());
        let session = self.session(&author).await?;
        let socket = session.socket.clone();
        session.client.send_together(flight.iter().map(|json| format!("[\"EVENT\",{json}]"))).await;
        let mut answers = Vec::new();
        while answers.len() < answered {
            let answer = match &stalled {
                None => session.next().await,
                // Whatever comes now comes without a commit; mostly nothing does.
                Some(_) => match tokio::time::timeout(STALLED, session.next()).await {
                    Ok(answer) => answer,
                    Err(_) => break,
                },
            };
            answers.push(answer.ok_or("no answer before the crash")?);
        }
        // At once: what was answered must be there, whatever happens after the answer.
        self.relay.crash(reader).await;
        let stalling = stalled.is_some();
        drop(stalled);
        for answer in answers {
            // A signature that does not hold is answered at once, before what waits for its commit.
            let named = format!("\"id\":{}", answer[1]);
            let at = flight.iter().position(|json: &String| json.contains(&named));
            let json = at.and_then(|at| flight.remove(at)).ok_or_else(|| format!("unasked: {answer}"))?;
            if stalling && answer[3] == text_of("storage").as_str() {
                // True: the table is compared below.
                continue;
            }
            let verdict = self.reference.judge(now, &socket, &json);
            let (accepted, text, _) = told(verdict);
            if answer[2] != accepted || answer[3] != text.as_str() {
                return Err(format!("before a crash: reference {verdict:?}, relay {answer}, of {json}"));
            }
            if verdict == Verdict::Stored {
                self.reference.take(Item::parse(&json, now).map_err(str::to_owned)?);
            }
        }
        self.sessions.clear();
        self.auditor = None;
        self.totals.crashes += 1;
        self.in_flight(&socket, flight)?;
        self.recover().await?;
        // The outbox sends all of it again: what is there is a duplicate, and nothing stays lost.
        for json in outbox {
            self.publish(&author, json).await?;
        }
        self.settle().await
    }

    /// Of what had no OK the relay kept a beginning, in order, or all, or nothing.
    fn in_flight(&mut self, socket: &Socket, flight: VecDeque<String>) -> Check {
        let now = self.world.now;
        let stored: Vec<_> = self.relay.rows().into_iter().map(|row| row.json).collect();
        let mut lost = false;
        for json in flight {
            let kept = stored.contains(&json);
            let admitted = self.reference.judge(now, socket, &json) == Verdict::Stored;
            match (admitted, kept) {
                (true, true) if lost => return Err(format!("kept although one before it was lost: {json}")),
                (true, true) => {
                    self.reference.take(Item::parse(&json, now).map_err(str::to_owned)?);
                    self.totals.kept += 1;
                }
                (true, false) => {
                    lost = true;
                    self.totals.lost += 1;
                }
                (false, true) if self.reference.list.iter().all(|item| item.json != json) => {
                    return Err(format!("kept although it is refused: {json}"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
