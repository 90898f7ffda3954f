//! The order to stop: a value that becomes true once.

use tokio::sync::watch;

/// The launcher keeps the sender; each role gets a clone of the receiver.
pub fn channel() -> (watch::Sender<bool>, watch::Receiver<bool>) {
    watch::channel(false)
}

/// Returns when the role is to stop, also when the launcher is gone.
pub async fn requested(shutdown: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: nobody is left who could say it later.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_role_that_looks_late_still_sees_the_order() {
        let (sender, mut receiver) = channel();
        sender.send(true).unwrap();
        requested(&mut receiver).await;
        assert!(*receiver.borrow());
    }

    #[tokio::test]
    async fn a_launcher_that_is_gone_counts_as_the_order() {
        let (sender, mut receiver) = channel();
        drop(sender);
        requested(&mut receiver).await;
        assert!(receiver.has_changed().is_err());
    }
}
