use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, OnceLock};

use mti_core::{Diagnostic, ElementName, suggest};
use serde_json::Value;

use crate::chain::Slot;
use crate::frame::MAXIMUM_DEPTH;
use crate::open::Remarks;
use crate::{
    Answer, Arguments, BoxFuture, CallContext, Chain, ElementDefinition, Fail, Failure, Frame, Kind, Need, OpenContext,
    OpenLevel, Resources, Result, WireCall,
};

/// A loaded element: its definition, its chain, and the state of each level of the chain.
pub struct Live {
    definition: Arc<ElementDefinition>,
    chain: Arc<Chain>,
    levels: Box<[Box<dyn OpenLevel>]>,
    remarks: Remarks,
    successor: OnceLock<Box<dyn Fn(Retired) + Send + Sync>>,
}

/// What is left of an element after its last call.
pub struct Retired {
    name: ElementName,
    levels: Box<[Box<dyn OpenLevel>]>,
}

impl Retired {
    /// The element that it was.
    pub fn name(&self) -> &ElementName {
        &self.name
    }

    /// Its levels one by one, most derived first: what one of them does keeps no other from retiring.
    pub fn into_levels(self) -> impl Iterator<Item = RetiredLevel> {
        self.levels.into_iter().map(RetiredLevel)
    }
}

/// One level of an element, after the element's last call.
pub struct RetiredLevel(Box<dyn OpenLevel>);

impl RetiredLevel {
    /// Lets go of what the level holds.
    pub async fn retire(self) {
        self.0.retire().await;
    }
}

impl fmt::Debug for RetiredLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RetiredLevel").finish_non_exhaustive()
    }
}

impl fmt::Debug for Retired {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Retired({})", self.name)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(take) = self.successor.get() {
            take(Retired { name: self.definition.name.clone(), levels: std::mem::take(&mut self.levels) });
        }
    }
}

impl Live {
    /// Opens every level of the chain for one element. The first level that refuses decides.
    pub fn open(
        definition: Arc<ElementDefinition>,
        chain: Arc<Chain>,
        resources: &Resources,
        generation: u64,
    ) -> Result<Self> {
        let _opening = Opening::begin(&definition.name);
        let remarks = RefCell::default();
        let levels = chain
            .levels()
            .iter()
            .map(|level| level.code.open(&OpenContext::new(&definition, level, resources, generation, &remarks)))
            .collect::<Result<_>>()?;
        Ok(Self { definition, chain, levels, remarks: remarks.into_inner(), successor: OnceLock::new() })
    }

    /// Fails while this thread opens the levels of an element: opening reads definitions and config only, and one that
    /// asked for another live element could wait for itself. The failure shows the path to `wanted`.
    pub fn while_none_is_opening(wanted: &ElementName) -> Result<()> {
        OPENING.with_borrow(|opening| {
            if opening.is_empty() {
                return Ok(());
            }
            let path = opening.iter().chain([wanted]).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ");
            Err(Fail::ELEMENT_EXCEPTION.failure().noting(format!(
                "an element asked for another live element while it was loading: {path}. Ask for it in a step instead"
            )))
        })
    }

    /// Its full name.
    pub fn name(&self) -> &ElementName {
        &self.definition.name
    }

    /// Its definition, overrides merged.
    pub fn definition(&self) -> &Arc<ElementDefinition> {
        &self.definition
    }

    /// Its levels of code.
    pub fn chain(&self) -> &Arc<Chain> {
        &self.chain
    }

    /// What its levels found in its config that is probably not meant.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.remarks.warnings
    }

    /// Whether one of its levels keeps the rows that the apps give it in `initData.json`.
    pub fn takes_initial_rows(&self) -> bool {
        self.remarks.takes_initial_rows
    }

    /// The other elements that its levels cannot do without.
    pub fn needs(&self) -> &[Need] {
        &self.remarks.needs
    }

    /// Hands over what is left of the element to `take`, once it is used no more: at once, or after the calls that
    /// are in progress. The first one who asks decides.
    pub fn retire_to(&self, take: impl Fn(Retired) + Send + Sync + 'static) {
        let first = self.successor.set(Box::new(take)).is_ok();
        debug_assert!(first, "an element retires once");
    }

    /// Calls a method: a JSON object of named arguments in, JSON out. For those who hold a snapshot for longer than
    /// one call; others call through an [`Element`](crate::Element).
    pub async fn call(self: &Arc<Self>, context: &CallContext, method: &str, arguments: Value) -> Result<Value> {
        let mut call = WireCall::new(arguments);
        self.begin(context, None, method, Arguments::of(&mut call))?.await?.into_wire()
    }

    /// Begins a call of a method at the most derived level that implements it.
    pub(crate) fn begin<'a>(
        self: &'a Arc<Self>,
        context: &'a CallContext,
        caller: Option<&'a Frame<'a>>,
        method: &str,
        arguments: Arguments<'a>,
    ) -> Result<BoxFuture<'a, Result<Answer>>> {
        let slot = self.slot(method, 0)?;
        let depth = caller.map_or(0, |frame| frame.depth + 1);
        self.enter(0, Frame { live: self, context, caller, slot, level: 0, depth }, arguments)
    }

    /// A method with its places.
    #[inline(never)]
    pub(crate) fn slot(&self, method: &str, from_level: u32) -> Result<&Slot> {
        self.chain.slot(method).ok_or_else(|| self.no_such_method(method, from_level))
    }

    /// Begins a call at the first place of its method from a level on. What is not known of the frame yet is the
    /// level that answers.
    #[inline]
    pub(crate) fn enter<'a>(
        &'a self,
        from_level: u32,
        frame: Frame<'a>,
        arguments: Arguments<'a>,
    ) -> Result<BoxFuture<'a, Result<Answer>>> {
        if frame.depth > MAXIMUM_DEPTH {
            return Err(self.too_deep(&frame));
        }
        let place = frame.slot.places.iter().find(|place| place.level >= from_level);
        match place.and_then(|place| Some((place, self.levels.get(place.level as usize)?))) {
            Some((place, level)) => {
                Ok(level.call(place.method as usize, Frame { level: place.level, ..frame }, arguments))
            }
            None => Err(self.no_such_method(frame.slot.method, from_level)),
        }
    }

    #[cold]
    fn no_such_method(&self, method: &str, from_level: u32) -> Failure {
        if from_level > 0 && self.chain.slot(method).is_some() {
            return Fail::FUNCTION_NOT_FOUND.failure().noting(format!(
                "no level of `{}` after number {} implements `{method}`: there is no `sup` to call",
                self.name(),
                from_level - 1,
            ));
        }
        let names = self.chain.method_names();
        let nearest = suggest::nearest(method, names.iter().copied(), 3);
        let message = match nearest.as_slice() {
            [] if self.definition.kind != Kind::Instance => format!(
                "`{}` has no function `{}`: the code of a {} serves its instances",
                self.name(),
                method.escape_default(),
                self.definition.kind.as_str(),
            ),
            [] => format!("`{}` has no function `{}`", self.name(), method.escape_default()),
            _ => format!(
                "`{}` has no function `{}`; the nearest are {}",
                self.name(),
                method.escape_default(),
                nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            ),
        };
        Fail::FUNCTION_NOT_FOUND.because(message)
    }

    #[cold]
    fn too_deep(&self, frame: &Frame<'_>) -> Failure {
        let innermost = frame.caller.map(Frame::trace).unwrap_or_default();
        Fail::ELEMENT_EXCEPTION.failure().noting(format!(
            "calls are nested more than {MAXIMUM_DEPTH} deep in `{}`: an override that calls `this` where it means `this.sup()`? \
             The innermost calls: {innermost}",
            self.name(),
        ))
    }
}

thread_local! {
    /// The elements whose levels this thread is opening, outermost first.
    static OPENING: RefCell<Vec<ElementName>> = const { RefCell::new(Vec::new()) };
}

/// The opening of one element's levels on this thread. It ends with the value, also when a level fails or panics.
struct Opening;

impl Opening {
    fn begin(name: &ElementName) -> Self {
        OPENING.with_borrow_mut(|opening| opening.push(name.clone()));
        Self
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        OPENING.with_borrow_mut(|opening| drop(opening.pop()));
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Live").field("name", self.name()).field("chain", &self.chain).finish_non_exhaustive()
    }
}
