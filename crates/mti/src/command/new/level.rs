use mti_core::{AppId, ElementName};
use mti_login_types::WECHAT_TYPE;
use serde_json::{Value, json};

use super::skeleton::MODEL_TYPE;

const OWN_STEPS: &str = include_str!("../../../templates/level.rs");
const WECHAT_STEPS: &str = include_str!("../../../templates/wechat_level.rs");
const MODEL_STEPS: &str = include_str!("../../../templates/model_level.rs");

/// The code of a new Type, in Rust.
pub(super) struct NewLevel {
    /// The file, from the app's root.
    pub(super) path: String,
    pub(super) source: String,
    /// The entry in `functionList`, when the level has a step that none of its Types has.
    pub(super) function: Option<Value>,
    /// What makes it part of the program.
    pub(super) registration: Registration,
}

/// What the `main.rs` of an app needs for a level.
pub(super) struct Registration {
    /// `mod staff_type_level;`
    pub(super) declaration: String,
    /// `.level::<staff_type_level::StaffTypeLevel>("acme.shop", "auths.loginTypes.StaffType")`
    pub(super) call: String,
}

impl Registration {
    /// What is left to do by hand where `main.rs` is not edited.
    pub(super) fn advice(&self) -> String {
        format!(
            "next, in `src/main.rs`: declare `{}`, and after `mti::main()` write\n    {}",
            self.declaration, self.call
        )
    }
}

impl NewLevel {
    /// The code of the Type `name` in `app`, below these Types, nearest first.
    pub(super) fn new(app: &AppId, name: &ElementName, title: &str, types: &[ElementName]) -> Self {
        let is = |wanted: &str| types.iter().any(|type_name| type_name.as_str() == wanted);
        let (template, function) = if is(WECHAT_TYPE) {
            (WECHAT_STEPS, None)
        } else if is(MODEL_TYPE) {
            (MODEL_STEPS, None)
        } else {
            (OWN_STEPS, Some(greet()))
        };
        let words = words(name.last_segment());
        let pascal = pascal(&words);
        let module = format!("{}_level", words.join("_").to_lowercase());
        let title: String = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let source =
            template.replace("{{name}}", name.as_str()).replace("{{pascal}}", &pascal).replace("{{title}}", &title);
        // Rust asks for the path of a module whose name is not ASCII.
        let path = if module.is_ascii() { String::new() } else { format!("#[path = \"{module}.rs\"] ") };
        let registration = Registration {
            declaration: format!("{path}mod {module};"),
            call: format!(".level::<{module}::{pascal}Level>(\"{app}\", \"{name}\")"),
        };
        Self { path: format!("src/{module}.rs"), source, function, registration }
    }
}

fn greet() -> Value {
    json!({
        "name": "greet",
        "title": "greet",
        "args": [{"name": "name", "title": "name", "dataType": "Stext", "required": true}],
        "returnType": "Stext",
    })
}

/// `MyWeChat-login` is `My`, `We`, `Chat`, `login`.
fn words(segment: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut begins = true;
    for character in segment.chars() {
        if character == '-' || character == '_' {
            begins = true;
            continue;
        }
        // An abbreviation is one word.
        let after_capital = words.last().and_then(|word| word.chars().last()).is_some_and(char::is_uppercase);
        match words.last_mut() {
            Some(word) if !begins && (!character.is_uppercase() || after_capital) => word.push(character),
            _ => words.push(character.to_string()),
        }
        begins = false;
    }
    words
}

fn pascal(words: &[String]) -> String {
    let mut pascal = String::new();
    for word in words {
        let mut characters = word.chars();
        pascal.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        pascal.push_str(characters.as_str());
    }
    pascal
}
