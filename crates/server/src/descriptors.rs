use std::fs;

/// How many descriptors are left for everything that is no connection from outside: databases, files, calls to others.
const KEPT_FREE: usize = 64;

/// How many connections the operating system lets this process have; `None` where it does not say.
pub(crate) fn connections_possible() -> Option<usize> {
    // The file is made of what the kernel has in memory: reading it waits for nothing.
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    Some(soft_limit(&limits)?.saturating_sub(KEPT_FREE).max(1))
}

/// The soft limit of open files, which is what holds. It is no number when there is none.
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
