//! Keys: how long, how private, how many.

use super::*;

#[test]
fn secrets_must_be_long_and_private() {
    let folder = folder();
    for (key, want) in [
        ("short.key", "32 at least"),
        ("open.key", "others can read"),
        ("none.key", "No such file"),
    ] {
        let errors = load_text(folder.path(), &GOOD.replace("secret.key", key))
            .err()
            .unwrap()
            .to_string();
        assert!(errors.contains(want), "{errors}");
    }
    let loaded = load_text(folder.path(), &GOOD.replace("secret.key", "group.key")).unwrap();
    assert!(
        loaded
            .warnings
            .iter()
            .any(|warning| warning.message.contains("group can read"))
    );
}

#[test]
fn several_keys_are_told_one_by_one() {
    let folder = folder();
    let with = |value: &str| load_text(folder.path(), &GOOD.replace("\"secret.key\"", value));
    let many = |count: usize| format!("[{}]", vec!["\"secret.key\""; count].join(", "));
    assert!(with("[\"secret.key\", \"group.key\"]").is_ok());
    assert!(with(&many(255)).is_ok());
    for (value, words) in [
        ("[\"secret.key\", 7]", ["entry 2", "no text", "in quotes"]),
        (
            "[[\"secret.key\"], \"secret.key\"]",
            ["entry 1", "no text", "in quotes"],
        ),
        ("[]", ["names no key", "openssl", "32"]),
        (&many(256), ["256 keys", "255 at most", "take the oldest"]),
        ("7", ["is a path", "list", "old.key"]),
    ] {
        let errors = with(value)
            .err()
            .unwrap_or_else(|| panic!("{value} was taken"));
        let told = &errors.0[0];
        assert_eq!((told.line, &*told.key), (Some(5), "secrets.key_file"));
        for word in words {
            assert!(told.message.contains(word), "{word:?} in {errors}");
        }
    }
}
