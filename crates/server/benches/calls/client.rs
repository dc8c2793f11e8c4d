//! A client on blocking sockets: it writes a request to every connection, then reads every answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// Where the function is, on both servers.
pub(crate) const PATH: &str = "/api/acme/bench/greetings/Hello/greet";

/// The cookie that the session is in.
pub(crate) const SESSION: &str = "session";

/// The session.
pub(crate) const TOKEN: &str = "ILSWmQSaolKbjJSo52DE8NQFpqiToJYehEtdtUUgrl5";

pub(crate) struct Client {
    connections: Vec<TcpStream>,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, connections: usize) -> Self {
        let connect = || {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream
        };
        let body = r#"{"name": "world"}"#;
        let request = format!(
            "POST {PATH} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: bench\r\nAccept: */*\r\nCookie: {SESSION}={TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let connections = std::iter::repeat_with(connect).take(connections).collect();
        Self { connections, request: request.into_bytes(), buffer: vec![0; 16 * 1024] }
    }

    /// Asks, and looks at the answers.
    pub(crate) fn warm_up(&mut self, requests: usize) {
        self.ask(requests);
        let answer = String::from_utf8_lossy(&self.buffer);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(r#""data":{"text":"hello, world","user":"alice"}}"#), "{answer}");
    }

    /// Makes so many requests on every connection.
    pub(crate) fn ask(&mut self, requests: usize) {
        for _ in 0..requests {
            for connection in &mut self.connections {
                connection.write_all(&self.request).unwrap();
            }
            for connection in &mut self.connections {
                read_answer(connection, &mut self.buffer);
            }
        }
    }
}

/// Reads one answer, which ends with the envelope's closing brace.
fn read_answer(connection: &mut TcpStream, buffer: &mut [u8]) {
    let mut length = 0;
    loop {
        let read = connection.read(&mut buffer[length..]).unwrap();
        assert_ne!(read, 0, "the server closed the connection");
        length += read;
        if buffer[..length].ends_with(b"}}") {
            buffer[length..].fill(0);
            return;
        }
    }
}
