use std::fmt;
use std::sync::Arc;

use crate::payload::requirement;
use crate::{
    Answer, AppHandle, Arguments, CallContext, Element, Fail, Failure, Frame, Live, NativeCall, Result, RunningApp,
    StepValue, Visitor,
};

/// An element as code sees it: the one that a step is running on, or another one that it asked for.
///
/// The facades that [`steps!`](crate::steps) makes (such as `WeChat`) wrap it and add one method for each step.
#[derive(Clone)]
pub struct This<'a> {
    position: Position<'a>,
}

#[derive(Clone)]
enum Position<'a> {
    /// Inside a call of the element itself; calls enter the chain at `entry`.
    Within { frame: &'a Frame<'a>, entry: u32 },
    /// Another element that a call in progress asked for: of the snapshot that the call began on. Boxed, so that the
    /// handle that every step is given stays small.
    Beside(Box<Beside<'a>>),
    /// Outside of any call. Calls follow reloads, and no snapshot is kept.
    Outside(Box<Outside>),
    /// Where [`This::sup`] leads outside of a call of the element itself: nowhere. Calls fail.
    NoSuper(Box<Self>),
}

#[derive(Clone)]
struct Outside {
    element: Element,
    app: Arc<dyn RunningApp>,
}

#[derive(Clone)]
struct Beside<'a> {
    live: Arc<Live>,
    context: CallContext,
    caller: Option<&'a Frame<'a>>,
}

impl<'a> This<'a> {
    /// The element that a call is running on.
    #[inline]
    pub fn within(frame: &'a Frame<'a>) -> Self {
        Self { position: Position::Within { frame, entry: 0 } }
    }

    /// Another element, called as part of a call in progress.
    pub(crate) fn beside(live: Arc<Live>, context: CallContext, caller: Option<&'a Frame<'a>>) -> Self {
        Self { position: Position::Beside(Box::new(Beside { live, context, caller })) }
    }

    /// An element held outside of any call. The handle keeps the app, and none of its snapshots.
    pub fn outside(element: Element) -> Result<Self> {
        let app = element.running_app()?;
        Ok(Self { position: Position::Outside(Box::new(Outside { element, app })) })
    }

    /// The same element, entered at the next level of the chain: what the calling level overrides. Only a step has a
    /// next level, for the element that it runs on: calls through any other handle's `sup()` fail.
    #[must_use]
    #[inline]
    pub fn sup(&self) -> Self {
        match &self.position {
            Position::Within { frame, .. } => Self { position: Position::Within { frame, entry: frame.level + 1 } },
            Position::NoSuper(_) => self.clone(),
            Position::Beside(_) | Position::Outside(_) => {
                Self { position: Position::NoSuper(Box::new(self.position.clone())) }
            }
        }
    }

    /// The same element through the steps of another Type of its type chain: a Type's own facade has its own steps only,
    /// and those of the Meta or the Type above are a call away.
    ///
    /// It enters where this handle does: `this.through::<LoginType>()` is virtual, `this.sup().through::<LoginType>()`
    /// goes to the next level. Fails when the element is not of that Type.
    pub fn through<F: Facade<'a>>(&self) -> Result<F> {
        F::checked(self.clone())
    }

    /// The live object.
    pub fn live(&self) -> Result<Arc<Live>> {
        self.position.live()
    }

    /// The full name of the element.
    pub fn name(&self) -> &str {
        self.position.name()
    }

    /// The app that the element is used in: always the running one, wherever the element was declared. Within a call it
    /// is the snapshot that the call began on; outside of any call it is the app as of now.
    pub fn app(&self) -> AppHandle<'_> {
        self.position.app()
    }

    /// Who calls from outside the process; nobody when the call began in process, which is trusted.
    pub fn visitor(&self) -> Option<&Visitor> {
        self.position.visitor()
    }

    /// Calls a method. The facades make the call that its level expects.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` would keep the call twice: as argument and as variable")]
    pub fn invoke<A: Send + 'static, R: StepValue>(
        &self,
        method: &str,
        mut call: NativeCall<A, R>,
    ) -> impl Future<Output = Result<R>> + Send {
        async move {
            let arguments = Arguments::of(&mut call);
            let begun = match &self.position {
                Position::Within { frame, entry } => frame.begin(*entry, method, arguments)?,
                Position::Beside(beside) => {
                    let Beside { live, context, caller } = &**beside;
                    live.begin(context, *caller, method, arguments)?
                }
                Position::Outside(outside) => Box::pin(from_outside(outside.element, method, arguments)),
                Position::NoSuper(_) => return Err(self.no_super(method)),
            };
            let answer = begun.await?;
            call.into_result(answer).map_err(|failure| self.unreadable(method, &failure))
        }
    }

    #[cold]
    fn no_super(&self, method: &str) -> Failure {
        Fail::FUNCTION_NOT_FOUND.failure().noting(format!(
            "`sup().{method}` was called on `{}` outside of its own steps: there is no next level to call",
            self.name()
        ))
    }

    /// The failure of an answer that is not what the step gives back: the level's mistake, and not the caller's.
    #[cold]
    fn unreadable(&self, method: &str, failure: &Failure) -> Failure {
        let what = requirement(failure.message());
        Fail::ELEMENT_EXCEPTION.failure().noting(format!("the answer of `{method}` of `{}` {what}", self.name()))
    }
}

impl Position<'_> {
    fn live(&self) -> Result<Arc<Live>> {
        match self {
            Self::Within { frame, .. } => Ok(Arc::clone(frame.live())),
            Self::Beside(beside) => Ok(Arc::clone(&beside.live)),
            Self::Outside(outside) => outside.element.live(),
            Self::NoSuper(position) => position.live(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Within { frame, .. } => frame.live().name().as_str(),
            Self::Beside(beside) => beside.live.name().as_str(),
            Self::Outside(outside) => outside.element.name().as_str(),
            Self::NoSuper(position) => position.name(),
        }
    }

    fn app(&self) -> AppHandle<'_> {
        match self {
            Self::Within { frame, .. } => AppHandle::within(frame),
            Self::Beside(beside) => AppHandle::beside(&beside.context, beside.caller),
            Self::Outside(outside) => AppHandle::now(outside.app.now()),
            Self::NoSuper(position) => position.app(),
        }
    }

    fn visitor(&self) -> Option<&Visitor> {
        match self {
            Self::Within { frame, .. } => frame.context().visitor(),
            Self::Beside(beside) => beside.context.visitor(),
            Self::Outside(_) => None,
            Self::NoSuper(position) => position.visitor(),
        }
    }
}

/// A trusted call, on the element and the app as they are now.
async fn from_outside(element: Element, method: &str, arguments: Arguments<'_>) -> Result<Answer> {
    let (live, app) = element.enter()?;
    live.begin(&CallContext::in_process(app), None, method, arguments)?.await
}

/// What [`steps!`](crate::steps) makes for a Type: the view of an element through that Type's steps.
pub trait Facade<'a>: Sized {
    /// The full name of the Type or Meta that declares the steps, or of the one element that has them.
    const TYPE: &'static str;

    /// The view of an element.
    fn over(this: This<'a>) -> Self;

    /// Makes the view after making sure that the element is of the Type.
    fn checked(this: This<'a>) -> Result<Self> {
        let live = this.live()?;
        if live.definition().is_a(Self::TYPE) || live.name().as_str() == Self::TYPE {
            return Ok(Self::over(this));
        }
        Err(Fail::ELEMENT_EXCEPTION.failure().noting(format!("`{}` is not a `{}`", live.name(), Self::TYPE)))
    }
}

impl fmt::Debug for This<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "This({})", self.name())
    }
}
