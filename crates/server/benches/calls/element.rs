//! The same function as an element of an app, served by this crate.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use mti_element::{AppView, Authenticator, BoxFuture, Level, OpenContext, Principal, Result, Secret, level, steps};
use mti_registry::App;
use mti_server::{Server, ServerOptions};
use mti_testkit::Tree;
use serde::{Deserialize, Serialize};

use crate::client::{SESSION, TOKEN};
use crate::{Contender, threads};

const FILES: &str = r#"
//- app.json
{"appId": "acme.bench", "version": "1.0.0"}
//- greetings/Meta/e.json
{"title": "Greetings", "type": ""}
//- greetings/PlainType/e.json
{"title": "Plain", "type": "greetings.Meta", "backend": "rust", "functionList": [
    {"name": "greet", "title": "Greet", "args": [{"name": "name", "title": "Name", "dataType": "Stext", "required": 1}]}]}
//- greetings/Hello/e.json
{"title": "Hello", "type": "greetings.PlainType"}
"#;

/// What is said, and who is signed in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    text: String,
    user: String,
}

steps! {
    /// A greeting.
    "greetings.PlainType": Greeting, GreetingSteps {
        /// Says it.
        "greet" fn greet(name: String) -> Said;
    }
}

struct Plain;

impl Level for Plain {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl GreetingSteps for Plain {
    async fn greet(&self, this: Greeting<'_>, name: String) -> Result<Said> {
        let user = this.visitor().and_then(|visitor| visitor.principal.as_ref());
        let user = user.map(|principal| principal.user_id.clone()).unwrap_or_default();
        Ok(Said { text: format!("hello, {name}"), user })
    }
}

#[derive(Debug)]
struct Sessions(HashMap<String, String>);

impl Authenticator for Sessions {
    fn cookie_name(&self) -> &'static str {
        SESSION
    }

    fn authenticate(&self, _: Arc<dyn AppView>, token: Secret) -> BoxFuture<'_, Result<Option<Principal>>> {
        Box::pin(async move {
            Ok(self.0.get(token.reveal()).map(|user| Principal {
                user_id: user.clone(),
                corp_id: String::new(),
                is_admin: false,
                token,
                expires_in_seconds: 60,
            }))
        })
    }
}

pub(crate) fn start() -> SocketAddr {
    threads::serve(Contender::Element, async |address| {
        let tree = Tree::new(FILES);
        let app = App::builder(tree.path()).level::<Plain>("acme.bench", "greetings.PlainType").open().unwrap();
        let sessions = Sessions(HashMap::from([(TOKEN.to_owned(), "alice".to_owned())]));
        let options = ServerOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::new(sessions));
        let server = Server::bind(app, options).await.unwrap();
        address.send(server.local_address()).unwrap();
        server.serve(std::future::pending()).await.unwrap();
    })
}
