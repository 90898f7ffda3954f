//! The start page: what this box is and how it is, in English and Spanish, without script.

use std::fmt::Write as _;
use std::path::Path;

use hyper::header::HeaderValue;
use serde::Deserialize;

use crate::upstream::RelayState;
use relaybox_process::files;

/// Colours and type of the house, by role; dark where the device is.
pub(crate) const STYLE: &str = include_str!("page.css");

/// The demo's people, handed over by the development launcher.
const PEOPLE_FILE: &str = "people.json";

/// A person of the demo practice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Person {
    name: String,
    role: String,
    pubkey: String,
    children: usize,
    /// Whether the demo holds a key with which the person enters the portal.
    #[serde(default)]
    enters: bool,
}

/// Languages of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Spanish,
}

/// The sentences of one language.
struct Words {
    title: &'static str,
    heading: &'static str,
    what: &'static str,
    serving: (&'static str, &'static str),
    unclaimed: (&'static str, &'static str),
    down: (&'static str, &'static str),
    trust: &'static str,
    trust_why: &'static str,
    trust_link: &'static str,
    families: &'static str,
    families_why: &'static str,
    families_link: &'static str,
    apps: &'static str,
    apps_why: &'static str,
    health_link: &'static str,
    demo: &'static str,
    demo_why: &'static str,
    /// Before the name of a demo person.
    open_as: &'static str,
    /// What a role of the demo is called; other words are shown as they are.
    roles: [(&'static str, &'static str); 7],
    /// Of a guardian: one child, several.
    children: [&'static str; 2],
}

const ENGLISH: Words = Words {
    title: "Relaybox",
    heading: "This is the clinic's record box",
    what: "It keeps the health records of one clinic, sealed. Each record opens only for the people it \
        is for: the family with its own keys, the clinic's staff with theirs.",
    serving: ("The box is running", "Records can be stored and read."),
    unclaimed: (
        "The box is running and belongs to nobody yet",
        "It keeps no records until someone from the clinic claims it.",
    ),
    down: (
        "The box does not take records now",
        "What was stored stays stored. Tell the person who looks after the box.",
    ),
    trust: "Trust this box",
    trust_why: "This certificate vouches for the names of this box and for no other. Install it on devices \
        of the clinic only.",
    trust_link: "Get the certificate",
    families: "For families",
    families_why: "Patients and parents read their records in the portal, each with a key of their own.",
    families_link: "Open the portal",
    apps: "Connect an app",
    apps_why: "Apps for Nostr health records use this address:",
    health_link: "State for monitoring",
    demo: "Demo people",
    demo_why: "All of them are invented. Below each name stands the public key; the secret keys are in \
        demo.json of the data directory.",
    open_as: "Open the portal as",
    roles: [
        ("doctor", "Doctor"),
        ("nurse", "Nurse"),
        ("ma", "Medical assistant"),
        ("frontdesk", "Front desk"),
        ("agent", "Program"),
        ("guardian", "Parent or guardian"),
        ("patient", "Patient"),
    ],
    children: ["1 child", "children"],
};

const SPANISH: Words = Words {
    title: "Relaybox",
    heading: "Esta es la caja de expedientes de la clínica",
    what: "Guarda, sellados, los expedientes médicos de una sola clínica. Cada documento se abre solo para \
        quienes corresponde: la familia con sus propias claves y el personal con las suyas.",
    serving: ("La caja está funcionando", "Se pueden guardar y leer documentos."),
    unclaimed: (
        "La caja está funcionando y todavía no es de nadie",
        "No guarda expedientes hasta que alguien de la clínica la registre como suya.",
    ),
    down: (
        "La caja no recibe documentos en este momento",
        "Lo guardado sigue guardado. Avise a la persona que cuida la caja.",
    ),
    trust: "Confiar en esta caja",
    trust_why: "Este certificado responde por los nombres de esta caja y por ningún otro. Instálelo solo en \
        aparatos de la clínica.",
    trust_link: "Obtener el certificado",
    families: "Para familias",
    families_why: "Pacientes, madres y padres leen su expediente en el portal, con su propia clave.",
    families_link: "Abrir el portal",
    apps: "Conectar una aplicación",
    apps_why: "Las aplicaciones para expedientes en Nostr usan esta dirección:",
    health_link: "Estado para supervisión",
    demo: "Personas de demostración",
    demo_why: "Todas son inventadas. Debajo de cada nombre está la clave pública; las claves secretas están \
        en demo.json, en la carpeta de datos.",
    open_as: "Abrir el portal como",
    roles: [
        ("doctor", "Medicina"),
        ("nurse", "Enfermería"),
        ("ma", "Asistencia médica"),
        ("frontdesk", "Recepción"),
        ("agent", "Programa"),
        ("guardian", "Madre, padre o tutor"),
        ("patient", "Paciente"),
    ],
    children: ["1 menor", "menores"],
};

impl Language {
    /// The better liked of the two (RFC 9110 section 12.5.4); English when neither is named.
    pub(crate) fn of(accepted: Option<&HeaderValue>) -> Self {
        let text = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let liked = |code: &str| {
            text.split(',')
                .filter_map(|range| {
                    let mut parts = range.split(';').map(str::trim);
                    let tag = parts.next()?;
                    let primary = tag.split('-').next()?;
                    let quality = parts.find_map(|part| part.strip_prefix("q="));
                    let quality = quality.map_or(Some(1.0), |text| text.parse::<f32>().ok())?;
                    primary.eq_ignore_ascii_case(code).then_some(quality)
                })
                .fold(0.0, f32::max)
        };
        if liked("es") > liked("en") { Self::Spanish } else { Self::English }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    const fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Spanish => &SPANISH,
        }
    }
}

/// The whole page. `host` is an accepted host and the only thing of the request that is shown; `portal` that
/// of the portal.
pub(crate) fn html(
    language: Language,
    state: RelayState,
    host: &str,
    portal: Option<&str>,
    people: &[Person],
) -> String {
    let words = language.words();
    let (tone, (fact, meaning)) = match state {
        RelayState::Serving => ("good", words.serving),
        RelayState::Unclaimed => ("wait", words.unclaimed),
        RelayState::Failing | RelayState::Down => ("stop", words.down),
    };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n\
         <h1>{}</h1>\n<p class=\"what\">{}</p>\n",
        language.code(),
        words.title,
        words.heading,
        words.what
    );
    let _ = write!(
        page,
        "<section class=\"state {tone}\" role=\"status\">\n{}<div><h2>{fact}</h2>\n<p>{meaning}</p></div>\n\
         </section>\n",
        icon(state)
    );
    if let Some(portal) = portal {
        let _ = write!(
            page,
            "<section class=\"panel wide\">\n<h2>{}</h2>\n<p>{}</p>\n<p><a href=\"https://{}/\">{}</a></p>\n\
             </section>\n",
            words.families,
            words.families_why,
            escaped(portal),
            words.families_link
        );
    }
    let _ = write!(
        page,
        "<section class=\"panel\">\n<h2>{}</h2>\n<p>{}</p>\n<p><a href=\"/ca.crt\">{}</a></p>\n</section>\n\
         <section class=\"panel\">\n<h2>{}</h2>\n<p>{}</p>\n<p><code>wss://{}</code></p>\n\
         <p><a href=\"/health\">{}</a></p>\n</section>\n",
        words.trust,
        words.trust_why,
        words.trust_link,
        words.apps,
        words.apps_why,
        escaped(host),
        words.health_link
    );
    if !people.is_empty() {
        write_people(&mut page, words, portal, people);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn write_people(page: &mut String, words: &Words, portal: Option<&str>, people: &[Person]) {
    let _ = write!(
        page,
        "<section class=\"panel wide\">\n<h2>{}</h2>\n<p>{}</p>\n<ul class=\"people\">\n",
        words.demo, words.demo_why
    );
    for person in people {
        let role = words.roles.iter().find(|(role, _)| *role == person.role);
        let role = role.map_or(person.role.as_str(), |(_, word)| word);
        let children = match person.children {
            0 => String::new(),
            1 => format!(", {}", words.children[0]),
            more => format!(", {more} {}", words.children[1]),
        };
        let _ = write!(
            page,
            "<li><strong>{}</strong><span>{}{children}</span><code>{}</code>",
            escaped(&person.name),
            escaped(role),
            escaped(&person.pubkey)
        );
        if let Some(portal) = portal.filter(|_| person.enters) {
            let _ = write!(
                page,
                "<a href=\"https://{}/in#dev={}\">{} {}</a>",
                escaped(portal),
                escaped(&person.pubkey),
                words.open_as,
                escaped(&person.name)
            );
        }
        page.push_str("</li>\n");
    }
    page.push_str("</ul>\n</section>\n");
}

/// Check, clock, cross: a tone is never shown by colour alone.
fn icon(state: RelayState) -> String {
    let path = match state {
        RelayState::Serving => "M5 12.5l4.5 4.5L19 7.5",
        RelayState::Unclaimed => "M12 7v5.5l3.5 2M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17",
        RelayState::Failing | RelayState::Down => "M6.5 6.5l11 11M17.5 6.5l-11 11",
    };
    format!("<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>\n")
}

/// Text inside an element or a quoted attribute.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

/// The demo's people, when the launcher left any.
pub(crate) fn people(state: &Path) -> Vec<Person> {
    let text = files::read(&state.join(PEOPLE_FILE)).ok().flatten();
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(header: &str) -> Language {
        Language::of(Some(&HeaderValue::from_str(header).unwrap()))
    }

    #[test]
    fn the_better_liked_language_is_taken() {
        assert_eq!(language("es-US,es;q=0.9,en;q=0.8"), Language::Spanish);
        assert_eq!(language("en-US,en;q=0.9,es;q=0.8"), Language::English);
        assert_eq!(language("de, es;q=0.3"), Language::Spanish);
        assert_eq!(language("de, fr"), Language::English);
        assert_eq!(language("es;q=0"), Language::English);
        assert_eq!(language("es;q=many"), Language::English);
        assert_eq!(Language::of(None), Language::English);
    }

    #[test]
    fn each_state_has_its_words_in_each_language() {
        for (state, english, spanish) in [
            (RelayState::Serving, "The box is running", "La caja está funcionando"),
            (RelayState::Unclaimed, "belongs to nobody yet", "todavía no es de nadie"),
            (RelayState::Failing, "does not take records", "no recibe documentos"),
            (RelayState::Down, "does not take records", "no recibe documentos"),
        ] {
            let page = html(Language::English, state, "relaybox.local", None, &[]);
            assert!(page.contains(english) && page.contains("lang=\"en\""), "{page}");
            let page = html(Language::Spanish, state, "relaybox.local", None, &[]);
            assert!(page.contains(spanish) && page.contains("lang=\"es\""), "{page}");
        }
    }

    #[test]
    fn no_style_and_no_script_stands_in_the_page() {
        let page = html(Language::English, RelayState::Serving, "relaybox.local", None, &[]);
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("<style"));
        assert!(page.contains("href=\"/style.css\"") && page.contains("wss://relaybox.local<"));
    }

    #[test]
    fn names_are_text_and_never_markup() {
        let person = Person {
            name: "<b>Ana</b> & \"Co\"".to_owned(),
            role: "guardian".to_owned(),
            pubkey: "ab".to_owned(),
            children: 2,
            enters: true,
        };
        let page =
            html(Language::English, RelayState::Serving, "relaybox.local", Some("portal.x"), &[person]);
        assert!(page.contains("&lt;b&gt;Ana&lt;/b&gt; &amp; &quot;Co&quot;") && !page.contains("<b>Ana"));
        assert!(page.contains("href=\"https://portal.x/in#dev=ab\">Open the portal as &lt;b&gt;Ana"));
        assert!(page.contains("Demo people"));
    }

    #[test]
    fn roles_and_children_are_said_in_the_readers_language() {
        let person = |role: &str, children| Person {
            name: "Ana".to_owned(),
            role: role.to_owned(),
            pubkey: "ab".to_owned(),
            children,
            enters: false,
        };
        for (role, children, english, spanish) in [
            ("guardian", 2, ">Parent or guardian, 2 children<", ">Madre, padre o tutor, 2 menores<"),
            ("guardian", 1, ">Parent or guardian, 1 child<", ">Madre, padre o tutor, 1 menor<"),
            ("frontdesk", 0, ">Front desk<", ">Recepción<"),
            ("<new>", 0, ">&lt;new&gt;<", ">&lt;new&gt;<"),
        ] {
            for (language, text) in [(Language::English, english), (Language::Spanish, spanish)] {
                let page = html(
                    language,
                    RelayState::Serving,
                    "relaybox.local",
                    Some("portal.x"),
                    &[person(role, children)],
                );
                assert!(page.contains(text), "{page}");
            }
        }
    }
}
