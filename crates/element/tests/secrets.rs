//! Secrets on their way to another language.

use mti_element::Secret;
use serde_json::{Value, json};

/// One test, because the handles of a process are kept in one place, of which it tries the bound.
#[test]
fn a_handle_is_read_once_tells_nothing_and_is_not_kept_for_ever() {
    let handle = Secret::new("correct horse").seal();
    assert!(!handle.contains("horse"), "{handle}");
    assert_ne!(handle, Secret::new("correct horse").seal());
    assert_eq!(Secret::unseal(&handle).unwrap().reveal(), "correct horse");
    assert!(Secret::unseal(&handle).is_none(), "the second time it means nothing");

    let read = |value: Value| serde_json::from_value::<Secret>(value).map(|secret| secret.reveal().to_owned());
    assert_eq!(read(json!(Secret::new("correct horse").seal())).unwrap(), "correct horse");
    assert_eq!(read(json!("in the clear")).unwrap(), "in the clear");
    assert!(read(json!("<secret:00000000000000000000000000000000>")).is_err(), "a forged one");

    let first = Secret::new("the first").seal();
    for _ in 0..5000 {
        Secret::new("another").seal();
    }
    assert!(Secret::unseal(&first).is_none(), "nobody read it for so long that nobody will");
}
