use std::collections::BTreeMap;

use mti_core::ElementName;
use mti_element::{ElementDefinition, Kind};
use serde_json::{Value, json};

use crate::App;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Shows the elements of the app.
pub(crate) fn run(opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let app = opening.open()?;
    let elements = elements(&app);
    if output.is_json() {
        output.json(&document(&app, &elements));
    } else {
        output.result(&text(&app, &elements));
    }
    Ok(Exit::Done)
}

/// What is known of every element, by name. Nothing is loaded.
fn elements(app: &App) -> BTreeMap<ElementName, Known> {
    let snapshot = app.snapshot();
    let view = app.view();
    let quarantined = snapshot.quarantined().into_iter().map(|name| (name, Known::Quarantined));
    let sound = view.names().into_iter().map(|name| {
        let known = view.definition(name.as_str()).map_or(Known::Quarantined, Known::Sound);
        (name, known)
    });
    quarantined.chain(sound).collect()
}

enum Known {
    Sound(std::sync::Arc<ElementDefinition>),
    Quarantined,
}

impl Known {
    /// `instance of auths.loginTypes.WeChatType  acme.demo@0.1.0`.
    fn summary(&self) -> String {
        match self {
            Self::Quarantined => "quarantined: see `mti check`".to_owned(),
            Self::Sound(definition) => {
                let of = match definition.types.first() {
                    Some(nearest) if definition.kind != Kind::Meta => format!(" of {nearest}"),
                    _ => String::new(),
                };
                format!("{}{of}  {}", definition.kind.as_str(), definition.app)
            }
        }
    }
}

fn document(app: &App, elements: &BTreeMap<ElementName, Known>) -> Value {
    let elements = elements.iter().map(|(name, known)| match known {
        Known::Sound(definition) => json!({
            "fullName": name.as_str(),
            "kind": definition.kind.as_str(),
            "type": definition.types.first().map_or("", |name| name.as_str()),
            "title": definition.title,
            "appKey": definition.app.to_string(),
            "quarantined": false,
        }),
        Known::Quarantined => quarantined(app, name),
    });
    let apps = app.app_hierarchy().iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({ "apps": apps, "elements": elements.collect::<Vec<_>>() })
}

/// As much as is known of an element that cannot be used.
fn quarantined(app: &App, name: &ElementName) -> Value {
    let explanation = app.explain(name.as_str()).ok();
    let declared = |pointer: &str| {
        let mut values = explanation.iter().flat_map(|explanation| &explanation.manifest);
        values.find(|value| value.pointer == pointer).map(|value| &value.value)
    };
    json!({
        "fullName": name.as_str(),
        "kind": explanation.as_ref().map(|explanation| explanation.kind),
        "type": declared("/type"),
        "title": explanation.as_ref().and_then(|explanation| {
            explanation.definitions.iter().find_map(|definition| definition.title.as_deref())
        }),
        "appKey": explanation.as_ref().and_then(|explanation| Some(&explanation.definitions.first()?.app_key)),
        "quarantined": true,
    })
}

fn text(app: &App, elements: &BTreeMap<ElementName, Known>) -> String {
    let apps = app.app_hierarchy().iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut root = Branch::default();
    for (name, known) in elements {
        root.insert(name.as_str(), known.summary());
    }
    let mut lines = vec![(apps.join(" < "), String::new())];
    root.draw("", &mut lines);
    let width = lines.iter().skip(1).map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let lines = lines.into_iter().map(|(label, summary)| {
        let padding = if summary.is_empty() { 0 } else { width.saturating_sub(label.chars().count()) + 2 };
        format!("{label}{:padding$}{summary}", "")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// One segment of names, with what is below it.
#[derive(Default)]
struct Branch {
    /// What is known of the element of that name, if there is one.
    summary: String,
    below: BTreeMap<String, Branch>,
}

impl Branch {
    fn insert(&mut self, path: &str, summary: String) {
        let mut branch = self;
        for segment in path.split('.') {
            branch = branch.below.entry(segment.to_owned()).or_default();
        }
        branch.summary = summary;
    }

    fn draw(&self, indent: &str, lines: &mut Vec<(String, String)>) {
        let count = self.below.len();
        for (position, (segment, branch)) in self.below.iter().enumerate() {
            let (corner, line) = if position + 1 == count { ("└── ", "    ") } else { ("├── ", "│   ") };
            lines.push((format!("{indent}{corner}{segment}"), branch.summary.clone()));
            branch.draw(&format!("{indent}{line}"), lines);
        }
    }
}
