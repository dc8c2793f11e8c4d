//! The contract, on every database.

mod memory {
    use std::sync::Arc;

    use mti_data::MemoryDatabase;

    mti_testkit::database_contract! { (Arc::new(MemoryDatabase::new()), ()) }
}

mod sled {
    mti_testkit::database_contract! { crate::sled_store::temporary() }
}

mod postgres {
    mti_testkit::database_contract! { crate::postgres::temporary() }
}
