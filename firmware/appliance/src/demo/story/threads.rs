//! What is said between families and practice.

use relaybox_protocol::permissions::Compartment;

use crate::demo::cast::Staff;

/// Who speaks to the practice, or is spoken to.
#[derive(Clone, Copy)]
pub(super) enum Family {
    Guardian(&'static str),
    Subject,
}

/// One thing said.
pub(super) struct Said {
    /// Staff member who writes; none when the family does.
    pub by: Option<Staff>,
    pub text: &'static str,
}

/// A conversation about one child with one person.
pub(super) struct Thread {
    pub child: &'static str,
    pub name: &'static str,
    pub with: Family,
    pub compartment: Compartment,
    pub topic: &'static str,
    pub days_ago: i64,
    pub said: &'static [Said],
}

const fn family(text: &'static str) -> Said {
    Said { by: None, text }
}

const fn staff(by: Staff, text: &'static str) -> Said {
    Said { by: Some(by), text }
}

pub(super) const THREADS: [Thread; 16] = [
    Thread {
        child: "newborn",
        name: "yellow",
        with: Family::Guardian("linden"),
        compartment: Compartment::Chart,
        topic: "Yellow skin",
        days_ago: 4,
        said: &[
            family(
                "Wren's face looks a little yellow since this morning. She drinks well. Should we come in?",
            ),
            staff(
                Staff::Nurse,
                "Thank you for writing. Please bring her today at three, we will check her skin and weight.",
            ),
            family("We will be there."),
        ],
    },
    Thread {
        child: "two-months",
        name: "vacunas",
        with: Family::Guardian("lucia"),
        compartment: Compartment::Chart,
        topic: "Después de las vacunas",
        days_ago: 3,
        said: &[
            family("Mateo tiene 37,9 desde las vacunas y llora más que siempre. ¿Es normal?"),
            staff(
                Staff::Nurse,
                "Sí, una fiebre baja el primer día es frecuente. Ofrézcale el pecho a menudo. Si llega a 38,0 o no quiere comer, llámenos enseguida.",
            ),
            family("Muchas gracias, ya está mejor."),
        ],
    },
    Thread {
        child: "toddler",
        name: "cita",
        with: Family::Guardian("lucia"),
        compartment: Compartment::Desk,
        topic: "Cambio de cita",
        days_ago: 10,
        said: &[
            family("¿Podemos cambiar la cita de Rubén a la tarde? Trabajo hasta las dos."),
            staff(Staff::FrontDesk, "Claro. Le ofrecemos el mismo día a las tres y media. ¿Le va bien?"),
            family("Perfecto, gracias."),
        ],
    },
    Thread {
        child: "twin-a",
        name: "solids-robin",
        with: Family::Guardian("robin"),
        compartment: Compartment::Chart,
        topic: "Starting solids",
        days_ago: 2,
        said: &[staff(
            Staff::Nurse,
            "As discussed: start with one spoon of iron-rich food a day. No cow's milk products for Ada for now.",
        )],
    },
    Thread {
        child: "twin-a",
        name: "solids-kim",
        with: Family::Guardian("kim"),
        compartment: Compartment::Chart,
        topic: "Starting solids",
        days_ago: 2,
        said: &[
            staff(
                Staff::Nurse,
                "As discussed: start with one spoon of iron-rich food a day. No cow's milk products for Ada for now.",
            ),
            family("Got it. Does that go for yogurt as well?"),
            staff(Staff::Nurse, "Yes, yogurt and cheese too until we have spoken again at nine months."),
        ],
    },
    Thread {
        child: "twin-b",
        name: "sleep",
        with: Family::Guardian("kim"),
        compartment: Compartment::Chart,
        topic: "Sleep",
        days_ago: 90,
        said: &[
            family("Alan wakes every two hours. Is that still fine at three months?"),
            staff(
                Staff::Assistant,
                "It is common at this age. He gains weight well. Keep the room dark and calm at night.",
            ),
        ],
    },
    Thread {
        child: "preterm",
        name: "oxygen",
        with: Family::Guardian("dana"),
        compartment: Compartment::Chart,
        topic: "Which age counts",
        days_ago: 200,
        said: &[
            family("Juniper does not sit alone yet. Which age counts for her?"),
            staff(
                Staff::Owner,
                "We use her corrected age until she is two. For that age she is right on time.",
            ),
        ],
    },
    Thread {
        child: "four",
        name: "school-form",
        with: Family::Guardian("dana"),
        compartment: Compartment::Desk,
        topic: "Preschool form",
        days_ago: 8,
        said: &[
            family("The preschool needs the vaccine form by Friday. Can I pick it up?"),
            staff(Staff::FrontDesk, "It is ready at the desk from tomorrow morning."),
        ],
    },
    Thread {
        child: "six",
        name: "epipen-paula",
        with: Family::Guardian("paula"),
        compartment: Compartment::Chart,
        topic: "Epinephrine at school",
        days_ago: 15,
        said: &[
            family("Does Olive's school need its own auto-injector, or is the one in her bag enough?"),
            staff(
                Staff::Doctor,
                "Please leave one at the school as well. I have written a second one; the plan is attached to it.",
            ),
        ],
    },
    Thread {
        child: "six",
        name: "epipen-stefan",
        with: Family::Guardian("stefan"),
        compartment: Compartment::Chart,
        topic: "Weekends with me",
        days_ago: 13,
        said: &[
            family(
                "Olive is with me every other weekend. What do I need at my place for the peanut allergy?",
            ),
            staff(
                Staff::Doctor,
                "An auto-injector of your own, in date, and the same written plan. Come by, we will show you how it works.",
            ),
            family("Thank you, I will come on Monday."),
        ],
    },
    Thread {
        child: "nine",
        name: "inhaler",
        with: Family::Guardian("dana"),
        compartment: Compartment::Chart,
        topic: "Inhaler before sports",
        days_ago: 300,
        said: &[
            family("Jasper coughs when he runs. Two puffs before sports, like last year?"),
            staff(
                Staff::Nurse,
                "Yes, two puffs fifteen minutes before, with the spacer. Tell us if he needs it more than twice a week.",
            ),
        ],
    },
    Thread {
        child: "twelve",
        name: "address",
        with: Family::Guardian("greta"),
        compartment: Compartment::Desk,
        topic: "New contact",
        days_ago: 41,
        said: &[
            family("Please remove Ernst from everything about Felix. We are no longer together."),
            staff(
                Staff::FrontDesk,
                "We end his access tomorrow morning, and Felix gets a new key then. Letters go to you alone.",
            ),
        ],
    },
    Thread {
        child: "fourteen",
        name: "spirometry",
        with: Family::Guardian("noor"),
        compartment: Compartment::Chart,
        topic: "Lung function",
        days_ago: 620,
        said: &[
            family("Does Casey need to stop the inhaler before the lung test?"),
            staff(Staff::FormerNurse, "Please skip the blue inhaler for six hours before the test."),
        ],
    },
    Thread {
        child: "sixteen",
        name: "ankle",
        with: Family::Guardian("petra"),
        compartment: Compartment::Chart,
        topic: "Ankle",
        days_ago: 128,
        said: &[
            family("Imogen walks without pain now. Do we still need the X-ray?"),
            staff(Staff::Doctor, "No, it is cancelled. Back to sports step by step over two weeks."),
        ],
    },
    Thread {
        child: "seventeen",
        name: "sports",
        with: Family::Subject,
        compartment: Compartment::Chart,
        topic: "Sports form",
        days_ago: 20,
        said: &[
            family("Hi, can you send me the sports form? Season starts next week. Theo"),
            staff(
                Staff::Owner,
                "Hi Theo, it is signed. Print it from your documents, or pick it up at the desk.",
            ),
            family("Thanks!"),
        ],
    },
    Thread {
        child: "seventeen",
        name: "college",
        with: Family::Guardian("vera"),
        compartment: Compartment::Desk,
        topic: "Records for college",
        days_ago: 5,
        said: &[
            family("Which records does Theo need for college, and who can ask for them after his birthday?"),
            staff(
                Staff::FrontDesk,
                "The vaccine record is enough. From eighteen on he asks himself, with his own key.",
            ),
        ],
    },
];
