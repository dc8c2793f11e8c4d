use std::path::PathBuf;

use mti_core::manifest::AccessModifier;
use mti_core::{AppKey, Code, Diagnostic, ElementName};
use mti_element::{AppView as _, Kind};
use mti_login_types::{LOGIN_META, WECHAT_TYPE};
use serde_json::json;

use super::files::NewFiles;
use super::level::{NewLevel, Registration};
use super::python::NewPythonLevel;
use super::{
    NewElementArguments, NewInstanceArguments, NewModelArguments, NewOverrideArguments, NewTypeArguments,
    WeChatArguments, program, skeleton,
};
use crate::App;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Directories in which no element is found, or that add nothing to its name.
const RESERVED: [&str; 8] =
    ["backend", "frontend", "dist", "node_modules", "__pycache__", "target", "appData", "commons"];

/// What is left to do for a new login Type.
const LOGIN_ADVICE: &str = "then say in `identify` whose a proof is: until then nobody gets in. What a person types are the arguments of `getLoginCode`, \
     in `steps!` and in `functionList`; `mti new instance NAME --type` with this Type makes a login of it";

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
    let (mut registration, mut is_new_login) = (None, false);
    if arguments.rust {
        place.program()?;
        let level = NewLevel::new(&place.app_key.id, &name, title, &above.types);
        manifest["backend"] = "rust".into();
        if !level.functions.is_empty() {
            manifest["functionList"] = level.functions.into();
        }
        files.text(level.path, level.source);
        registration = Some(level.registration);
        is_new_login = above.types.first().is_some_and(|nearest| nearest.as_str() == LOGIN_META);
    } else if arguments.python {
        let level = NewPythonLevel::new(&name, title, &above.types);
        manifest["backend"] = "python".into();
        if !level.functions.is_empty() {
            manifest["functionList"] = level.functions.into();
        }
        files.text(python_file(&name), level.source);
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
    write(&files, &elements, registration.as_ref(), opening, output)?;
    if is_new_login {
        output.remark(LOGIN_ADVICE);
    }
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

/// Makes this app's definition of an element of an app that it inherits.
pub(super) fn make_override(
    arguments: &NewOverrideArguments,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<Exit, CommandError> {
    let place = Place::find(opening)?;
    let definition = place.app.get_element_define(&arguments.name)?;
    let name = definition.name.clone();
    if definition.app == place.app_key {
        return Err(CommandError::usage(format!("`{name}` is defined in this app already: edit it")));
    }
    if definition.header.access_modifier != AccessModifier::Public {
        return Err(CommandError::usage(format!("`{name}` of {} does not allow overrides", definition.app)));
    }
    let mut files = NewFiles::at(&place.directory);
    let mut manifest = json!({});
    let mut registration = None;
    if arguments.rust {
        place.program()?;
        let types: Vec<ElementName> = std::iter::once(name.clone()).chain(definition.types.iter().cloned()).collect();
        let level = NewLevel::new(&place.app_key.id, &name, &definition.title, &types);
        if !level.functions.is_empty() {
            return Err(CommandError::usage(format!(
                "`--rust` begins overrides of logins and of models; for `{name}`, write `#[level]` on an `impl` of the steps of its Type"
            )));
        }
        manifest["backend"] = "rust".into();
        files.text(level.path, level.source);
        registration = Some(level.registration);
    } else if arguments.python {
        let below: Vec<ElementName> = std::iter::once(name.clone()).chain(definition.types.iter().cloned()).collect();
        let level = NewPythonLevel::new(&name, &definition.title, &below);
        manifest["backend"] = "python".into();
        if !level.functions.is_empty() {
            manifest["functionList"] = level.functions.into();
        }
        files.text(python_file(&name), level.source);
    }
    files.json(format!("{}/e.json", directory(&name)), &manifest);
    if definition.kind == Kind::Instance {
        files.json(format!("{}/{}.json", directory(&name), name.last_segment()), &json!({}));
    }
    write(&files, &[name], registration.as_ref(), opening, output)?;
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

    /// Refuses a level in Rust where there is no program that it could be part of.
    fn program(&self) -> Result<(), CommandError> {
        if self.directory.join("Cargo.toml").is_file() {
            return Ok(());
        }
        Err(CommandError::usage(
            "a level in Rust needs a program to be part of, and this app has no `Cargo.toml`: `mti new app --rust` makes one",
        ))
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
                format!(
                    "there is an element `{name}` in {owner}: choose another name, or override it with `mti new override {name}`"
                )
            }
            _ => format!("there is an element `{name}` already: choose another name"),
        }))
    }

    /// The element that another one is to be below: a Meta or a Type, or what will be a Type by that.
    fn above(&self, name: &str) -> Result<Above, CommandError> {
        // What is in Rust is quarantined for as long as it is not part of the program that runs.
        let explanation = self.app.explain(name)?;
        if explanation.quarantined {
            let types = std::iter::once(explanation.full_name.as_str())
                .chain(explanation.types.iter().map(|type_name| type_name.full_name.as_str()));
            let types = types.filter_map(|name| ElementName::parse(name).ok()).collect();
            let kind = if explanation.kind == Kind::Meta.as_str() { Kind::Meta } else { Kind::Type };
            return Ok(Above { kind: Some(kind), types });
        }
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
    registration: Option<&Registration>,
    opening: &Opening<'_>,
    output: &Output,
) -> Result<(), CommandError> {
    files.write()?;
    files.report(elements, output);
    if let Some(registration) = registration {
        // This program does not contain the level yet: there is nothing to check with it.
        match program::register(&opening.directory()?, registration)? {
            Some(file) => output.remark(&format!("registered it in {file}\nnext: cargo run -- check")),
            None => output.remark(&registration.advice()),
        }
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
    if output.is_json() {
        output.diagnostics_remark(&findings);
    } else {
        for finding in &findings {
            output.remark(&next_step(finding, opening));
        }
    }
    Ok(())
}

/// What has just been made is not wrong, it is not finished: what is left to do for it.
fn next_step(finding: &Diagnostic, opening: &Opening<'_>) -> String {
    let waits_for_code = matches!(finding.code, Code::MissingCode | Code::QuarantinedDependency);
    if waits_for_code && opening.is_without_the_code_of_the_app() {
        return format!("next: cargo run -- check, as the plain `mti` cannot tell: {}", finding.message);
    }
    match &finding.location {
        Some(location) => format!("next, in {location}: {}", finding.message),
        None => format!("next: {}", finding.message),
    }
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

fn python_file(name: &ElementName) -> String {
    format!("{}/__init__.py", directory(name))
}

/// Where an element is, from the app's root.
fn directory(name: &ElementName) -> String {
    name.as_str().replace('.', "/")
}
