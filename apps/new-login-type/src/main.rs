//! The `mti` command with the level of this app.

use mti_example_new_login_type::ByAccessKey;

fn main() -> std::process::ExitCode {
    mti::main().level::<ByAccessKey>("acme.new-login-type", "auths.loginTypes.AccessKeyType").run()
}
