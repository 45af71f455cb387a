//! How names are spelt: kebab-case for sections and imports, `snake_case` for values.

/// Whether a name is kebab-case: words of lower-case letters and digits with `-` between them.
#[must_use]
pub fn is_kebab(name: &str) -> bool {
    name.split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// Whether a name is `snake_case`, and so can be named in an expression.
#[must_use]
pub fn is_snake(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The name in kebab-case, for a suggestion; empty when nothing of it can stay.
#[must_use]
pub fn to_kebab(name: &str) -> String {
    words(name).join("-")
}

/// The name in `snake_case`, for a suggestion; empty when nothing of it can stay.
#[must_use]
pub fn to_snake(name: &str) -> String {
    let name = words(name).join("_");
    name.trim_start_matches(|first: char| !first.is_ascii_lowercase()).to_string()
}

/// The words of a name, in lower case: `aKey Holder-1` is `a`, `key`, `holder`, `1`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for letter in name.chars().take(80) {
        let starts = letter.is_ascii_uppercase() && lower_before;
        if starts || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(letter.to_ascii_lowercase());
        }
        lower_before = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_recognised_and_respelt() {
        assert!(is_kebab("provisioning-the-yubihsm-2") && !is_kebab("a--b") && !is_kebab("A") && !is_kebab("a/b"));
        assert!(is_snake("new_password") && !is_snake("2nd") && !is_snake("new-password") && !is_snake(""));
        assert_eq!(to_kebab("Provisioning the YubiHSM_2"), "provisioning-the-yubi-hsm-2");
        assert_eq!(to_snake("newPassword"), "new_password");
        assert_eq!(to_snake("2nd-serial"), "nd_serial");
        assert_eq!(to_snake("日"), "");
    }
}
