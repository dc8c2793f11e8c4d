//! The app through the doors that its callers use.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use mti::App;
use mti::prelude::*;
use mti_example_new_family::{Quote, Tariff, TariffSteps, program};
use mti_testkit::Tree;
use serde_json::json;

const PARCEL: &str = "tariffs.Parcel";
const ISLAND_PARCEL: &str = "tariffs.IslandParcel";
const ON_AN_ISLAND: &str = "26465";
const INLAND: &str = "10115";

fn app() -> App {
    program().app(env!("CARGO_MANIFEST_DIR")).open().unwrap()
}

async fn cents(app: &App, tariff: &str, grams: u64, postcode: &str) -> u64 {
    let tariff: Tariff<'_> = app.get(tariff).unwrap();
    let Quote { cents, currency } = tariff.quote(grams, postcode.to_owned()).await.unwrap();
    assert_eq!(currency, "EUR");
    cents
}

#[test]
fn the_app_is_without_findings() {
    assert_eq!(app().check(), []);
}

#[tokio::test]
async fn an_instance_is_config_over_the_config_of_its_type() {
    let app = app();
    assert_eq!(cents(&app, PARCEL, 1, INLAND).await, 450 + 120);
    assert_eq!(cents(&app, PARCEL, 1000, INLAND).await, 450 + 120);
    assert_eq!(cents(&app, PARCEL, 1001, INLAND).await, 450 + 2 * 120);
    assert_eq!(cents(&app, PARCEL, 1000, ON_AN_ISLAND).await, 450 + 120);
}

#[tokio::test]
async fn an_instance_with_code_changes_one_step() {
    let app = app();
    assert_eq!(cents(&app, ISLAND_PARCEL, 1000, INLAND).await, 390 + 150);
    assert_eq!(cents(&app, ISLAND_PARCEL, 1000, ON_AN_ISLAND).await, 390 + 150 + 1200);
}

#[tokio::test]
async fn the_same_by_name_and_json() {
    let app = app();
    let parcel = app.get_element(PARCEL).unwrap();
    let quote = parcel.call("quote", json!({ "grams": 2500, "postcode": INLAND })).await.unwrap();
    assert_eq!(quote, json!({ "cents": 810, "currency": "EUR" }));
    for arguments in [
        json!({ "grams": 0, "postcode": INLAND }),
        json!({ "grams": 31501, "postcode": INLAND }),
        json!({ "grams": "2500", "postcode": INLAND }),
        json!({ "grams": 2500 }),
    ] {
        let failure = parcel.call("quote", arguments.clone()).await.unwrap_err();
        assert!(failure.is(Fail::API_PARAMS_ERROR), "{arguments}: {failure}");
    }
}

#[tokio::test]
async fn code_can_ask_the_family_without_knowing_its_members() {
    let app = app();
    let mut quotes = Vec::new();
    for tariff in app.find_elements(".tariffs.WeightType").unwrap() {
        let quote = tariff.through::<Tariff<'_>>().unwrap().quote(1000, ON_AN_ISLAND.to_owned()).await.unwrap();
        quotes.push((tariff.name().as_str(), quote.cents));
    }
    assert_eq!(quotes, [(ISLAND_PARCEL, 1740), (PARCEL, 570)]);
}

/// What another app makes of the family.
#[derive(Level)]
struct Free;

#[level]
impl TariffSteps for Free {
    async fn quote(&self, this: Tariff<'_>, grams: u64, postcode: String) -> Result<Quote> {
        Ok(Quote { cents: 0, ..this.sup().quote(grams, postcode).await? })
    }
}

#[tokio::test]
async fn another_app_builds_on_it() {
    let tree = Tree::new(
        r#"
//- app.json
{ "appId": "acme.shop", "version": "0.1.0", "extends": [{ "appId": "acme.new-family", "version": "^0.1" }] }
//- tariffs/WeightType/e.json
{ "backend": "rust" }
//- tariffs/Letter/e.json
{ "title": "Letter", "type": "tariffs.WeightType" }
"#,
    );
    let shop = program().level::<Free>("acme.shop", "tariffs.WeightType").app(tree.path());
    let app = shop.app_path(vec![env!("CARGO_MANIFEST_DIR").into()]).open().unwrap();
    assert_eq!(app.check(), []);
    assert_eq!(cents(&app, "tariffs.Letter", 20, INLAND).await, 0);
    assert_eq!(cents(&app, ISLAND_PARCEL, 20, ON_AN_ISLAND).await, 0);
}
