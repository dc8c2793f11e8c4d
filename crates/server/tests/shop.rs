//! The app that the tests serve.

use std::net::SocketAddr;
use std::sync::Arc;

use mti_element::{
    AppView, Authenticator, BoxFuture, Cookie, Fail, Level, OpenContext, Principal, Result, Secret, Visitor, level,
    steps,
};
use mti_registry::{App, AppBuilder};
use mti_server::{Server, ServerError, ServerOptions};
use mti_testkit::Tree;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// The cookie of a session, as browsers know it: with the first digits of the SHA-256 of `acme.shop`.
pub(crate) const COOKIE: &str = "session_53306ea7";
/// The cookie that every browser gets with its first page, as browsers know it.
pub(crate) const GREETED: &str = "greeted_53306ea7";
pub(crate) const ALICE: &str = "alice-token";

/// Where the functions of the probe are.
pub(crate) const PROBE: &str = "/api/acme/shop/probes/Probe/";

const FILES: &str = r##"
//- app.json
{"appId": "acme.shop", "version": "1.0.0", "title": "Shop </script><b>", "theme": "#3d65fd"}
//- probes/Meta/e.json
{"title": "Probes", "type": ""}
//- probes/ProbeType/e.json
{"title": "Probe", "type": "probes.Meta", "backend": "rust", "functionList": [
    {"name": "echo", "title": "Echo", "loginRequired": 0, "args": [
        {"name": "text", "title": "Text", "dataType": "Stext", "required": 1},
        {"name": "times", "title": "Times", "dataType": "Numeric", "value": 1}]},
    {"name": "secretGreeting", "title": "For users"},
    {"name": "whoAmI", "title": "Who", "loginRequired": 0},
    {"name": "address", "title": "Address", "loginRequired": 0},
    {"name": "setCookies", "title": "Set", "loginRequired": 0, "args": [
        {"name": "value", "title": "Value", "dataType": "Stext"}]},
    {"name": "readCookie", "title": "Read", "loginRequired": 0},
    {"name": "fail", "title": "Fail", "loginRequired": 0, "args": [
        {"name": "kind", "title": "Kind", "dataType": "Stext"}]},
    {"name": "explode", "title": "Explode", "loginRequired": 0},
    {"name": "wait", "title": "Wait", "loginRequired": 0},
    {"name": "absent", "title": "Declared, not implemented", "loginRequired": 0}]}
//- probes/ProbeType/frontend/shared.js
export const shared = 1;
//- probes/Probe/e.json
{"title": "The probe", "type": "probes.ProbeType"}
//- probes/Probe/Probe.json
{"secret": "s3cr3t-of-the-probe"}
//- probes/Probe/loose.js
// Not of the front end.
//- probes/Probe/frontend/widget.js
export const widget = 1;
//- probes/Probe/frontend/page.html
<!doctype html>
//- probes/Probe/frontend/deep/logo.svg
<svg xmlns="http://www.w3.org/2000/svg"/>
//- probes/Probe/frontend/config.json
{"secret": "s3cr3t-of-the-front-end"}
//- probes/Probe/frontend/notes.py
SECRET = 1
//- 探针/招呼/e.json
{"title": "招呼", "type": "probes.ProbeType"}
//- probes/Hidden/e.json
{"title": "Hidden", "type": "probes.ProbeType", "accessModifier": "private"}
//- probes/Hidden/frontend/hidden.js
export const hidden = 1;
//- probes/Broken/e.json
{"title": "Broken", "type": "nowhere.AtAll"}
//- probes/Refusing/e.json
{"title": "Refusing", "type": "probes.ProbeType"}
//- probes/Refusing/Refusing.json
{"refuses": true}
//- auths/loginTypes/Meta/e.json
{"title": "Login", "type": ""}
//- auths/loginTypes/FarType/e.json
{"title": "Far", "type": "auths.loginTypes.Meta", "loginComponent": {"tag": "far-login", "module": "ui/far-login.js"}, "functionList": [
    {"name": "getLoginConfig", "title": "Config", "loginRequired": 0},
    {"name": "getAuthorizeUrl", "title": "URL", "loginRequired": 0, "args": [{"name": "purpose", "title": "Purpose", "dataType": "Stext"}]},
    {"name": "getLoginCode", "title": "Code", "loginRequired": 0, "args": [
        {"name": "code", "title": "Code", "dataType": "Stext"}, {"name": "state", "title": "State", "dataType": "Stext"}]},
    {"name": "register", "title": "Register", "loginRequired": 0, "args": [
        {"name": "bindTicket", "title": "Ticket", "dataType": "Stext", "required": 1}, {"name": "nick", "title": "Nick", "dataType": "Stext"}]},
    {"name": "bind", "title": "Bind", "args": [{"name": "userId", "title": "User", "dataType": "Stext"}]}]}
//- auths/loginTypes/NearType/e.json
{"title": "Near", "type": "auths.loginTypes.Meta", "functionList": [
    {"name": "getLoginCode", "title": "Code", "loginRequired": 0, "args": [
        {"name": "username", "title": "Name", "dataType": "Stext"}, {"name": "password", "title": "Word", "dataType": "Stext"}]}]}
//- auths/loginTypes/FarType/frontend/ui/far-login.js
customElements.define("far-login", class extends HTMLElement {});
//- auths/loginTypes/Late/e.json
{"title": "Late", "type": "auths.loginTypes.FarType", "loginComponent": {"tag": "script", "module": "../../Late.js"}}
//- auths/loginTypes/Second/e.json
{"title": "Second", "type": "auths.loginTypes.FarType", "sort": 2}
//- auths/loginTypes/Preferred/e.json
{"title": "Preferred", "type": "auths.loginTypes.FarType", "sort": 2, "default": 1, "allowRegister": 1}
//- auths/loginTypes/First/e.json
{"title": "First", "type": "auths.loginTypes.NearType", "sort": 1}
//- auths/loginTypes/Unseen/e.json
{"title": "Unseen", "type": "auths.loginTypes.FarType", "accessModifier": "private"}
"##;

steps! {
    /// Something that shows what reaches an element.
    "probes.ProbeType": Probe, ProbeSteps {
        /// Its argument.
        "echo" fn echo(text: String, times: u32) -> String;
        /// A greeting for users.
        "secretGreeting" fn secret_greeting() -> String;
        /// Who is signed in.
        "whoAmI" fn who_am_i() -> Option<String>;
        /// Where the call comes from.
        "address" fn address() -> String;
        /// Sets a cookie and removes another.
        "setCookies" fn set_cookies(value: String) -> bool;
        /// The cookie that was set.
        "readCookie" fn read_cookie() -> Option<String>;
        /// Fails with a kind.
        "fail" fn fail(kind: String) -> bool;
        /// Panics.
        "explode" fn explode() -> bool;
        /// Waits until it is let go on.
        "wait" fn wait() -> String;
        /// Declared nowhere.
        "undeclared" fn undeclared() -> String;
    }
}

/// Holds up the calls of `wait`.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) entered: Semaphore,
    pub(crate) open: Semaphore,
}

const USER_AUTH_MISS: Fail = Fail::new("USER_AUTH_MISS", 30001, 403, "nobody is bound to this identity");

struct Probing;

impl Level for Probing {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let refuses = context.definition().config.value().get("refuses").is_some();
        if refuses { Err(Fail::ELEMENT_EXCEPTION.because("it refuses: /srv/secret/path")) } else { Ok(Self) }
    }
}

#[level]
impl ProbeSteps for Probing {
    async fn echo(&self, _: Probe<'_>, text: String, times: u32) -> Result<String> {
        Ok(text.repeat(times as usize))
    }

    async fn secret_greeting(&self, _: Probe<'_>) -> Result<String> {
        Ok("hello, user".to_owned())
    }

    async fn who_am_i(&self, this: Probe<'_>) -> Result<Option<String>> {
        Ok(this.visitor().and_then(|visitor| visitor.principal.as_ref()).map(|principal| principal.user_id.clone()))
    }

    async fn address(&self, this: Probe<'_>) -> Result<String> {
        Ok(this.visitor().map(|visitor| visitor.address.to_string()).unwrap_or_default())
    }

    async fn set_cookies(&self, this: Probe<'_>, value: String) -> Result<bool> {
        let visitor = this.visitor().ok_or(Fail::ELEMENT_EXCEPTION)?;
        visitor.set_cookie(Cookie { name: "browser", value: Secret::new(value), max_age_seconds: 600 });
        visitor.set_cookie(Cookie { name: "old", value: Secret::new(""), max_age_seconds: 0 });
        Ok(true)
    }

    async fn read_cookie(&self, this: Probe<'_>) -> Result<Option<String>> {
        Ok(this.visitor().and_then(|visitor| visitor.cookie("browser")).map(|value| value.reveal().to_owned()))
    }

    async fn fail(&self, this: Probe<'_>, kind: String) -> Result<bool> {
        Err(match kind.as_str() {
            "miss" => {
                if let Some(visitor) = this.visitor() {
                    visitor.set_cookie(Cookie { name: "ticket", value: Secret::new("t"), max_age_seconds: 300 });
                }
                USER_AUTH_MISS.with(json!({"bindTicket": "ticket", "expiresIn": 300}))
            }
            "io" => std::io::Error::other("cannot open /srv/secret/path").into(),
            "busy" => Fail::RATE_LIMITED.failure().retry_after(90),
            "inner" => Fail::ELEMENT_NOT_FOUND.because("there is no element `secret.inner.Name`"),
            "data" => Fail::ELEMENT_EXCEPTION.with(json!({"path": "/srv/secret/path"})),
            _ => Fail::PERMISSION_DENIED.because("not you").noting("a note for the operator"),
        })
    }

    async fn explode(&self, _: Probe<'_>) -> Result<bool> {
        panic!("a panic about /srv/secret/path");
    }

    async fn wait(&self, this: Probe<'_>) -> Result<String> {
        let gate = this.app().view().resources().get::<Gate>().ok_or(Fail::ELEMENT_EXCEPTION)?;
        gate.entered.add_permits(1);
        gate.open.acquire().await?.forget();
        Ok("waited".to_owned())
    }

    async fn undeclared(&self, _: Probe<'_>) -> Result<String> {
        Ok("never to be seen".to_owned())
    }
}

/// Knows one user; and a token at which the store behind it fails.
#[derive(Debug)]
struct OneUser;

impl Authenticator for OneUser {
    fn cookie_name(&self) -> &'static str {
        "session"
    }

    fn authenticate(&self, _: Arc<dyn AppView>, token: Secret) -> BoxFuture<'_, Result<Option<Principal>>> {
        Box::pin(async move {
            match token.reveal() {
                ALICE => Ok(Some(Principal {
                    user_id: "alice".to_owned(),
                    corp_id: String::new(),
                    is_admin: false,
                    token,
                    expires_in_seconds: 60,
                })),
                "failing" => Err(Fail::ELEMENT_EXCEPTION.failure().noting("the store is gone")),
                _ => Ok(None),
            }
        })
    }

    fn greet(&self, visitor: &Visitor) {
        if visitor.cookie("greeted").is_none() {
            visitor.set_cookie(Cookie { name: "greeted", value: Secret::new("1"), max_age_seconds: 60 });
        }
    }
}

/// A running server.
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    pub(crate) origin: String,
    pub(crate) app: App,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Result<(), ServerError>>,
    pub(crate) trees: Vec<Tree>,
}

pub(crate) async fn shop() -> Shop {
    shop_with(|_| {}).await
}

pub(crate) async fn shop_with(change: impl FnOnce(&mut ServerOptions)) -> Shop {
    let tree = Tree::new(FILES);
    let builder = App::builder(tree.path());
    serve(builder, vec![tree], change).await
}

/// An app whose parent is the shop.
pub(crate) async fn kiosk() -> Shop {
    let shop = Tree::new(FILES);
    let kiosk = Tree::new(
        r#"
//- app.json
{"appId": "acme.kiosk", "version": "1.0.0", "extends": [{"appId": "acme.shop", "version": "1.0.0"}]}
"#,
    );
    let builder = App::builder(kiosk.path()).app_path(vec![shop.path().to_owned()]);
    serve(builder, vec![kiosk, shop], |_| {}).await
}

async fn serve(builder: AppBuilder, trees: Vec<Tree>, change: impl FnOnce(&mut ServerOptions)) -> Shop {
    let app = builder
        .level::<Probing>("acme.shop", "probes.ProbeType")
        .resource(Gate { entered: Semaphore::new(0), open: Semaphore::new(0) })
        .open()
        .unwrap();
    let mut options = options();
    change(&mut options);
    let server = Server::bind(app.clone(), options).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let (address, origin) = (server.local_address(), server.origin().to_owned());
    let serving = tokio::spawn(server.serve(async {
        let _ = stopped.await;
    }));
    Shop { address, origin, app, stop: Some(stop), serving, trees }
}

pub(crate) fn options() -> ServerOptions {
    ServerOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::new(OneUser))
}

impl Shop {
    pub(crate) fn gate(&self) -> Arc<Gate> {
        self.app.resources().get().unwrap()
    }

    /// Changes the shop's definition of an element, and takes the change in.
    pub(crate) fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let path = self.trees.first().unwrap().path().join(file);
        let mut manifest = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(&mut manifest);
        std::fs::write(&path, manifest.to_string()).unwrap();
        self.app.reload(None).unwrap();
    }

    /// Tells the server to stop.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has.
    pub(crate) async fn stopped(self) -> Result<(), ServerError> {
        tokio::time::timeout(crate::client::PATIENCE, self.serving).await.expect("the server does not stop").unwrap()
    }
}
