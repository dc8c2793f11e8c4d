use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use mti_login_types::WECHAT_TYPE;
use mti_testkit::{LoginContract, SimulatedWeChat, WeChatCredentials};
use pyo3::exceptions::{PyAssertionError, PyRuntimeError};
use pyo3::prelude::*;
use serde_json::json;

use crate::app::program;
use crate::error::open_exception;
use crate::run::refuse_fork;

/// Checks that a WeChat login keeps to what every login Type keeps to, whatever overrides it.
///
/// `directory` is the app's, `login` the full name of the instance, `users` are two users of the app's initial data who may
/// sign in, are no administrators and are bound to nobody, and `people` two people of the simulated WeChat who are nobody in
/// the app. `data` is an empty directory. Raises `AssertionError` with the rule that is broken.
#[pyfunction]
#[pyo3(signature = (directory, login, *, users, people, data))]
pub(crate) fn check_login(
    py: Python<'_>,
    directory: PathBuf,
    login: &str,
    users: [String; 2],
    people: [String; 2],
    data: PathBuf,
) -> PyResult<()> {
    refuse_fork()?;
    for is_active in [true, false] {
        let builder = program(py)?.app(&directory).data(data.join(is_active.to_string()));
        let checked = py.detach(|| {
            let checks = AssertUnwindSafe(|| {
                pyo3_async_runtimes::tokio::get_runtime().block_on(async {
                    let wechat = SimulatedWeChat::start().await;
                    let config = wechat.endpoints_and(json!({ "isActive": is_active }));
                    let app = builder.type_defaults(WECHAT_TYPE, config).open().map_err(Refused::App)?;
                    let credentials = WeChatCredentials::new(&app, login, &wechat).await.map_err(Refused::Call)?;
                    let users = [&*users[0], &*users[1]];
                    let people = [&*people[0], &*people[1]];
                    let contract = LoginContract { app: &app, login, credentials: &credentials, users, people };
                    if is_active {
                        contract.run().await;
                    } else {
                        contract.run_switched_off().await;
                    }
                    Ok(())
                })
            });
            catch_unwind(checks)
        });
        match checked {
            Ok(Ok(())) => {}
            Ok(Err(Refused::App(error))) => return Err(open_exception(py, &error)),
            Ok(Err(Refused::Call(failure))) => return Err(crate::error::exception(py, &failure)),
            Err(panic) => {
                let rule = panic.downcast_ref::<String>().cloned();
                let rule = rule.or_else(|| panic.downcast_ref::<&str>().map(|rule| (*rule).to_owned()));
                return Err(match rule {
                    Some(rule) => PyAssertionError::new_err(rule),
                    None => PyRuntimeError::new_err("a check ended in a way of its own"),
                });
            }
        }
    }
    Ok(())
}

/// Why the login could not be checked.
enum Refused {
    App(mti::OpenError),
    Call(mti_element::Failure),
}
