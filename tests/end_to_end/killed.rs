//! Nodes that are killed in the middle of binding: what was acknowledged is there afterwards, and nothing by half.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mti::App;
use mti::data::{Database, DatabaseElement};
use mti::login_types::{Grant, Identity};
use mti::prelude::*;
use mti_testkit::database::TestDatabase;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{APP_ID, LOGIN, Tree, demo};

const BINDINGS: &str = "auths.loginTypes.WeChatType.WeChatAuthModel";
const USERS: &str = "auths.models.UserModel";

/// Names the app's directory in the process that will be killed.
const DIRECTORY: &str = "MTI_TEST_KILLED_DIRECTORY";

/// Names the server that its data is on, when it is not in the app's directory.
const DATABASE: &str = "MTI_TEST_KILLED_DATABASE_URL";

/// The round, which keeps the users of each process apart.
const ROUND: &str = "MTI_TEST_KILLED_ROUND";

/// How many rounds there are, when it is to be more than usual.
const ROUNDS: &str = "MTI_TEST_KILL_ROUNDS";

/// How many bind at once.
const BINDERS: usize = 8;

/// How many bindings a round has at most before its process is killed.
const MOST_OF_A_ROUND: u64 = 32;

/// A WeChat that nobody has to be asked at: the code is the openId.
#[derive(Debug)]
struct CodeIsOpenId;

impl Level for CodeIsOpenId {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for CodeIsOpenId {
    async fn exchange_code(&self, _: WeChat<'_>, code: String) -> Result<Grant> {
        Ok(Grant {
            identity: Identity { app_id: APP_ID.to_owned(), open_id: code, union_id: None },
            is_snapshot_user: false,
            scope: "snsapi_login".to_owned(),
            access_token: None,
            refresh_token: None,
        })
    }
}

fn app() -> Tree {
    let app = demo();
    app.write("auths/loginTypes/WeChatType/e.json", r#"{"backend": "rust"}"#);
    app
}

/// Where the nodes of an installation find what they share.
struct Installation {
    tree: Tree,
    /// The server that the data is on, which is not killed with the nodes.
    database: Option<TestDatabase>,
}

/// A node of the installation, in this process.
fn node(directory: &Path, database_url: Option<&str>) -> App {
    let mut builder = App::builder(directory).level::<CodeIsOpenId>("acme.demo", "auths.loginTypes.WeChatType");
    if let Some(url) = database_url {
        builder = builder.database_url(url).expect("a URL");
    }
    builder.open().expect("the app opens")
}

async fn close(app: &App) {
    let element: DatabaseElement<'_> = app.get("databases.Default").expect("the database");
    let database: Arc<dyn Database> = element.connect().await.expect("it opens").0;
    database.close().await.expect("it closes");
}

/// Does nothing in an ordinary run: the other tests start this binary again for it, and kill it.
///
/// Each of its users gets a binding, and another one in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_to_be_killed() {
    let (Ok(directory), Ok(round)) = (std::env::var(DIRECTORY), std::env::var(ROUND)) else {
        return;
    };
    let app = node(Path::new(&directory), std::env::var(DATABASE).ok().as_deref());
    let mut binders = JoinSet::new();
    for binder in 0..BINDERS {
        let (app, round) = (app.clone(), round.clone());
        binders.spawn(async move {
            for number in 0.. {
                let user = format!("r{round}-{binder}-{number}");
                let users: Model<'_> = app.get(USERS).expect("the model");
                users.create(row! { "userId": user.as_str() }).await.expect("a user");
                for which in ["first", "second"] {
                    let open_id = format!("{user}-{which}");
                    println!("\ntrying {user} {open_id}");
                    let bind = json!({"userId": user, "code": open_id});
                    app.get_element(LOGIN).expect("the login").call("bind", bind).await.expect("binds");
                    println!("\nbound {user} {open_id}");
                }
            }
        });
    }
    binders.join_all().await;
}

/// What a process said about one user, newest last.
#[derive(Default)]
struct Said {
    tried: Vec<String>,
    bound: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bound_is_there_after_every_kill() {
    kill_again_and_again(&Installation { tree: app(), database: None }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bound_on_a_server_is_there_after_every_kill_of_a_node() {
    kill_again_and_again(&Installation { tree: app(), database: Some(TestDatabase::new()) }).await;
}

async fn kill_again_and_again(installation: &Installation) {
    let Installation { tree, database } = installation;
    let rounds = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(200);
    let mut bound = 0;
    let mut cut_short = 0;
    for round in 0..rounds {
        let said = killed_node(installation, round);
        if let Some(database) = database {
            // The server ends by itself what a node left behind, one way or the other.
            database.wait_until_left_by(&name_of(round)).await;
        }
        let app = node(tree.path(), database.as_ref().map(TestDatabase::url).as_deref());
        let bindings: Model<'_> = app.get(BINDINGS).expect("the model");
        for (user, Said { tried, bound: told }) in &said {
            let of_user = Filter::equal("appId", APP_ID) & Filter::equal("userId", user.as_str());
            let row = bindings.get(of_user, None).await.expect("reads");
            let open_id = row.as_ref().and_then(|row| row["openId"].as_str()).map(str::to_owned);
            // What was under way may have come about, but only as a whole.
            let last_told = told.last().and_then(|last| tried.iter().position(|open_id| open_id == last));
            let possible = tried.get(last_told.unwrap_or(0)..).unwrap_or_default();
            match &open_id {
                Some(open_id) => assert!(possible.contains(open_id), "{user} has {open_id}, not one of {possible:?}"),
                None => assert!(told.is_empty(), "{user} was told of {told:?}, which is gone"),
            }
            for tried in tried {
                let of_open_id = Filter::equal("appId", APP_ID) & Filter::equal("openId", tried.as_str());
                let by_open_id = bindings.get(of_open_id, None).await.expect("reads");
                let expected = row.as_ref().filter(|_| open_id.as_ref() == Some(tried));
                assert_eq!(by_open_id.as_ref(), expected, "both unique combinations lead to the same row");
            }
            bound += u64::from(open_id.is_some());
            cut_short += usize::from(tried.len() > told.len());
        }
        let all = bindings.query(None, None, None, None, Some(0)).await.expect("counts");
        assert_eq!(all.total_count, bound, "after round {round}");
        close(&app).await;
    }
    assert!(cut_short > 0, "no process was killed in the middle of a bind");
}

/// Runs a node, kills it at some instant, and gives what it had said until then about each of its users.
fn killed_node(installation: &Installation, round: usize) -> BTreeMap<String, Said> {
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command
        .args(["--exact", "killed::node_to_be_killed", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, installation.tree.path())
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped());
    if let Some(database) = &installation.database {
        command.env(DATABASE, format!("{}&application_name={}", database.url(), name_of(round)));
    }
    let mut child = command.spawn().expect("starts");
    let random = RandomState::new().hash_one(round);
    let enough = random % MOST_OF_A_ROUND;
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    let mut bindings = 0;
    let mut killer = None;
    // What was printed before the kill still comes out of the pipe.
    for line in lines.map_while(std::io::Result::ok) {
        let mut words = line.split(' ');
        let (Some(word), Some(user), Some(open_id)) = (words.next(), words.next(), words.next()) else { continue };
        let said = said.entry(user.to_owned()).or_default();
        match word {
            "trying" => said.tried.push(open_id.to_owned()),
            "bound" => {
                said.bound.push(open_id.to_owned());
                bindings += 1;
            }
            _ => continue,
        }
        if bindings >= enough && killer.is_none() {
            let process = child.id();
            killer = Some(thread::spawn(move || {
                // Nothing is waited for: the instant is to be any one.
                thread::sleep(Duration::from_micros((random >> 32) % 4_000));
                crate::support::signal(process, "KILL");
            }));
        }
    }
    killer.expect("the process got that far").join().expect("kills");
    let status = child.wait().expect("ends");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "it ended by itself: {status}");
    said
}

/// What the server knows the node of a round by.
fn name_of(round: usize) -> String {
    format!("mti-killed-{}-{round}", std::process::id())
}
