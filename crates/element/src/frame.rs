use std::fmt;

use std::sync::Arc;

use crate::{CallContext, Live};

/// How deep calls may nest before an endless recursion is assumed.
pub(crate) const MAXIMUM_DEPTH: usize = 64;

/// A call in progress: the element that it is made on, the level that answers it, and the call that made it.
pub struct Frame<'a> {
    live: &'a Arc<Live>,
    context: &'a CallContext,
    caller: Option<&'a Frame<'a>>,
    method: &'a str,
    level: usize,
    depth: usize,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(
        live: &'a Arc<Live>,
        context: &'a CallContext,
        caller: Option<&'a Frame<'a>>,
        method: &'a str,
        level: usize,
        depth: usize,
    ) -> Self {
        Self { live, context, caller, method, level, depth }
    }

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

    pub(crate) fn depth(&self) -> usize {
        self.depth
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
