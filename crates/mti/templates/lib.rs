//! The code of this app.

/// The `mti` command with the levels of this app: for `main`, and for tests.
pub fn program() -> mti::Program {
    mti::main()
}
