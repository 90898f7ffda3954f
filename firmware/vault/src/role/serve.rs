//! The socket: one request a line, one reply a line, and a stream for who watches.

use std::sync::Arc;
use std::time::Duration;

use relaybox_process::peer::{Callers, own_uid};
use relaybox_process::rpc::line::{self, LineError};
use relaybox_process::rpc::vault::{LINE_BYTES_MAX, Reply, Request};
use relaybox_protocol::event::key_from_hex;
use subtle::ConstantTimeEq as _;
use tokio::io::BufStream;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::{SOCKET, Vault, VaultError};
use crate::guard::FreezeCause;
use crate::wire::Order;

/// Callers at a time.
const CALLERS_MAX: usize = 16;
/// What a wrong claim code costs.
const CODE_SECONDS: u64 = 1;

/// Accepts callers for as long as the role lives.
pub(super) async fn accept(
    vault: Arc<Vault>,
    listener: UnixListener,
    callers: Callers,
) -> Result<(), VaultError> {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CALLERS_MAX => {
                let (stream, _) = accepted.map_err(VaultError::Accept)?;
                match callers.admit(SOCKET, &stream) {
                    Ok(()) => { open.spawn(serve(Arc::clone(&vault), stream)); }
                    Err(error) => log::warn!("a caller of the vault was turned away: failed to {error}"),
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
}

async fn serve(vault: Arc<Vault>, stream: UnixStream) {
    // The admin role is told no claim code: it has a network surface in front of it.
    let console = stream.peer_cred().is_ok_and(|peer| peer.uid() == 0 || peer.uid() == own_uid());
    let mut stream = BufStream::new(stream);
    loop {
        let reply = match line::read::<Request>(&mut stream, LINE_BYTES_MAX).await {
            Ok(Some(Request::Watch {})) => {
                if let Err(error) = watch(&vault, &mut stream, console).await {
                    log::debug!("a caller of the vault left: {error}");
                    return;
                }
                continue;
            }
            Ok(Some(request)) => answer(&vault, request, console).await,
            Ok(None) => return,
            Err(LineError::Json(_)) => refused("request", "this is none of the vault's requests"),
            Err(error) => return log::warn!("the vault's socket failed to {error}"),
        };
        if line::write(&mut stream, &reply).await.is_err() {
            return;
        }
    }
}

/// Every change of the newest ceremony, to its end.
async fn watch(vault: &Vault, stream: &mut BufStream<UnixStream>, console: bool) -> Result<(), LineError> {
    let Some(mut running) = vault.running() else {
        return line::write(stream, &no_ceremony()).await;
    };
    loop {
        let mut status = running.status.borrow_and_update().clone();
        if running.console_only && !console {
            // Its sheets are for whoever stands at the box.
            status.sheets.clear();
        }
        let ended = matches!(status.step.as_str(), "done" | "stopped");
        line::write(stream, &Reply::Status(status)).await?;
        if ended || running.status.changed().await.is_err() {
            return Ok(());
        }
    }
}

async fn answer(vault: &Arc<Vault>, request: Request, console: bool) -> Reply {
    match request {
        Request::State {} => Reply::State(vault.told(console).await),
        Request::Claim { code, practice_name, owner, labels } => {
            if !bool::from(code.trim().to_uppercase().as_bytes().ct_eq(vault.code.as_bytes())) {
                tokio::time::sleep(Duration::from_secs(CODE_SECONDS)).await;
                return refused("code", "this is not the claim code that the box shows");
            }
            vault.prepare_claim(practice_name, owner, labels).await
        }
        Request::Recover { .. } | Request::Succeed { .. } if !console => {
            refused("console", "this is done at the console of the box")
        }
        Request::Recover { owner, labels, ends } => vault.prepare_recovery(owner, labels, ends).await,
        Request::Succeed { practice_name, labels } => vault.prepare_succession(practice_name, labels).await,
        Request::Prepare { operation, by } => vault.prepare(&operation, by).await,
        Request::Type { ceremony, from, sealed } => match key_from_hex(&from) {
            Some(from) => order(vault, console, &ceremony, Order::Type { from, sealed }).await,
            None => refused("request", "the one-time key is no key"),
        },
        Request::Prove { ceremony, pop } => order(vault, console, &ceremony, Order::Prove { pop }).await,
        Request::Press { ceremony } => {
            // A role with a network surface in front of it presses nothing, whatever the panel.
            if !console || vault.has_button() {
                return refused("panel", "press the button at the box");
            }
            order(vault, console, &ceremony, Order::Press).await
        }
        Request::Cancel { ceremony } => order(vault, console, &ceremony, Order::Cancel).await,
        Request::Freeze { by } => freeze(vault, by).await,
        Request::Line { text, failing } => {
            vault.tell(&text, failing);
            Reply::Done
        }
        Request::Address { .. } if !console => refused("console", "the console alone says where the box is"),
        Request::Address { address } => {
            vault.reached_at(address);
            Reply::Done
        }
        Request::Watch {} => no_ceremony(),
    }
}

/// For the running ceremony. In a recovery or a succession nobody but the console has a hand: a staff key in wrong hands could break it
/// off each time.
async fn order(vault: &Vault, console: bool, ceremony: &str, order: Order) -> Reply {
    match vault.running().filter(|running| running.ceremony == ceremony && !running.ended()) {
        Some(running) if running.console_only && !console => {
            refused("console", "this ceremony is held at the console of the box")
        }
        Some(running) if running.orders.send(order).await.is_ok() => Reply::Done,
        _ => no_ceremony(),
    }
}

async fn freeze(vault: &Vault, by: Option<String>) -> Reply {
    if by.as_deref().is_some_and(|by| key_from_hex(by).is_none()) {
        return refused("request", "the admin's key is no key");
    }
    match vault.freeze(by, FreezeCause::Admin).await {
        Ok(()) => Reply::Done,
        Err(_) => refused("storage", "the freeze could not be kept"),
    }
}

fn no_ceremony() -> Reply {
    refused("no-ceremony", "no such ceremony is running")
}

pub(super) fn refused(code: &str, text: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), text: text.to_owned() }
}
