//! The `mti` command.

fn main() -> std::process::ExitCode {
    mti::main().run()
}
