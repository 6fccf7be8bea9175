//! Names near to one that was not found.

/// Up to three candidates for a name nobody knows: those that contain its words or are contained
/// in it, then the one nearest by spelling. Case, spaces, dashes and underscores do not count.
pub(crate) fn nearest_names<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let wanted = plain(name);
    let mut candidates: Vec<(String, &str)> = candidates
        .into_iter()
        .map(|c| (plain(c), c))
        .filter(|(plain, _)| !plain.is_empty())
        .collect();
    candidates.sort_unstable();
    candidates.dedup();
    let inside = |c: &&(String, &str)| {
        !wanted.is_empty() && (c.0.contains(&wanted) || wanted.contains(&c.0))
    };
    let mut near: Vec<&(String, &str)> = candidates.iter().filter(inside).collect();
    near.sort_by_key(|(p, _)| p.len().abs_diff(wanted.len()));
    let mut found: Vec<String> = near.iter().take(3).map(|(_, c)| (*c).to_owned()).collect();
    let spelled = weigh_facts::nearest(&wanted, candidates.iter().map(|(p, _)| p.as_str()));
    let spelled = spelled.and_then(|s| candidates.iter().find(|(p, _)| p == s));
    if let Some((_, name)) = spelled
        && !found.iter().any(|f| f == name)
    {
        found.truncate(2);
        found.insert(0, (*name).to_owned());
    }
    found
}

/// Lowercase letters and digits alone.
pub(crate) fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}
