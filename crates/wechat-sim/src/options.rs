use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use url::Url;

use crate::apps::AppRegistration;
use crate::authority::TestAuthority;
use crate::clock::Clock;
use crate::knobs::Knobs;
use crate::people::{Person, cast};

/// How a simulator begins.
#[derive(Debug, Clone)]
pub struct SimulatorOptions {
    /// Where it listens: a loopback address. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// The applications that are registered.
    pub apps: Vec<AppRegistration>,
    /// What happens to other applications.
    pub unknown_apps: UnknownApps,
    /// Who can sign in.
    pub people: Vec<Person>,
    /// How it behaves.
    pub knobs: Knobs,
    /// Where it takes the time from.
    pub clock: Clock,
    /// Who vouches for its certificate. With one it speaks TLS and answers to [`WECHAT_HOSTS`](crate::WECHAT_HOSTS)
    /// too; without, neither.
    pub authority: Option<Arc<TestAuthority>>,
    /// The address that browsers use, when it is not the one that they ask at.
    pub public_url: Option<Url>,
    /// Host names that are answered besides the loopback ones.
    pub hosts: Vec<String>,
}

/// What happens when an application is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownApps {
    /// A well-formed appId (`wx` and 16 hexadecimal digits) is taken up; the first secret that is presented
    /// for it becomes its secret.
    Learn,
    /// It is refused.
    Refuse,
}

impl Default for SimulatorOptions {
    /// A free port of 127.0.0.1, the [`cast`], and any well-formed application.
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            apps: Vec::new(),
            unknown_apps: UnknownApps::Learn,
            people: cast(),
            knobs: Knobs::default(),
            clock: Clock::system(),
            authority: None,
            public_url: None,
            hosts: Vec::new(),
        }
    }
}
