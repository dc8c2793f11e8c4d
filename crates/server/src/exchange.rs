use std::net::IpAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::request_id::RequestId;

/// One request being answered: its number, when it came and where from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange {
    pub(crate) id: RequestId,
    pub(crate) started: Instant,
    pub(crate) address: IpAddr,
}

impl Exchange {
    pub(crate) fn begin(address: IpAddr) -> Self {
        Self { id: RequestId::random(), started: Instant::now(), address }
    }

    /// The whole milliseconds that have gone by.
    pub(crate) fn milliseconds(&self) -> u64 {
        whole_milliseconds(self.started.elapsed())
    }
}

/// Unix milliseconds.
pub(crate) fn unix_milliseconds(moment: SystemTime) -> u64 {
    whole_milliseconds(moment.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn whole_milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
