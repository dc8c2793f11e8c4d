//! Records everything that is logged in this process, at every level, by `tracing` and by `log`.

use std::io::{self, Write};
use std::sync::{Mutex, Once};

use tracing_subscriber::filter::LevelFilter;

static RECORDED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

pub(crate) struct Capture;

impl Capture {
    /// Starts recording; it never ends, as loggers cannot be uninstalled.
    pub(crate) fn start() {
        static INSTALL: Once = Once::new();
        INSTALL.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_ansi(false)
                .with_writer(|| Recorder)
                .init();
            log::set_logger(&LogRecorder).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
    }

    pub(crate) fn text() -> String {
        String::from_utf8_lossy(&RECORDED.lock().unwrap()).into_owned()
    }
}

struct Recorder;

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        RECORDED.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct LogRecorder;

impl log::Log for LogRecorder {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(Recorder, "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}
