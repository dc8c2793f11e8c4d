//! What authors of Types depend on.
//!
//! An element is a definition on disk with a *chain* of *levels*: places that implement methods, most derived
//! first. [`steps!`] declares the methods of a Type, [`Level`] and [`macro@level`] implement some of them, and the
//! facade that `steps!` makes calls them: virtually through `this`, at the next level through `this.sup()`.
//!
//! The crate also holds the ports through which a family reaches its app ([`AppView`], [`AppHandle`]) and its
//! caller ([`CallContext`], [`Visitor`]). The registry and the HTTP server implement them; families depend on
//! neither.

mod app;
mod authenticator;
mod chain;
mod config_problems;
mod context;
mod definition;
mod descriptor;
mod failure;
mod frame;
mod handle;
mod language;
mod level;
mod live;
mod need;
mod open;
mod owned_frame;
mod payload;
mod problems;
mod shared_calls;
mod steps;
mod this;

pub use mti_element_macros::{Level, level};
pub use mti_secret::{REDACTED, Secret};
pub use serde_json::{Map, Value};

pub use crate::app::{AppHandle, AppView, Resources};
pub use crate::authenticator::Authenticator;
pub use crate::chain::{Chain, ChainLevel};
pub use crate::context::{CallContext, Cookie, Principal, Visitor};
pub use crate::definition::{ElementDefinition, InitialRow, Kind};
pub use crate::descriptor::{MethodDescriptor, MethodKind, SourcePosition};
pub use crate::failure::{Fail, Failure, Result};
pub use crate::frame::Frame;
pub use crate::handle::{Element, ElementSource, RunningApp};
pub use crate::language::Language;
pub use crate::level::{BoxFuture, Level, LevelCode, LevelMethods, NativeCode, NativeMethod, OpenLevel, OtherName};
pub use crate::live::{Live, Retired, RetiredLevel};
pub use crate::need::{Expectation, Need, NeededElement, Shortcoming};
pub use crate::open::OpenContext;
pub use crate::owned_frame::OwnedFrame;
pub use crate::payload::{Answer, Arguments, Exchange, NamedArguments, NativeCall, ResultPlace, StepValue, WireCall};
pub use crate::problems::Problems;

pub use crate::shared_calls::{CallCount, SharedCalls};
pub use crate::this::{Facade, This};

#[doc(hidden)]
pub use crate::descriptor::{signature, wire_name};
#[doc(hidden)]
pub use crate::level::failed;
#[doc(hidden)]
pub use crate::payload::{foreign_value, is_optional, no_wire_form};
