//! A local WeChat for development and tests.
//!
//! [`Simulator`] listens on a loopback address and plays both of WeChat's hosts: the authorize page with its
//! QR picture, the long poll behind it, the page that the phone would show, and the four server interfaces.
//! Whoever takes a WeChat login for granted can be shown one that is refused, cancelled, late, twice or
//! wrong: [`Knobs`] turn single properties and inject faults while the simulator runs.
//!
//! | path | |
//! | --- | --- |
//! | `/connect/qrconnect` | authorize page of the website login |
//! | `/connect/oauth2/authorize` | authorize page inside WeChat |
//! | `/connect/qrcode/{uuid}` | QR picture |
//! | `/connect/confirm?uuid=` | what the phone shows |
//! | `/connect/l/qrconnect?uuid=` | long poll |
//! | `/connect/zh_CN/htmledition/js/wxLogin.js` | the script that puts the authorize page into a frame |
//! | `/sns/oauth2/access_token`, `/sns/oauth2/refresh_token`, `/sns/auth`, `/sns/userinfo` | server interfaces |
//! | `/sim/` | control page |
//! | `/sim/knobs` | `GET`, `PUT`: [`Knobs`] as JSON |
//! | `/sim/people` | `GET`: who there is; `PUT`: a [`Person`] more |
//! | `/sim/apps` | `GET`: the applications; `PUT`: an [`AppRegistration`] more |
//! | `/sim/pending` | which logins wait for the phone |
//! | `/sim/approve`, `/sim/deny` | `POST {uuid, person}`: the phone's answer without the phone |
//! | `/sim/code` | `POST {appId, person}`: a code without a browser |
//! | `/sim/secret` | `POST {appId, secret}`: a new application secret, at once |
//! | `/sim/reset` | `POST`: everything as it was at the start |
//!
//! It is a simulation and says so on every page. Nothing is stored, everything is bounded, and it answers
//! only to loopback host names, so that no web page can reach it by a name of its own.

mod apps;
mod authority;
mod bounded;
mod clock;
mod error;
mod faults;
mod grants;
mod guard;
mod handle;
mod html;
mod identifiers;
mod knobs;
mod listener;
mod login;
mod options;
mod parameters;
mod people;
mod routes;
mod simulator;
mod sns;
mod tickets;
mod wire;
mod world;

pub use apps::{AppKind, AppRegistration, CallbackRule};
pub use authority::{TestAuthority, WECHAT_HOSTS};
pub use clock::{Clock, ManualClock};
pub use error::SimulatorError;
pub use handle::SimulatorHandle;
pub use identifiers::{openid_for, unionid_for};
pub use knobs::{
    DenyMode, Effect, Endpoint, Fault, Knobs, Nickname, RefreshSemantics, RidStyle, SnapshotMode, UnionIdMode,
};
pub use options::{SimulatorOptions, UnknownApps};
pub use people::{Person, cast};
pub use simulator::Simulator;
