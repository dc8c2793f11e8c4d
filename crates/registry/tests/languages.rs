//! Levels in another language: a language is asked for the code of a definition, and what it gives is a level like any
//! other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mti_core::{AppChain, Code, Definition, Diagnostic};
use mti_element::{
    Answer, Arguments, BoxFuture, Frame, Language, LevelCode, MethodDescriptor, MethodKind, OpenContext, OpenLevel,
    OwnedFrame, Result, SourcePosition, Value,
};
use mti_registry::App;
use mti_testkit::Tree;

use crate::words::{BASE, CHILD, MarkA, builder, call, codes, tree};

const OVERRIDE: &str = r#"
//- child/words/PlainType/e.json
{"backend": "python"}
"#;

/// A language in which every level doubles the word of the next one.
#[derive(Debug, Default)]
pub(crate) struct Doubling {
    code: Mutex<Option<Arc<DoublingCode>>>,
    is_edited: AtomicBool,
    is_broken: AtomicBool,
}

#[derive(Debug)]
struct DoublingCode {
    methods: Vec<MethodDescriptor>,
}

struct Doubled;

impl Language for Doubling {
    fn name(&self) -> &'static str {
        "python"
    }

    fn refresh(&self, _: &AppChain) -> bool {
        let is_edited = self.is_edited.swap(false, Ordering::Relaxed);
        if is_edited {
            *self.code.lock().unwrap() = None;
        }
        is_edited
    }

    fn level(&self, definition: &Definition) -> Result<Arc<dyn LevelCode>, Vec<Diagnostic>> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(vec![Diagnostic::new(Code::LoaderFailed, format!("`{}` makes no sense", definition.name))]);
        }
        let word = || MethodDescriptor {
            name: "word",
            kind: MethodKind::Method,
            documentation: String::new(),
            arguments: Vec::new(),
            optional: Vec::new(),
            signature: "()".to_owned(),
            source: SourcePosition { file: "words/PlainType/__init__.py", line: 1 },
        };
        let mut code = self.code.lock().unwrap();
        Ok(Arc::clone(code.get_or_insert_with(|| Arc::new(DoublingCode { methods: vec![word()] }))) as _)
    }
}

impl LevelCode for DoublingCode {
    fn language(&self) -> &'static str {
        "python"
    }

    fn methods(&self) -> &[MethodDescriptor] {
        &self.methods
    }

    fn open(&self, _: &OpenContext<'_>) -> Result<Box<dyn OpenLevel>> {
        Ok(Box::new(Doubled))
    }
}

impl OpenLevel for Doubled {
    fn call<'a>(&'a self, _: usize, frame: Frame<'a>, arguments: Arguments<'a>) -> BoxFuture<'a, Result<Answer>> {
        let (frame, arguments) = (OwnedFrame::within(&frame), arguments.into_wire());
        Box::pin(async move {
            let word = frame.call_next("word", arguments?).await?;
            let word = word.as_str().unwrap_or_default();
            Ok(Answer::wire(Value::from(format!("{word}{word}"))))
        })
    }

    fn retire(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

pub(crate) fn open(tree: &Tree, language: &Arc<Doubling>) -> App {
    builder(tree, "child").language(Arc::clone(language) as _).open().unwrap()
}

#[tokio::test]
async fn its_levels_are_called_by_rust_and_call_rust() {
    let tree = tree(&[BASE, CHILD, OVERRIDE]);
    let app = open(&tree, &Arc::default());
    assert_eq!(call(&app, "words.Hello", "say").await, "say hellohello");
    assert_eq!(codes(&app), [""; 0]);
}

#[tokio::test]
async fn a_chain_mixes_languages_in_any_order() {
    let grandchild = r#"
//- grandchild/app.json
{"appId": "acme.grandchild", "version": "1.0.0", "extends": [{"appId": "acme.child", "version": "^1.0"}]}
//- grandchild/words/PlainType/e.json
{"backend": "rust"}
"#;
    let tree = tree(&[BASE, CHILD, OVERRIDE, grandchild]);
    let language: Arc<Doubling> = Arc::default();
    let builder = builder(&tree, "grandchild").level::<MarkA>("acme.grandchild", "words.PlainType");
    let app = builder.language(language).open().unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say Ahellohello");
}

#[tokio::test]
async fn code_that_cannot_be_loaded_quarantines_and_what_ran_goes_on() {
    let tree = tree(&[BASE, CHILD, OVERRIDE]);
    let language: Arc<Doubling> = Arc::default();
    language.is_broken.store(true, Ordering::Relaxed);
    let app = open(&tree, &language);
    assert_eq!(codes(&app), ["quarantined-dependency", "loader-failed"]);
    assert!(app.get_element("words.Hello").unwrap_err().diagnostics()[0].message.contains("makes no sense"));

    language.is_broken.store(false, Ordering::Relaxed);
    let app = open(&tree, &language);
    assert_eq!(call(&app, "words.Hello", "word").await, "hellohello");
    language.is_broken.store(true, Ordering::Relaxed);
    language.is_edited.store(true, Ordering::Relaxed);
    let reloaded = app.reload(None).unwrap();
    assert_eq!(reloaded.outdated.iter().map(ToString::to_string).collect::<Vec<_>>(), ["words.PlainType"]);
    assert_eq!(call(&app, "words.Hello", "word").await, "hellohello", "the last good version");
}

#[tokio::test]
async fn a_reload_makes_anew_what_new_code_is_part_of_and_nothing_else() {
    let tree = tree(&[BASE, CHILD, OVERRIDE]);
    let language: Arc<Doubling> = Arc::default();
    let app = open(&tree, &language);
    let live = app.get_element("words.Hello").unwrap().live().unwrap();

    assert!(app.reload(None).unwrap().remade.is_empty());
    assert!(Arc::ptr_eq(&live, &app.get_element("words.Hello").unwrap().live().unwrap()));

    language.is_edited.store(true, Ordering::Relaxed);
    let remade = app.reload(None).unwrap().remade;
    assert_eq!(remade.iter().map(ToString::to_string).collect::<Vec<_>>(), ["words.Hello"]);
    assert!(!Arc::ptr_eq(&live, &app.get_element("words.Hello").unwrap().live().unwrap()));
}
