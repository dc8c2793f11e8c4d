//! An instance is loaded at its first use, once, and a failure is tried again.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use mti_element::{Fail, Level, OpenContext, Result, level};

use crate::words::{BASE, WordSteps, Words, tree};
use mti_registry::App;

static OPENED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

impl Level for Counting {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        OPENED.fetch_add(1, Ordering::SeqCst);
        // Gives every other thread the time to arrive while this one loads.
        std::thread::yield_now();
        Ok(Self)
    }
}

#[level]
impl WordSteps for Counting {
    async fn word(&self, _: Words<'_>) -> Result<String> {
        Ok("counted".to_owned())
    }
}

#[test]
fn sixty_four_racing_threads_load_once() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Counting>("acme.base", "words.PlainType").open().unwrap();
    assert_eq!(OPENED.load(Ordering::SeqCst), 0, "opening an app loads nothing");
    let barrier = Barrier::new(64);
    let lives: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    app.get_element("words.Hello").unwrap().live().unwrap()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(OPENED.load(Ordering::SeqCst), 1);
    assert!(lives.iter().all(|live| std::sync::Arc::ptr_eq(live, &lives[0])));
}

static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);

struct FailingTwice;

impl Level for FailingTwice {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        if ATTEMPTS.fetch_add(1, Ordering::SeqCst) < 2 { Err(Fail::ELEMENT_EXCEPTION.failure()) } else { Ok(Self) }
    }
}

#[level]
impl WordSteps for FailingTwice {
    async fn word(&self, _: Words<'_>) -> Result<String> {
        Ok("at last".to_owned())
    }
}

#[test]
fn a_failed_load_is_tried_again_at_the_next_call() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<FailingTwice>("acme.base", "words.PlainType").open().unwrap();
    assert!(app.get_element("words.Hello").is_err());
    assert!(app.get_element("words.Hello").is_err());
    assert!(app.get_element("words.Hello").is_ok());
    assert_eq!(ATTEMPTS.load(Ordering::SeqCst), 3);
}

#[test]
fn a_handle_says_so_when_its_app_is_gone() {
    let tree = tree(&[BASE]);
    let app =
        App::builder(tree.join("base")).level::<crate::words::Plain>("acme.base", "words.PlainType").open().unwrap();
    let element = app.get_element("words.Hello").unwrap();
    drop(app);
    // The thread still remembers the snapshot; another app makes it forget.
    let failure = element.live().unwrap_err();
    assert!(failure.operator_message().contains("keep the `App`"), "{}", failure.operator_message());
}
