use mti_data::{Batch, Model};
use serde_json::json;

use crate::support::{Person, World};

const ANNA: Person = Person::new("open-anna");
const SESSIONS: &str = "auths.loginTypes.models.SessionModel";
const STORES: [&str; 5] = ["LoginStateModel", "SpentCodeModel", "BindTicketModel", "LoginCodeModel", "SessionModel"];

#[tokio::test]
async fn what_has_expired_is_taken_out_and_nothing_else() {
    let world = World::new().await;
    world.bound("anna", ANNA).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    browser.login_code(ANNA).await.unwrap();
    browser.login_code(Person::new("stranger")).await.unwrap_err();
    browser.state_for("login").await;
    let counts = async || {
        let mut counts = Vec::new();
        for store in STORES {
            counts.push(world.rows(&format!("auths.loginTypes.models.{store}")).await.len());
        }
        counts
    };
    assert_eq!(counts().await, [1, 3, 1, 1, 1]);
    assert_eq!(world.sweep().await, 0);
    world.advance(300);
    assert_eq!(world.sweep().await, 2);
    assert_eq!(counts().await, [1, 3, 0, 0, 1]);
    world.advance(600);
    assert_eq!(world.sweep().await, 4);
    assert_eq!(counts().await, [0, 0, 0, 0, 1]);
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    world.advance(7 * 24 * 60 * 60);
    assert_eq!(world.sweep().await, 1);
    assert_eq!(world.bindings().await.len(), 1);
}

#[tokio::test]
async fn a_round_through_a_large_table_takes_several_sweeps() {
    let world = World::new().await;
    let mut batch = Batch::new();
    for number in 0..2_100 {
        let user_id = match number {
            0 => "ben",
            2_099 => "root",
            _ => "anna",
        };
        let row = json!({
            "tokenHash": format!("hash-{number}"), "loginType": "auths.loginTypes.MyWeChatLogin",
            "userId": user_id, "createdAt": 1, "expiresAt": 2_000_000_000,
        });
        batch = batch.insert(SESSIONS, row.as_object().unwrap().clone());
    }
    world.app.get::<Model<'_>>(SESSIONS).unwrap().execute(batch).await.unwrap();
    assert_eq!(world.sweep().await, 0);
    for user_id in ["ben", "root"] {
        let users = format!("Q(userId='{user_id}')");
        world.change("auths.models.UserModel", &users, json!({ "isActive": false })).await;
    }
    assert_eq!(world.sweep().await, 1, "it goes on behind the rows that it has seen");
    assert_eq!(world.sweep().await, 1, "and begins again at the end");
    assert_eq!(world.rows(SESSIONS).await.iter().filter(|row| row["userId"] != "anna").count(), 0);
}

#[tokio::test]
async fn a_sweep_takes_out_more_than_one_step() {
    let world = World::new().await;
    for number in 0..1100 {
        let row = json!({ "codeHash": format!("hash-{number}"), "expiresAt": 1 });
        world.add("auths.loginTypes.models.SpentCodeModel", row).await;
    }
    assert_eq!(world.sweep().await, 1100);
}
