//! Filters: of what is there, of what is not, and of everything.

use serde_json::{Map, Value, json};

use super::Generator;
use crate::reference::Filter;

/// The filter as a client writes it.
pub(crate) fn to_json(filter: &Filter) -> Value {
    let mut members = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    set("ids", filter.ids.as_ref().map(|ids| json!(ids)));
    set("authors", filter.authors.as_ref().map(|authors| json!(authors)));
    set("kinds", filter.kinds.as_ref().map(|kinds| json!(kinds)));
    set("since", filter.since.map(Value::from));
    set("until", filter.until.map(Value::from));
    set("limit", filter.limit.map(Value::from));
    for (letter, values) in &filter.tags {
        set(&format!("#{letter}"), Some(json!(values)));
    }
    Value::Object(members)
}

impl Generator<'_> {
    pub(super) fn filters(&mut self, limits: bool) -> Vec<Filter> {
        let n = 1 + usize::from(self.world.dice.chance(25)) + usize::from(self.world.dice.chance(10));
        (0..n).map(|_| self.filter(limits)).collect()
    }

    fn filter(&mut self, limits: bool) -> Filter {
        let mut filter = Filter::default();
        if self.world.dice.chance(12) {
            let ids = self.ids();
            let mut some: Vec<_> =
                (0..=self.world.dice.below(20)).map(|_| self.world.dice.pick(&ids).clone()).collect();
            some.push(self.world.dice.hash());
            filter.ids = Some(some);
        }
        if self.world.dice.chance(20) {
            let authors = (0..=self.world.dice.below(3)).map(|_| self.anybody()).collect::<Vec<_>>();
            filter.authors = Some(authors.iter().map(|name| self.world.hex(name)).collect());
        }
        if self.world.dice.chance(55) {
            let sets: [&[u16]; 9] = [
                &[2113],
                &[2110, 2104],
                &[2117, 2126],
                &[2122],
                &[2102, 2103, 2105, 2108],
                &[2111, 2112, 2113, 2116, 2123],
                &[1059, 4050, 4051, 4052],
                &[0, 10002, 10050, 30078, 32110, 32111],
                &[2100, 2101, 2106, 2109],
            ];
            filter.kinds = Some(self.world.dice.pick(&sets).to_vec());
        }
        if self.world.dice.chance(35) {
            let mut parties = vec![self.subject()];
            if self.world.dice.chance(30) {
                let name = self.anybody();
                parties.push(self.world.hex(&name));
            }
            if self.world.dice.chance(30) {
                parties = vec![self.world.e("chart", 0), self.world.e("desk", 0)];
            }
            filter.tags.push(("p".to_owned(), parties));
        }
        let receipts = filter.kinds.as_ref().is_some_and(|kinds| kinds.contains(&2122));
        if !receipts && self.world.dice.chance(6) {
            let ids = self.ids();
            let some: Vec<_> =
                (0..=self.world.dice.below(8)).map(|_| self.world.dice.pick(&ids).clone()).collect();
            // Receipts are not indexed by what they name.
            filter.kinds = Some(vec![2106, 2111, 2113, 2117, 5]);
            filter.tags.push(("e".to_owned(), some));
        }
        let (now, span) = (self.world.now, 40_000);
        if self.world.dice.chance(15) {
            filter.since = Some(now - self.world.dice.below(span));
        }
        if self.world.dice.chance(15) {
            filter.until = Some(now - self.world.dice.below(span));
        }
        if limits && self.world.dice.chance(35) {
            filter.limit = Some(usize::try_from(self.world.dice.below(14)).unwrap());
        }
        filter
    }
}
