use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The databases that are open in this process: one for what it opens, however many elements, snapshots and apps name
/// it. Each is there as long as one of them holds it.
#[derive(Debug)]
pub(crate) struct OpenDatabases<D> {
    open: Mutex<Vec<Weak<D>>>,
}

impl<D> OpenDatabases<D> {
    pub(crate) const fn new() -> Self {
        Self { open: Mutex::new(Vec::new()) }
    }

    /// The database that `is_wanted` recognizes, else a new one.
    pub(crate) fn get_or_add(&self, is_wanted: impl Fn(&D) -> bool, make: impl FnOnce() -> D) -> Arc<D> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|database| database.strong_count() > 0);
        if let Some(database) = open.iter().filter_map(Weak::upgrade).find(|database| is_wanted(database)) {
            return database;
        }
        let database = Arc::new(make());
        open.push(Arc::downgrade(&database));
        database
    }

    /// Takes a database out if its caller is the last one to hold it, and says so: nobody gets it from then on.
    pub(crate) fn remove_last(&self, database: &Arc<D>) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_last = Arc::strong_count(database) == 1;
        if is_last {
            open.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(database)));
        }
        is_last
    }
}
