use std::path::PathBuf;

use mti_core::{AppKey, Diagnostic, ElementName};
use mti_element::{AppView as _, Kind};
use mti_login_types::WECHAT_TYPE;
use serde_json::json;

use super::files::NewFiles;
use super::level::NewLevel;
use super::{
    NewElementArguments, NewInstanceArguments, NewModelArguments, NewTypeArguments, WeChatArguments, skeleton,
};
use crate::App;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Directories in which no element is found, or that add nothing to its name.
const RESERVED: [&str; 8] =
    ["backend", "frontend", "dist", "node_modules", "__pycache__", "target", "appData", "commons"];

/// What a Type has been given no values for.
const NO_APPLICATION: WeChatArguments = WeChatArguments { app_id: None, app_secret: None };

pub(super) fn make_type(
    arguments: &NewTypeArguments,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<Exit, CommandError> {
    let place = Place::find(opening)?;
    let name = place.free_name(&arguments.element.name)?;
    let title = title(&arguments.element, &name);
    let above = if arguments.of.is_empty() { Above::nothing() } else { place.above(&arguments.of)? };
    let mut files = NewFiles::at(&place.directory);
    let mut elements = vec![name.clone()];
    let mut manifest = json!({"title": title, "type": arguments.of});
    let mut advice = None;
    if arguments.rust {
        if !place.directory.join("Cargo.toml").is_file() {
            return Err(CommandError::usage(
                "a level in Rust needs a program to be part of, and this app has no `Cargo.toml`: `mti new app --rust` makes one",
            ));
        }
        let level = NewLevel::new(&place.app_key.id, &name, title, &above.types);
        manifest["backend"] = "rust".into();
        if let Some(function) = level.function {
            manifest["functionList"] = json!([function]);
        }
        files.text(level.path, level.source);
        advice = Some(level.advice);
    }
    files.json(format!("{}/e.json", directory(&name)), &manifest);
    // An element below a Type is a Type itself as soon as there is an instance of it.
    if above.kind == Some(Kind::Type) {
        let instance = match &arguments.instance {
            Some(instance) => place.free_name(instance)?,
            None => place.free_name(&first_instance(&name))?,
        };
        let types: Vec<ElementName> = std::iter::once(name).chain(above.types).collect();
        instance_files(&mut files, &instance, instance.last_segment(), &types, &NO_APPLICATION)?;
        elements.push(instance);
    } else if arguments.instance.is_some() {
        return Err(CommandError::usage("`--instance` is for a Type below a Type"));
    }
    write(&files, &elements, advice.as_deref(), opening, output)?;
    Ok(Exit::Done)
}

pub(super) fn make_instance(
    arguments: &NewInstanceArguments,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<Exit, CommandError> {
    let types = make_one(&arguments.element, &arguments.of, &arguments.wechat, opening, output)?;
    if types.iter().any(|type_name| type_name.as_str() == WECHAT_TYPE) && arguments.wechat.app_id.is_none() {
        output.remark(
            "its AppID and AppSecret are made up: the simulated WeChat of `mti dev` takes them, and no other does",
        );
    }
    Ok(Exit::Done)
}

pub(super) fn make_model(
    arguments: &NewModelArguments,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<Exit, CommandError> {
    make_one(&arguments.element, &arguments.of, &NO_APPLICATION, opening, output)?;
    Ok(Exit::Done)
}

/// Makes an instance, and gives back its Types, nearest first.
fn make_one(
    element: &NewElementArguments,
    of: &str,
    wechat: &WeChatArguments,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<Vec<ElementName>, CommandError> {
    let place = Place::find(opening)?;
    let name = place.free_name(&element.name)?;
    let above = place.above(of)?;
    if above.kind == Some(Kind::Meta) {
        return Err(CommandError::usage(format!(
            "`{of}` is a Meta, and what is directly below a Meta is a Type: name a Type, or make one with `mti new type NAME --type {of}`"
        )));
    }
    let mut files = NewFiles::at(&place.directory);
    instance_files(&mut files, &name, title(element, &name), &above.types, wechat)?;
    write(&files, &[name], None, opening, output)?;
    Ok(above.types)
}

/// The definition of an instance of these Types, nearest first, and its config.
fn instance_files(
    files: &mut NewFiles,
    name: &ElementName,
    title: &str,
    types: &[ElementName],
    wechat: &WeChatArguments,
) -> Result<(), CommandError> {
    let (directory, config_file) = (directory(name), format!("{}.json", name.last_segment()));
    let manifest = json!({
        "title": title,
        "type": types.first().map_or("", ElementName::as_str),
        "backendBundleEntry": ".",
        "frontBundleEntry": format!("./{config_file}"),
    });
    files.json(format!("{directory}/e.json"), &manifest);
    files.json(format!("{directory}/{config_file}"), &skeleton::config(types, name, wechat)?);
    Ok(())
}

/// The app that gets a new element.
struct Place {
    app: App,
    app_key: AppKey,
    directory: PathBuf,
}

/// What a new element is to be below.
struct Above {
    kind: Option<Kind>,
    /// It and its own Types, nearest first.
    types: Vec<ElementName>,
}

impl Above {
    fn nothing() -> Self {
        Self { kind: None, types: Vec::new() }
    }
}

impl Place {
    fn find(opening: &Opening<'_>) -> Result<Self, CommandError> {
        let app = opening.open()?;
        Ok(Self { app_key: app.key(), directory: opening.directory()?, app })
    }

    /// A name that an element can have, and that none has.
    fn free_name(&self, text: &str) -> Result<ElementName, CommandError> {
        let name = ElementName::parse(text)
            .map_err(|error| CommandError::usage(format!("`{text}` is no element name: {error}")))?;
        if let Some(segment) = name.segments().find(|segment| RESERVED.contains(segment)) {
            return Err(CommandError::usage(format!("no part of an element's name can be `{segment}`")));
        }
        if !self.app.snapshot().contains(name.as_str()) {
            return Ok(name);
        }
        let owner = self.app.get_element_define(name.as_str()).map(|definition| definition.app.clone());
        Err(CommandError::usage(match owner {
            Ok(owner) if owner != self.app_key => {
                format!("there is an element `{name}` in {owner}: choose another name, or write an override by hand")
            }
            _ => format!("there is an element `{name}` already: choose another name"),
        }))
    }

    /// The element that another one is to be below: a Meta or a Type, or what will be a Type by that.
    fn above(&self, name: &str) -> Result<Above, CommandError> {
        let definition = self.app.get_element_define(name)?;
        if definition.kind == Kind::Instance && has_config_of_its_own(&self.app, name)? {
            let nearest = definition.types.first().map_or("", ElementName::as_str);
            return Err(CommandError::usage(format!(
                "`{name}` is an instance, not a Type: did you mean its Type, `{nearest}`?"
            )));
        }
        let types = std::iter::once(definition.name.clone()).chain(definition.types.iter().cloned());
        Ok(Above {
            kind: Some(if definition.kind == Kind::Meta { Kind::Meta } else { Kind::Type }),
            types: types.collect(),
        })
    }
}

/// Writes the files, and says what was made and what is wrong with it.
fn write(
    files: &NewFiles,
    elements: &[ElementName],
    advice: Option<&str>,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    files.write()?;
    files.report(elements, output);
    if let Some(advice) = advice {
        output.remark(advice);
        return Ok(());
    }
    let app = opening.find()?.builder.open()?;
    if let Some(unseen) = elements.iter().find(|name| !app.snapshot().contains(name.as_str())) {
        return Err(CommandError::usage(format!(
            "`{unseen}` is not found where it was made: does `.mtiignore` exclude it?"
        )));
    }
    let is_about = |finding: &Diagnostic| finding.element.as_ref().is_some_and(|name| elements.contains(name));
    let findings: Vec<Diagnostic> =
        app.check().into_iter().filter(|finding| finding.is_finding() && is_about(finding)).collect();
    output.diagnostics_remark(&findings);
    Ok(())
}

fn has_config_of_its_own(app: &App, name: &str) -> Result<bool, CommandError> {
    let own = format!("{}/", name.replace('.', "/"));
    let explanation = app.explain(name)?;
    Ok(explanation.config.iter().any(|value| {
        // `backend` and `frontend` add nothing to a name.
        let file = value.file.replace("backend/", "").replace("frontend/", "");
        file.strip_prefix(&own).is_some_and(|rest| !rest.contains('/'))
    }))
}

fn title<'a>(arguments: &'a NewElementArguments, name: &'a ElementName) -> &'a str {
    arguments.title.as_deref().unwrap_or_else(|| name.last_segment())
}

/// `auths.loginTypes.StaffType` has the first instance `auths.loginTypes.MyStaff`.
fn first_instance(type_name: &ElementName) -> String {
    let last = type_name.last_segment();
    let last = last.strip_suffix("Type").filter(|rest| !rest.is_empty()).unwrap_or(last);
    let parent = type_name.parent().map(|parent| format!("{parent}.")).unwrap_or_default();
    format!("{parent}My{last}")
}

/// Where an element is, from the app's root.
fn directory(name: &ElementName) -> String {
    name.as_str().replace('.', "/")
}
