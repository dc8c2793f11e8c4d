//! What a call of an element costs over HTTP, against the same function written by hand on axum: a session is looked up by
//! its cookie, arguments are read from JSON, and the result is put in the envelope.
//!
//! `cargo bench -p mti-server` measures the processor time of the threads that serve, with 32 connections, both servers in turn in the same
//! run; then, where valgrind is installed, the instructions of the serving thread.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints what it measured"
)]

mod by_hand;
mod client;
mod element;
mod instructions;
mod threads;

use std::net::SocketAddr;
use std::time::Instant;

use client::Client;

/// How many connections ask at a time.
const CONNECTIONS: usize = 32;

/// How often each server is measured.
const ROUNDS: usize = 15;

/// How many requests each connection makes in a round.
const REQUESTS: usize = 1000;

/// Which server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Contender {
    /// Axum and a handler.
    ByHand,
    /// This crate.
    Element,
}

impl Contender {
    pub(crate) const ALL: [Self; 2] = [Self::ByHand, Self::Element];

    /// Starts it, on one thread of its own.
    fn start(self) -> SocketAddr {
        match self {
            Self::ByHand => by_hand::start(),
            Self::Element => element::start(),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by hand",
            Self::Element => "element",
        }
    }
}

fn main() {
    // What runs under valgrind: one server, so many requests.
    if let Some((contender, requests)) = instructions::asked_for() {
        let mut client = Client::connect(contender.start(), 1);
        client.warm_up(200);
        client.ask(requests);
        return;
    }
    // `cargo test --benches` runs benches too, to see that they work.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let requests = if rounds == 1 { 10 } else { REQUESTS };
    let mut clients = Contender::ALL.map(|contender| (contender, Client::connect(contender.start(), CONNECTIONS)));
    for (_, client) in &mut clients {
        client.warm_up(requests);
    }
    let mut measured = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (results, (contender, client)) in measured.iter_mut().zip(&mut clients) {
            let (before, began) = (threads::processor_time(*contender), Instant::now());
            client.ask(requests);
            let used = threads::processor_time(*contender).saturating_sub(before);
            let calls = f64::from(u32::try_from(requests * CONNECTIONS).unwrap());
            results.push((used.as_secs_f64() * 1e6 / calls, began.elapsed().as_secs_f64() * 1e6 / calls));
        }
    }
    let [by_hand, element] = measured.map(|mut results| {
        results.sort_by(|left, right| left.0.total_cmp(&right.0));
        results[results.len() / 2]
    });
    println!("processor time for a call, median of {rounds} rounds with {CONNECTIONS} connections:");
    println!("  by hand {:6.2} µs ({:.2} µs of wall time)", by_hand.0, by_hand.1);
    println!("  element {:6.2} µs ({:.2} µs of wall time), {:.2} ×", element.0, element.1, element.0 / by_hand.0);
    if rounds > 1 {
        instructions::measure();
    }
}
