use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use mti_core::{Code, Diagnostic};
use mti_data::{DataType, NeededFields};
use mti_element::{
    Answer, Arguments, BoxFuture, Fail, Failure, Frame, LevelCode, Live, Map, MethodDescriptor, MethodKind,
    OpenContext, OpenLevel, OtherName, OwnedFrame, Result, SourcePosition, Value,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use pyo3_async_runtimes::TaskLocals;

use super::failure::{Place, failure, interned, summary};
use super::frame::{call, call_during, context_of};
use super::level::Level;
use super::quick::Promise;
use super::running::RunningApp;
use super::{PythonError, in_place, place_of};
use crate::error::exception;
use crate::thread::{attached, try_attached};
use crate::value::{Secrets, config_to_python, from_python, to_python};

/// The code of a level written in Python.
pub(crate) struct PythonCode {
    descriptors: Vec<MethodDescriptor>,
    other_names: Vec<OtherName>,
    methods: Arc<[Method]>,
    /// Makes the object of one element: `make(name, config, define)`.
    make: Py<PyAny>,
    /// What `super()` finds below the level.
    next_steps: Py<PyType>,
    /// Finds the line of the app that an exception came from.
    place: Py<PyAny>,
    app: Py<RunningApp>,
}

/// A method of the level, as it is called.
struct Method {
    name: &'static str,
    source: SourcePosition,
    /// Takes the object and the arguments by name; none where the object itself is asked for its method.
    function: Option<Py<PyAny>>,
    /// The arguments that it takes; none when it takes any.
    takes: Option<Taken>,
    manner: Manner,
}

/// The names of arguments.
struct Taken {
    all: Vec<String>,
    optional: Vec<String>,
}

/// How a method is run.
enum Manner {
    /// On the thread that calls, which may have to wait for it.
    InPlace,
    /// The same, and nobody has to wait for it.
    Quick(Promise),
    /// On the event loop.
    Task,
}

/// What the namespace tells of a method.
#[derive(FromPyObject)]
struct Described {
    name: String,
    is_property: bool,
    manner: String,
    documentation: String,
    arguments: Vec<String>,
    optional: Vec<String>,
    takes_any: bool,
    file: String,
    line: u32,
    function: Option<Py<PyAny>>,
}

/// What the namespace tells of a name that is of no method.
#[derive(FromPyObject)]
struct Other {
    name: String,
    kind: String,
    file: String,
    line: u32,
}

impl Other {
    fn named(self) -> OtherName {
        let source = SourcePosition { file: interned(&self.file), line: self.line };
        OtherName { name: self.name, kind: self.kind, source }
    }
}

impl PythonCode {
    /// The code that a namespace loaded.
    pub(super) fn of(loaded: &Bound<'_, PyAny>, namespace: &Bound<'_, PyAny>, app: Py<RunningApp>) -> PyResult<Self> {
        let described: Vec<Described> = loaded.getattr("methods")?.extract()?;
        let (descriptors, methods): (Vec<_>, Vec<_>) = described.into_iter().map(Described::taken_apart).unzip();
        let others: Vec<Other> = loaded.getattr("others")?.extract()?;
        Ok(Self {
            descriptors,
            other_names: others.into_iter().map(Other::named).collect(),
            methods: methods.into(),
            make: loaded.getattr("make")?.unbind(),
            next_steps: loaded.getattr("next_steps")?.extract()?,
            place: namespace.getattr("place")?.unbind(),
            app,
        })
    }
}

impl Described {
    fn taken_apart(self) -> (MethodDescriptor, Method) {
        let name = interned(&self.name);
        let source = SourcePosition { file: interned(&self.file), line: self.line };
        let descriptor = MethodDescriptor {
            name,
            kind: if self.is_property { MethodKind::Property } else { MethodKind::Method },
            documentation: self.documentation,
            signature: format!("({})", self.arguments.join(", ")),
            arguments: self.arguments.clone(),
            optional: self.optional.clone(),
            source,
        };
        let takes = (!self.takes_any).then_some(Taken { all: self.arguments, optional: self.optional });
        let manner = match &*self.manner {
            "task" => Manner::Task,
            "quick" => Manner::Quick(Promise::new()),
            _ => Manner::InPlace,
        };
        (descriptor, Method { name, source, function: self.function, takes, manner })
    }
}

impl LevelCode for PythonCode {
    fn language(&self) -> &'static str {
        "python"
    }

    fn methods(&self) -> &[MethodDescriptor] {
        &self.descriptors
    }

    fn other_names(&self) -> &[OtherName] {
        &self.other_names
    }

    fn open(&self, context: &OpenContext<'_>) -> Result<Box<dyn OpenLevel>> {
        let definition = context.definition();
        attached(|py| {
            let object = (|| {
                let config = config_to_python(py, definition.config.value())?;
                let define = config_to_python(py, definition.manifest.value())?;
                self.make.bind(py).call1((definition.name.as_str(), config, define))
            })();
            let object = object.map_err(|error| self.not_made(py, context, error))?;
            let needed = needed_fields(&object).map_err(|error| self.not_made(py, context, error))?;
            for fields in needed {
                fields.declare(context);
            }
            Ok(Box::new(OpenPython {
                object: object.unbind(),
                methods: Arc::clone(&self.methods),
                next_steps: self.next_steps.clone_ref(py),
                app: self.app.clone_ref(py),
            }) as _)
        })
    }
}

impl PythonCode {
    /// The failure of an element whose object cannot be made: shown where the code of the app went wrong.
    #[cold]
    fn not_made(&self, py: Python<'_>, context: &OpenContext<'_>, error: PyErr) -> Failure {
        let element = &context.definition().name;
        let place = place_of(py, self.place.bind(py), &error);
        let message = format!("`{element}` cannot be made by its level in Python: {}", summary(py, &error));
        let failure = failure(py, Place { element: element.as_str(), method: "__init__", source: None }, error);
        let Some(place) = place else { return failure };
        let is_unexpected = failure.cause::<PythonError>().is_some_and(|error| error.raised.is_none());
        if !is_unexpected {
            return failure;
        }
        let finding = Diagnostic::new(Code::LoaderFailed, message)
            .with_element(element.clone())
            .with_app(context.level().app.id.clone())
            .with_location(place);
        Fail::ELEMENT_EXCEPTION.failure().diagnosed(vec![finding])
    }
}

/// What the class of an object says in `needs_fields`: the data types of fields by name, by model.
fn needed_fields(object: &Bound<'_, PyAny>) -> PyResult<Vec<NeededFields>> {
    let Some(said) = object.get_type().getattr_opt("needs_fields")? else { return Ok(Vec::new()) };
    let wrong = |what: String| PyTypeError::new_err(format!("`needs_fields` {what}"));
    let models: BTreeMap<String, BTreeMap<String, String>> = said.extract().map_err(|_| {
        wrong("is a dict of models, each with a dict of data types: {\"hr.Staff\": {\"userId\": \"Stext\"}}".to_owned())
    })?;
    let mut needed = Vec::with_capacity(models.len());
    for (model, fields) in models {
        let mut of_model = NeededFields::of(model);
        for (field, data_type) in fields {
            let known = DataType::from_name(&data_type)
                .ok_or_else(|| wrong(format!("names `{data_type}` for `{field}`, which is no data type")))?;
            of_model = of_model.field(field, known);
        }
        needed.push(of_model);
    }
    Ok(needed)
}

impl fmt::Debug for PythonCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.descriptors.first().map_or("", |descriptor| descriptor.source.file);
        write!(formatter, "PythonCode({place})")
    }
}

/// A level as it is open for one element.
struct OpenPython {
    object: Py<PyAny>,
    methods: Arc<[Method]>,
    next_steps: Py<PyType>,
    app: Py<RunningApp>,
}

impl OpenLevel for OpenPython {
    fn call<'a>(&'a self, method: usize, frame: Frame<'a>, arguments: Arguments<'a>) -> BoxFuture<'a, Result<Answer>> {
        let secrets = if arguments.stays_within_process() { Secrets::Sealed } else { Secrets::Redacted };
        let arguments = arguments.into_wire();
        let frame = OwnedFrame::within(&frame);
        Box::pin(async move {
            let method = self.methods.get(method).ok_or(Fail::FUNCTION_NOT_FOUND)?;
            let arguments = arguments?;
            let answer = match &method.manner {
                Manner::Task => self.run_task(method, frame, arguments, secrets).await,
                Manner::InPlace => in_place(|| attached(|py| self.run(py, method, frame, arguments, secrets))),
                Manner::Quick(promise) => {
                    let live = frame.live().cloned();
                    let run = |py: Python<'_>| self.run(py, method, frame, arguments, secrets);
                    promise.run(method.of(live.as_ref()), run)
                }
            };
            answer.map(Answer::wire)
        })
    }

    fn retire(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            in_place(|| {
                try_attached(|py| {
                    let object = self.object.bind(py);
                    if object.hasattr("_retire").unwrap_or(false)
                        && let Err(error) = object.call_method0("_retire")
                    {
                        tracing::warn!("an element cannot be let go of: {error}");
                    }
                });
            });
        })
    }
}

impl OpenPython {
    /// Runs a method on this thread.
    fn run(
        &self,
        py: Python<'_>,
        method: &Method,
        frame: OwnedFrame,
        arguments: Value,
        secrets: Secrets,
    ) -> Result<Value> {
        let live = frame.live().cloned();
        let outcome = self.prepare(py, method, &frame, arguments);
        let outcome = outcome.and_then(|named| {
            let (function, object) = self.callable(py, method)?;
            call_during(frame, &function, object, &named)
        });
        let outcome = outcome.and_then(|value| from_python(&value, secrets));
        outcome.map_err(|error| failure(py, method.of(live.as_ref()), error))
    }

    /// Runs a coroutine on the event loop of all such methods, and waits for it without a thread.
    async fn run_task(&self, method: &Method, frame: OwnedFrame, arguments: Value, secrets: Secrets) -> Result<Value> {
        let live = frame.live().cloned();
        let begun = in_place(|| {
            attached(|py| {
                let begun = self.prepare(py, method, &frame, arguments).and_then(|named| {
                    let context = context_of(py, frame)?;
                    let (function, object) = self.callable(py, method)?;
                    let coroutine = call(&function, object, &named)?;
                    let event_loop = PyModule::import(py, "mti._tasks")?.call_method0("event_loop")?;
                    let locals = TaskLocals::new(event_loop).with_context(context);
                    pyo3_async_runtimes::into_future_with_locals(&locals, coroutine)
                });
                begun.map_err(|error| failure(py, method.of(live.as_ref()), error))
            })
        })?;
        let outcome = begun.await;
        in_place(|| {
            attached(|py| {
                let outcome = outcome.and_then(|value| from_python(value.bind(py), secrets));
                outcome.map_err(|error| failure(py, method.of(live.as_ref()), error))
            })
        })
    }

    /// The arguments by name, for an object that knows its element.
    fn prepare<'py>(
        &self,
        py: Python<'py>,
        method: &Method,
        frame: &OwnedFrame,
        arguments: Value,
    ) -> PyResult<Bound<'py, PyDict>> {
        if let Some(live) = frame.live() {
            self.app.get().is_open(|| frame.context().app().element(live.name().as_str()).ok());
            if let Ok(level) = self.object.bind(py).cast::<Level>() {
                Level::learn_steps(level, live, self.next_steps.bind(py))?;
            }
        }
        let named = PyDict::new(py);
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        let missing = method.takes.as_ref().and_then(|taken| taken.missing(&arguments));
        if let Some(name) = missing {
            let failure = Fail::API_PARAMS_ERROR.because(format!("argument `{name}` is missing"));
            return Err(exception(py, &failure));
        }
        for (name, argument) in &arguments {
            if let Some(taken) = method.takes.as_ref().filter(|taken| !taken.all.contains(name)) {
                // What the caller leaves out, a method need not know.
                if argument.is_null() {
                    continue;
                }
                return Err(exception(py, &taken.unknown(name)));
            }
            named.set_item(name, to_python(py, argument)?)?;
        }
        Ok(named)
    }

    /// What is called, and the object if it wants to be given it.
    fn callable<'a, 'py>(
        &'a self,
        py: Python<'py>,
        method: &Method,
    ) -> PyResult<(Bound<'py, PyAny>, Option<&'a Bound<'py, PyAny>>)> {
        let object = self.object.bind(py);
        match &method.function {
            Some(function) => Ok((function.bind(py).clone(), Some(object))),
            // The level's own, not that of the most derived level.
            None if object.is_instance_of::<Level>() => Ok((object.get_type().getattr(method.name)?, Some(object))),
            None => Ok((object.getattr(method.name)?, None)),
        }
    }
}

impl Taken {
    /// The first argument that has to be there, and is not.
    fn missing(&self, given: &Map<String, Value>) -> Option<&String> {
        self.all.iter().find(|name| !given.contains_key(*name) && !self.optional.contains(name))
    }

    #[cold]
    fn unknown(&self, name: &str) -> Failure {
        let taken = self.all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let taken = if taken.is_empty() { "no arguments".to_owned() } else { taken };
        let name = name.escape_default();
        Fail::API_PARAMS_ERROR.because(format!("`{name}` is not an argument of this function, which takes {taken}"))
    }
}

impl Method {
    /// The method as that of an element.
    fn of<'a>(&self, live: Option<&'a Arc<Live>>) -> Place<'a> {
        let element = live.map_or("", |live| live.name().as_str());
        Place { element, method: self.name, source: Some(self.source) }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}
