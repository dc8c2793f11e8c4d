use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mti_element::{AppHandle, Result};
use mti_wechat::{Handling, WeChatError};

use crate::{Clock, fails};

/// How many refusals in a row mean that the quota is used up, and not that a stray call hit its edge.
const REFUSALS: u32 = 3;

/// How long WeChat is left alone: its quotas are counted by the minute.
const PAUSE_SECONDS: u64 = 60;

/// More applications than one process serves: a bound, so that the table cannot grow without end.
const MOST_APPLICATIONS: usize = 1_000;

/// Stops asking WeChat for an application whose quota is used up, until the next minute: a resource of the process.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    applications: Mutex<HashMap<String, Standing>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Standing {
    refusals: u32,
    paused_until: i64,
}

impl Quota {
    /// Refuses while WeChat is left alone.
    pub(crate) fn check(app: &AppHandle<'_>, app_id: &str) -> Result<()> {
        let quota = app.resource(Self::default);
        let applications = quota.applications.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = applications.get(app_id).map_or(0, |standing| standing.paused_until - Clock::of(app));
        match u64::try_from(pause) {
            Ok(seconds @ 1..=PAUSE_SECONDS) => Err(fails::WECHAT_RATE_LIMITED
                .failure()
                .retry_after(seconds)
                .noting("WeChat's quota was used up: it is not asked before the next minute")),
            // It is over. One that were longer than a pause can be was begun before the clock was set back.
            _ => Ok(()),
        }
    }

    /// Notes how WeChat answered.
    pub(crate) fn note<T>(app: &AppHandle<'_>, app_id: &str, answer: &Result<T, WeChatError>) {
        let is_refused = answer.as_ref().is_err_and(|error| error.handling() == Handling::BackOff);
        let quota = app.resource(Self::default);
        let mut applications = quota.applications.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_refused {
            applications.remove(app_id);
        } else if applications.len() < MOST_APPLICATIONS || applications.contains_key(app_id) {
            let standing = applications.entry(app_id.to_owned()).or_default();
            standing.refusals += 1;
            if standing.refusals >= REFUSALS {
                standing.refusals = 0;
                let now = Clock::of(app);
                let minute = PAUSE_SECONDS.cast_signed();
                standing.paused_until = now - now.rem_euclid(minute) + minute;
            }
        }
    }
}
