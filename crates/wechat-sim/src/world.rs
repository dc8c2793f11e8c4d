use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::apps::Apps;
use crate::authority::WECHAT_HOSTS;
use crate::bounded::BoundedMap;
use crate::clock::Clock;
use crate::error::SimulatorError;
use crate::grants::Grants;
use crate::knobs::{Endpoint, Knobs};
use crate::options::SimulatorOptions;
use crate::people::Person;
use crate::tickets::Ticket;

/// How many logins may wait for the phone.
const TICKET_CAPACITY: usize = 1_000;

/// How many people there may be.
const PEOPLE_CAPACITY: usize = 200;

/// Everything the simulator knows. Its parts live in memory, behind one lock that is never held across an
/// `await`.
#[derive(Debug)]
pub(crate) struct World {
    options: SimulatorOptions,
    address: SocketAddr,
    contents: Mutex<Contents>,
    changes: watch::Sender<()>,
    is_closing: AtomicBool,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) knobs: Knobs,
    pub(crate) apps: Apps,
    pub(crate) people: Vec<Person>,
    pub(crate) tickets: BoundedMap<Ticket>,
    pub(crate) grants: Grants,
    pub(crate) calls: HashMap<Endpoint, Calls>,
}

/// How often an interface was called.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) minute: u64,
    pub(crate) in_minute: u32,
    pub(crate) day: u64,
    pub(crate) in_day: u32,
}

impl World {
    pub(crate) fn new(options: SimulatorOptions, address: SocketAddr) -> Self {
        let contents = Mutex::new(Contents::new(&options));
        let (changes, _) = watch::channel(());
        Self { options, address, contents, changes, is_closing: AtomicBool::new(false) }
    }

    pub(crate) fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts everything back to the start.
    pub(crate) fn reset(&self) {
        *self.contents() = Contents::new(&self.options);
        self.announce_change();
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock().now()
    }

    pub(crate) fn people(&self) -> Vec<Person> {
        self.contents().people.clone()
    }

    pub(crate) fn person(&self, id: &str) -> Result<Person, SimulatorError> {
        let person = self.contents().person(id).cloned();
        person.ok_or_else(|| SimulatorError::UnknownPerson(id.to_owned()))
    }

    /// Who holds the phone where nobody is asked.
    pub(crate) fn phone_owner(&self) -> String {
        let contents = self.contents();
        let owner = contents.knobs.phone_owner.clone();
        owner.or_else(|| contents.people.first().map(|person| person.id.clone())).unwrap_or_default()
    }

    /// Whether a host name is answered although it is no loopback one.
    pub(crate) fn answers_to(&self, host: &str) -> bool {
        self.options.hosts.iter().any(|known| known == host)
            || (self.options.authority.is_some() && WECHAT_HOSTS.contains(&host))
    }

    /// Where it listens, without a slash at the end.
    pub(crate) fn own_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.address)
    }

    /// Where a browser reaches it that asked at this host, without a slash at the end.
    pub(crate) fn url_at(&self, host: &str) -> String {
        match &self.options.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("{}://{host}", self.scheme()),
        }
    }

    /// Wakes those who wait for a ticket to change.
    pub(crate) fn announce_change(&self) {
        self.changes.send_replace(());
    }

    pub(crate) fn watch_changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Ends all waiting.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
        self.announce_change();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Waits until the simulator closes.
    pub(crate) async fn closed(&self) {
        let mut changes = self.watch_changes();
        while !self.is_closing() && changes.changed().await.is_ok() {}
    }

    fn scheme(&self) -> &'static str {
        if self.options.authority.is_some() { "https" } else { "http" }
    }

    fn clock(&self) -> &Clock {
        &self.options.clock
    }
}

impl Contents {
    fn new(options: &SimulatorOptions) -> Self {
        Self {
            knobs: options.knobs.clone(),
            apps: Apps::new(options.apps.clone(), options.unknown_apps),
            people: options.people.clone(),
            tickets: BoundedMap::new(TICKET_CAPACITY),
            grants: Grants::new(),
            calls: HashMap::new(),
        }
    }

    pub(crate) fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// Adds a person or replaces the one of the same id.
    pub(crate) fn put_person(&mut self, person: Person) -> Result<(), SimulatorError> {
        person.check()?;
        if let Some(known) = self.people.iter_mut().find(|known| known.id == person.id) {
            *known = person;
        } else if self.people.len() < PEOPLE_CAPACITY {
            self.people.push(person);
        } else {
            return Err(SimulatorError::TooMany("people"));
        }
        Ok(())
    }
}
