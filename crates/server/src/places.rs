use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::network;
use crate::descriptors;
use crate::options::ServerOptions;
use crate::trusted_proxies::TrustedProxies;

/// How many connections there may be: in all, and of one address.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    total: usize,
    per_address: usize,
    trusted_proxies: TrustedProxies,
    /// How many each network has. Who has none is not in it, so it is no larger than the connections are many.
    taken: Mutex<HashMap<u64, usize>>,
}

/// A place for some connection, held before it is known whose.
pub(crate) struct FreePlace(OwnedSemaphorePermit);

/// The place of a connection, for as long as it is open.
pub(crate) struct Place {
    _counted: Option<Counted>,
    _permit: OwnedSemaphorePermit,
}

struct Counted {
    places: Arc<Places>,
    network: u64,
}

impl Places {
    pub(crate) fn new(options: &ServerOptions) -> Self {
        let asked = options.limits.connections.min(Semaphore::MAX_PERMITS);
        let total = descriptors::connections_possible().map_or(asked, |possible| asked.min(possible));
        let per_address = match options.limits.connections_per_address {
            few if few < total => few.max(1),
            // Nobody may take all of them.
            _ => (total / 2).max(1),
        };
        if total < asked {
            tracing::warn!(
                asked,
                total,
                per_address,
                "the limit of open files admits fewer connections: raise it (`ulimit -n`)"
            );
        }
        Self {
            free: Arc::new(Semaphore::new(total)),
            total,
            per_address,
            trusted_proxies: options.trusted_proxies.clone(),
            taken: Mutex::default(),
        }
    }

    /// How many connections there may be.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Waits until some connection may be accepted.
    pub(crate) async fn free(&self) -> FreePlace {
        match Arc::clone(&self.free).acquire_owned().await {
            Ok(permit) => FreePlace(permit),
            // Nobody closes the semaphore.
            Err(_) => std::future::pending().await,
        }
    }

    /// Gives a place to a connection from an address, unless that one has enough of them.
    pub(crate) fn take(self: &Arc<Self>, free: FreePlace, peer: IpAddr) -> Result<Place, FreePlace> {
        let peer = peer.to_canonical();
        // Everybody comes from a trusted proxy.
        if self.trusted_proxies.contains(peer) {
            return Ok(Place { _counted: None, _permit: free.0 });
        }
        let network = network(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(network).or_default();
        if *count >= self.per_address {
            return Err(free);
        }
        *count += 1;
        Ok(Place { _counted: Some(Counted { places: Arc::clone(self), network }), _permit: free.0 })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Places")
            .field("total", &self.total)
            .field("per_address", &self.per_address)
            .finish_non_exhaustive()
    }
}
