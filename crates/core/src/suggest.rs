//! "Did you mean …?"

/// The candidates nearest to `name`, nearest first, at most `max`: few edits away (one for every three characters), or with the same last segment;
/// a name of one segment is compared with the last one of each candidate too.
pub fn nearest<'candidate>(
    name: &str,
    candidates: impl IntoIterator<Item = &'candidate str>,
    max: usize,
) -> Vec<String> {
    let wanted = name.to_lowercase();
    // Beyond this the quadratic comparison costs more than the advice is worth.
    let length = wanted.chars().count();
    if length > 256 {
        return Vec::new();
    }
    let limit = (length / 3).clamp(1, 6);
    let wanted_last = last_segment(name).to_lowercase();
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let end = last_segment(candidate);
            let same_end = name.contains('.') && end.to_lowercase() == wanted_last;
            let near_end = (!name.contains('.') && end != candidate).then(|| edits(&wanted, end, limit)).flatten();
            let edits = edits(&wanted, candidate, limit).or(same_end.then_some(limit)).or(near_end);
            edits.map(|edits| (edits, candidate))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(max).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// How many edits lie between a name and a text, unless there are too many.
fn edits(wanted: &str, text: &str, limit: usize) -> Option<usize> {
    let letters: String = text.to_lowercase().chars().take(300).collect();
    let is_near = letters.chars().count().abs_diff(wanted.chars().count()) <= limit;
    is_near.then(|| strsim::osa_distance(wanted, &letters)).filter(|&edits| edits <= limit)
}

fn last_segment(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}
