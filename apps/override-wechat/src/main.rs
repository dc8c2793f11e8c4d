//! The `mti` command with the code of this app.

fn main() -> std::process::ExitCode {
    mti_example_override_wechat::program().run()
}
