//! The app as a whole, with its code.

use mti::core::{Diagnostic, render};

#[test]
fn the_app_is_without_findings() {
    let app = {{crate}}::program().app(env!("CARGO_MANIFEST_DIR"));
    let mut findings = app.open().expect("the app opens").check();
    findings.retain(Diagnostic::is_finding);
    assert!(findings.is_empty(), "{}", render::human(&findings, false));
}
