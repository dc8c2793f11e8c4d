//! A client that sends exactly the bytes it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longer than anything here takes. It ends a test that hangs; no test passes because of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    /// A header that is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(candidate, _)| candidate == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "`{name}` is there more than once");
        value
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The symbolic name of the failure in the envelope.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("no failure: {}", self.body)).to_owned()
    }
}

/// Sends bytes and gives back everything that comes until the server closes.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refuses early may have closed already.
    drop(stream.write_all(bytes).await);
    read_to_end(&mut stream).await
}

/// What comes until the server closes.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    let reading = async {
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => received.extend_from_slice(&buffer[..count]),
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the server neither answered nor closed");
    received
}

/// A request to be sent on a connection of its own.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
}

pub(crate) fn get(path: &str) -> Request {
    Request::new("GET", path)
}

/// A call of a function, as curl makes it: without any header that says where it comes from.
pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request { body: body.into(), ..Request::new("POST", path) }
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        Self { head: head.into_bytes(), body: Vec::new() }
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.with_bytes(name, value)
    }

    /// A header whose value need not be text.
    pub(crate) fn with_bytes(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.head.extend_from_slice(&[name.as_bytes(), b": ", &value.into(), b"\r\n"].concat());
        self
    }

    /// As the scripts of a page send it.
    pub(crate) fn json(self) -> Self {
        self.with("Content-Type", "application/json")
    }

    pub(crate) async fn send(&self, address: SocketAddr) -> Answer {
        Answer::parse(&raw(address, &self.bytes()).await)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        if !self.body.is_empty() {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
