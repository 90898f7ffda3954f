//! One row a field: name, type, default and what it means. The struct, its defaults and the page
//! `docs/ref/config.md` come from the same row.

/// A documented field of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub about: &'static str,
}

/// A documented section of `relaybox.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    pub name: &'static str,
    pub about: &'static str,
    pub fields: &'static [Field],
}

macro_rules! section {
    (
        $(#[$meta:meta])*
        $type:ident, $name:literal, $about:literal;
        $($field:ident: $kind:ty = $default:expr, $doc:literal;)*
    ) => {
        $(#[$meta])*
        #[doc = $about]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $type { $(#[doc = $doc] pub $field: $kind,)* }

        impl Default for $type {
            fn default() -> Self { Self { $($field: $default,)* } }
        }

        impl $type {
            /// The documented rows of this section.
            pub const SECTION: Section = Section {
                name: $name,
                about: $about,
                fields: &[$(Field { name: stringify!($field), about: $doc },)*],
            };
        }
    };
}

pub(crate) use section;
