use mti_core::{AppId, AppIdError, AppKey, ElementName, NameError};
use proptest::prelude::*;

#[test]
fn names_of_segments_are_accepted() {
    for name in ["a", "auths.loginTypes.MyWeChatLogin", "_private.x1", "my-element.sub-element", "登录.微信登录", "é.ñ"]
    {
        let parsed = ElementName::parse(name).unwrap();
        assert_eq!(parsed.as_str(), name);
        assert_eq!(parsed.to_string(), name);
    }
}

#[test]
fn what_is_wrong_with_a_name_is_told() {
    let bad = |name: &str| ElementName::parse(name).unwrap_err();
    assert_eq!(bad(""), NameError::Empty);
    for name in [".", "a.", ".a", "a..b"] {
        assert_eq!(bad(name), NameError::EmptySegment, "{name}");
    }
    assert!(matches!(bad("a.1b"), NameError::BadStart { character: '1', .. }));
    assert!(matches!(bad("-a"), NameError::BadStart { character: '-', .. }));
    assert!(matches!(bad("a.b-"), NameError::TrailingHyphen { .. }));
    assert!(matches!(bad("a/b"), NameError::BadCharacter { character: '/', .. }));
    assert!(matches!(bad("a b"), NameError::BadCharacter { character: ' ', .. }));
    assert!(matches!(bad("a\u{202e}b"), NameError::BadCharacter { .. }));
    assert!(matches!(bad(&"x".repeat(256)), NameError::SegmentTooLong { length: 256, .. }));
    assert!(matches!(bad(&["x".repeat(200).as_str(); 6].join(".")), NameError::TooLong { .. }));
    assert!(ElementName::parse(&"x".repeat(255)).is_ok());
}

#[test]
fn a_name_knows_its_relatives() {
    let name = ElementName::parse("auths.loginTypes.Meta").unwrap();
    assert_eq!(name.last_segment(), "Meta");
    assert_eq!(name.parent().unwrap(), "auths.loginTypes");
    assert_eq!(name.parent().unwrap().child("Meta").unwrap(), name);
    assert!(ElementName::parse("auths").unwrap().parent().is_none());
    assert!(name.child("a.b").is_err());
    assert!(name.is_below(&ElementName::parse("auths").unwrap()));
    assert!(!name.is_below(&name));
    assert!(!ElementName::parse("auths2.x").unwrap().is_below(&ElementName::parse("auths").unwrap()));
}

#[test]
fn names_are_found_in_maps_by_text() {
    let mut map = std::collections::HashMap::new();
    let mut tree = std::collections::BTreeMap::new();
    let name = ElementName::parse("a.b").unwrap();
    map.insert(name.clone(), 1);
    tree.insert(name, 2);
    assert_eq!(map.get("a.b"), Some(&1));
    assert_eq!(tree.get("a.b"), Some(&2));
}

#[test]
fn an_app_id_has_two_segments() {
    let id = AppId::parse("acme.shop-2").unwrap();
    assert_eq!((id.org(), id.name()), ("acme", "shop-2"));
    for bad in ["acme", "a.b.c", ""] {
        assert!(matches!(AppId::parse(bad), Err(AppIdError::NotTwoSegments { .. })), "{bad}");
    }
    for bad in ["a.", ".b", "a.1", "a b.c"] {
        assert!(matches!(AppId::parse(bad), Err(AppIdError::Segment(_))), "{bad}");
    }
    let version = mti_core::parse_version("1.2.3").unwrap();
    assert_eq!(AppKey { id, version }.to_string(), "acme.shop-2@1.2.3");
}

proptest! {
    #[test]
    fn any_text_is_a_name_or_an_error(text in ".{0,40}") {
        if let Ok(name) = ElementName::parse(&text) {
            prop_assert_eq!(name.segments().collect::<Vec<_>>().join("."), text);
            let again = name.segments().skip(1).fold(
                ElementName::parse(name.segments().next().unwrap()).unwrap(),
                |name, segment| name.child(segment).unwrap(),
            );
            prop_assert_eq!(again, name);
        }
    }

    #[test]
    fn identifiers_joined_by_dots_are_names(segments in prop::collection::vec("[\\p{XID_Start}_](\\p{XID_Continue}|-){0,8}\\p{XID_Continue}", 1..6)) {
        prop_assert!(ElementName::parse(&segments.join(".")).is_ok());
    }
}
