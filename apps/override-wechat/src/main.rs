//! The `mti` command with the level of this app.

use mti_example_override_wechat::Audited;

fn main() -> std::process::ExitCode {
    mti::main().level::<Audited>("acme.override-wechat", "auths.loginTypes.WeChatType").run()
}
