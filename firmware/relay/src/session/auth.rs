//! NIP-42 login: signature, age, challenge and exact relay URL are checked here, since the library's
//! own check looks at neither signature nor time.

use std::sync::Arc;

use relaybox_protocol::event::{Verified, tag_value};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{grants, kinds};

use super::{Fact, Session};
use crate::members::Members;

/// Seconds by which an AUTH event's time may differ from ours (NIP-42).
const AUTH_SKEW_SECONDS: u64 = 600;

/// Logins tried on one socket for each key that it may have: each costs a signature check.
const LOGINS_PER_KEY: usize = 8;

impl Session {
    pub(super) fn log_in(&mut self, now: u64, json: &str, members: &Arc<Members>) -> Result<(), Refusal> {
        // Nobody comes in unseen.
        if self.audit_full {
            return Err(Refusal::Storage);
        }
        self.logins += 1;
        if self.logins > self.limits.auth_keys_max.saturating_mul(LOGINS_PER_KEY) {
            return Err(Refusal::AuthKeys);
        }
        let verified = Verified::parse(json, self.limits.event_bytes_max)?;
        let event = verified.event();
        let fits = verified.kind() == kinds::AUTH
            && event.created_at.as_secs().abs_diff(now.saturating_sub(self.behind)) <= AUTH_SKEW_SECONDS
            && tag_value(event, "challenge", 0) == Some(self.challenge.as_str())
            && tag_value(event, "relay", 0).map(normalised).is_some_and(|url| self.urls.contains(&url));
        if !fits {
            return Err(Refusal::AuthInvalid);
        }
        let key = event.pubkey;
        members.may_log_in(&key, now)?;
        let token = tag_value(event, "invite", 0).and_then(grants::invitation_hash);
        if !self.keys.contains(&key) {
            if self.keys.len() >= self.limits.auth_keys_max {
                return Err(Refusal::AuthKeys);
            }
            self.keys.push(key);
            let named = Some(key).filter(|key| members.knows(key, now));
            self.named = self.named.or(named);
            self.facts.push(Fact::LoggedIn { key: named });
            self.ends = members.next_end(&self.keys, now);
            self.scope = None;
        }
        if let Some(hash) = token {
            self.invited.retain(|invited| *invited != (key, hash));
            if self.invited.len() < self.limits.auth_keys_max {
                self.invited.push((key, hash));
            }
        }
        Ok(())
    }
}

/// A relay URL in the form in which names are compared: scheme and host in lower case, no port that
/// the scheme implies, and no slash when the path is empty. Everything else must be equal.
pub fn normalised(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let scheme = scheme.to_ascii_lowercase();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let host = host.to_ascii_lowercase();
    let implied = match scheme.as_str() {
        "wss" => ":443",
        "ws" => ":80",
        _ => "",
    };
    let host = host.strip_suffix(implied).unwrap_or(&host);
    format!("{scheme}://{host}{}", if path == "/" { "" } else { path })
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn relay_names_differ_only_in_what_a_url_leaves_open() {
        assert_eq!(normalised("WSS://Relay.Example:443/"), "wss://relay.example");
        assert_eq!(normalised("wss://relay.example"), "wss://relay.example");
        assert_eq!(normalised("ws://127.0.0.1:80"), "ws://127.0.0.1");
        for other in [
            "wss://relay.example:8443",
            "ws://relay.example",
            "wss://relay.example/x",
            "wss://relay.example.org",
        ] {
            assert_ne!(normalised(other), "wss://relay.example", "{other}");
        }
    }
}
