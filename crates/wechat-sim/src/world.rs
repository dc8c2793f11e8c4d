use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use url::Url;

use crate::apps::Apps;
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

/// Everything the simulator knows. Its parts live in memory, behind one lock that is never held across an
/// `await`.
#[derive(Debug)]
pub(crate) struct World {
    options: SimulatorOptions,
    base: Url,
    contents: Mutex<Contents>,
    changes: watch::Sender<()>,
    is_closing: AtomicBool,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) knobs: Knobs,
    pub(crate) apps: Apps,
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
    pub(crate) fn new(options: SimulatorOptions, base: Url) -> Self {
        let contents = Mutex::new(Contents::new(&options));
        let (changes, _) = watch::channel(());
        Self { options, base, contents, changes, is_closing: AtomicBool::new(false) }
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

    pub(crate) fn people(&self) -> &[Person] {
        &self.options.people
    }

    pub(crate) fn person(&self, id: &str) -> Result<&Person, SimulatorError> {
        let person = self.options.people.iter().find(|person| person.id == id);
        person.ok_or_else(|| SimulatorError::UnknownPerson(id.to_owned()))
    }

    /// Host names that are answered besides the loopback ones.
    pub(crate) fn hosts(&self) -> &[String] {
        &self.options.hosts
    }

    /// The address of a path as browsers see it.
    pub(crate) fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
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

    fn clock(&self) -> &Clock {
        &self.options.clock
    }
}

impl Contents {
    fn new(options: &SimulatorOptions) -> Self {
        Self {
            knobs: options.knobs.clone(),
            apps: Apps::new(options.apps.clone(), options.unknown_apps),
            tickets: BoundedMap::new(TICKET_CAPACITY),
            grants: Grants::new(),
            calls: HashMap::new(),
        }
    }
}
