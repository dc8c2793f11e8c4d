use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt as print};

/// How many lines are kept.
const KEPT_LINES: usize = 10_000;

/// What the app logs as a warning or an error.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: Mutex<VecDeque<String>>,
}

impl Log {
    /// Takes in what is logged from now on, and prints what `MTI_LOG` asks for.
    pub(crate) fn start() -> Arc<Self> {
        let log = Arc::new(Self::default());
        let wanted = std::env::var("MTI_LOG").unwrap_or_else(|_| "off".to_owned());
        let printed = print::layer().with_writer(std::io::stderr).with_filter(EnvFilter::new(wanted));
        tracing_subscriber::registry().with(printed).with(Listener(Arc::clone(&log))).init();
        log
    }

    /// Whether a line has all of these words.
    pub(crate) fn has(&self, words: &[&str]) -> bool {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().any(|line| words.iter().all(|word| line.contains(word)))
    }
}

struct Listener(Arc<Log>);

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > Level::WARN {
            return;
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line.0);
    }
}

/// The fields of an event, one after another.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a `String` cannot fail.
        let _written = write!(self.0, "{}={value:?} ", field.name());
    }
}
