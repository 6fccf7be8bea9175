//! The paths a file imports, with `use a::{b, c::d as e}` written out as `a::b` and `a::c::d`.

use crate::source::{Source, is_word};

/// A path named by a `use` declaration, and the byte where its last name stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) at: usize,
    pub(crate) path: String,
}

/// All imports of a file outside its tests.
pub(crate) fn imports(source: &Source) -> Vec<Import> {
    let mut found = Vec::new();
    for start in source.find("use") {
        let body = start + "use".len();
        let declaration = &source.code[body..];
        let is_declaration = declaration.starts_with(char::is_whitespace);
        if let Some(length) = declaration.find(';').filter(|_| is_declaration) {
            expand("", &declaration[..length], body, &mut found);
        }
    }
    found
}

/// Writes out one branch of a `use` tree; `at` is where the branch begins in the file.
fn expand(prefix: &str, tree: &str, at: usize, found: &mut Vec<Import>) {
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, Some(group)),
        None => (tree, None),
    };
    let head_at = at + (head.len() - head.trim_start().len());
    let name = head.split(" as ").next().unwrap_or_default();
    let mut path = prefix.to_owned();
    path.extend(
        name.chars()
            .filter(|c| is_word(*c) || matches!(c, ':' | '*')),
    );
    let path = path.trim_start_matches("::").to_owned();
    let Some(group) = group else {
        if !path.is_empty() {
            found.push(Import { at: head_at, path });
        }
        return;
    };
    let group_at = at + head.len() + 1;
    let inside = group.rfind('}').map_or(group, |end| &group[..end]);
    for (offset, branch) in branches(inside) {
        if branch.trim() == "self" {
            let itself = path.trim_end_matches(':').to_owned();
            found.push(Import {
                at: group_at + offset,
                path: itself,
            });
        } else if !branch.trim().is_empty() {
            expand(&path, branch, group_at + offset, found);
        }
    }
}

/// The parts of a group between commas of its own level, each with its offset.
fn branches(group: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push((start, &group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push((start, &group[start..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let source = Source::new("sample.rs", text);
        imports(&source)
            .into_iter()
            .map(|import| import.path)
            .collect()
    }

    #[test]
    fn a_tree_is_written_out() {
        assert_eq!(
            paths("pub(crate) use std::{fs, io::{self, Read as _}, time::*,\n  net};"),
            [
                "std::fs",
                "std::io",
                "std::io::Read",
                "std::time::*",
                "std::net"
            ]
        );
    }

    #[test]
    fn a_plain_path_is_itself() {
        assert_eq!(
            paths("use ::std::env;\nuse a::b as c;"),
            ["std::env", "a::b"]
        );
    }

    #[test]
    fn capture_lists_and_tests_are_not_imports() {
        assert!(paths("fn f<'a>() -> impl X + use<'a>;").is_empty());
        assert!(paths("#[cfg(test)]\nmod tests { use std::fs; }").is_empty());
    }

    #[test]
    fn places_are_those_of_the_names() {
        let source = Source::new("sample.rs", "use std::{\n    fs,\n    net,\n};");
        let lines: Vec<usize> = imports(&source)
            .iter()
            .map(|import| source.line_of(import.at))
            .collect();
        assert_eq!(lines, [2, 3]);
    }
}
