use std::fmt;

use std::sync::Arc;

use crate::chain::Slot;
use crate::{Answer, Arguments, BoxFuture, CallContext, Live, Result};

/// How deep calls may nest before an endless recursion is assumed.
pub(crate) const MAXIMUM_DEPTH: u32 = 64;

/// A call in progress: the element that it is made on, the level that answers it, and the call that made it.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    pub(crate) live: &'a Arc<Live>,
    pub(crate) context: &'a CallContext,
    pub(crate) caller: Option<&'a Frame<'a>>,
    /// The method: `sup` goes on from its places without looking it up again.
    pub(crate) slot: &'a Slot,
    pub(crate) level: u32,
    pub(crate) depth: u32,
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
        self.level as usize
    }

    /// Begins a call of a method of the same element, at the first level from `entry` on that implements it.
    #[inline]
    pub(crate) fn begin(
        &'a self,
        entry: u32,
        method: &str,
        arguments: Arguments<'a>,
    ) -> Result<BoxFuture<'a, Result<Answer>>> {
        // Most often the very same literal: a level that calls what it overrides.
        let is_same = std::ptr::eq(self.slot.method, method) || self.slot.method == method;
        let slot = if is_same { self.slot } else { self.live.slot(method, entry)? };
        let frame = Frame { caller: Some(self), slot, depth: self.depth + 1, ..*self };
        self.live.enter(entry, frame, arguments)
    }

    /// The innermost calls, latest first: `matchUser@0 < getLoginCode@2`.
    pub fn trace(&self) -> String {
        std::iter::successors(Some(self), |frame| frame.caller)
            .take(8)
            .map(|frame| format!("{}@{}", frame.slot.method, frame.level))
            .collect::<Vec<_>>()
            .join(" < ")
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Frame({}: {})", self.live.name(), self.trace())
    }
}
