//! Who may read an event (PROTOCOL 3): the table, row by row.

use super::Item;
use super::admission::covers;
use super::fold::{COMPARTMENTS, Person, State};

/// What is addressed to one key alone.
const PERSONAL: [u16; 11] = [2100, 2101, 2106, 4050, 4051, 4052, 4053, 4054, 4055, 1059, 21059];
const POLICY_FOR_FAMILY: [u16; 5] = [2100, 2104, 2108, 2109, 2110];

impl State<'_> {
    /// Several keys on one socket read what each of them reads.
    pub(crate) fn permits(&self, keys: &[String], item: &Item) -> bool {
        keys.iter().any(|key| self.reads(key, item))
    }

    fn reads(&self, key: &str, item: &Item) -> bool {
        let person = self.person(key);
        let patient = matches!(person, Person::Patient(_) | Person::Own(_));
        if self.suspended(key) && !patient {
            return false;
        }
        let own = match &person {
            Person::Practice => return false,
            Person::Former if self.was_subject(key) => return false,
            Person::Member => self.member_reads(key, item),
            Person::Agent => self.agent_reads(key, item),
            Person::Former | Person::Unknown => false,
            family => {
                self.public_policy(item) || published(self, item) || self.family_reads(key, family, item)
            }
        };
        own || self.shared_with(key, item)
    }

    fn was_subject(&self, key: &str) -> bool {
        use super::fold::Use;
        matches!(self.uses.get(key), Some(Use::Subject(_) | Use::Own(_)))
    }

    /// Policy for all members, with the receipts of its chain.
    fn public_policy(&self, item: &Item) -> bool {
        match item.kind {
            2102 | 2103 | 2105 | 2107 => true,
            2108 => self.public_suspensions.contains(item.id.as_str()),
            2122 => item.value("c") == Some("policy"),
            _ => false,
        }
    }

    fn member_reads(&self, key: &str, item: &Item) -> bool {
        let Some(member) = self.member(key) else { return false };
        let barred = || {
            let roots = self.barred(key);
            let lines = roots.iter().filter_map(|root| self.lines.get(root));
            lines.into_iter().any(|line| {
                let names = |key: &str| {
                    line.subjects.contains(&key) || line.own == Some(key) || line.guardians.contains(key)
                };
                names(&item.author) || item.all("p").any(|tag| tag.get(1).is_some_and(|key| names(key)))
            })
        };
        let held = self.first_compartment(item).is_some_and(|c| self.holds(member, c));
        match item.kind {
            2102 | 2103 | 2105 | 2107 | 2108 | 2127 | 2128 => return true,
            2100 | 2104 | 2109 | 2110 if !barred() => return true,
            2122 if matches!(item.value("c"), Some("policy" | "policy-staff")) => return true,
            _ => {}
        }
        (held && !barred()) || published(self, item) || personal(key, item)
    }

    fn agent_reads(&self, key: &str, item: &Item) -> bool {
        let Some(grant) = self.agent(key) else { return false };
        if self.public_policy(item) || published(self, item) || personal(key, item) {
            return true;
        }
        let listed = |name: &str, value: &str| grant.all(name).any(|tag| tag[1..].iter().any(|v| v == value));
        let of_kind = listed("kinds", &item.kind.to_string());
        // Links and client grants carry no E; they count where the grant names their kinds.
        let link_or_client = matches!(item.kind, 2104 | 2109) && of_kind;
        let in_compartment = self.first_compartment(item).is_some_and(|c| listed("compartments", c));
        let in_grant = link_or_client || (in_compartment && (of_kind || item.kind == 2122));
        match grant.value("patients") {
            Some("all") => in_grant,
            Some("clients") => in_grant && self.is_of_a_client(item),
            _ => false,
        }
    }

    /// Named or written by a T of a line that a live 2109 names.
    fn is_of_a_client(&self, item: &Item) -> bool {
        let clients = self.live_clients();
        let roots = clients.iter().filter_map(|((_, root), _)| *root);
        let lines = roots.filter_map(|root| self.lines.get(root));
        lines.into_iter().any(|line| {
            let of = |key: &str| line.subjects.contains(&key);
            of(&item.author) || item.all("p").any(|tag| tag.get(1).is_some_and(|key| of(key)))
        })
    }

    /// What names or was written by a family's key, and what its links give.
    fn family_reads(&self, key: &str, person: &Person<'_>, item: &Item) -> bool {
        let names = |key: &str| item.all("p").any(|tag| tag.get(1).is_some_and(|p| p == key));
        if item.author == key || names(key) {
            return true;
        }
        let record = is_record(item);
        match person {
            Person::Patient(root) => {
                // A rekey joins the scopes; wraps and lists of the former key stay its own.
                let former = self.lines.get(root).map_or(&[][..], |line| &line.subjects);
                former.iter().any(|old| {
                    (record && (names(old) || item.author == *old))
                        || (POLICY_FOR_FAMILY.contains(&item.kind) && names(old))
                })
            }
            Person::Own(root) => {
                let subjects = self.lines.get(root).map_or(&[][..], |line| &line.subjects);
                (record || POLICY_FOR_FAMILY.contains(&item.kind)) && subjects.iter().any(|t| names(t))
            }
            Person::Guardian(_) => self.live_links(key).into_iter().any(|(root, link)| {
                let subjects = self.lines.get(root).map_or(&[][..], |line| &line.subjects);
                let child = subjects.iter().any(|t| names(t));
                let compartment = self.first_compartment(item);
                let in_link = compartment.is_some_and(|c| c != "confidential" && covers(link, c));
                child && ((record && in_link) || POLICY_FOR_FAMILY.contains(&item.kind))
            }),
            _ => false,
        }
    }

    /// The events that a live share lists, while its author may read them, and what comes with it.
    fn shared_with(&self, key: &str, item: &Item) -> bool {
        self.shares_for(key).into_iter().any(|share| {
            let author = self.person(&share.author);
            let lends = match author {
                Person::Patient(_) | Person::Own(_) => true,
                Person::Guardian(_) => !self.suspended(&share.author),
                _ => false,
            };
            if !lends {
                return false;
            }
            let lendable = is_record(item) || item.kind == 2104;
            let listed = share.all("e").any(|tag| tag.get(1) == Some(&item.id));
            item.id == share.id
                || self.public_policy(item)
                || (lendable && listed && self.family_reads(&share.author, &author, item))
        })
    }

    /// The compartment of the first `p`.
    fn first_compartment(&self, item: &Item) -> Option<&'static str> {
        let compartment = self.compartment(item.p(0)?)?;
        COMPARTMENTS.into_iter().find(|known| *known == compartment)
    }
}

/// A record, its receipt or its access report; the former numbering included.
fn is_record(item: &Item) -> bool {
    matches!(item.kind, 1000..=1015 | 2110..=2126 | 2129)
}

/// Own events, and what is addressed to this key alone.
fn personal(key: &str, item: &Item) -> bool {
    let named = item.all("p").any(|tag| tag.get(1).is_some_and(|p| p == key));
    item.author == key || (PERSONAL.contains(&item.kind) && named)
}

/// Kinds 0 and 10050 of P and agents, and the other lists of P.
fn published(state: &State<'_>, item: &Item) -> bool {
    let of_practice = item.author == state.practice;
    let known = of_practice || state.agent(&item.author).is_some();
    (matches!(item.kind, 0 | 10050) && known) || (matches!(item.kind, 10002 | 10063) && of_practice)
}
