//! What a failure shows, and to whom.

use mti_element::{Fail, Failure, Secret};
use serde_json::json;

#[test]
fn a_foreign_error_is_an_element_exception_whose_cause_only_the_operator_sees() {
    let failure = Failure::from(std::io::Error::other("disk of host-17 is full"));
    assert!(failure.is(Fail::ELEMENT_EXCEPTION));
    assert!(!failure.message().contains("host-17"));
    assert!(!failure.to_string().contains("host-17"));
    assert!(failure.operator_message().contains("disk of host-17 is full"));
}

#[test]
fn details_add_up() {
    let failure = Fail::API_PARAMS_ERROR
        .because("`code` is too long")
        .noting("515 bytes")
        .caused_by(std::io::Error::other("why"));
    assert_eq!(failure.operator_message(), "API_PARAMS_ERROR: `code` is too long: 515 bytes: why");
    assert_eq!(Fail::LOGIN_REQUIRED.with(json!({"a": 1})).data(), Some(&json!({"a": 1})));
}

#[test]
fn a_secret_is_redacted_in_debug() {
    assert_eq!(format!("{:?}", Secret::new("canary")), "<redacted>");
}
