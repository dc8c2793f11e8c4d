//! "Did you mean …?"

/// The candidates nearest to `name`, nearest first, at most `max`: few edits away (one for every three characters), or with the same last segment;
/// a name of one segment is compared with the last one of each candidate too.
pub fn nearest<'candidate>(
    name: &str,
    candidates: impl IntoIterator<Item = &'candidate str>,
    max: usize,
) -> Vec<String> {
    let wanted: Vec<char> = lower(name).collect();
    // Beyond this the quadratic comparison costs more than the advice is worth.
    if wanted.len() > 256 {
        return Vec::new();
    }
    let limit = (wanted.len() / 3).clamp(1, 6);
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
fn edits(wanted: &[char], text: &str, limit: usize) -> Option<usize> {
    let letters: Vec<char> = lower(text).take(300).collect();
    let is_near = letters.len().abs_diff(wanted.len()) <= limit;
    is_near.then(|| distance(wanted, &letters)).filter(|&edits| edits <= limit)
}

fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

fn last_segment(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

/// How many insertions, deletions, replacements and swaps of neighbours lie between two texts.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, &from) in a.iter().enumerate() {
        let mut current = Vec::with_capacity(last.len());
        let mut left = row + 1;
        current.push(left);
        let mut previous_b = None;
        for (column, (&to, pair)) in b.iter().zip(last.windows(2)).enumerate() {
            let &[diagonal, above] = pair else { continue };
            let mut cost = (diagonal + usize::from(from != to)).min(above + 1).min(left + 1);
            if previous_a == Some(to) && previous_b == Some(from) {
                let swapped = column.checked_sub(1).and_then(|at| before_last.get(at));
                cost = swapped.map_or(cost, |&swapped| cost.min(swapped + 1));
            }
            current.push(cost);
            left = cost;
            previous_b = Some(to);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_a = Some(from);
    }
    last.last().copied().unwrap_or(a.len())
}
