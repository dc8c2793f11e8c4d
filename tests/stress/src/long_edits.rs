use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread;

use crate::clock::CALL_DEADLINE;
use crate::editor::{Editor, RELOAD_DEADLINE};
use crate::eventually::eventually;
use crate::held::HeldCall;

/// Edits of several steps.
impl Editor {
    /// A word joins; a call that began before its title changes loads it first, on the older snapshot.
    pub(crate) fn add_and_load_late(&mut self, name: &str) {
        self.world.published.begin();
        self.sources.add_word(name);
        self.reload();
        let old = HeldCall::read(&self.world, &self.runtime, name);
        let fresh = self.sources.fresh();
        self.edit_word(name, |word| word.title = fresh);
        self.reload();
        old.release(&self.world, &self.runtime);
        let expected = self.world.published.latest().after(&self.sources);
        self.settle(expected);
    }

    /// A reload panics; the next one finds what it had to find as well.
    pub(crate) fn panic_in_reload(&mut self, name: &str) {
        self.world.published.begin();
        let fresh = self.sources.fresh();
        self.world.language.panic_next();
        self.edit_word(name, |word| word.title = fresh);
        if self.watching.is_some() {
            let language = Arc::clone(&self.world.language);
            if !eventually(RELOAD_DEADLINE, || !language.is_about_to_panic()) {
                self.world.findings.wrong("what is watched is served", "no reload after a new title");
            }
            // The next event has the watcher go on.
            let other = self.sources.fresh();
            self.edit_word(name, |word| word.title = other);
        } else {
            drop(catch_unwind(AssertUnwindSafe(|| self.world.app.reload(None))));
            self.reload();
        }
        let expected = self.world.published.latest().after(&self.sources);
        self.settle(expected);
    }

    /// While the running app names a parent that is not there, everything goes on as it was.
    pub(crate) fn break_parents(&mut self) {
        self.sources.break_parents();
        let is_told = if self.watching.is_some() {
            eventually(RELOAD_DEADLINE, || !self.world.app.reload_failure().is_empty())
        } else {
            self.world.app.reload(None).is_err()
        };
        if !is_told {
            self.world.findings.wrong("a broken app chain is said", "the app names a parent that is not there");
        }
        if let Some(mismatch) = self.mismatch(&self.world.published.latest()) {
            self.world.findings.wrong("under a broken app chain all goes on as it was", mismatch);
        }
        self.change(|editor| editor.sources.write_parents());
    }

    /// A word joins, and is looked at before it is used: what that opens is not kept.
    pub(crate) fn add_and_check(&mut self, name: &str) {
        let world = Arc::clone(&self.world);
        world.published.begin();
        self.sources.add_word(name);
        self.reload();
        let checked = self.on_threads([move || world.objects.in_scratch(|| drop(world.app.check()))]);
        if checked.is_none() {
            self.world.findings.wrong("no call hangs", "`check` does not end");
        }
        let expected = self.world.published.latest().after(&self.sources);
        self.settle(expected);
    }

    /// Two threads load elements that ask for each other while they load: both are told so, and neither hangs.
    pub(crate) fn turn_the_circle(&mut self) {
        let load = |name: &'static str| {
            let app = self.world.app.clone();
            move || app.get_element(name).map(drop).map_err(|failure| failure.operator_message())
        };
        let loads = [load("circle.Left"), load("circle.Right")];
        match self.on_threads(loads) {
            Some(answers) => {
                let names_both = |answer: &Result<(), String>| {
                    let told = answer.as_ref().err();
                    told.is_some_and(|message| {
                        ["circle.Left", "circle.Right"].iter().all(|name| message.contains(name))
                    })
                };
                if !answers.iter().all(names_both) {
                    let message = format!("elements in a circle answer {answers:?}");
                    self.world.findings.wrong("a circle of elements is an error that names them", message);
                }
            }
            None => self.world.findings.wrong("no call hangs", "elements in a circle do not answer"),
        }
    }

    /// Does something on threads of its own, which may hang. One that did is not tried again.
    fn on_threads<T: Send + 'static, const N: usize>(
        &mut self,
        work: [impl FnOnce() -> T + Send + 'static; N],
    ) -> Option<Vec<T>> {
        if self.has_hung {
            return None;
        }
        let (sender, answers) = mpsc::channel();
        for work in work {
            let sender = sender.clone();
            thread::spawn(move || {
                // The editor may have given up waiting.
                let _gone = sender.send(work());
            });
        }
        let answers: Option<Vec<T>> = (0..N).map(|_| answers.recv_timeout(CALL_DEADLINE).ok()).collect();
        self.has_hung = answers.is_none();
        answers
    }
}
