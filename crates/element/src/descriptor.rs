/// What is known of a method without calling it.
#[derive(Debug, Clone)]
pub struct MethodDescriptor {
    /// The name on the wire, on the command line and in other languages: `getLoginCode`.
    pub name: &'static str,
    /// Whether it is called or read.
    pub kind: MethodKind,
    /// Its documentation, as its declaration has it.
    pub documentation: String,
    /// The names of its arguments on the wire, in order.
    pub arguments: Vec<String>,
    /// Those of them that may be left out.
    pub optional: Vec<String>,
    /// What it takes and answers, for people to read: `(name: String) -> String`. In the words of its language.
    pub signature: String,
    /// Where the code of this level is.
    pub source: SourcePosition,
}

/// Whether a method is called or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodKind {
    /// Called with arguments: `bind`.
    Method,
    /// Read like a field: `isActive`.
    Property,
}

/// A place in the source of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourcePosition {
    /// The file, relative to the workspace that it was compiled in.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
}

/// The wire name of a Rust name: `open_id` is `openId`.
#[doc(hidden)]
pub fn wire_name(rust_name: &str) -> String {
    let mut wire = String::with_capacity(rust_name.len());
    let mut capitalise = false;
    for character in rust_name.chars() {
        match character {
            '_' => capitalise = true,
            _ if capitalise => {
                wire.extend(character.to_uppercase());
                capitalise = false;
            }
            _ => wire.push(character),
        }
    }
    wire
}

/// A signature as people read it.
#[doc(hidden)]
pub fn signature(arguments: &[(&str, &str)], answer: Option<&str>) -> String {
    let arguments: Vec<String> =
        arguments.iter().map(|(name, type_name)| format!("{}: {type_name}", wire_name(name))).collect();
    let answer = answer.map(|answer| format!(" -> {answer}")).unwrap_or_default();
    format!("({}){answer}", arguments.join(", "))
}
