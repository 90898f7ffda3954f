//! Open connections, in all and of one address. Per node.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts open connections.
#[derive(Debug, Clone)]
pub struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    per_address_max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error("hold more connections")]
    All,
    #[error("hold more connections of this address")]
    Address,
}

/// One open connection; it counts until dropped.
#[derive(Debug)]
pub struct Permit {
    shared: Arc<Shared>,
    key: IpAddr,
}

impl Connections {
    pub fn new(max: usize, per_address_max: usize) -> Self {
        Self(Arc::new(Shared { max, per_address_max, open: Mutex::default() }))
    }

    /// # Errors
    /// When either limit is met.
    pub fn admit(&self, address: IpAddr) -> Result<Permit, Full> {
        let key = counted_as(address);
        let mut open = self.0.lock();
        if open.all >= self.0.max {
            return Err(Full::All);
        }
        let of_address = open.by_address.entry(key).or_insert(0);
        if *of_address >= self.0.per_address_max {
            return Err(Full::Address);
        }
        *of_address += 1;
        open.all += 1;
        Ok(Permit { shared: Arc::clone(&self.0), key })
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.0.lock().all
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Open> {
        // Counters hold no half-made state, so a panic elsewhere does not spoil them.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.shared.lock();
        open.all = open.all.saturating_sub(1);
        if let Some(count) = open.by_address.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.by_address.remove(&self.key);
            }
        }
    }
}

/// One household has a whole /64 in IPv6, so that is what counts as one address.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_connection_after_the_last_is_refused_until_one_ends() {
        let connections = Connections::new(2, 9);
        let first = connections.admit(ip("10.0.0.1")).unwrap();
        let _second = connections.admit(ip("10.0.0.2")).unwrap();
        assert_eq!(connections.admit(ip("10.0.0.3")).unwrap_err(), Full::All);
        drop(first);
        assert!(connections.admit(ip("10.0.0.3")).is_ok());
    }

    #[test]
    fn one_address_cannot_take_the_places_of_others() {
        let connections = Connections::new(9, 1);
        let first = connections.admit(ip("10.0.0.1")).unwrap();
        assert_eq!(connections.admit(ip("10.0.0.1")).unwrap_err(), Full::Address);
        assert!(connections.admit(ip("10.0.0.2")).is_ok());
        drop(first);
        assert!(connections.admit(ip("10.0.0.1")).is_ok());
    }

    #[test]
    fn one_network_of_ipv6_counts_as_one_address() {
        let connections = Connections::new(9, 1);
        let _first = connections.admit(ip("2001:db8:0:1::1")).unwrap();
        assert_eq!(connections.admit(ip("2001:db8:0:1:ffff::2")).unwrap_err(), Full::Address);
        assert!(connections.admit(ip("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn an_ipv4_address_written_as_ipv6_is_the_same_address() {
        let connections = Connections::new(9, 1);
        let _first = connections.admit(ip("::ffff:10.0.0.1")).unwrap();
        assert_eq!(connections.admit(ip("10.0.0.1")).unwrap_err(), Full::Address);
    }

    #[test]
    fn nothing_is_kept_of_an_address_that_left() {
        let connections = Connections::new(9, 9);
        drop(connections.admit(ip("10.0.0.1")).unwrap());
        assert_eq!(connections.open(), 0);
        assert!(connections.0.lock().by_address.is_empty());
    }
}
