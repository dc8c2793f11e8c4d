use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How long anything may take that a test waits for: far longer than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A command that ran to its end.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// What it printed, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }

    /// What it said on standard error, which is JSON.
    pub(crate) fn json_remark(&self) -> Value {
        serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error} in {}", self.stderr))
    }

    /// The same, once it is sure that it ended like this.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the command prints UTF-8");
        Self {
            code: output.status.code().expect("an exit code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// Runs `mti` with arguments, in a directory that holds no app.
pub(crate) fn mti(arguments: &[&str]) -> Finished {
    let nowhere = tempfile::tempdir().expect("a temporary directory");
    mti_in(nowhere.path(), arguments, "")
}

/// Runs `mti` in a directory, with something on its standard input.
pub(crate) fn mti_in(directory: &Path, arguments: &[&str], input: &str) -> Finished {
    let mut child = command(directory, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // It may end before it has read everything, or anything.
    drop(child.stdin.take().expect("a pipe").write_all(input.as_bytes()));
    let process = child.id();
    let (end, ended) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let output = child.wait_with_output();
        // Nobody listens any more when it took too long.
        let _ = end.send(());
        output
    });
    if ended.recv_timeout(PATIENCE).is_err() {
        signal(process, "KILL");
        let output = waiting.join().expect("a waiting thread").expect("the command ends");
        panic!("{arguments:?} does not end: {}", String::from_utf8_lossy(&output.stderr));
    }
    waiting.join().expect("a waiting thread").expect("the command ends").into()
}

/// Sends a signal by the command that every system has: these tests hold no unsafe code.
pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(status.expect("`kill` starts").success());
}

/// `mti`, without the settings of whoever runs the tests.
pub(crate) fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mti"));
    command.current_dir(directory).args(arguments).stdin(Stdio::null());
    for variable in [
        "MTI_APP_PATH",
        "MTI_DATABASE_URL",
        "MTI_LOG",
        "MTI_TRUSTED_PROXY",
        "NO_COLOR",
        "RUST_BACKTRACE",
        "http_proxy",
        "HTTP_PROXY",
    ] {
        command.env_remove(variable);
    }
    command
}
