//! The people and keys that the ready line prints.

use relaybox_protocol::Keys;
use relaybox_protocol::permissions::Role;

use super::{Script, Step};
use crate::demo::cast::{Child, GUARDIANS, Holds, Staff};
use crate::demo::{DemoEpoch, DemoPerson, DemoWorld};

const NOTICE: &str = "Synthetic people and records for demonstration and tests. Nobody in here exists, and every key is public.";

impl<Give: FnMut(Step) -> bool> Script<'_, Give> {
    /// Staff, agent, guardians, patients, then whoever has left.
    pub(super) fn world(&self) -> DemoWorld {
        let mut persons: Vec<DemoPerson> = Staff::ALL
            .into_iter()
            .filter(|staff| staff.member_in(3))
            .map(|staff| person(staff.name(), role(staff), &self.staff(staff)))
            .collect();
        persons.push(person("FHIR service of the practice", "agent", &self.agent_keys()));
        let mut left: Vec<DemoPerson> = Staff::ALL
            .into_iter()
            .filter(|staff| !staff.member_in(3))
            .map(|staff| {
                person(&format!("{} (left the practice)", staff.name()), role(staff), &self.staff(staff))
            })
            .collect();
        for guardian in &GUARDIANS {
            let live = self.links.iter().filter(|link| link.guardian == guardian.id && link.live);
            let children: Vec<String> =
                live.filter_map(|link| Some(self.subjects[link.child].newest()?.to_hex())).collect();
            let mut one = person(guardian.name, "guardian", &guardian.keys(&self.plan.seed));
            if children.is_empty() {
                one.name.push_str(" (access ended)");
                left.push(one);
            } else {
                one.children = children;
                persons.push(one);
            }
        }
        for (child, subject) in self.plan.children.iter().zip(&self.subjects) {
            let Some(newest) = subject.newest() else { continue };
            persons.extend(self.patient(child, newest.to_hex()));
        }
        persons.append(&mut left);
        let epochs = self.epochs.iter().map(|epoch| DemoEpoch {
            n: epoch.n,
            desk: epoch.desk.public.to_hex(),
            chart: epoch.chart.public.to_hex(),
            confidential: epoch.confidential.public.to_hex(),
        });
        DemoWorld {
            name: None,
            notice: NOTICE.to_owned(),
            practice: self.practice.public_key().to_hex(),
            epochs: epochs.collect(),
            persons,
        }
    }

    /// T, whose secret is mostly thrown away, and the own key when there is one.
    fn patient(&self, child: &Child, newest: String) -> Vec<DemoPerson> {
        let seed = &self.plan.seed;
        let held = (child.cast.holds == Holds::Subject).then(|| child.subject(seed));
        let mut patients = vec![DemoPerson {
            name: child.full_name(),
            role: "patient".to_owned(),
            pubkey: newest.clone(),
            secret: held.map(|keys| keys.secret_key().to_secret_hex()),
            children: Vec::new(),
        }];
        if let Some(own) = child.own(seed) {
            let mut own = person(&format!("{} (own key)", child.full_name()), "patient", &own);
            own.children = vec![newest];
            patients.push(own);
        }
        patients
    }
}

fn role(staff: Staff) -> &'static str {
    match staff.role() {
        Role::Doctor => "doctor",
        Role::Nurse => "nurse",
        Role::Ma => "ma",
        Role::FrontDesk => "frontdesk",
    }
}

fn person(name: &str, role: &str, keys: &Keys) -> DemoPerson {
    DemoPerson {
        name: name.to_owned(),
        role: role.to_owned(),
        pubkey: keys.public_key().to_hex(),
        secret: Some(keys.secret_key().to_secret_hex()),
        children: Vec::new(),
    }
}
