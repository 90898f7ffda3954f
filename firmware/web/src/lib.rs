//! HTTP over an inherited socket: what every role that serves HTTP shares.
//!
//! It deliberately routes nothing and knows no role. Invariants: the socket a request came in on
//! decides its [`Surface`], never a header; a peer's address and host name come from the PROXY
//! preface of the gateway ([`proxy`]), never from a forwarding header; one table maps refusal
//! classes to HTTP ([`status`]).

pub mod hosts;
pub mod limits;
pub mod login;
pub mod proxy;
pub mod status;

/// What a request may reach, decided by the socket it came in on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// The practice's own network.
    Lan,
    /// The box's administration, on the practice's own network.
    Admin,
    /// Families, from anywhere.
    Portal,
    /// Programs of other vendors.
    Agent,
}
