use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::{Arguments, CallContext, Element, Fail, Frame, Live, Result, WireCall};

/// Where calls come from that code in another language makes: a [`Frame`] that owns what it refers to, made only at such
/// a border. Secrets cross it as handles: see [`Secret::seal`](crate::Secret::seal).
#[derive(Clone)]
pub struct OwnedFrame {
    context: CallContext,
    /// The element that the code is running on, and the index of its level in the chain.
    place: Option<(Arc<Live>, u32)>,
    depth: u32,
}

impl OwnedFrame {
    /// The call in progress that a level answers.
    pub fn within(frame: &Frame<'_>) -> Self {
        let place = Some((Arc::clone(frame.live), frame.level));
        Self { context: frame.context.clone(), place, depth: frame.depth }
    }

    /// Outside of any call: a call of an element as it is now is one of its own, in process and trusted.
    pub fn outside(element: Element) -> Result<(Self, Arc<Live>)> {
        let (live, app) = element.enter()?;
        Ok((Self { context: CallContext::in_process(app), place: None, depth: 0 }, live))
    }

    /// The element that a call is in progress on.
    pub fn live(&self) -> Option<&Arc<Live>> {
        self.place.as_ref().map(|(live, _)| live)
    }

    /// Who calls, and in which app.
    pub fn context(&self) -> &CallContext {
        &self.context
    }

    /// Calls a method at the most derived level of an element that implements it: of the element itself, or of another
    /// one of the same app.
    pub async fn call(&self, live: &Arc<Live>, method: &str, arguments: Value) -> Result<Value> {
        self.enter(live, 0, method, arguments).await
    }

    /// Calls a method of the element itself at the next level that implements it: what the calling level overrides.
    pub async fn call_next(&self, method: &str, arguments: Value) -> Result<Value> {
        let Some((live, level)) = &self.place else {
            return Err(Fail::ELEMENT_EXCEPTION.failure().noting("there is no next level outside of a call"));
        };
        self.enter(live, level + 1, method, arguments).await
    }

    async fn enter(&self, live: &Arc<Live>, entry: u32, method: &str, arguments: Value) -> Result<Value> {
        let slot = live.slot(method, entry)?;
        let depth = self.depth + 1;
        let frame = Frame { live, context: &self.context, caller: None, slot, level: entry, depth };
        let mut call = WireCall::within_process(arguments);
        live.enter(entry, frame, Arguments::of(&mut call))?.await?.into_wire()
    }
}

impl fmt::Debug for OwnedFrame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.as_ref().map(|(live, level)| (live.name(), level));
        formatter.debug_struct("OwnedFrame").field("place", &place).field("depth", &self.depth).finish_non_exhaustive()
    }
}
