//! Beginnings of apps and elements. What they make is sound as it is, and nothing that is there is ever written over.

mod app;
mod element;
mod files;
mod level;
mod program;
mod python;
mod skeleton;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// What is to be made.
#[derive(Debug, Subcommand)]
pub(crate) enum NewCommand {
    /// Make an app
    App(NewAppArguments),
    /// Make a Type, or a Meta
    Type(NewTypeArguments),
    /// Make an instance of a Type
    Instance(NewInstanceArguments),
    /// Make a model
    Model(NewModelArguments),
    /// Override an element of an app that this one inherits
    Override(NewOverrideArguments),
}

/// What `new app` takes.
#[derive(Debug, Args)]
pub(crate) struct NewAppArguments {
    /// Its directory
    directory: PathBuf,
    /// Its id
    #[arg(long, value_name = "ORG.NAME")]
    id: String,
    /// Its title [default: the name in its id]
    #[arg(long)]
    title: Option<String>,
    /// Make a Rust program of it too, for levels of its own
    #[arg(long)]
    rust: bool,
}

/// What `new type` takes.
#[derive(Debug, Args)]
pub(crate) struct NewTypeArguments {
    #[command(flatten)]
    element: NewElementArguments,
    /// The Meta or the Type that it is below; the empty text makes a Meta, the root of a family
    #[arg(long = "type", value_name = "FULL_NAME")]
    of: String,
    /// Give it a level in Rust
    #[arg(long)]
    rust: bool,
    /// Give it a level in Python, which `python -m mti` runs
    #[arg(long, conflicts_with = "rust")]
    python: bool,
    /// The first instance, which a Type below a Type is made with [default: beside it, after its name]
    #[arg(long, value_name = "FULL_NAME")]
    instance: Option<String>,
}

/// What `new instance` takes.
#[derive(Debug, Args)]
pub(crate) struct NewInstanceArguments {
    #[command(flatten)]
    element: NewElementArguments,
    /// Its Type
    #[arg(long = "type", value_name = "FULL_NAME")]
    of: String,
    #[command(flatten)]
    wechat: WeChatArguments,
}

/// What `new model` takes.
#[derive(Debug, Args)]
pub(crate) struct NewModelArguments {
    #[command(flatten)]
    element: NewElementArguments,
    /// Its Type
    #[arg(long = "type", value_name = "FULL_NAME", default_value = "models.NormalType")]
    of: String,
}

/// What `new override` takes.
#[derive(Debug, Args)]
pub(crate) struct NewOverrideArguments {
    /// The full name of the element
    name: String,
    /// Give the override a level in Rust
    #[arg(long)]
    rust: bool,
    /// Give the override a level in Python, which `python -m mti` runs
    #[arg(long, conflicts_with = "rust")]
    python: bool,
}

/// What every element takes.
#[derive(Debug, Args)]
struct NewElementArguments {
    /// Its full name, such as `shop.models.Order`
    name: String,
    /// Its title [default: the last part of its name]
    #[arg(long)]
    title: Option<String>,
}

/// The application of a WeChat login.
#[derive(Debug, Args)]
struct WeChatArguments {
    /// The id of the application that a WeChat login is of [default: one that only the simulated WeChat knows]
    #[arg(long, value_name = "APPID", requires = "app_secret")]
    app_id: Option<String>,
    /// Its secret; better `'${WECHAT_APP_SECRET}'`, which takes it from the environment
    #[arg(long, value_name = "SECRET", requires = "app_id")]
    app_secret: Option<String>,
}

/// Makes it.
pub(crate) fn run(command: &NewCommand, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    match command {
        NewCommand::App(arguments) => app::make(arguments, output),
        NewCommand::Type(arguments) => element::make_type(arguments, opening, output),
        NewCommand::Instance(arguments) => element::make_instance(arguments, opening, output),
        NewCommand::Model(arguments) => element::make_model(arguments, opening, output),
        NewCommand::Override(arguments) => element::make_override(arguments, opening, output),
    }
}
