use std::fmt;

use std::sync::Arc;

use crate::chain::Place;
use crate::{Answer, Arguments, BoxFuture, CallContext, Live, Result};

/// How deep calls may nest before an endless recursion is assumed.
pub(crate) const MAXIMUM_DEPTH: usize = 64;

/// A call in progress: the element that it is made on, the level that answers it, and the call that made it.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    pub(crate) live: &'a Arc<Live>,
    pub(crate) context: &'a CallContext,
    pub(crate) caller: Option<&'a Frame<'a>>,
    pub(crate) method: &'a str,
    /// Where the method is implemented: `sup` goes on from here without looking it up again.
    pub(crate) places: &'a [Place],
    pub(crate) level: usize,
    pub(crate) depth: usize,
}

impl<'a> Frame<'a> {
    /// The element that the call is made on: always the most derived one.
    pub fn live(&self) -> &'a Arc<Live> {
        self.live
    }

    /// Who calls, and in which app.
    pub fn context(&self) -> &'a CallContext {
        self.context
    }

    /// The index in the chain of the level that answers.
    pub fn level(&self) -> usize {
        self.level
    }

    /// Begins a call of a method of the same element, at the first level from `entry` on that implements it.
    #[inline]
    pub(crate) fn begin(
        &'a self,
        entry: usize,
        method: &'a str,
        arguments: Arguments<'a>,
    ) -> Result<BoxFuture<'a, Result<Answer>>> {
        // Most often the very same literal: a level that calls what it overrides.
        let is_same = std::ptr::eq(method, self.method) || method == self.method;
        let places = if is_same { self.places } else { self.live.chain().places(method) };
        let frame = Frame { caller: Some(self), method, places, depth: self.depth + 1, ..*self };
        self.live.enter(entry, frame, arguments)
    }

    /// The innermost calls, latest first: `matchUser@0 < getLoginCode@2`.
    pub fn trace(&self) -> String {
        std::iter::successors(Some(self), |frame| frame.caller)
            .take(8)
            .map(|frame| format!("{}@{}", frame.method, frame.level))
            .collect::<Vec<_>>()
            .join(" < ")
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Frame({}: {})", self.live.name(), self.trace())
    }
}
