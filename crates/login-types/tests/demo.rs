use std::path::Path;
use std::sync::Arc;

use mti_core::{AppId, DiskFiles};
use mti_registry::App;
use mti_wechat_sim::{cast, openid_for};
use serde_json::{Value, json};

fn app_directory(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps").join(name)
}

#[tokio::test]
async fn the_demo_is_without_findings_and_works_as_it_is() {
    let mut builder = App::builder(app_directory("demo"))
        .embedded(Arc::new(DiskFiles::new(app_directory("base"))))
        .default_parent(AppId::parse("mti.base").unwrap());
    for (element, code) in mti_login_types::levels().into_iter().chain(mti_data::levels()) {
        builder = builder.code("mti.base", element, code);
    }
    let app = builder.open().unwrap();
    assert!(app.check().is_empty(), "{:?}", app.check());
    let config = app.get_element("auths.loginTypes.MyWeChatLogin").unwrap().call("getLoginConfig", json!({})).await;
    assert_eq!(config.unwrap()["authConfig"]["appId"], "wx0123456789abcdef");
}

#[test]
fn the_demos_user_is_the_first_person_of_the_simulator() {
    let text = std::fs::read_to_string(app_directory("demo").join("initData.json")).unwrap();
    let rows: Value = serde_json::from_str(&text).unwrap();
    let binding = &rows["auths.loginTypes.WeChatType.WeChatAuthModel"][0];
    assert_eq!(binding["userId"], "user123");
    let first = cast().swap_remove(0);
    assert_eq!(binding["openId"], openid_for(&first.id, binding["appId"].as_str().unwrap()));
}
