use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Block, Error, Params};

/// The memory that hashes are computed in, kept from one hash to the next.
///
/// A buffer that is freed after every hash does not go back to the operating system: after the first one, glibc serves
/// sizes like these from arenas that belong to threads and are hardly ever trimmed. Hashing wanders over many
/// threads, so a few hundred wrong passwords would make the process grow by hundreds of MiB for good. Kept buffers bound
/// it: there are never more of them than hashes were under way at once, each as large as the largest hash it served.
#[derive(Default)]
pub(crate) struct HashMemory(Mutex<Vec<Vec<Block>>>);

impl HashMemory {
    /// Lends memory for one hash with these parameters. Fails when the system has none left.
    pub(crate) fn with_blocks<T>(
        &self,
        params: &Params,
        compute: impl FnOnce(&mut [Block]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut blocks = self.free().pop().unwrap_or_default();
        let needed = params.block_count();
        if blocks.len() < needed {
            // Growing in place would hold the old and the new buffer at once.
            drop(blocks);
            blocks = allocate(needed)?;
        }
        let outcome = compute(&mut blocks);
        self.free().push(blocks);
        outcome
    }

    fn free(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn allocate(count: usize) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| Error::OutOfMemory)?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}
