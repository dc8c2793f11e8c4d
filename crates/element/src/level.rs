use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::{Answer, Arguments, Failure, Frame, MethodDescriptor, OpenContext, Result, SourcePosition};

/// A boxed future, as levels return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call that failed before it began.
#[doc(hidden)]
#[cold]
pub fn failed(failure: Failure) -> BoxFuture<'static, Result<Answer>> {
    Box::pin(std::future::ready(Err(failure)))
}

/// One place that implements methods of elements, written in Rust: the code of a Type, of an override, or of an
/// element itself.
///
/// The value is the state of the level: one for each live element whose chain the level is part of, opened at
/// the element's first use. Levels share nothing but steps, so two levels of one chain cannot collide.
///
/// A level implements the steps that it names, and only those:
///
/// ```ignore
/// #[derive(Level)]
/// struct MembersOnly;
///
/// #[level]
/// impl WeChatSteps for MembersOnly {
///     async fn match_user(&self, this: WeChat<'_>, who: Identity) -> Result<Option<UserId>> {
///         this.sup().match_user(who).await   // the next level of the chain
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a level",
    note = "derive `Level`, or implement it (its `open`), and put `#[level]` on the `impl` of the steps that it overrides"
)]
pub trait Level: LevelMethods {
    /// Makes the state of this level for one element. `#[derive(Level)]` writes it for a struct without fields, and for
    /// one that is read from the element's config (`#[derive(Deserialize, Level)]`).
    ///
    /// It reads definitions and config only: no input or output, and no other live element, so that loading can
    /// neither block nor deadlock. Connections open at first use.
    fn open(context: &OpenContext<'_>) -> Result<Self>;

    /// Lets go of what the level holds, after the last call of an element that was changed or removed.
    fn retire(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// The methods that a level names. `#[level]` writes this implementation.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `#[level]`",
    label = "put `#[level]` on the `impl` of the steps that this type overrides",
    note = "`#[level] impl WeChatSteps for {Self} {{ … }}`; further traits of steps: `#[level(OtherSteps)]` there, and \
            `#[level(part)]` on `impl OtherSteps for {Self}`"
)]
pub trait LevelMethods: Sized + Send + Sync + 'static {
    /// The methods of this level, each with its descriptor.
    fn methods() -> Vec<NativeMethod<Self>>;
}

/// A method of a level written in Rust.
pub struct NativeMethod<L> {
    /// What is known of it without calling it.
    pub descriptor: MethodDescriptor,
    /// Takes the arguments apart, calls the step and wraps its result.
    pub call: for<'a> fn(&'a L, Frame<'a>, Arguments<'a>) -> BoxFuture<'a, Result<Answer>>,
}

impl<L> fmt::Debug for NativeMethod<L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.descriptor.fmt(formatter)
    }
}

/// The code of a level, in whatever language: what the registry holds for a definition on disk that declares code.
pub trait LevelCode: Send + Sync + fmt::Debug {
    /// The language, as `explain` prints it: `rust`.
    fn language(&self) -> &'static str;

    /// The methods that it implements. A call names one by its index here.
    fn methods(&self) -> &[MethodDescriptor];

    /// What stands in it under names that could be those of steps, and is none: it overrides nothing, and `check` says so
    /// where something was probably meant to.
    fn other_names(&self) -> &[OtherName] {
        &[]
    }

    /// Opens the level for one element.
    fn open(&self, context: &OpenContext<'_>) -> Result<Box<dyn OpenLevel>>;
}

/// A name in the code of a level that is none of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherName {
    /// The name.
    pub name: String,
    /// What it stands for, in the words of the language: `str`.
    pub kind: String,
    /// Where the code that has it begins.
    pub source: SourcePosition,
}

/// A level as it is open for one live element.
pub trait OpenLevel: Send + Sync {
    /// Calls the method of that index in [`LevelCode::methods`].
    fn call<'a>(&'a self, method: usize, frame: Frame<'a>, arguments: Arguments<'a>) -> BoxFuture<'a, Result<Answer>>;

    /// Lets go of what it holds, after the last call.
    fn retire(&self) -> BoxFuture<'_, ()>;
}

/// The code of a [`Level`] written in Rust.
pub struct NativeCode<L> {
    descriptors: Vec<MethodDescriptor>,
    calls: std::sync::Arc<[NativeCall<L>]>,
}

type NativeCall<L> = for<'a> fn(&'a L, Frame<'a>, Arguments<'a>) -> BoxFuture<'a, Result<Answer>>;

impl<L: Level> NativeCode<L> {
    /// Gathers the methods that the level names.
    pub fn new() -> Self {
        let (descriptors, calls): (Vec<_>, Vec<_>) =
            L::methods().into_iter().map(|method| (method.descriptor, method.call)).unzip();
        Self { descriptors, calls: calls.into() }
    }
}

impl<L: Level> Default for NativeCode<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L> fmt::Debug for NativeCode<L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NativeCode<{}>", std::any::type_name::<L>())
    }
}

impl<L: Level> LevelCode for NativeCode<L> {
    fn language(&self) -> &'static str {
        "rust"
    }

    fn methods(&self) -> &[MethodDescriptor] {
        &self.descriptors
    }

    fn open(&self, context: &OpenContext<'_>) -> Result<Box<dyn OpenLevel>> {
        Ok(Box::new(OpenNative { level: L::open(context)?, calls: self.calls.clone() }))
    }
}

struct OpenNative<L> {
    level: L,
    calls: std::sync::Arc<[NativeCall<L>]>,
}

impl<L: Level> OpenLevel for OpenNative<L> {
    fn call<'a>(&'a self, method: usize, frame: Frame<'a>, arguments: Arguments<'a>) -> BoxFuture<'a, Result<Answer>> {
        match self.calls.get(method) {
            Some(call) => call(&self.level, frame, arguments),
            None => failed(crate::payload::foreign_value()),
        }
    }

    fn retire(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.level.retire())
    }
}
