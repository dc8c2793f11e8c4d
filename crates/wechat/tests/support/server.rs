//! A server that gives one prepared reply to each connection and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// These bytes, then silence on an open connection.
    Stall(Vec<u8>),
    /// These bytes, then the same body byte again and again, each after a pause.
    Drip(Vec<u8>, Duration),
    /// Another reply after a pause.
    Late(Duration, Box<Reply>),
    /// These bytes, then body bytes as fast as they are taken.
    Endless(Vec<u8>),
}

impl Reply {
    /// Status 200 with a body, as WeChat sends it.
    pub(crate) fn text(body: impl AsRef<[u8]>) -> Self {
        Self::with("200 OK", "Content-Type: text/plain\r\n", body)
    }

    pub(crate) fn with(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len())
                .into_bytes();
        bytes.extend_from_slice(body);
        Self::Raw(bytes)
    }

    pub(crate) fn errcode(errcode: i64) -> Self {
        Self::text(format!(r#"{{"errcode":{errcode},"errmsg":"some text, rid: 63b7a7f7-5d8e24a1-0bc4f6c2"}}"#))
    }
}

pub(crate) struct ScriptedServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl ScriptedServer {
    /// Listens on a free loopback port. After the last reply connections are refused an answer.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut replies = replies.into_iter();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let head = read_head(&mut stream).await;
                seen.lock().unwrap().push(head);
                if let Some(reply) = replies.next() {
                    tokio::spawn(answer(stream, reply));
                }
            }
        });
        Self { address, requests, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first line of each request so far.
    pub(crate) fn request_lines(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }

    /// The whole heads of the requests so far.
    pub(crate) fn request_heads(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

async fn answer(mut stream: TcpStream, mut reply: Reply) {
    while let Reply::Late(pause, next) = reply {
        tokio::time::sleep(pause).await;
        reply = *next;
    }
    match reply {
        Reply::Late(..) => {}
        Reply::Raw(bytes) => {
            stream.write_all(&bytes).await.ok();
            stream.shutdown().await.ok();
        }
        Reply::Stall(bytes) => {
            stream.write_all(&bytes).await.ok();
            std::future::pending::<()>().await;
        }
        Reply::Drip(bytes, pause) => {
            stream.write_all(&bytes).await.ok();
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        }
        Reply::Endless(bytes) => {
            stream.write_all(&bytes).await.ok();
            while stream.write_all(&[b' '; 4096]).await.is_ok() {}
        }
    }
}
