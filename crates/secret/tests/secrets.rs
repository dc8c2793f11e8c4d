//! Secrets on their way to another language.

use mti_secret::Secret;
use serde_json::{Value, json};

fn read(value: Value) -> Result<String, serde_json::Error> {
    serde_json::from_value::<Secret>(value).map(|secret| secret.reveal().to_owned())
}

/// One test, because the handles of a process are kept in one place, of which it tries the bound.
#[test]
fn a_handle_is_read_once_tells_nothing_and_is_lost_to_no_burst() {
    let handle = Secret::new("correct horse").seal();
    assert!(!handle.contains("horse"), "{handle}");
    assert_ne!(handle, Secret::new("correct horse").seal());
    assert_eq!(Secret::unseal(&handle).unwrap().reveal(), "correct horse");
    assert!(Secret::unseal(&handle).is_none(), "the second time it means nothing");
    assert!(read(json!(handle)).is_err(), "not as a secret either");
    assert_eq!(read(json!(Secret::new("correct horse").seal())).unwrap(), "correct horse");

    // One who has a handle knows no others.
    let next = Secret::new("another").seal();
    let (start, end) = handle.rsplit_once('-').unwrap();
    let number = u64::from_str_radix(start.rsplit_once('-').unwrap().1, 16).unwrap();
    let start = start.rsplit_once('-').unwrap().0;
    for guess in number..number + 8 {
        assert!(Secret::unseal(&format!("{start}-{guess:x}-{end}")).is_none());
    }
    assert_eq!(Secret::unseal(&next).unwrap().reveal(), "another");

    let first = Secret::new("the first").seal();
    let burst: Vec<_> = (0..70_000).map(|number| Secret::new(number.to_string()).seal()).collect();
    assert_eq!(Secret::unseal(&first).unwrap().reveal(), "the first");
    let kept = burst.iter().filter_map(|handle| Secret::unseal(handle)).count();
    assert!((60_000..70_000).contains(&kept), "{kept} of 70 000 are kept");
    assert!(read(json!(burst[69_999])).is_err(), "one that was too much is not read as a text");
    assert_eq!(read(json!(Secret::new("afterwards").seal())).unwrap(), "afterwards");
}

#[test]
fn a_secret_may_look_like_a_handle() {
    for text in [
        "in the clear",
        "<secret:",
        "<secret:00000000000000000000000000000000>",
        "<secret:00000000000000000000000000000000-0-00000000000000000000000000000000>",
    ] {
        assert_eq!(read(json!(text)).unwrap(), text);
    }
}
