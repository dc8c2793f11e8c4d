//! The `mti` command with the level of this app.

use mti_example_members_only::MembersOnly;

fn main() -> std::process::ExitCode {
    mti::main().level::<MembersOnly>("acme.members-only", "auths.loginTypes.MembersOnlyType").run()
}
