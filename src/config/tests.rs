//! Good configurations load; every bad one is told with its line and the remedy.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::*;

const GOOD: &str = "hostname = \"mx.allegromail.pl\"\n[[domain]]\nname = \"allegromail.pl\"\n[secrets]\nkey_file = \"secret.key\"\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "secret.key", &[7; 32], 0o600);
    write(folder.path(), "short.key", &[7; 31], 0o600);
    write(folder.path(), "open.key", &[7; 32], 0o644);
    write(folder.path(), "group.key", &[7; 32], 0o640);
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8], mode: u32) {
    std::fs::write(folder.join(name), bytes).unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn load_text(folder: &Path, text: &str) -> Result<LoadedConfig, ConfigErrors> {
    let path = folder.join("allegromail.toml");
    std::fs::write(&path, text).unwrap();
    load(&path)
}

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
fn every_problem_is_told_at_once_with_its_line() {
    let folder = folder();
    let text = "hostname = \"mx_.allegromail..pl\"\nport = 25\n[smtp]\nlisten = [\"nowhere\"]\nmax_recipents = 1\n[auth]\nregistered = \"maybe\"\n";
    let errors = load_text(folder.path(), text).err().unwrap();
    let told: Vec<(Option<usize>, &str)> = errors
        .0
        .iter()
        .map(|problem| (problem.line, problem.key.as_str()))
        .collect();
    for want in [
        (Some(1), "hostname"),
        (Some(2), "port"),
        (Some(4), "smtp.listen"),
        (Some(5), "smtp.max_recipents"),
        (Some(7), "auth.registered"),
        (None, "domain"),
        (None, "secrets.key_file"),
    ] {
        assert!(told.contains(&want), "{want:?} in {errors}");
    }
    assert!(
        errors
            .to_string()
            .contains("did you mean \"max_recipients\"?"),
        "{errors}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn bad_values_are_refused() {
    let folder = folder();
    let edits: &[(&str, &str, &str)] = &[
        ("syntax", "[smtp\n", ""),
        (
            "size",
            "[smtp]\nmax_message_size = \"35 MB\"\n",
            "is no size",
        ),
        ("tiny size", "[smtp]\nmax_message_size = 10\n", "64 KiB"),
        ("negative", "[smtp]\nmax_recipients = -1\n", "whole number"),
        ("no listener", "[smtp]\nlisten = []\n", "names no address"),
        (
            "duration",
            "[policy]\ntransaction_grace = \"4 hours\"\n",
            "is no duration",
        ),
        (
            "zero duration",
            "[policy]\ntransaction_grace = \"0s\"\n",
            "out of range",
        ),
        (
            "memory of guesses",
            "[policy]\nguess_memory = \"half a year\"\n",
            "is no duration",
        ),
        ("retry", "[delivery]\nretry = \"1m, x\"\n", "is no duration"),
        ("retry times", "[delivery]\nretry = \"1m*0\"\n", "no wait"),
        ("expiry", "[delivery]\nexpire = \"30s\"\n", "shorter"),
        (
            "budget",
            "[limits]\nrefusals_per_client = \"many\"\n",
            "is no budget",
        ),
        (
            "zero budget",
            "[limits]\nrefusals_per_client = \"0/1h\"\n",
            "is no budget",
        ),
        ("connections", "[limits]\nconnections = 0\n", "whole number"),
        (
            "route host",
            "[[delivery.route]]\ndomain = \"*\"\nhost = \"a b\"\n",
            "no host name",
        ),
        (
            "route tls",
            "[[delivery.route]]\ndomain = \"*\"\nhost = \"a.pl\"\ntls = \"maybe\"\n",
            "unknown variant",
        ),
        (
            "route not array",
            "[delivery]\nroute = 1\n",
            "[[delivery.route]]",
        ),
        ("engine", "[directory]\nengine = \"mongo\"\n", "sled is"),
        (
            "contact",
            "[policy]\ncontact = \"nobody\"\n",
            "is no address",
        ),
        ("dns", "[dns]\nservers = [\"127.0.0.1\"]\n", "with a port"),
        (
            "admin open",
            "[admin]\nlisten = \"0.0.0.0:8025\"\n",
            "no loopback address, and without TLS",
        ),
        (
            "admin port",
            "[admin]\nlisten = \"127.0.0.1\"\n",
            "has no port",
        ),
        ("reserved", "[content]\nanything = 1\n", "no key"),
        (
            "tls half",
            "[smtp]\ntls = { certificate = \"x\" }\n",
            "both",
        ),
        (
            "tls missing",
            "[smtp]\ntls = { certificate = \"x\", key = \"y\" }\n",
            "No such file",
        ),
        ("help", "[policy]\nhelp_url = \"x] y\"\n", "web address"),
        ("unknown table", "[smpt]\n", "did you mean \"smtp\"?"),
        (
            "domain twice",
            "[[domain]]\nname = \"b.pl\"\naliases = [\"allegromail.pl\"]\n",
            "stands twice",
        ),
    ];
    for (case, edit, want) in edits {
        let errors = load_text(folder.path(), &format!("{GOOD}{edit}")).err();
        let errors = errors
            .unwrap_or_else(|| panic!("{case} was taken"))
            .to_string();
        assert!(errors.contains(want), "{case}: {errors}");
    }
}

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

#[test]
fn unwise_settings_are_warnings() {
    let folder = folder();
    let loaded = load_text(
        folder.path(),
        &format!("{GOOD}[auth]\nregistered = \"off\"\n"),
    )
    .unwrap();
    let warned: Vec<&str> = loaded
        .warnings
        .iter()
        .map(|warning| warning.key.as_str())
        .collect();
    assert!(
        warned.contains(&"auth.registered") && warned.contains(&"policy.contact"),
        "{warned:?}"
    );
}

/// The example with its route set.
fn with_route(listen: &str, more: &str, host: &str, port: u16) -> String {
    format!(
        "hostname = \"mx.allegromail.pl\"\n[smtp]\nlisten = [{listen}]\n{more}[[domain]]\nname = \"allegromail.pl\"\naliases = [\"user.allegrogroup.pl\"]\n\
         [secrets]\nkey_file = \"secret.key\"\n[[delivery.route]]\ndomain = \"poczta.example\"\nhost = \"smarthost.example\"\n\
         [[delivery.route]]\ndomain = \"*\"\nhost = \"{host}\"\nport = {port}\n"
    )
}

#[test]
fn h182_a_route_that_leads_back_to_us_is_an_error_and_its_neighbours_are_none() {
    let folder = folder();
    let any = "\"[::]:25\"";
    let proxied = "proxy_listen = [\"127.0.0.1:10025\"]\nproxy_from = [\"127.0.0.1\"]\n";
    for (listen, more, host, port, circle) in [
        (any, "", "127.0.0.1", 25, true),
        (any, "", "127.0.0.9", 25, true),
        (any, "", "::1", 25, true),
        (any, "", "::ffff:127.0.0.1", 25, true),
        (any, "", "0.0.0.0", 25, true),
        (any, "", "::", 25, true),
        (any, "", "localhost", 25, true),
        (any, "", "LocalHost", 25, true),
        (any, "", "mail.localhost", 25, true),
        (any, "", "mx.allegromail.pl", 25, true),
        (any, "", "MX.Allegromail.PL", 25, true),
        (any, "", "allegromail.pl", 25, true),
        (any, "", "user.allegrogroup.pl", 25, true),
        ("\"0.0.0.0:25\"", "", "127.0.0.1", 25, true),
        ("\"127.0.0.1:25\"", "", "localhost", 25, true),
        ("\"[::1]:25\"", "", "localhost", 25, true),
        (
            "\"192.0.2.7:25\", \"127.0.0.1:2525\"",
            "",
            "127.0.0.1",
            2525,
            true,
        ),
        ("\"192.0.2.7:25\"", "", "192.0.2.7", 25, true),
        ("\"192.0.2.7:2525\"", "", "mx.allegromail.pl", 25, true),
        ("\"192.0.2.7:2525\"", "", "mx.allegromail.pl", 2525, true),
        (any, proxied, "127.0.0.1", 10025, true),
        (any, proxied, "localhost", 10025, true),
        (any, proxied, "mx.allegromail.pl", 10025, true),
        // Another server of this machine: on another port, or at the same port of another address.
        (any, "", "127.0.0.1", 10025, false),
        (any, "", "localhost", 587, false),
        (any, "", "mx.allegromail.pl", 10025, false),
        ("\"192.0.2.7:25\"", "", "127.0.0.1", 25, false),
        ("\"192.0.2.7:25\"", "", "localhost", 25, false),
        ("\"192.0.2.7:25\"", "", "192.0.2.8", 25, false),
        ("\"127.0.0.1:0\"", "", "127.0.0.1", 25, false),
        // Not of this machine.
        (any, "", "192.0.2.1", 25, false),
        (any, "", "smtp.allegromail.pl", 25, false),
        (any, "", "smarthost.example", 25, false),
    ] {
        let text = with_route(listen, more, host, port);
        let told = load_text(folder.path(), &text).err();
        let told: Vec<_> = told.into_iter().flat_map(|errors| errors.0).collect();
        assert_eq!(
            told.len(),
            usize::from(circle),
            "{listen} {host} {port}: {told:?}"
        );
        for problem in told {
            let line = text
                .lines()
                .position(|line| line.contains("domain = \"*\""));
            assert_eq!(problem.key, "delivery.route.host");
            assert_eq!(problem.line, line, "the heading above it");
            assert!(
                problem.message.contains("in a circle"),
                "{}",
                problem.message
            );
        }
    }
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

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn h157_an_http_listener_has_a_token_and_tls_or_does_not_leave_the_host() {
    let folder = folder();
    write(folder.path(), "admin.token", b"0123456789abcdef", 0o600);
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    write(folder.path(), "c.pem", made.cert.pem().as_bytes(), 0o644);
    write(
        folder.path(),
        "k.pem",
        made.signing_key.serialize_pem().as_bytes(),
        0o600,
    );
    let (token, tls) = (
        "token_file = \"admin.token\"\n",
        "tls = { certificate = \"c.pem\", key = \"k.pem\" }\n",
    );
    let (tokenless, proxy) = (
        "allow_tokenless_loopback = true\n",
        "behind_proxy = [\"10.0.0.0/8\"]\n",
    );
    let long = format!("listen = \"/{}\"\n", "x".repeat(107));
    // What an error must say; none: it holds, and the second is a word of the warning.
    let rows: &[(&[&str], Result<&str, &str>)] = &[
        (&[], Ok("")),
        (&[token], Ok("")),
        (&["listen = \"/run/admin.sock\"\n"], Ok("")),
        (&["listen = \"127.0.0.1:8025\"\n"], Err("admin.sock")),
        (&["listen = \"127.0.0.1:8025\"\n"], Err("token")),
        (&["listen = \"[::1]:8025\"\n"], Err("token")),
        (&["listen = \"127.0.0.1:8025\"\n", tls], Err("token")),
        (&["listen = \"127.0.0.1:8025\"\n", token], Ok("")),
        (
            &["listen = \"127.0.0.1:8025\"\n", tokenless],
            Ok("every program on this host"),
        ),
        (
            &["listen = \"[::1]:8025\"\n", tokenless],
            Ok("every program on this host"),
        ),
        (
            &["listen = \"[::ffff:127.0.0.1]:8025\"\n", tokenless],
            Ok("every program on this host"),
        ),
        (
            &["listen = \"0.0.0.0:8025\"\n", tokenless],
            Err("without TLS"),
        ),
        (
            &["listen = \"0.0.0.0:8025\"\n", tokenless, tls],
            Err("loopback address only"),
        ),
        (
            &["listen = \"0.0.0.0:8025\"\n", tokenless, proxy],
            Err("loopback address only"),
        ),
        (
            &["listen = \"127.0.0.1:8025\"\n", tokenless, proxy],
            Err("bring others"),
        ),
        (&["listen = \"127.0.0.1:8025\"\n", token, proxy], Ok("")),
        (
            &["listen = \"10.0.0.1:8025\"\n", token],
            Err("behind_proxy"),
        ),
        (&["listen = \"[::]:8025\"\n", token], Err("tls = ")),
        (&["listen = \"10.0.0.1:8025\"\n", token, tls], Ok("")),
        (&["listen = \"0.0.0.0:8025\"\n", token, proxy], Ok("")),
        (&["listen = \"0.0.0.0:8025\"\n", token, tls, proxy], Ok("")),
        (
            &[
                "listen = \"0.0.0.0:8025\"\n",
                token,
                "behind_proxy = [\"0.0.0.0/0\"]\n",
            ],
            Err("everybody"),
        ),
        (
            &[
                "listen = \"0.0.0.0:8025\"\n",
                token,
                "behind_proxy = [\"proxy\"]\n",
            ],
            Err("no network"),
        ),
        (&[tls], Err("take it away")),
        (&[proxy], Err("take it away")),
        (&["listen = \"\"\n"], Err("is empty")),
        (&[&long], Err("too long")),
        (
            &["hosts = [\"admin.example\", \"monitor\", \"żółw.example\"]\n"],
            Ok(""),
        ),
        (
            &["hosts = [\"admin.example:8025\"]\n"],
            Err("without a port"),
        ),
        (&["hosts = [\"*\"]\n"], Err("no domain")),
        (&["allow_tokenless_loopback = 1\n"], Err("true or false")),
    ];
    for (lines, wanted) in rows {
        let text = format!(
            "{GOOD}[policy]\ncontact = \"a@b.example\"\n[admin]\n{}",
            lines.concat()
        );
        match (load_text(folder.path(), &text), wanted) {
            (Ok(loaded), Ok(word)) => {
                let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
                assert_eq!(
                    warnings.len(),
                    usize::from(!word.is_empty()),
                    "{lines:?}: {warnings:?}"
                );
                assert!(
                    warnings.iter().all(|warning| warning.contains(word)),
                    "{warnings:?}"
                );
            }
            (Err(errors), Err(word)) => {
                assert!(
                    errors.to_string().contains(word),
                    "{lines:?}: {word}: {errors}"
                );
            }
            (Ok(_), Err(word)) => panic!("{lines:?} holds, in place of {word}"),
            (Err(errors), Ok(_)) => panic!("{lines:?}: {errors}"),
        }
    }
}
