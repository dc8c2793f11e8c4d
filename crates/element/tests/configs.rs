//! What a level says of a config that it cannot read.

use std::sync::Arc;

use mti_core::Code;
use mti_element::{Level, NativeCode, OpenContext, Problems, Result, level, steps};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Declared, TestApp};

steps! {
    /// Nothing but a config.
    "configs.Type": Configured, ConfiguredSteps {}
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only read")]
struct Wide {
    host: String,
    port: u16,
    secure: bool,
    #[serde(default)]
    mode: Mode,
    pool: Option<Pool>,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Mode {
    #[default]
    Read,
    Write,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is only read")]
struct Pool {
    size: u32,
}

impl Level for Wide {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        context.config()
    }
}

#[level]
impl ConfiguredSteps for Wide {}

/// Says itself what it lacks.
struct ByHand;

impl Level for ByHand {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let mut problems = Problems::default();
        let key = |key: &str| {
            let problem = || context.config_problem(Code::ConfigKeyMissing, &format!("/{key}"), format!("no `{key}`"));
            context.definition().config.value().get(key).ok_or_else(problem)
        };
        let (first, second) = (problems.take(key("first")), problems.take(key("second")));
        first.zip(second).map(|_| Self).ok_or_else(|| problems.into_failure())
    }
}

#[level]
impl ConfiguredSteps for ByHand {}

fn findings<L: Level>(config: Value) -> Vec<String> {
    let levels = vec![Arc::new(NativeCode::<L>::new()) as _];
    let declared = Declared { name: "configs.One", types: &["configs.Type"], config, levels };
    match TestApp::try_with(vec![declared]) {
        Ok(_) => Vec::new(),
        Err(failure) => failure.diagnostics().iter().map(|finding| finding.message.clone()).collect(),
    }
}

#[test]
fn everything_that_is_wrong_with_a_config_is_said() {
    let expected: [(Value, &[&str]); 6] = [
        (json!({"host": "h", "port": 1, "secure": true}), &[]),
        (
            json!({}),
            &[
                "`host` is missing in the config",
                "`port` is missing in the config",
                "`secure` is missing in the config",
            ],
        ),
        (
            json!({"host": 5, "port": "canary", "mode": "none"}),
            &[
                "`host` in the config must be a string",
                "`mode` in the config must be `read` or `write`",
                "`port` in the config must be a whole number that is not negative",
                "`secure` is missing in the config",
            ],
        ),
        (
            json!({"host": "h", "port": 70000, "secure": true, "names": ["a", 5, "b", true]}),
            &[
                "`names[1]` in the config must be a string",
                "`names[3]` in the config must be a string",
                "`port` in the config must be a whole number that is not negative",
            ],
        ),
        (json!({"host": "h", "port": 1, "secure": true, "pool": {}}), &["`pool.size` is missing in the config"]),
        (
            json!({"host": "h", "port": 1, "secure": 1, "pool": 7}),
            &["`pool` in the config must be an object", "`secure` in the config must be a boolean"],
        ),
    ];
    for (config, messages) in expected {
        let mut found = findings::<Wide>(config.clone());
        found.sort();
        assert_eq!(found, messages, "{config}");
    }
}

#[test]
fn a_level_that_reads_by_hand_can_say_all_too() {
    assert_eq!(findings::<ByHand>(json!({})), ["no `first`", "no `second`"]);
    assert_eq!(findings::<ByHand>(json!({"first": 1})), ["no `second`"]);
    assert!(findings::<ByHand>(json!({"first": 1, "second": 2})).is_empty());
}
