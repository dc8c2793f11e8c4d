use mti_registry::App;

use super::checks;
use super::credentials::Credentials;

/// What every login Type keeps to. An app that adds or overrides one runs it over its own instance:
///
/// ```ignore
/// let wechat = SimulatedWeChat::start().await;
/// let app = open(&wechat);
/// let credentials = WeChatCredentials::new(&app, LOGIN, &wechat).await?;
/// LoginContract { app: &app, login: LOGIN, credentials: &credentials, users: ["ann", "ben"], people: ["li-si", "mona"] }
///     .run()
///     .await;
/// ```
///
/// A check that finds a difference panics and says which rule is broken.
#[derive(Debug, Clone, Copy)]
pub struct LoginContract<'a> {
    /// The app. Its data changes: take one of its own.
    pub app: &'a App,
    /// The full name of the instance.
    pub login: &'a str,
    /// What people sign in with.
    pub credentials: &'a dyn Credentials,
    /// Two users who may sign in, are no administrators, and are bound to nobody.
    pub users: [&'a str; 2],
    /// Two people who are nobody here yet, as the credentials know them.
    pub people: [&'a str; 2],
}

impl LoginContract<'_> {
    /// Checks a login that is switched on.
    ///
    /// # Panics
    ///
    /// When a rule is broken.
    pub async fn run(&self) {
        checks::interface(self).await;
        checks::login_config(self, true).await;
        checks::strangers(self).await;
        checks::binding(self).await;
        checks::session(self).await;
        checks::own_matters_only(self).await;
        checks::disabled_user(self).await;
        checks::unbinding(self).await;
    }

    /// Checks the same login in an app where it is switched off, such as by `type_defaults` with `"isActive": false`.
    ///
    /// # Panics
    ///
    /// When a rule is broken.
    pub async fn run_switched_off(&self) {
        checks::login_config(self, false).await;
        checks::switched_off(self).await;
    }
}
