//! `relaybox recover` and `relaybox succeed`: what the words of the two sheets are for.

use clap::Args;
use relaybox_process::rpc::vault::{Request, VaultClient};

use super::{Beginning, Failure, Place, hold, labels};

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    beginning: Beginning,
    /// End only these members, by public key; without it every member but the owner ends
    #[arg(long, value_name = "KEY")]
    end: Vec<String>,
    /// No staff key is lost: nobody ends
    #[arg(long, conflicts_with = "end")]
    end_nobody: bool,
}

impl RecoverArgs {
    /// None for all.
    fn ends(&self) -> Option<Vec<String>> {
        (self.end_nobody || !self.end.is_empty()).then(|| self.end.clone())
    }
}

/// Recovers the practice.
pub(crate) async fn recover(args: RecoverArgs) -> Result<(), Failure> {
    let socket = args.place.socket();
    let ends = args.ends();
    let mut vault = VaultClient::connect(&socket).await?;
    let (owner, member, labels) = args.beginning.open()?;
    let request = Request::Recover { owner: member, labels, ends };
    hold(&socket, &mut vault, &request, Some(&owner)).await
}

#[derive(Debug, Args)]
pub(crate) struct SucceedArgs {
    #[command(flatten)]
    place: Place,
    /// Name of the practice, for the new sheets
    #[arg(long, value_name = "NAME")]
    practice: String,
    /// Names of the two slot keys of the new file
    #[arg(long, num_args = 2, value_names = ["NAME", "NAME"])]
    keys: Vec<String>,
}

/// Gives the practice its next key.
pub(crate) async fn succeed(args: SucceedArgs) -> Result<(), Failure> {
    let socket = args.place.socket();
    let mut vault = VaultClient::connect(&socket).await?;
    let request = Request::Succeed { practice_name: args.practice, labels: labels(&args.keys)? };
    hold(&socket, &mut vault, &request, None).await
}
