//! The Rust code of `README.md`, word for word: it compiles, and does what is said of it.

use std::fs;
use std::path::Path;

use mti::App;
use mti::prelude::*;

use crate::facade::app;
use crate::readme::one_step::MembersOnly;

#[rustfmt::skip]
#[expect(dead_code, unused_variables, reason = "the README stops where the reader goes on")]
async fn calling() -> Result<()> {
    use mti::prelude::*;
    use serde_json::json;

    let app = mti::App::open("apps/demo")?;
    let wechat = app.get_element("auths.loginTypes.MyWeChatLogin")?;
    let config = wechat.call("getLoginConfig", json!({})).await?;

    let wechat: WeChat<'_> = app.get("auths.loginTypes.MyWeChatLogin")?;   // the same, typed
    let login = wechat.get_login_code("the code from WeChat".to_owned(), None).await?;
    Ok(())
}

#[rustfmt::skip]
#[expect(dead_code, reason = "`main` is that of another program")]
mod one_step {
    use mti::prelude::*;

    #[derive(Level)]
    pub(super) struct MembersOnly;

    #[level]
    impl WeChatSteps for MembersOnly {
        async fn match_user(&self, this: WeChat<'_>, who: Identity) -> Result<Option<UserId>> {
            let user = this.sup().match_user(who).await?; // the next level
            let Some(id) = &user else { return Ok(None) };
            let corps = this.list_corps(id.clone()).await?; // virtual: the most derived level
            if corps.iter().any(|corp| corp.corp_id == "acme") {
                return Ok(user);
            }
            Err(Fail::PERMISSION_DENIED.because("only members of acme may sign in"))
        }
    }

    fn main() -> std::process::ExitCode {
        mti::main().level::<MembersOnly>("acme.shop", "auths.loginTypes.StaffWeChatType").run()
    }
}

#[test]
fn the_rust_code_of_the_readme_is_in_this_file() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(here.join("../../README.md")).expect("the README");
    let compiled = without_space(&include_str!("readme.rs").replace("pub(super) ", ""));
    let blocks: Vec<&str> = readme.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(compiled.contains(&without_space(block)), "copy this into `tests/readme.rs`:\n{block}");
    }
}

#[test]
fn the_chinese_readme_has_the_headings_and_the_code_of_the_english_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name| fs::read_to_string(root.join(name)).expect("a README");
    let (english, chinese) = (read("README.md"), read("README.zh-CN.md"));
    assert_eq!(code_blocks(&english), code_blocks(&chinese));
    assert_eq!(heading_levels(&english), heading_levels(&chinese));
}

fn code_blocks(readme: &str) -> Vec<&str> {
    readme.split("```").skip(1).step_by(2).collect()
}

/// How many `#` each heading has, without those that stand in code.
fn heading_levels(readme: &str) -> Vec<usize> {
    let prose = readme.split("```").step_by(2);
    let headings = prose.flat_map(str::lines).filter(|line| line.starts_with('#'));
    headings.map(|line| line.chars().take_while(|character| *character == '#').count()).collect()
}

fn without_space(code: &str) -> String {
    code.split_whitespace().collect()
}

const FILES: [(&str, &str); 5] = [
    ("app.json", r#"{"appId": "acme.shop", "version": "0.1.0"}"#),
    (
        "auths/loginTypes/MembersType/e.json",
        r#"{"title": "Members", "type": "auths.loginTypes.WeChatType", "backend": "rust"}"#,
    ),
    ("auths/loginTypes/Members/e.json", r#"{"title": "Members", "type": "auths.loginTypes.MembersType"}"#),
    (
        "auths/loginTypes/Members/Members.json",
        r#"{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "secret"}}"#,
    ),
    ("initData.json", r#"{"corps.models.CorpModel": [{"corpId": "acme", "corpName": "Acme"}]}"#),
];

#[tokio::test]
async fn the_override_lets_members_in_and_nobody_else() {
    let directory = app(&FILES);
    let builder = App::builder(directory.path()).level::<MembersOnly>("acme.shop", "auths.loginTypes.MembersType");
    let app = builder.open().expect("an app");
    let login = app.get::<WeChat<'_>>("auths.loginTypes.Members").expect("the login");
    let anna = Identity { app_id: "wx0123456789abcdef".to_owned(), open_id: "open-anna".to_owned(), union_id: None };
    assert_eq!(login.match_user(anna.clone()).await.expect("an answer"), None, "nobody is bound yet");
    // Whoever registers is no member yet.
    let user = login.register_user(anna.clone(), "Anna".to_owned()).await.expect("a user");
    let refused = login.match_user(anna.clone()).await.expect_err("she is no member");
    assert!(refused.is(Fail::PERMISSION_DENIED), "{refused}");
    let members = app.get::<Model<'_>>("corps.models.CorpMember").expect("the model");
    let membership = serde_json::json!({"corpId": "acme", "userId": user.as_str(), "status": 1});
    members.create(membership.as_object().expect("an object").clone()).await.expect("a row");
    assert_eq!(login.match_user(anna).await.expect("an answer"), Some(user));
}
