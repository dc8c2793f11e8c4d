use std::fmt;
use std::sync::Arc;

use crate::payload::requirement;
use crate::{
    Answer, AppHandle, AppView, Arguments, CallContext, Element, Fail, Failure, Frame, Live, NativeCall, Result,
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
    /// Outside of any call. Calls follow reloads; `app` is the snapshot that the handle was made on.
    Outside(Box<Outside>),
}

#[derive(Clone)]
struct Outside {
    element: Element,
    app: Arc<dyn AppView>,
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

    /// An element held outside of any call.
    pub fn outside(element: Element) -> Result<Self> {
        let app = element.app()?;
        Ok(Self { position: Position::Outside(Box::new(Outside { element, app })) })
    }

    /// The same element, entered at the next level of the chain: what the calling level overrides.
    #[must_use]
    #[inline]
    pub fn sup(&self) -> Self {
        match &self.position {
            Position::Within { frame, .. } => Self { position: Position::Within { frame, entry: frame.level + 1 } },
            Position::Beside(_) | Position::Outside(_) => self.clone(),
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
        match &self.position {
            Position::Within { frame, .. } => Ok(Arc::clone(frame.live())),
            Position::Beside(beside) => Ok(Arc::clone(&beside.live)),
            Position::Outside(outside) => outside.element.live(),
        }
    }

    /// The full name of the element.
    pub fn name(&self) -> &str {
        match &self.position {
            Position::Within { frame, .. } => frame.live().name().as_str(),
            Position::Beside(beside) => beside.live.name().as_str(),
            Position::Outside(outside) => outside.element.name().as_str(),
        }
    }

    /// The app that the element is used in: always the running one, wherever the element was declared.
    pub fn app(&self) -> AppHandle<'_> {
        match &self.position {
            Position::Within { frame, .. } => AppHandle::within(frame),
            Position::Beside(beside) => AppHandle::beside(&beside.context, beside.caller),
            Position::Outside(outside) => AppHandle::outside(&outside.app),
        }
    }

    /// Who calls from outside the process; nobody when the call began in process, which is trusted.
    pub fn visitor(&self) -> Option<&Visitor> {
        match &self.position {
            Position::Within { frame, .. } => frame.context().visitor(),
            Position::Beside(beside) => beside.context.visitor(),
            Position::Outside(_) => None,
        }
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
            };
            let answer = begun.await?;
            call.into_result(answer).map_err(|failure| self.unreadable(method, &failure))
        }
    }

    /// The failure of an answer that is not what the step gives back: the level's mistake, and not the caller's.
    #[cold]
    fn unreadable(&self, method: &str, failure: &Failure) -> Failure {
        let what = requirement(failure.message());
        Fail::ELEMENT_EXCEPTION.failure().noting(format!("the answer of `{method}` of `{}` {what}", self.name()))
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
