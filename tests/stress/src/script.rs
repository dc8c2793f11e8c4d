use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mti_core::{AppChain, AppKey, Code, Definition, Diagnostic, ElementName};
use mti_element::{
    Answer, Arguments, BoxFuture, Fail, Frame, Language, LevelCode, MethodDescriptor, MethodKind, NamedArguments,
    OpenContext, OpenLevel, OwnedFrame, Result, SourcePosition, Value,
};
use serde::Deserialize;
use serde_json::json;

use crate::gates::Gates;
use crate::objects::{Object, Objects, RetireMode, WANTED_PANIC};

/// The file that holds the code of a definition.
pub(crate) const CODE_FILE: &str = "__init__.py";
/// A file outside of all elements that all code of an app is made of as well.
pub(crate) const SHARED_FILE: &str = "commons/shared.txt";

/// A language whose code is one line in a file, so that code can be edited, broken, emptied and deleted while the app
/// runs: `words base 3` is version 3 of the level `base` of the words, `guard 4` version 4 of the door's guard.
#[derive(Debug)]
pub(crate) struct ScriptLanguage {
    objects: Arc<Objects>,
    books: Mutex<Books>,
    panics_next: AtomicBool,
}

#[derive(Debug, Default)]
struct Books {
    /// The code as it is on disk, with what is shared.
    texts: BTreeMap<(AppKey, ElementName), Text>,
    /// What was made of it last.
    codes: BTreeMap<(AppKey, ElementName), (Text, Arc<ScriptCode>)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Text {
    own: String,
    shared: String,
}

impl ScriptLanguage {
    /// A language whose levels count their live objects.
    pub(crate) fn new(objects: Arc<Objects>) -> Self {
        Self { objects, books: Mutex::default(), panics_next: AtomicBool::new(false) }
    }

    /// Has the next look at the code panic, and with it the reload.
    pub(crate) fn panic_next(&self) {
        self.panics_next.store(true, Ordering::SeqCst);
    }

    /// Whether the panic that was asked for is still to come.
    pub(crate) fn is_about_to_panic(&self) -> bool {
        self.panics_next.load(Ordering::SeqCst)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Language for ScriptLanguage {
    fn name(&self) -> &'static str {
        "python"
    }

    fn refresh(&self, apps: &AppChain) -> bool {
        assert!(!self.panics_next.swap(false, Ordering::SeqCst), "{WANTED_PANIC}");
        let mut texts = BTreeMap::new();
        for app in &apps.apps {
            let Some(root) = app.files.root() else { continue };
            let shared = fs::read_to_string(root.join(SHARED_FILE)).unwrap_or_default();
            for (name, discovered) in &app.elements {
                let Some(definition) = discovered.definition() else { continue };
                let Ok(own) = fs::read_to_string(root.join(&*definition.directory).join(CODE_FILE)) else { continue };
                texts.insert((app.key().clone(), name.clone()), Text { own, shared: shared.clone() });
            }
        }
        let mut books = self.books();
        let is_new = books.texts != texts;
        books.texts = texts;
        is_new
    }

    fn level(&self, definition: &Definition) -> Result<Arc<dyn LevelCode>, Vec<Diagnostic>> {
        let key = (definition.app.clone(), definition.name.clone());
        let mut books = self.books();
        let failed = |why: &str| {
            let message = format!("the script of `{}` {why}", definition.name);
            vec![Diagnostic::new(Code::LoaderFailed, message)]
        };
        let Some(text) = books.texts.get(&key).cloned() else { return Err(failed("is not there")) };
        if let Some((known, code)) = books.codes.get(&key)
            && *known == text
        {
            return Ok(Arc::clone(code) as _);
        }
        let script = Script::parse(&text).ok_or_else(|| failed("makes no sense"))?;
        let code = Arc::new(ScriptCode { methods: script.methods(), script, objects: Arc::clone(&self.objects) });
        books.codes.insert(key, (text, Arc::clone(&code)));
        Ok(code)
    }
}

/// What a line of code says.
#[derive(Debug, Clone)]
enum Script {
    /// A level of the words.
    Words { layer: String, version: u64, shared: u64 },
    /// The guard of the door.
    Guard { version: u64 },
}

impl Script {
    fn parse(text: &Text) -> Option<Self> {
        let shared = text.shared.trim().parse().unwrap_or_default();
        match text.own.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["words", layer, version] => {
                Some(Self::Words { layer: (*layer).to_owned(), version: version.parse().ok()?, shared })
            }
            ["guard", version] => Some(Self::Guard { version: version.parse().ok()? }),
            _ => None,
        }
    }

    fn methods(&self) -> Vec<MethodDescriptor> {
        match self {
            Self::Words { layer, .. } if layer == "base" => vec![described("read", &[]), described("hold", &["gate"])],
            Self::Words { .. } => vec![described("read", &[])],
            Self::Guard { .. } => vec![described("enter", &["who"])],
        }
    }
}

fn described(name: &'static str, arguments: &[&str]) -> MethodDescriptor {
    MethodDescriptor {
        name,
        kind: MethodKind::Method,
        documentation: String::new(),
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        optional: Vec::new(),
        signature: format!("({})", arguments.join(", ")),
        source: SourcePosition { file: CODE_FILE, line: 1 },
    }
}

#[derive(Debug)]
struct ScriptCode {
    script: Script,
    methods: Vec<MethodDescriptor>,
    objects: Arc<Objects>,
}

/// The config of a word.
#[derive(Deserialize)]
struct WordConfig {
    value: u64,
    #[serde(default)]
    retire: RetireMode,
}

impl LevelCode for ScriptCode {
    fn language(&self) -> &'static str {
        "python"
    }

    fn methods(&self) -> &[MethodDescriptor] {
        &self.methods
    }

    fn open(&self, context: &OpenContext<'_>) -> Result<Box<dyn OpenLevel>> {
        match self.script.clone() {
            Script::Guard { version } => Ok(Box::new(Guard { version })),
            Script::Words { layer, version, shared } => {
                let word = if layer == "base" {
                    let WordConfig { value, retire } = context.config()?;
                    let object = self.objects.open(context.definition().name.as_str(), retire);
                    let gates = context.resources().get_or_insert_with(Gates::default);
                    Some(Word { value, object, gates })
                } else {
                    None
                };
                Ok(Box::new(WordLevel { layer, version, shared, word }))
            }
        }
    }
}

/// A level of an element of the words.
struct WordLevel {
    layer: String,
    version: u64,
    shared: u64,
    /// The state of the element, at its lowest level.
    word: Option<Word>,
}

struct Word {
    value: u64,
    object: Object,
    gates: Arc<Gates>,
}

impl WordLevel {
    async fn answer(&self, method: usize, frame: OwnedFrame, arguments: Value) -> Result<Value> {
        let mut answer = match &self.word {
            Some(word) => {
                let _call = word.object.enter();
                if method > 0 {
                    let gate = NamedArguments::new(arguments, &["gate".to_owned()])?.take("gate")?;
                    word.gates.pass(gate).await;
                }
                tokio::task::yield_now().await;
                json!({"value": word.value, "object": word.object.number(), "levels": {}})
            }
            None => frame.call_next("read", json!({})).await?,
        };
        if let Some(levels) = answer.get_mut("levels").and_then(Value::as_object_mut) {
            levels.insert(self.layer.clone(), json!([self.version, self.shared]));
        }
        Ok(answer)
    }
}

impl OpenLevel for WordLevel {
    fn call<'a>(&'a self, method: usize, frame: Frame<'a>, arguments: Arguments<'a>) -> BoxFuture<'a, Result<Answer>> {
        let (frame, arguments) = (OwnedFrame::within(&frame), arguments.into_wire());
        Box::pin(async move { Ok(Answer::wire(self.answer(method, frame, arguments?).await?)) })
    }

    fn retire(&self) -> BoxFuture<'_, ()> {
        match &self.word {
            Some(word) => Box::pin(word.object.retire()),
            None => Box::pin(std::future::ready(())),
        }
    }
}

/// The level that keeps thieves out.
struct Guard {
    version: u64,
}

impl OpenLevel for Guard {
    fn call<'a>(&'a self, _: usize, frame: Frame<'a>, arguments: Arguments<'a>) -> BoxFuture<'a, Result<Answer>> {
        let (frame, arguments) = (OwnedFrame::within(&frame), arguments.into_wire());
        Box::pin(async move {
            let arguments = arguments?;
            if arguments.get("who").and_then(Value::as_str) != Some("friend") {
                return Err(Fail::PERMISSION_DENIED.failure());
            }
            let mut answer = frame.call_next("enter", arguments).await?;
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("guard".to_owned(), json!(self.version));
            }
            Ok(Answer::wire(answer))
        })
    }

    fn retire(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
