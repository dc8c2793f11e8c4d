//! The `mti` command with the levels of this app.

fn main() -> std::process::ExitCode {
    mti::main().run()
}
