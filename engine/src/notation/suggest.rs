//! Suggestions for names that are nearly right.

/// Longest name that suggestions are made for, in bytes; comparing takes time in the product of the lengths.
const LONGEST: usize = 80;

/// The candidate that `name` was most likely meant to be, or nothing when none is near.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let fold = |text: &str| text.to_lowercase().replace(['_', ' '], "-");
    let wanted = fold(name);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= 1 + name.len() / 2 && candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= 1.max(candidate.chars().count().min(wanted.chars().count()) / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_is_matched_and_a_strange_one_is_not() {
        assert_eq!(nearest("ask.txet", ["ask.date", "ask.text"]), Some("ask.text"));
        assert_eq!(nearest("goto", ["go_to", "do"]), Some("go_to"));
        assert_eq!(nearest("on-failure", ["on_failure"]), Some("on_failure"));
        assert_eq!(nearest("banana", ["do", "if", "end"]), None);
    }
}
