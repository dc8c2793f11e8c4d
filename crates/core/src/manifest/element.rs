//! `e.json`, typed.

use serde_json::{Map, Value};

use super::field::{FieldProblem, FieldReader};
use super::function::{Function, read_functions};
use crate::diagnostic::Code;
use crate::json::Pointer;
use crate::name::ElementName;
use crate::text::shorten;

/// The keys that [`ElementManifest`] names; all others belong to the element's Type.
const KNOWN: [&str; 15] = [
    "title",
    "type",
    "backend",
    "description",
    "icon",
    "tag",
    "backendBundleEntry",
    "frontBundleEntry",
    "backendLoadTime",
    "accessModifier",
    "functionList",
    "variables",
    "sort",
    "default",
    "override",
];

/// What an `e.json` says: one definition's own, or several merged.
///
/// `title` and `type` are required of the merged document only, so they may be missing here.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ElementManifest {
    /// The element's title.
    pub title: Option<String>,
    /// What the element is one of.
    pub element_type: Option<ElementType>,
    /// The language of the level that this definition contributes.
    pub backend: Option<Backend>,
    /// What the element is for.
    pub description: Option<String>,
    /// Its icon.
    pub icon: Option<String>,
    /// Its tags, separated by commas.
    pub tag: Option<String>,
    /// Where its back end is; absent means its own directory.
    pub backend_bundle_entry: Option<String>,
    /// Where its front end, or its config, is.
    pub front_bundle_entry: Option<String>,
    /// When it is loaded.
    pub backend_load_time: LoadTime,
    /// Who may see and override it.
    pub access_modifier: AccessModifier,
    /// Its declared interface.
    pub function_list: Vec<Function>,
    /// The environment variables that it declares, as they are written.
    pub variables: Option<Value>,
    /// Its place among its like.
    pub sort: Option<f64>,
    /// Whether it is the default among its like, as it is written.
    pub default: Option<Value>,
    /// Whether it cuts off the definitions of the same name in parent apps, rather than being merged over them.
    pub replaces: bool,
    /// All other keys: they belong to the element's Type.
    pub other: Map<String, Value>,
}

/// The `type` of an element.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// The empty type: the element is a Meta, the root of a family.
    Meta,
    /// The element is one of these.
    Of(ElementName),
}

impl ElementType {
    /// The name of the type, unless the element is a Meta.
    pub fn name(&self) -> Option<&ElementName> {
        match self {
            Self::Meta => None,
            Self::Of(name) => Some(name),
        }
    }
}

/// The language of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Registered in the binary.
    Rust,
    /// In the element's directory.
    Python,
    /// None: the definition says that it contributes no level.
    None,
}

/// When an element is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LoadTime {
    /// At its first use.
    #[default]
    OnDemand,
    /// Once the app is open: `afterAppInit`.
    AfterAppInit,
    /// Before a request is handled: `beforeHandleRequest`.
    BeforeHandleRequest,
}

/// Who may see and override an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AccessModifier {
    /// Everyone may do both.
    #[default]
    Public,
    /// Everyone sees it, other apps may not override it.
    Protected,
    /// Other apps do not see it.
    Private,
}

impl ElementManifest {
    /// Reads a document, the definition's own or a merged one. Every key that is not as it should be is reported and left at its default.
    pub fn read(document: &Map<String, Value>) -> (Self, Vec<FieldProblem>) {
        let mut problems = Vec::new();
        let mut reader = FieldReader::new(document, Pointer::ROOT, Code::WrongType, &mut problems);
        let manifest = Self {
            title: reader.string("title"),
            element_type: read_type(&mut reader),
            backend: reader
                .word("backend", &[("rust", Backend::Rust), ("python", Backend::Python), ("none", Backend::None)]),
            description: reader.string("description"),
            icon: reader.string("icon"),
            tag: reader.string("tag"),
            backend_bundle_entry: reader.string("backendBundleEntry"),
            front_bundle_entry: reader.string("frontBundleEntry"),
            backend_load_time: reader
                .word(
                    "backendLoadTime",
                    &[("afterAppInit", LoadTime::AfterAppInit), ("beforeHandleRequest", LoadTime::BeforeHandleRequest)],
                )
                .unwrap_or_default(),
            access_modifier: reader
                .word(
                    "accessModifier",
                    &[
                        ("public", AccessModifier::Public),
                        ("protected", AccessModifier::Protected),
                        ("private", AccessModifier::Private),
                        ("protect", AccessModifier::Protected),
                    ],
                )
                .unwrap_or_default(),
            function_list: Vec::new(),
            variables: document.get("variables").cloned(),
            sort: reader.number("sort"),
            default: document.get("default").cloned(),
            replaces: reader.word("override", &[("replace", true)]).unwrap_or(false),
            other: document
                .iter()
                .filter(|(key, _)| !KNOWN.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        };
        let function_list = read_functions(document, &mut problems);
        let manifest = Self { function_list, ..manifest };
        (manifest, problems)
    }

    /// The declared function of this name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.function_list.iter().find(|function| function.name == name)
    }
}

fn read_type(reader: &mut FieldReader<'_, '_>) -> Option<ElementType> {
    let text = reader.text("type")?;
    if text.is_empty() {
        return Some(ElementType::Meta);
    }
    match ElementName::parse(text) {
        Ok(name) => Some(ElementType::Of(name)),
        Err(error) => {
            let help = if text.contains('/') {
                format!("write `{}`", shorten(&text.trim_matches(['.', '/']).replace('/', "."), 120))
            } else {
                "write the full name of a Type, such as `auths.loginTypes.WeChatType`, or `\"\"` for a Meta".to_owned()
            };
            reader.report(Code::BadTypeName, reader.at("type"), format!("`type` is no element name: {error}"), help);
            None
        }
    }
}
