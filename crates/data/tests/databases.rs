//! The contract, on every database.

mod memory {
    use std::sync::Arc;

    use mti_data::MemoryDatabase;

    crate::contract_suite! { (Arc::new(MemoryDatabase::new()), ()) }
}

mod sled {
    crate::contract_suite! { crate::sled_store::temporary() }
}
