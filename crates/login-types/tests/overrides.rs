//! What an author writes to change one step, below the Type and over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mti_data::Filter;
use mti_data::Model;
use mti_element::{Fail, Level, OpenContext, Result, level};
use mti_login_types::{Corp, Identity, UserId, WeChat, WeChatSteps, fails};
use mti_registry::AppBuilder;
use serde_json::json;

use crate::support::{Person, World, assert_fails};

const ANNA: Person = Person::new("open-anna");
const STAFF: Person = Person::new("open-staff").with_union_id("union-staff");

/// Knows people by a list of staff whom the Type does not know.
struct ByStaffList;

impl Level for ByStaffList {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for ByStaffList {
    async fn match_user(&self, this: WeChat<'_>, who: Identity) -> Result<Option<UserId>> {
        if let Some(user) = this.sup().match_user(who.clone()).await? {
            return Ok(Some(user));
        }
        let Some(union_id) = who.union_id else { return Ok(None) };
        let app = this.app();
        let staff = app.get::<Model<'_>>("hr.models.Staff")?;
        let row = staff.get(Filter::equal("unionId", union_id), None).await?;
        Ok(row.and_then(|row| row.get("userId")?.as_str().map(UserId::from)))
    }
}

const STAFF_LIST: &str = r#"
//- hr/models/Staff/e.json
{ "title": "Staff", "type": "models.NormalType" }
//- hr/models/Staff/Staff.json
{ "fields": [
  { "name": "id", "title": "id", "dataType": "AutoInt", "primaryKey": true },
  { "name": "unionId", "title": "unionId", "dataType": "Stext" },
  { "name": "userId", "title": "userId", "dataType": "Stext" }
] }
"#;

async fn staffed(files: &str, build: impl FnOnce(AppBuilder) -> AppBuilder) -> World {
    let world = World::with(json!({}), &format!("{STAFF_LIST}{files}"), build).await;
    world.add("hr.models.Staff", json!({ "unionId": "union-staff", "userId": "ben" })).await;
    world.bound("anna", ANNA).await;
    world
}

#[tokio::test]
async fn a_type_below_the_type_changes_one_step() {
    let world = staffed(
        r#"
//- auths/loginTypes/StaffWeChatType/e.json
{ "title": "Staff WeChat", "type": "auths.loginTypes.WeChatType", "backend": "rust" }
//- auths/loginTypes/MyWeChatLogin/e.json
{ "title": "WeChat", "type": "auths.loginTypes.StaffWeChatType" }
"#,
        |builder| builder.level::<ByStaffList>("acme.shop", "auths.loginTypes.StaffWeChatType"),
    )
    .await;
    let browser = world.browser();
    browser.sign_in(STAFF).await;
    assert_eq!(browser.user().await.as_deref(), Some("ben"));
    browser.sign_in(ANNA).await;
    assert_eq!(browser.user().await.as_deref(), Some("anna"), "the step asks the Type first");
}

#[tokio::test]
async fn an_app_changes_one_step_of_the_type_itself() {
    let world = staffed("//- auths/loginTypes/WeChatType/e.json\n{ \"backend\": \"rust\" }\n", |builder| {
        builder.level::<ByStaffList>("acme.shop", "auths.loginTypes.WeChatType")
    })
    .await;
    let browser = world.browser();
    browser.sign_in(STAFF).await;
    assert_eq!(browser.user().await.as_deref(), Some("ben"));
    assert_fails(world.browser().login_code(Person::new("stranger")).await, fails::USER_AUTH_MISS);
    // Whoever is somebody by the step cannot be bound to somebody else either.
    let code = world.wechat.code(STAFF);
    assert_fails(world.call("bind", json!({ "userId": "anna", "code": code })).await, fails::AUTH_CONFLICT);
}

/// The override of the README.
struct MembersOnly;

impl Level for MembersOnly {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for MembersOnly {
    async fn match_user(&self, this: WeChat<'_>, who: Identity) -> Result<Option<UserId>> {
        let user = this.sup().match_user(who).await?;
        let Some(id) = &user else { return Ok(None) };
        let corps = this.list_corps(id.clone()).await?;
        Ok(user.filter(|_| corps.iter().any(|corp| corp.corp_id == "acme")))
    }
}

/// Makes everybody a member, from above.
struct EverybodyIsAMember;

impl Level for EverybodyIsAMember {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for EverybodyIsAMember {
    async fn list_corps(&self, _: WeChat<'_>, _: UserId) -> Result<Vec<Corp>> {
        Ok(vec![Corp { corp_id: "acme".to_owned(), corp_name: "Acme Ltd".to_owned() }])
    }
}

#[tokio::test]
async fn the_override_of_the_readme_asks_the_next_level_and_calls_the_most_derived_one() {
    let files = r#"
//- auths/loginTypes/StaffWeChatType/e.json
{ "title": "Staff", "type": "auths.loginTypes.WeChatType", "backend": "rust" }
//- auths/loginTypes/OpenWeChatType/e.json
{ "title": "Open", "type": "auths.loginTypes.StaffWeChatType", "backend": "rust" }
//- auths/loginTypes/OpenLogin/e.json
{ "title": "Open", "type": "auths.loginTypes.OpenWeChatType", "appSecret": "{secret}" }
//- auths/loginTypes/OpenLogin/OpenLogin.json
{ "authConfig": { "appId": "wx0123456789abcdef" }, "endpoints": { "api": "{wechat}" } }
//- auths/loginTypes/MyWeChatLogin/e.json
{ "title": "WeChat", "type": "auths.loginTypes.StaffWeChatType" }
"#;
    let world = World::with(json!({}), files, |builder| {
        builder
            .level::<MembersOnly>("acme.shop", "auths.loginTypes.StaffWeChatType")
            .level::<EverybodyIsAMember>("acme.shop", "auths.loginTypes.OpenWeChatType")
    })
    .await;
    world.bound("anna", ANNA).await;
    world.bound("ben", STAFF).await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    assert_fails(world.browser().login_code(STAFF).await, fails::USER_AUTH_MISS);
    let code = world.wechat.code(STAFF);
    let answer = world.element("auths.loginTypes.OpenLogin").call("getLoginCode", json!({ "code": code })).await;
    assert_eq!(answer.unwrap()["corpList"][0]["corpId"], "acme");
}

/// Is switched on and off by the test.
struct Switched(Arc<Switch>);

#[derive(Default)]
struct Switch {
    is_off: AtomicBool,
}

impl Level for Switched {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        Ok(Self(context.resources().get_or_insert_with(Switch::default)))
    }
}

#[level]
impl WeChatSteps for Switched {
    async fn is_active(&self, this: WeChat<'_>) -> Result<bool> {
        Ok(this.sup().is_active().await? && !self.0.is_off.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_login_that_is_switched_off_refuses_what_is_under_way_and_what_came_through_it() {
    let world = staffed("//- auths/loginTypes/WeChatType/e.json\n{ \"backend\": \"rust\" }\n", |builder| {
        builder.level::<Switched>("acme.shop", "auths.loginTypes.WeChatType")
    })
    .await;
    let browser = world.browser();
    browser.sign_in(ANNA).await;
    let login_code = browser.login_code(ANNA).await.unwrap()["loginCode"].clone();
    let state = browser.state_for("login").await;
    let arguments = json!({ "code": world.wechat.code(ANNA), "state": state });
    let switch = world.app.resources().get::<Switch>().unwrap();

    switch.is_off.store(true, Ordering::SeqCst);
    assert_eq!(browser.user().await, None);
    assert_fails(browser.call("getLoginCode", arguments.clone()).await, fails::LOGIN_TYPE_INACTIVE);
    assert_fails(browser.login_by_code(&login_code, "acme").await, fails::LOGIN_TYPE_INACTIVE);

    switch.is_off.store(false, Ordering::SeqCst);
    assert_eq!(browser.user().await.as_deref(), Some("anna"));
    browser.call("getLoginCode", arguments).await.unwrap();
    browser.login_by_code(&login_code, "acme").await.unwrap();
}

/// Lets nobody go who could not come back.
struct NoWayOut;

impl Level for NoWayOut {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl WeChatSteps for NoWayOut {
    async fn check_unbind(&self, this: WeChat<'_>, user_id: UserId) -> Result<()> {
        this.sup().check_unbind(user_id).await?;
        Err(Fail::PERMISSION_DENIED.because("this is your only way to sign in"))
    }

    async fn check_bind(&self, _: WeChat<'_>, _: UserId, who: Identity) -> Result<()> {
        if who.open_id == "open-banned" { Err(Fail::PERMISSION_DENIED.into()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_policy_is_a_step_of_its_own() {
    let world = staffed("//- auths/loginTypes/WeChatType/e.json\n{ \"backend\": \"rust\" }\n", |builder| {
        builder.level::<NoWayOut>("acme.shop", "auths.loginTypes.WeChatType")
    })
    .await;
    assert_fails(world.call("unbind", json!({ "userId": "anna" })).await, Fail::PERMISSION_DENIED);
    let code = world.wechat.code(Person::new("open-banned"));
    assert_fails(world.call("bind", json!({ "userId": "ben", "code": code })).await, Fail::PERMISSION_DENIED);
    assert_eq!(world.bindings().await.len(), 1);
}
