mod browser;
mod gate;
mod open_platform;
mod world;

pub(crate) use self::browser::Browser;
pub(crate) use self::gate::Gate;
pub(crate) use self::open_platform::{FakeWeChat, Person};
pub(crate) use self::world::{CORP, LOGIN, PASSWORD_ACCOUNTS, PASSWORD_LOGIN, SERVICE, World};

use mti_element::{Fail, Failure};

/// Makes sure that a call failed, and as it should.
#[track_caller]
pub(crate) fn assert_fails<T: std::fmt::Debug>(outcome: Result<T, Failure>, kind: Fail) -> Failure {
    let failure = outcome.expect_err("the call should fail");
    assert_eq!(failure.kind().name, kind.name, "{failure:?}");
    failure
}
