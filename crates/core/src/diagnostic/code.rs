//! How codes are declared.

/// Declares every code once: identifier, number, name, usual severity, one-line summary, explanation, and the smallest app that shows it.
macro_rules! codes {
    ($($variant:ident $id:literal $name:literal $severity:ident $summary:literal $explanation:literal $example:literal;)+) => {
        /// The kind of a finding: stable across versions, with documentation built in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(
                #[doc = concat!("`", $id, "` `", $name, "`: ", $summary, ".")]
                $variant,
            )+
        }

        impl Code {
            /// Every code, in order.
            pub fn all() -> &'static [Self] {
                &[$(Self::$variant),+]
            }

            /// The number: `MTI0101`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),+ }
            }

            /// The name: `json-syntax`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The usual severity.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What it means, in one line.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary),+ }
            }

            /// Why it is reported, and what to do.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation),+ }
            }

            /// The smallest app that shows it, as a tree of files: a line `//- path` starts a file, what follows is its text. An app without an `app.json`
            /// stands for one with the usual one; the text is empty where no files can show the finding.
            pub fn example(self) -> &'static str {
                match self { $(Self::$variant => $example),+ }
            }
        }
    };
}

pub(super) use codes;

use super::code_table::Code;
use std::fmt;

impl Code {
    /// The code with this number or name.
    pub fn find(id_or_name: &str) -> Option<Self> {
        Self::all().iter().copied().find(|code| code.id().eq_ignore_ascii_case(id_or_name) || code.name() == id_or_name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}
