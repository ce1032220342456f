//! What a file that says little comes to, and the example.

use super::*;

#[test]
fn defaults_are_those_of_the_contract() {
    let folder = folder();
    let config = load_text(folder.path(), GOOD).unwrap().config;
    assert_eq!(config.smtp.listen, ["[::]:25".parse().unwrap()]);
    assert_eq!(
        (config.smtp.max_message_size, config.smtp.max_recipients),
        (36_700_160, 100)
    );
    assert_eq!(config.delivery.retry.len(), 1 + 2 + 2 + 1 + 4 + 40);
    assert_eq!(config.delivery.expire, Duration::from_secs(5 * 86_400));
    assert_eq!(
        config.policy.transaction_grace,
        Duration::from_secs(4 * 3600)
    );
    assert_eq!(
        config.policy.guess_memory,
        Duration::from_secs(180 * 86_400)
    );
    assert_eq!(config.policy.roles.len(), 6);
    assert_eq!(
        config.limits.refusals_per_client,
        Some(Budget {
            count: 300,
            period: Duration::from_secs(600)
        })
    );
    let socket = HttpListen::Unix("/var/lib/allegromail/admin.sock".into());
    assert_eq!(config.admin.http.listen, socket);
    assert!(config.admin.token.is_none() && config.admin.hosts.is_empty());
    assert_eq!(config.allowlist, folder.path().join("allowlist"));
}

#[test]
fn the_example_parses_to_the_defaults_and_names_every_key() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("certs")).unwrap();
    write(folder.path(), "certs/secret.key", &[7; 32], 0o600);
    let config = load_text(folder.path(), &example())
        .unwrap_or_else(|errors| panic!("{errors}"))
        .config;
    assert_eq!(config.domains.len(), 1);
    assert!(config.delivery.routes.is_empty());
    assert_eq!(
        config.policy.guess_memory,
        Duration::from_secs(180 * 86_400)
    );
    assert_eq!(config.policy.roles.len(), 6);
    // Uncommented, the optional keys are known, too: what is left to complain of is files that are not there.
    let all = example()
        .replace("\n# [center]", "\n[center]")
        .replace("\n# tls = {", "\ntls = {")
        .replace("\n# dkim = ", "\ndkim = ")
        .replace("\n# contact = ", "\ncontact = ");
    let all = all
        .replace("\n# help_url = ", "\nhelp_url = ")
        .replace("\n# listen = ", "\nlisten = ")
        .replace("\n# token_file = ", "\ntoken_file = ");
    let errors = load_text(folder.path(), &all).err().unwrap();
    assert!(
        errors
            .0
            .iter()
            .all(|problem| problem.message.contains("No such file")),
        "{errors}"
    );
}

#[test]
fn h182_the_example_sets_no_route_and_shows_one_that_loads() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("certs")).unwrap();
    write(folder.path(), "certs/secret.key", &[7; 32], 0o600);
    assert!(!example().contains("\n[[delivery.route]]"));
    let shown = [
        "[[delivery.route]]",
        "domain = \"*\"",
        "host = ",
        "port = ",
        "tls = \"opp",
    ];
    let uncommented = shown.iter().fold(example(), |text, line| {
        assert!(text.contains(&format!("\n# {line}")), "{line}");
        text.replace(&format!("\n# {line}"), &format!("\n{line}"))
    });
    let config = load_text(folder.path(), &uncommented)
        .unwrap_or_else(|errors| panic!("{errors}"))
        .config;
    assert_eq!(config.delivery.routes.len(), 1);
}
