//! The log of Rust in that of Python: warnings and errors go to the loggers below `mti`.

use std::fmt::{self, Write as _};
use std::sync::Once;

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::thread::try_attached;

/// Begins to forward, unless somebody in this process logs in his own way already, as the command does.
pub(crate) fn forward() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let _earlier = tracing_subscriber::registry().with(ToPython).try_init();
    });
}

struct ToPython;

impl<S: Subscriber> Layer<S> for ToPython {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let metadata = event.metadata();
        let level = if *metadata.level() == Level::ERROR { "error" } else { "warning" };
        let module = metadata.target().split("::").next().unwrap_or_default();
        let logger = module.replacen('_', ".", 1);
        // Without an interpreter there is nobody to tell.
        try_attached(|py| {
            let told = PyModule::import(py, "logging")
                .and_then(|logging| logging.call_method1("getLogger", (logger,)))
                .and_then(|logger| logger.call_method1(level, ("%s%s", line.message, line.fields)));
            if let Err(error) = told {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// An event as one text.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
    }
}
