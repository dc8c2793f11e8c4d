use mti_core::{VersionRequirement, parse_version};

fn accepts(requirement: &str, version: &str) -> bool {
    VersionRequirement::parse(requirement).unwrap().accepts(&parse_version(version).unwrap())
}

#[test]
fn three_plain_numbers_are_exact() {
    assert!(accepts("1.2.3", "1.2.3"));
    assert!(!accepts("1.2.3", "1.2.4"));
    assert!(matches!(VersionRequirement::parse(" 1.2.3 "), Ok(VersionRequirement::Exact(_))));
}

#[test]
fn everything_else_is_a_range() {
    assert!(accepts("^1.2", "1.9.0") && !accepts("^1.2", "2.0.0") && !accepts("^1.2", "1.1.9"));
    assert!(accepts("~1.2", "1.2.9") && !accepts("~1.2", "1.3.0"));
    assert!(accepts(">=1.2, <2", "1.2.0") && !accepts(">=1.2, <2", "2.0.0"));
    assert!(accepts("*", "0.0.0"));
    assert!(VersionRequirement::ANY.accepts(&parse_version("7.0.1").unwrap()));
}

#[test]
fn a_version_is_three_numbers() {
    for bad in ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.x", "01.2.3", "1.2.3-rc1", "1.2.3+x", "1_0_0"] {
        assert!(parse_version(bad).is_err(), "{bad}");
    }
    for bad in ["", "latest", ">=1.2 <2", "1.2.3.4"] {
        assert!(VersionRequirement::parse(bad).is_err(), "{bad}");
    }
}
