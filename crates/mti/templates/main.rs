//! The `mti` command with the code of this app.

fn main() -> std::process::ExitCode {
    {{crate}}::program().run()
}
