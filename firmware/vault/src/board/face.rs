//! What display and lights show, drawn from facts alone.
//!
//! Invariant: while a ceremony's text stands, nothing but that text is on the display. What other roles say of
//! themselves has its own line, behind a mark that no ceremony text begins with.

use std::net::SocketAddr;

use serde::Serialize;

/// Longest line that another role may have shown, characters.
pub(crate) const TOLD_CHARACTERS_MAX: usize = 60;
/// Begins the line of another role.
const TOLD: &str = "~ ";
/// Stands for a character that a display would not show, or not where it stands.
const REPLACED: char = '\u{fffd}';

/// The lights: one state at a time, the most urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Light {
    Unclaimed,
    Ready,
    Ceremony,
    Frozen,
    Failing,
}

/// What a panel shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Face {
    pub(crate) display: Vec<String>,
    pub(crate) light: Light,
}

/// What a face is drawn from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Lines of a ceremony that runs, or has just ended.
    pub(crate) ceremony: Option<Ceremony>,
    /// This vault holds the key of the box's practice.
    pub(crate) claimed: bool,
    /// The claim code, while the box can be claimed.
    pub(crate) code: Option<String>,
    /// Why the slot is frozen: `admin`, `lid` or `button`.
    pub(crate) frozen: Option<&'static str>,
    pub(crate) lid_open: bool,
    pub(crate) slot_full: bool,
    /// Slot keys are programs.
    pub(crate) soft: bool,
    /// Where the box is reached.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) told: Option<Told>,
}

/// A ceremony as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ceremony {
    pub(crate) lines: Vec<String>,
    pub(crate) ended: bool,
}

/// What another role says of the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    line: String,
    failing: bool,
}

impl Told {
    /// A line as it may be shown: short, and without characters that control a display or turn its order.
    pub(crate) fn new(line: &str, failing: bool) -> Self {
        let shown = |c: char| if c.is_control() || is_bidi(c) { REPLACED } else { c };
        Self { line: line.trim().chars().take(TOLD_CHARACTERS_MAX).map(shown).collect(), failing }
    }
}

/// Draws the face.
pub(crate) fn draw(facts: &Facts) -> Face {
    Face { display: display(facts), light: light(facts) }
}

fn light(facts: &Facts) -> Light {
    let running = facts.ceremony.as_ref().is_some_and(|ceremony| !ceremony.ended);
    let failing = facts.told.as_ref().is_some_and(|told| told.failing);
    match facts {
        Facts { frozen: Some(_), .. } | Facts { lid_open: true, .. } => Light::Frozen,
        _ if running => Light::Ceremony,
        _ if failing => Light::Failing,
        Facts { claimed: true, .. } | Facts { code: None, .. } => Light::Ready,
        _ => Light::Unclaimed,
    }
}

fn display(facts: &Facts) -> Vec<String> {
    if let Some(ceremony) = &facts.ceremony {
        return ceremony.lines.clone();
    }
    let mut lines = state(facts);
    if facts.slot_full {
        lines.push("a key is in the slot: take it out".to_owned());
    }
    lines.extend(facts.address.map(|address| format!("address {}", written(&address))));
    if facts.soft {
        lines.push("software keys: for a demo only".to_owned());
    }
    lines.extend(facts.told.as_ref().map(|told| format!("{TOLD}{}", told.line)));
    lines
}

fn state(facts: &Facts) -> Vec<String> {
    let text = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    match (facts.frozen, &facts.code) {
        (Some(why), _) => {
            let by = match why {
                "lid" => "the lid was opened",
                "button" => "the button was held",
                _ => "an administrator froze it",
            };
            text(&["THE KEY SLOT IS FROZEN", by])
        }
        _ if facts.lid_open => text(&["THE LID IS OPEN", "no ceremony before it is closed"]),
        _ if facts.claimed => text(&["READY"]),
        (None, Some(code)) => vec!["NOT CLAIMED".to_owned(), format!("claim code {code}")],
        (None, None) => text(&["NO CEREMONIES HERE", "this box does not hold the practice's key"]),
    }
}

/// The port of HTTPS goes without saying.
fn written(address: &SocketAddr) -> String {
    match (address.port(), address) {
        (0 | 443, _) => address.ip().to_string(),
        _ => address.to_string(),
    }
}

/// Characters that turn the order of what follows on a display.
pub(crate) const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unclaimed() -> Facts {
        Facts { code: Some("ABCD2345".to_owned()), ..Facts::default() }
    }

    fn running(ended: bool) -> Option<Ceremony> {
        Some(Ceremony { lines: vec!["NEW LOCKS".to_owned()], ended })
    }

    #[test]
    fn before_the_claim_code_and_address_are_shown_and_afterwards_the_state() {
        let address = "192.0.2.7:443".parse().ok();
        let face = draw(&Facts { address, ..unclaimed() });
        assert_eq!(face.display, ["NOT CLAIMED", "claim code ABCD2345", "address 192.0.2.7"]);
        assert_eq!(face.light, Light::Unclaimed);
        let address = "[2001:db8::7]:8443".parse().ok();
        let face = draw(&Facts { address, claimed: true, ..Facts::default() });
        assert_eq!(face.display, ["READY", "address [2001:db8::7]:8443"]);
        assert_eq!(face.light, Light::Ready);
    }

    #[test]
    fn while_a_ceremony_stands_nothing_else_is_on_the_display() {
        let told = Some(Told::new("PRESS THE BUTTON", true));
        let facts = Facts { ceremony: running(false), slot_full: true, soft: true, told, ..unclaimed() };
        let face = draw(&facts);
        assert_eq!((face.display, face.light), (vec!["NEW LOCKS".to_owned()], Light::Ceremony));
        let face = draw(&Facts { ceremony: running(true), ..facts });
        assert_eq!((face.display.len(), face.light), (1, Light::Failing), "it has ended");
    }

    #[test]
    fn the_line_of_another_role_is_short_marked_and_without_tricks() {
        let face = draw(&Facts { told: Some(Told::new("all\nis \u{202e}well\u{7}", false)), ..unclaimed() });
        assert_eq!(face.display.last().unwrap(), "~ all\u{fffd}is \u{fffd}well\u{fffd}");
        let long = Told::new(&"x".repeat(500), false);
        assert_eq!(long.line.chars().count(), TOLD_CHARACTERS_MAX);
        assert_eq!(draw(&Facts { told: Some(Told::new("", true)), ..unclaimed() }).light, Light::Failing);
    }

    #[test]
    fn a_frozen_slot_and_an_open_lid_come_before_all_but_the_text_of_a_ceremony() {
        for (frozen, line) in [
            ("lid", "the lid was opened"),
            ("button", "the button was held"),
            ("admin", "an administrator froze it"),
        ] {
            let face = draw(&Facts { frozen: Some(frozen), claimed: true, ..Facts::default() });
            assert_eq!(
                (face.display, face.light),
                (vec!["THE KEY SLOT IS FROZEN".to_owned(), line.to_owned()], Light::Frozen)
            );
        }
        let face = draw(&Facts { lid_open: true, ..unclaimed() });
        assert_eq!((face.display[0].as_str(), face.light), ("THE LID IS OPEN", Light::Frozen));
        let face = draw(&Facts { lid_open: true, ceremony: running(false), ..unclaimed() });
        assert_eq!((face.display[0].as_str(), face.light), ("NEW LOCKS", Light::Frozen));
    }

    #[test]
    fn a_box_whose_practice_has_its_key_elsewhere_says_so() {
        let face = draw(&Facts { slot_full: true, soft: true, ..Facts::default() });
        assert_eq!(face.display[0], "NO CEREMONIES HERE");
        assert!(face.display.contains(&"a key is in the slot: take it out".to_owned()));
        assert!(face.display.contains(&"software keys: for a demo only".to_owned()));
    }
}
