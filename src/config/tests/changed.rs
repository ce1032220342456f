//! Which keys a file says otherwise than when it was read.

use super::*;

#[test]
fn only_values_that_are_other_values_have_changed() {
    let folder = folder();
    let config = load_text(folder.path(), GOOD).unwrap().config;
    let now = |text: &str| {
        std::fs::write(folder.path().join("allegromail.toml"), text).unwrap();
        changed(&config)
    };
    let names = |text: &str| now(text).unwrap();
    assert_eq!(names(GOOD), [""; 0]);
    let commented = format!("# a comment\n{GOOD}[smtp]\nlisten = [\"[::]:25\"] # the default\n");
    assert_eq!(names(&commented), [""; 0]);
    let more = format!(
        "data_dir = \"elsewhere\"\n{GOOD}[smtp]\nmax_message_size = \"40 MiB\"\n[limits]\nconnections = 100\n\
         [[delivery.route]]\ndomain = \"example.net\"\nhost = \"smarthost.example.net\"\n"
    );
    assert_eq!(
        names(&more),
        [
            "[[delivery.route]]",
            "[limits] connections",
            "[smtp] max_message_size",
            "data_dir"
        ]
    );
    let other = GOOD.replace(
        "name = \"allegromail.pl\"",
        "name = \"allegromail.pl\"\naliases = [\"old.example\"]",
    );
    assert_eq!(names(&other), ["[[domain]]"]);
    let broken = now("hostname = 7\n").err().unwrap();
    assert!(
        broken.to_string().contains("allegromail.toml:1: hostname"),
        "{broken}"
    );
}

#[test]
fn a_secret_file_that_holds_something_else_has_changed_its_key() {
    let folder = folder();
    let config = load_text(folder.path(), GOOD).unwrap().config;
    assert_eq!(changed(&config).unwrap(), [""; 0]);
    write(folder.path(), "secret.key", &[8; 32], 0o600);
    assert_eq!(changed(&config).unwrap(), ["[secrets] key_file"]);
    std::fs::remove_file(folder.path().join("secret.key")).unwrap();
    assert!(
        changed(&config)
            .err()
            .unwrap()
            .to_string()
            .contains("secret.key: No such file")
    );
}
