use mti_core::{AppId, ElementName};
use mti_login_types::{LOGIN_META, PASSWORD_TYPE, WECHAT_TYPE};
use serde_json::{Value, json};

use super::skeleton::MODEL_TYPE;

const OWN_STEPS: &str = include_str!("../../../templates/level.rs");
const WECHAT_STEPS: &str = include_str!("../../../templates/wechat_level.rs");
const PASSWORD_STEPS: &str = include_str!("../../../templates/password_level.rs");
const LOGIN_STEPS: &str = include_str!("../../../templates/login_level.rs");
const MODEL_STEPS: &str = include_str!("../../../templates/model_level.rs");

/// The code of a new Type, in Rust.
pub(super) struct NewLevel {
    /// The file, from the app's root.
    pub(super) path: String,
    pub(super) source: String,
    /// The entries in `functionList`, when the level has steps that none of its Types has.
    pub(super) functions: Vec<Value>,
    /// What makes it part of the program.
    pub(super) registration: Registration,
}

/// What the program of an app needs for a level.
pub(super) struct Registration {
    /// `pub mod staff_type_level;`
    pub(super) declaration: String,
    /// `.level::<staff_type_level::StaffTypeLevel>("acme.shop", "auths.loginTypes.StaffType")`
    pub(super) call: String,
}

impl Registration {
    /// What is left to do by hand where the program is not edited.
    pub(super) fn advice(&self) -> String {
        format!(
            "next, in `src/lib.rs`: declare `{}`, and after `mti::main()` write\n    {}",
            self.declaration, self.call
        )
    }
}

impl NewLevel {
    /// The code of the Type `name` in `app`, below these Types, nearest first.
    pub(super) fn new(app: &AppId, name: &ElementName, title: &str, types: &[ElementName]) -> Self {
        let is = |wanted: &str| types.iter().any(|type_name| type_name.as_str() == wanted);
        let (template, functions) = if is(WECHAT_TYPE) {
            (WECHAT_STEPS, Vec::new())
        } else if is(PASSWORD_TYPE) {
            (PASSWORD_STEPS, Vec::new())
        } else if is(MODEL_TYPE) {
            (MODEL_STEPS, Vec::new())
        } else if types.first().is_some_and(|nearest| nearest.as_str() == LOGIN_META) {
            (LOGIN_STEPS, login_functions())
        } else {
            (OWN_STEPS, vec![greet()])
        };
        let words = words(name.last_segment());
        let pascal = pascal(&words);
        let module = format!("{}_level", words.join("_").to_lowercase());
        let title: String = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let source = template
            .replace("{{name}}", name.as_str())
            .replace("{{last}}", name.last_segment())
            .replace("{{pascal}}", &pascal)
            .replace("{{title}}", &title);
        // Rust asks for the path of a module whose name is not ASCII.
        let path = if module.is_ascii() { String::new() } else { format!("#[path = \"{module}.rs\"] ") };
        let registration = Registration {
            declaration: format!("{path}pub mod {module};"),
            call: format!(".level::<{module}::{pascal}Level>(\"{app}\", \"{name}\")"),
        };
        Self { path: format!("src/{module}.rs"), source, functions, registration }
    }
}

/// What every way to sign in offers to visitors.
fn login_functions() -> Vec<Value> {
    let proof = json!({"name": "proof", "title": "proof", "dataType": "Stext", "required": true});
    let config = json!({"name": "getLoginConfig", "title": "getLoginConfig", "args": [], "returnType": "JitDict", "loginRequired": 0});
    let code = json!({"name": "getLoginCode", "title": "getLoginCode", "args": [proof], "returnType": "JitDict", "loginRequired": 0});
    vec![config, code]
}

pub(super) fn greet() -> Value {
    json!({
        "name": "greet",
        "title": "greet",
        "args": [{"name": "name", "title": "name", "dataType": "Stext", "required": true}],
        "returnType": "Stext",
    })
}

/// `MyWeChat-login` is `My`, `We`, `Chat`, `login`.
pub(super) fn words(segment: &str) -> Vec<String> {
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

pub(super) fn pascal(words: &[String]) -> String {
    let mut pascal = String::new();
    for word in words {
        let mut characters = word.chars();
        pascal.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        pascal.push_str(characters.as_str());
    }
    pascal
}
