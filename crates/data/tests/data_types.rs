//! Which values fields take, and in which form they keep them.

use std::borrow::Borrow;

use mti_data::{DataType, Field, ModelSchema};
use serde_json::{Value, json};

fn field(definition: Value) -> Field {
    let mut definition = definition;
    definition["name"] = json!("f");
    let fields = json!({"fields": [{"name": "id", "dataType": "AutoInt", "primaryKey": true}, definition]});
    let schema = ModelSchema::parse("m", "a.b", &fields).expect("a good schema");
    schema.field("f").expect("the field").clone()
}

fn of_type(data_type: &str) -> Field {
    field(json!({"dataType": data_type}))
}

fn keeps(field: &Field, given: impl Borrow<Value>, kept: Value) {
    let given = given.borrow();
    assert_eq!(field.check(given), Ok(kept), "{} {given}", field.data_type);
}

fn refuses(field: &Field, given: impl Borrow<Value>) {
    let given = given.borrow();
    let error = field.check(given).expect_err(&format!("{} {given}", field.data_type));
    assert_eq!(error.field, "f");
}

#[test]
fn texts_have_limits_counted_in_characters() {
    keeps(&of_type("Stext"), json!("微".repeat(255)), json!("微".repeat(255)));
    refuses(&of_type("Stext"), json!("微".repeat(256)));
    keeps(&of_type("Ltext"), json!("a".repeat(1024)), json!("a".repeat(1024)));
    refuses(&of_type("Ltext"), json!("a".repeat(1025)));
    let narrow = field(json!({"dataType": "Stext", "maxLen": 3, "minLen": 2}));
    keeps(&narrow, json!("abc"), json!("abc"));
    refuses(&narrow, json!("abcd"));
    refuses(&narrow, json!("a"));
}

#[test]
fn texts_are_texts() {
    for value in [json!(1), json!(true), json!([]), json!("a\u{0}b")] {
        refuses(&of_type("Stext"), value);
    }
    keeps(&of_type("Stext"), json!(""), json!(""));
}

#[test]
fn whole_numbers() {
    for name in ["Integer", "AutoInt"] {
        let data_type = DataType::from_name(name).unwrap();
        assert_eq!(data_type.name(), name);
    }
    let integer = of_type("Integer");
    keeps(&integer, json!(i64::MAX), json!(i64::MAX));
    keeps(&integer, json!(3.0), json!(3));
    for value in [json!(3.5), json!("3"), json!(true), json!(u64::MAX), json!(1e300)] {
        refuses(&integer, value);
    }
}

#[test]
fn numbers_have_one_form() {
    let numeric = of_type("Numeric");
    keeps(&numeric, json!(2.0), json!(2));
    keeps(&numeric, json!(-0.0), json!(0));
    keeps(&numeric, json!(0.1), json!(0.1));
    keeps(&field(json!({"dataType": "Money", "decimal": 2})), json!(2.346), json!(2.35));
    refuses(&field(json!({"dataType": "Numeric", "maxDigits": 3})), json!(1000));
    for value in [json!("1"), json!(9_007_199_254_740_993_i64), json!(1e18)] {
        refuses(&numeric, value);
    }
}

#[test]
fn truth_values() {
    keeps(&of_type("Boolean"), json!(1), json!(true));
    keeps(&of_type("Boolean"), json!(false), json!(false));
    keeps(&of_type("Checkbox"), json!(true), json!(1));
    keeps(&of_type("Checkbox"), json!(0), json!(0));
    for value in [json!(2), json!("true"), json!(0.5)] {
        refuses(&of_type("Boolean"), value.clone());
        refuses(&of_type("Checkbox"), value);
    }
}

#[test]
fn days_and_times() {
    keeps(&of_type("Date"), json!("2024-02-29"), json!("2024-02-29"));
    keeps(&of_type("Datetime"), json!("2026-11-22T08:30"), json!("2026-11-22 08:30:00"));
    keeps(&of_type("Time"), json!("23:59:59"), json!("23:59:59"));
    for value in ["2023-02-29", "1900-02-29", "2026-13-01", "2026-1-1", "0000-01-01", "2026-01-01-", "２０２６-01-01"]
    {
        refuses(&of_type("Date"), json!(value));
    }
    for value in ["2026-11-22", "2026-11-22 24:00:00", "2026-11-22 08:30:00Z", "2026-11-22  08:30:00"] {
        refuses(&of_type("Datetime"), json!(value));
    }
    refuses(&of_type("Time"), json!("12:60"));
}

#[test]
fn choices_and_telephone_numbers() {
    let radio = field(json!({"dataType": "Radio", "options": [{"label": "Red", "value": "red"}, {"value": "blue"}]}));
    keeps(&radio, json!("blue"), json!("blue"));
    refuses(&radio, json!("green"));
    let open = field(json!({"dataType": "Dropdown", "allowManualInput": 1, "options": [{"value": "red"}]}));
    keeps(&open, json!("green"), json!("green"));
    keeps(&of_type("Phone"), json!("+86 (28) 123-4567"), json!("+86 (28) 123-4567"));
    refuses(&of_type("Phone"), json!("call me"));
}

#[test]
fn json_is_bounded() {
    let kept = json!({"a": [1, null, "x"]});
    keeps(&of_type("Json"), kept.clone(), kept);
    let deep = (0..64).fold(json!(1), |inner, _| json!([inner]));
    refuses(&of_type("Json"), deep);
    refuses(&of_type("Json"), json!("x".repeat(1 << 20)));
    refuses(&of_type("Json"), json!({"a\u{0}": 1}));
}

#[test]
fn null_passes_unless_a_value_is_required() {
    keeps(&of_type("Stext"), Value::Null, Value::Null);
    refuses(&field(json!({"dataType": "Stext", "required": true})), Value::Null);
}

#[test]
fn messages_do_not_show_the_value() {
    let error = of_type("Integer").check(&json!("top secret")).unwrap_err();
    assert_eq!(error.to_string(), "field `f`: expected a whole number, found a text");
}
