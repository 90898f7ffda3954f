//! `relaybox panel …`: tells the display where the box is reached, and stands for a hand at the simulated panel.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use relaybox_process::rpc::vault::{Request, VaultClient};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::ceremony::{Place, done};
use super::{Failure, say};

#[derive(Debug, Args)]
pub(crate) struct PanelArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Tell the display at which address the box is reached, when the network gives it one
    Address { address: IpAddr },
    /// Show the simulated panel, and each change of it
    Watch,
    /// Press the button of the simulated panel
    Press,
    /// Hold it for five seconds: the key slot freezes
    Hold,
    /// Open or close the lid
    Lid { to: Lid },
    /// Say that something is in the key slot, or nothing
    Slot { is: Slot },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Lid {
    Open,
    Close,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Slot {
    Full,
    Empty,
}

/// Why the panel was not reached.
#[derive(Debug, thiserror::Error)]
enum PanelError {
    #[error("touch the panel: only `relaybox dev` has one to touch from here; give its --data")]
    NoPanel,
    #[error(
        "reach the simulated panel at {0}: a claimed or empty box of `relaybox dev` has one while it runs"
    )]
    Reach(PathBuf, #[source] std::io::Error),
}

pub(crate) async fn run(args: PanelArgs) -> Result<(), Failure> {
    let word = match args.what {
        What::Address { address } => {
            let request = Request::Address { address: SocketAddr::from((address, 0)) };
            let mut vault = VaultClient::connect(&args.place.socket()).await?;
            return done(vault.ask(&request).await?);
        }
        What::Watch => return watch(args.place).await,
        What::Press => "press",
        What::Hold => "hold",
        What::Lid { to: Lid::Open } => "lid open",
        What::Lid { to: Lid::Close } => "lid close",
        What::Slot { is: Slot::Full } => "slot full",
        What::Slot { is: Slot::Empty } => "slot empty",
    };
    let mut panel = connect(args.place).await?;
    Ok(panel.write_all(format!("{word}\n").as_bytes()).await?)
}

async fn connect(place: Place) -> Result<UnixStream, PanelError> {
    let path = place.data.ok_or(PanelError::NoPanel)?.join("run").join("panel.sock");
    UnixStream::connect(&path).await.map_err(|error| PanelError::Reach(path, error))
}

/// Ends with the box.
async fn watch(place: Place) -> Result<(), Failure> {
    let mut lines = BufReader::new(connect(place).await?).lines();
    while let Some(line) = lines.next_line().await? {
        let face: Value = serde_json::from_str(&line)?;
        let mut text = format!("  ┌ light: {}\n", face["light"].as_str().unwrap_or_default());
        for line in face["display"].as_array().into_iter().flatten() {
            text.push_str(&format!("  │ {}\n", line.as_str().unwrap_or_default()));
        }
        say(&text)?;
    }
    Ok(())
}
