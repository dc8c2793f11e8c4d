//! Every diagnostic code that has an example: the example gives the code.

use mti::core::Code;
use mti_testkit::Tree;

#[test]
fn every_example_gives_its_code() {
    let mut wrong = Vec::new();
    for code in Code::all().iter().filter(|code| !code.example().is_empty()) {
        let example = code.example();
        let tree = Tree::new(example);
        if !example.contains("//- app.json") {
            tree.write("app.json", r#"{"appId": "acme.example", "version": "1.0.0"}"#);
        }
        let found = match mti::App::builder(tree.path()).environment(std::collections::BTreeMap::new()).open() {
            Ok(app) => app.check(),
            Err(mti::OpenError::App(error)) => error.diagnostics().to_vec(),
            Err(error) => panic!("{error}"),
        };
        if !found.iter().any(|finding| finding.code == *code) {
            let names: Vec<_> = found.iter().map(|finding| finding.code.name()).collect();
            wrong.push(format!("{} {}: {names:?}", code.id(), code.name()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
