use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::command::{PATIENCE, command, signal};

/// A `dev`, `serve` or `wechat-sim` that is running. It is killed when the value goes.
pub(crate) struct Server {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<()>>,
    log: Arc<Mutex<String>>,
    /// What it announced.
    pub(crate) announcement: Value,
}

/// How a server ended, and everything that it printed.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Server {
    /// Starts `mti --format json` with these arguments and waits until it says where it is.
    pub(crate) fn start(app: &Path, arguments: &[&str]) -> Self {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        Self::run(command(app, &all))
    }

    /// As [`Server::start`], with a limit of the system lowered for this process: a file below `/proc/sys/user`.
    pub(crate) fn start_with_limit(app: &Path, (limit, value): (&str, u32), arguments: &[&str]) -> Self {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        let plain = command(app, &all);
        let mut limited = Command::new("unshare");
        limited
            .args(["--user", "--map-root-user", "sh", "-c"])
            .arg(format!("echo {value} > /proc/sys/user/{limit} && exec \"$0\" \"$@\""))
            .arg(plain.get_program())
            .args(plain.get_args())
            .current_dir(app)
            .stdin(Stdio::null());
        for (variable, value) in plain.get_envs() {
            match value {
                Some(value) => limited.env(variable, value),
                None => limited.env_remove(variable),
            };
        }
        Self::run(limited)
    }

    fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts");
        let log = Arc::new(Mutex::new(String::new()));
        let errors = child.stderr.take().expect("a pipe");
        let stderr = {
            let log = Arc::clone(&log);
            thread::spawn(move || read_log(errors, &log))
        };
        let (announced, announcement) = mpsc::channel();
        let results = child.stdout.take().expect("a pipe");
        let stdout = thread::spawn(move || read_results(results, &announced));
        let mut server = Self { child, stdout: Some(stdout), stderr: Some(stderr), log, announcement: Value::Null };
        match announcement.recv_timeout(PATIENCE) {
            Ok(line) => server.announcement = serde_json::from_str(&line).expect("the announcement is JSON"),
            Err(error) => panic!("the server does not start: {error}: {}", server.kill().stderr),
        }
        server
    }

    /// `dev` for an app, at free ports.
    pub(crate) fn dev(app: &Path) -> Self {
        Self::start(app, &["dev", "--bind", "127.0.0.1:0"])
    }

    /// Where it answers, without a path: `http://127.0.0.1:40123`.
    pub(crate) fn origin(&self) -> String {
        origin_of(&self.announcement["url"])
    }

    /// Where its simulated WeChat answers.
    pub(crate) fn simulator(&self) -> String {
        origin_of(&self.announcement["simulator"]["url"])
    }

    /// The id of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged until now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no reader panicked").clone()
    }

    /// Asks it to end.
    pub(crate) fn terminate(self) -> Ended {
        signal(self.child.id(), "TERM");
        self.ended()
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().expect("the process is there");
        self.ended()
    }

    fn ended(mut self) -> Ended {
        let status = self.child.wait().expect("the process ends");
        let stdout = self.stdout.take().expect("a reader").join().expect("a text");
        self.stderr.take().expect("a reader").join().expect("a log");
        Ended { code: status.code(), stdout, stderr: self.log() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn read_results(results: ChildStdout, announced: &mpsc::Sender<String>) -> String {
    let mut text = String::new();
    for line in BufReader::new(results).lines() {
        let line = line.expect("the command prints UTF-8");
        // Only the first line is waited for.
        drop(announced.send(line.clone()));
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn read_log(errors: ChildStderr, log: &Mutex<String>) {
    for line in BufReader::new(errors).lines() {
        let line = line.expect("the command logs UTF-8");
        let mut log = log.lock().expect("no other reader panicked");
        log.push_str(&line);
        log.push('\n');
    }
}

fn origin_of(url: &Value) -> String {
    let url = reqwest::Url::parse(url.as_str().expect("a URL")).expect("a URL");
    url.origin().ascii_serialization()
}

/// An address that nobody listens on now.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}
