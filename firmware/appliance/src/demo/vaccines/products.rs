//! Vaccine products by their codes of CDC, and which of them was in use when.

use time::Date;

use crate::demo::calendar::iso;

/// What is given into whom and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Product {
    pub cvx: &'static str,
    pub display: &'static str,
    pub trade: &'static str,
    pub mvx: &'static str,
    pub maker: &'static str,
    /// Codes of v3-RouteOfAdministration.
    pub route: (&'static str, &'static str),
    /// Hundredths of a millilitre.
    pub dose: u32,
}

pub(super) const IM: (&str, &str) = ("IM", "Injection, intramuscular");
pub(super) const SC: (&str, &str) = ("SQ", "Injection, subcutaneous");
pub(super) const ORAL: (&str, &str) = ("PO", "Swallow, oral");

const fn product(
    cvx: &'static str,
    display: &'static str,
    trade: &'static str,
    mvx: &'static str,
    maker: &'static str,
) -> Product {
    Product { cvx, display, trade, mvx, maker, route: IM, dose: 50 }
}

pub(super) const HEP_B: Product =
    product("08", "Hep B, adolescent or pediatric", "ENGERIX B-PEDS", "SKB", "GlaxoSmithKline");
pub(super) const ROTAVIRUS: Product = Product {
    route: ORAL,
    dose: 100,
    ..product("119", "rotavirus, monovalent", "ROTARIX", "SKB", "GlaxoSmithKline")
};
pub(super) const DTAP: Product =
    product("106", "DTaP, 5 pertussis antigens", "DAPTACEL", "PMC", "Sanofi Pasteur");
pub(super) const HIB: Product = product("49", "Hib (PRP-OMP)", "PEDVAXHIB", "MSD", "Merck and Co., Inc.");
pub(super) const PCV7: Product = product("100", "pneumococcal conjugate PCV 7", "PREVNAR 7", "WAL", "Wyeth");
pub(super) const PCV13: Product =
    product("133", "Pneumococcal conjugate PCV 13", "PREVNAR 13", "PFR", "Pfizer, Inc");
pub(super) const PCV20: Product = product(
    "216",
    "Pneumococcal conjugate PCV20, polysaccharide CRM197 conjugate, adjuvant, PF",
    "PREVNAR 20",
    "PFR",
    "Pfizer, Inc",
);
pub(super) const IPV: Product = product("10", "IPV", "IPOL", "PMC", "Sanofi Pasteur");
pub(super) const MMR: Product =
    Product { route: SC, ..product("03", "MMR", "M-M-R II", "MSD", "Merck and Co., Inc.") };
pub(super) const VARICELLA: Product =
    Product { route: SC, ..product("21", "varicella", "VARIVAX", "MSD", "Merck and Co., Inc.") };
pub(super) const MMRV: Product =
    Product { route: SC, ..product("94", "MMRV", "PROQUAD", "MSD", "Merck and Co., Inc.") };
pub(super) const HEP_A: Product =
    product("83", "Hep A, ped/adol, 2 dose", "HAVRIX-PEDS", "SKB", "GlaxoSmithKline");
pub(super) const TDAP: Product = product("115", "Tdap", "BOOSTRIX", "SKB", "GlaxoSmithKline");
pub(super) const HPV: Product = product("165", "HPV9", "Gardasil 9", "MSD", "Merck and Co., Inc.");
pub(super) const MENACTRA: Product =
    product("114", "meningococcal MCV4P", "MENACTRA", "PMC", "Sanofi Pasteur");
pub(super) const MENQUADFI: Product = product(
    "203",
    "meningococcal conjugate quadrivalent, MenACWY-TT (MCV4)",
    "MenQuadfi",
    "PMC",
    "Sanofi Pasteur",
);
pub(super) const MEN_B: Product = product("163", "meningococcal B, OMV", "Bexsero", "SKB", "GlaxoSmithKline");
pub(super) const FLU3: Product = product(
    "140",
    "Influenza, split virus, trivalent, PF",
    "Fluzone trivalent, preservative free",
    "PMC",
    "Sanofi Pasteur",
);
pub(super) const FLU4: Product = product(
    "150",
    "Influenza, split virus, quadrivalent, PF",
    "Fluzone, quadrivalent, preservative free",
    "PMC",
    "Sanofi Pasteur",
);

/// A vaccine of the schedule; products have changed over the years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    HepB,
    Rotavirus,
    Dtap,
    Hib,
    Pneumococcal,
    Polio,
    Mmr,
    Varicella,
    Mmrv,
    HepA,
    Tdap,
    Hpv,
    MenAcwy,
    MenB,
    Influenza,
}

impl Series {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::HepB => "HepB",
            Self::Rotavirus => "Rotavirus",
            Self::Dtap => "DTaP",
            Self::Hib => "Hib",
            Self::Pneumococcal => "Pneumococcal",
            Self::Polio => "Polio",
            Self::Mmr => "MMR",
            Self::Varicella => "Varicella",
            Self::Mmrv => "MMRV",
            Self::HepA => "HepA",
            Self::Tdap => "Tdap",
            Self::Hpv => "HPV",
            Self::MenAcwy => "MenACWY",
            Self::MenB => "MenB",
            Self::Influenza => "Influenza",
        }
    }

    /// The product that was in use on a day.
    pub(super) fn product(self, day: Date) -> Product {
        match self {
            Self::HepB => HEP_B,
            Self::Rotavirus => ROTAVIRUS,
            Self::Dtap => DTAP,
            Self::Hib => HIB,
            Self::Pneumococcal if iso(day).as_str() < "2010-04-01" => PCV7,
            Self::Pneumococcal if iso(day).as_str() < "2023-07-01" => PCV13,
            Self::Pneumococcal => PCV20,
            Self::Polio => IPV,
            Self::Mmr => MMR,
            Self::Varicella => VARICELLA,
            Self::Mmrv => MMRV,
            Self::HepA => HEP_A,
            Self::Tdap => TDAP,
            Self::Hpv => HPV,
            Self::MenAcwy if day.year() < 2021 => MENACTRA,
            Self::MenAcwy => MENQUADFI,
            Self::MenB => MEN_B,
            Self::Influenza if (2013..2024).contains(&season_of(day)) => FLU4,
            Self::Influenza => FLU3,
        }
    }

    /// Doses that complete the series with these products.
    pub(super) const fn doses(self) -> Option<u32> {
        match self {
            Self::Rotavirus
            | Self::HepA
            | Self::Hpv
            | Self::MenAcwy
            | Self::MenB
            | Self::Mmr
            | Self::Varicella => Some(2),
            Self::HepB | Self::Hib => Some(3),
            Self::Pneumococcal | Self::Polio => Some(4),
            Self::Dtap => Some(5),
            Self::Tdap => Some(1),
            Self::Mmrv | Self::Influenza => None,
        }
    }
}

/// The year in which the influenza season of a day began.
fn season_of(day: Date) -> i32 {
    if u8::from(day.month()) >= 7 { day.year() } else { day.year() - 1 }
}
