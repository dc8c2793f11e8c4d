//! Days and times as text: the few checks that the data types need.

use std::time::{SystemTime, UNIX_EPOCH};

/// The day as `2026-11-22`, if it is one.
pub(crate) fn day(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let exists = parts.next().is_none() && year >= 1 && (1..=days_in(year, month)?).contains(&day);
    exists.then(|| text.to_owned())
}

/// The time of day as `18:30:00`, if it is one; the seconds may be left out.
pub(crate) fn time(text: &str) -> Option<String> {
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    let exists = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    exists.then(|| format!("{hour:02}:{minute:02}:{second:02}"))
}

/// Day and time as `2026-11-22 18:30:00`, if they are; a `T` may stand between them.
pub(crate) fn day_and_time(text: &str) -> Option<String> {
    let (day_part, time_part) = text.split_once([' ', 'T'])?;
    Some(format!("{} {}", day(day_part)?, time(time_part)?))
}

/// A point in time as `2026-11-22 18:30:00 UTC`.
pub(crate) fn utc(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut month) = (1970, 1);
    while days >= days_in_year(year) {
        days -= days_in_year(year);
        year += 1;
    }
    while let Some(length) = days_in(year, month).map(u64::from).filter(|length| days >= *length) {
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", days + 1)
}

fn digits(text: &str, count: usize) -> Option<u32> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn days_in_year(year: u32) -> u64 {
    if leap(year) { 366 } else { 365 }
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap(year) => 29,
        2 => 28,
        _ => return None,
    })
}

fn leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}
