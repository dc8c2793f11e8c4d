use std::fmt;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::model_source::SchemaPart;
use crate::objects::RetireMode;
use crate::sources::{
    BUSY_MODELS, Breakage, CodeState, Door, EMBEDDED, Layer, SERVER, Sources, WORD_OF_PARENT, WordSource,
};

/// One change of the files, or another thing that the test does beside calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A new value in the config of a word; one that was broken is whole again.
    Value(String),
    /// The same, with a `retire` that will not end well once the word is replaced.
    Retire(String, RetireMode),
    /// A new title of a word: nothing is made anew.
    Title(String),
    /// The files of a word are broken.
    BreakWord(String, Breakage),
    /// New code of a level of the words.
    Code(Layer),
    /// The code of a level of the words is broken, or vanishes.
    BreakCode(Layer, CodeState),
    /// New shared code of the running app.
    Shared,
    /// A word joins.
    Add(String),
    /// A word joins, and a call of an older snapshot loads it first.
    AddAndLoadLate(String),
    /// A word leaves.
    Remove(String),
    /// A new number in both stamps.
    Stamp,
    /// The config of both stamps is broken.
    BreakStamp,
    /// A new version of the guard.
    Guard,
    /// The code of the guard is broken, or vanishes.
    BreakGuard(CodeState),
    /// The parent app loses the Type of the doors, or gets it back.
    Door(Door),
    /// A parent joins the running app, and is edited then; or it leaves.
    Parent(bool),
    /// An app of a level of the words is a link, which leads to another directory now. It is edited then.
    SwitchLink(Layer),
    /// The directory of the words is replaced by another one, in which one of them has a new value.
    ReplaceWords(String),
    /// The running app names a parent that is not there, for a moment.
    BreakParents,
    /// Another schema of a model.
    Schema(usize, SchemaPart),
    /// Another schema of a model, while calls of the older snapshot write its rows.
    SchemaUnderOldCalls(usize, SchemaPart),
    /// Two more schemas of a model that callers leave alone; a call of the snapshot between uses it after both.
    SchemasAroundOldCall(usize, [SchemaPart; 2]),
    /// The config of a database element changes: it is made anew, with the same data.
    Database(&'static str),
    /// A reload that panics.
    PanicInReload(String),
    /// Elements that ask for each other while they load.
    Circle,
    /// A word joins, and everything that is wrong with the app is looked for before anybody uses the word.
    AddAndCheck(String),
    /// Begins a long call of a word.
    Hold(String),
    /// Begins a long call that reads both stamps.
    Compare,
    /// Lets the longest call go on.
    Release,
}

/// How many long calls there are at a time.
const MOST_HELD_CALLS: usize = 4;
/// How many retirements keep a thread each, in a whole run.
const MOST_BLOCKED: usize = 2;
/// The same of retirements that never end.
const MOST_HANGING: usize = 6;

/// What decides which edits can come next, besides the files.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment {
    /// How many long calls are in progress.
    pub(crate) held_calls: usize,
    /// How many retirements were told to keep their thread so far.
    pub(crate) blocked: usize,
    /// How many were told never to end.
    pub(crate) hanging: usize,
    /// Whether a watcher reloads, instead of the editor.
    pub(crate) is_watched: bool,
}

/// Chooses the next edit.
pub(crate) fn choose(random: &mut StdRng, sources: &Sources, moment: Moment) -> Edit {
    loop {
        let edit = propose(random, sources, moment);
        if is_possible(&edit, sources, moment) {
            return edit;
        }
    }
}

fn propose(random: &mut StdRng, sources: &Sources, moment: Moment) -> Edit {
    let words: Vec<&String> = sources.visible_words().map(|(name, _)| name).collect();
    let word = words.choose(random).map(ToString::to_string).unwrap_or_default();
    let extra = format!("words.X{}", random.random_range(0..4));
    let layer = *[Layer::Child, Layer::Parent, Layer::Base].choose(random).unwrap_or(&Layer::Base);
    let lost = *[CodeState::Nonsense, CodeState::Empty, CodeState::Missing].choose(random).unwrap_or(&CodeState::Empty);
    let model = random.random_range(0..BUSY_MODELS);
    let quiet_model = random.random_range(BUSY_MODELS..sources.models.len());
    let parts =
        [SchemaPart::UniqueName, SchemaPart::UniqueName, SchemaPart::UniqueMail, SchemaPart::Index, SchemaPart::Field];
    let part = *parts.choose(random).unwrap_or(&SchemaPart::UniqueName);
    match random.random_range(0..100) {
        0..10 => Edit::Value(word),
        10..14 => {
            let ends = [RetireMode::Panics, RetireMode::Panics, RetireMode::Hangs, RetireMode::Blocks];
            Edit::Retire(word, *ends.choose(random).unwrap_or(&RetireMode::Panics))
        }
        14..19 => Edit::Title(word),
        19..25 => {
            let breakages = [Breakage::Manifest, Breakage::Config, Breakage::Value, Breakage::Type];
            Edit::BreakWord(word, *breakages.choose(random).unwrap_or(&Breakage::Manifest))
        }
        25..31 => Edit::Code(layer),
        31..35 => Edit::BreakCode(layer, lost),
        35..37 => Edit::Shared,
        37..40 => Edit::Add(extra),
        40..43 => Edit::AddAndLoadLate(extra),
        43..47 => Edit::Remove(extra),
        47..50 => Edit::Stamp,
        50..52 => Edit::BreakStamp,
        52..55 => Edit::Guard,
        55..58 => Edit::BreakGuard(lost),
        58..61 => match sources.door {
            Door::There => Edit::Door(*[Door::Lost, Door::Undeclared].choose(random).unwrap_or(&Door::Lost)),
            Door::Lost | Door::Undeclared => Edit::Door(Door::There),
        },
        61..64 => Edit::Parent(!sources.parent_is_joined),
        64..65 => Edit::BreakParents,
        65..67 => Edit::SwitchLink(layer),
        67..68 => Edit::ReplaceWords(word),
        68..73 => Edit::Schema(model, part),
        73..79 => Edit::SchemaUnderOldCalls(model, part),
        79..82 => {
            let other = *parts.choose(random).unwrap_or(&SchemaPart::Field);
            // A field that comes and goes before any call makes the table ready is in no table: a call of the
            // snapshot between is refused then, as it should be.
            let other = if (part, other) == (SchemaPart::Field, SchemaPart::Field) { SchemaPart::Index } else { other };
            Edit::SchemasAroundOldCall(quiet_model, [part, other])
        }
        82..85 => Edit::Database(if random.random_bool(0.5) { EMBEDDED } else { SERVER }),
        85..86 => Edit::PanicInReload(word),
        86..88 => Edit::Circle,
        88..90 => Edit::AddAndCheck(extra),
        90..93 => Edit::Hold(word),
        93..95 => Edit::Compare,
        _ if moment.held_calls > 0 => Edit::Release,
        _ => Edit::Compare,
    }
}

/// Whether an edit changes what it should, and nothing that others of its kind rely on.
fn is_possible(edit: &Edit, sources: &Sources, moment: Moment) -> bool {
    let is_whole = |name: &String| sources.words.get(name).is_some_and(|word| word.breakage.is_none());
    match edit {
        Edit::Retire(name, RetireMode::Blocks) => is_whole(name) && moment.blocked < MOST_BLOCKED,
        Edit::Retire(name, RetireMode::Hangs) => is_whole(name) && moment.hanging < MOST_HANGING,
        Edit::Retire(name, _) | Edit::Title(name) | Edit::BreakWord(name, _) | Edit::PanicInReload(name) => {
            is_whole(name)
        }
        Edit::Code(layer) => *layer != Layer::Parent || sources.parent_is_joined,
        Edit::BreakCode(layer, _) => {
            let is_sound = sources.layers.get(layer).is_some_and(|code| code.is_sound());
            is_sound && (*layer != Layer::Parent || sources.parent_is_joined)
        }
        Edit::SwitchLink(Layer::Base) => false,
        Edit::SwitchLink(Layer::Parent) => sources.parent_is_joined,
        // What is broken would have no last good version left.
        Edit::ReplaceWords(name) => {
            let is_sound = |(_, word): (_, &WordSource)| word.breakage.is_none();
            name != WORD_OF_PARENT
                && sources.visible_words().all(is_sound)
                && sources.joined_layers().all(|(_, code)| code.is_sound())
        }
        Edit::BreakStamp => !sources.stamp_is_broken,
        Edit::BreakGuard(_) => sources.guard.is_sound(),
        Edit::Add(name) => !sources.words.contains_key(name),
        Edit::AddAndLoadLate(name) | Edit::AddAndCheck(name) => !sources.words.contains_key(name) && !moment.is_watched,
        Edit::Remove(name) => sources.words.contains_key(name) && name != WORD_OF_PARENT,
        Edit::Hold(_) | Edit::Compare => moment.held_calls < MOST_HELD_CALLS,
        Edit::Release => moment.held_calls > 0,
        _ => true,
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}
