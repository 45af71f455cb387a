//! Names of roles and of targets that lead to no other file than their own.

use super::super::metadata::{has_byte, has_plain_parts};

/// What of a role's name could lead elsewhere, as a clause; nothing of a name that is fine.
pub(super) fn role_fault(name: &str) -> Option<&'static str> {
    let version =
        name.split_once('.').is_some_and(|(head, _)| !head.is_empty() && head.bytes().all(|it| it.is_ascii_digit()));
    match name {
        "" => Some("is empty"),
        "." | ".." => Some("is a folder's"),
        "root" | "targets" | "snapshot" | "timestamp" => Some("is that of a role at the top"),
        _ if name.len() > 200 => Some("is longer than 200 bytes"),
        _ if name.contains(['/', '\\']) => Some("leads to another folder"),
        _ if name.chars().any(char::is_control) => Some("has control characters in it"),
        _ if version => Some("begins as that of a version does"),
        _ => None,
    }
}

/// The longest path that systems know, in bytes.
pub(super) const LONGEST: usize = 4_096;

/// What of a target's name could lead elsewhere, as a clause; nothing of a name that is fine.
pub(super) fn target_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("is empty");
    }
    if name.len() > LONGEST {
        return Some("is longer than 4096 bytes");
    }
    if name.starts_with('/') {
        return Some("is absolute");
    }
    if has_byte(name, |byte| matches!(byte, ..0x20 | b'\\' | b'%' | 0x7f..)) {
        if name.contains('\\') {
            return Some("has a backslash in it");
        }
        if name.chars().any(char::is_control) {
            return Some("has control characters in it");
        }
        // As a server takes it apart.
        let lower = name.to_ascii_lowercase();
        if ["%2e", "%2f", "%5c", "%00"].iter().any(|hidden| lower.contains(hidden)) {
            return Some("hides a dot, a slash or the like behind %");
        }
    }
    if has_plain_parts(name) {
        return None;
    }
    let mut parts = name.split('/');
    parts.find_map(|part| match part {
        "" => Some("has an empty part"),
        "." | ".." => Some("has a part that leads to another folder"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{role_fault, target_fault};

    #[test]
    fn names_that_lead_elsewhere_are_found_and_no_others() {
        for name in ["a", "a/b.c", "a/..b", "packages/é 1+2.whl", "a%20b", "…/a"] {
            assert_eq!(target_fault(name), None, "{name:?}");
        }
        for name in ["", "/a", "a//b", "a/", "..", "a/../b", "./a", "a\\b", "a\0", "a\u{9b}", "%2E%2e/a", "a%2fb"] {
            assert!(target_fault(name).is_some(), "{name:?}");
        }
        for name in ["bin-0", "0-3", "registry", "docker image", "v1.0", "é"] {
            assert_eq!(role_fault(name), None, "{name:?}");
        }
        for name in
            ["", ".", "..", "root", "timestamp", "a/b", "../x", "a\\b", "1.root", "7.x", "a\u{1b}[2J", &"a".repeat(201)]
        {
            assert!(role_fault(name).is_some(), "{name:?}");
        }
    }
}
