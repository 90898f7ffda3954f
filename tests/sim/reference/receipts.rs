//! Receipts (PROTOCOL 2.5): what is due, and whether each receipt says it.

use super::{Item, Reference};

/// A row that some receipt must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) chain: Chain,
    pub(crate) id: String,
    received: u64,
    /// Last receipt of each policy chain at arrival.
    mark: [Option<String>; 2],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chain {
    Clinical(&'static str, Option<String>),
    Policy,
    PolicyStaff,
}

impl Reference {
    /// Each event is due in its chain as it arrives; a 2110 also in the staff's policy chain.
    pub(super) fn add_dues(&mut self, item: &Item) {
        let mut chains = Vec::new();
        let state = self.reread(item.received);
        if item.is_clinical()
            && let Some(compartment) = item.p(0).and_then(|key| state.compartment(key))
        {
            let family = item.value("enc") == Some("nip44");
            let subject = item.p(1).or_else(|| family.then_some(item.author.as_str()));
            chains.push(Chain::Clinical(compartment, subject.map(str::to_owned)));
        }
        match item.kind {
            _ if state.is_public(item) => chains.push(Chain::Policy),
            2104 | 2108 | 2109 | 2110 | 2127 => chains.push(Chain::PolicyStaff),
            _ => {}
        }
        let mark = [self.last(&Chain::Policy), self.last(&Chain::PolicyStaff)];
        let mark = mark.map(|receipt| receipt.map(|receipt| receipt.id.clone()));
        self.due.extend(chains.into_iter().map(|chain| Due {
            chain,
            id: item.id.clone(),
            received: item.received,
            mark: mark.clone(),
        }));
    }

    /// The newest receipt of a chain.
    fn last(&self, chain: &Chain) -> Option<&Item> {
        self.list.iter().rfind(|item| item.kind == 2122 && self.chain_of(item).as_ref() == Some(chain))
    }

    fn chain_of(&self, receipt: &Item) -> Option<Chain> {
        match receipt.value("c") {
            Some("policy") => return Some(Chain::Policy),
            Some("policy-staff") => return Some(Chain::PolicyStaff),
            Some(_) => return None,
            None => {}
        }
        let epochs = self.list.iter().filter(|item| item.kind == 2105);
        let mut keys = epochs.flat_map(|epoch| epoch.all("p"));
        let tag = keys.find(|tag| Some(tag[1].as_str()) == receipt.p(0))?;
        let compartment = super::fold::COMPARTMENTS.into_iter().find(|c| *c == tag[2])?;
        Some(Chain::Clinical(compartment, receipt.p(1).map(str::to_owned)))
    }

    /// Takes a receipt into the list if it says what it must.
    pub(crate) fn take_receipt(&mut self, receipt: Item) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("receipt {}: {what}", receipt.json));
        let Some(chain) = self.chain_of(&receipt) else { return wrong("of no chain") };
        let state = self.reread(receipt.received);
        // The claim's first receipt is signed by the box key that its first row names.
        let Some(epoch) = state.epochs.last() else { return wrong("before any epoch") };
        if receipt.author != epoch.receipts || !receipt.content_is_empty {
            return wrong("signer or content");
        }
        if let Chain::Clinical(compartment, _) = &chain {
            let at = super::fold::COMPARTMENTS.iter().position(|c| c == compartment).unwrap_or_default();
            if receipt.p(0) != Some(epoch.keys[at]) {
                return wrong("not the current E");
            }
        }
        let last = self.last(&chain);
        let rows: Vec<_> = receipt.all("e").map(<[String]>::to_vec).collect();
        let before = last.and_then(|last| last.number("n")).unwrap_or(0);
        if rows.is_empty() || rows.len() > 500 || receipt.number("n") != Some(before + rows.len() as u64) {
            return wrong("n");
        }
        if receipt.value("prev") != last.map(|last| last.id.as_str()) {
            return wrong("prev");
        }
        let waiting: Vec<_> = self.due.iter().filter(|due| due.chain == chain).cloned().collect();
        for (at, row) in rows.iter().enumerate() {
            let Some(due) = waiting.get(at) else { return wrong("a row that nothing is due for") };
            if *row != ["e".to_owned(), due.id.clone(), due.received.to_string()] {
                return wrong("rows are not those that are due, in arrival order");
            }
            if due.mark != waiting[0].mark {
                return wrong("rows of different policy positions");
            }
        }
        if receipt.all("policy").next().map(<[String]>::to_vec) != self.mark_tag(&chain, &waiting[0]) {
            return wrong("the policy position");
        }
        self.due.retain(|due| due.chain != chain || !rows.iter().any(|row| row[1] == due.id));
        self.list.push(receipt);
        Ok(())
    }

    /// The `policy` tag that the receipt must carry.
    fn mark_tag(&self, chain: &Chain, due: &Due) -> Option<Vec<String>> {
        let text = |id: &Option<String>| id.clone().unwrap_or_default();
        match chain {
            Chain::Policy => None,
            // Its rows come after those of the newest public receipt, which may be of the same
            // transaction.
            Chain::PolicyStaff => {
                let public = self.last(&Chain::Policy)?;
                Some(vec!["policy".to_owned(), public.id.clone()])
            }
            Chain::Clinical(..) => Some(vec!["policy".to_owned(), text(&due.mark[0]), text(&due.mark[1])]),
        }
    }

    /// Policy events in the order of their receipts: the public rows, and after those of each public
    /// receipt the staff's that name it.
    pub(crate) fn policy_by_receipts(&self) -> Vec<String> {
        let rows = |receipt: &Item| receipt.all("e").map(|tag| tag[1].clone()).collect::<Vec<_>>();
        let of = |word: &'static str| self.list.iter().filter(move |item| item.value("c") == Some(word));
        let receipts = |word| of(word).filter(|item| item.kind == 2122);
        let mut order = Vec::new();
        for public in receipts("policy") {
            order.extend(rows(public));
            let named = receipts("policy-staff").filter(|staff| staff.value("policy") == Some(&public.id));
            order.extend(named.flat_map(rows));
        }
        order
    }

    /// The same events as they arrived.
    pub(crate) fn policy_by_arrival(&self) -> Vec<String> {
        let policy = self.list.iter().filter(|item| item.is_policy() && item.kind != 2106);
        policy.map(|item| item.id.clone()).collect()
    }
}
