//! The Message Center: off without its table, and told what it lacks with it.

use super::*;

fn center(text: &str) -> Result<LoadedConfig, ConfigErrors> {
    let folder = folder();
    load_text(folder.path(), &format!("{GOOD}{text}"))
}

#[test]
fn without_its_table_there_is_no_center() {
    assert!(center("").unwrap().config.center.is_none());
    let folder = folder();
    std::fs::create_dir(folder.path().join("certs")).unwrap();
    write(folder.path(), "certs/secret.key", &[7; 32], 0o600);
    let shipped = load_text(folder.path(), &example()).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(shipped.config.center.is_none());
}

#[test]
fn the_heading_alone_keeps_messages_with_the_defaults_and_says_that_nobody_reads_them() {
    let loaded = center("[center]\n").unwrap();
    let warned = loaded.warnings.iter();
    assert_eq!(
        warned
            .filter(|warning| warning.key == "center.listen")
            .count(),
        1
    );
    let center = loaded.config.center.unwrap();
    assert!(center.http.is_none() && center.sign_in.is_none() && center.hosts.is_empty());
    assert_eq!(center.keep, Duration::from_secs(180 * 86_400));
    assert_eq!(
        (center.behind, center.when_behind),
        (1 << 30, WhenBehind::Refuse)
    );
    let requests = Budget {
        count: 600,
        period: Duration::from_secs(60),
    };
    assert_eq!(center.requests_per_participant, Some(requests));
    assert_eq!((center.streams, center.streams_total), (5, 2_000));
}

#[test]
fn whose_tokens_are_taken_is_said_by_three_keys_together() {
    let loaded = center(
        "[center]\nlisten = \"127.0.0.1:8027\"\nissuer = \"https://allegro.example\"\naudience = \"center\"\njwks = \"keys.json\"\n",
    )
    .unwrap();
    assert!(
        !loaded
            .warnings
            .iter()
            .any(|warning| warning.key.starts_with("center"))
    );
    let sign_in = loaded.config.center.unwrap().sign_in.unwrap();
    let file = matches!(&sign_in.keys, KeySource::File(path) if path.ends_with("keys.json"));
    assert!(
        file && sign_in.issuer == "https://allegro.example",
        "{sign_in:?}"
    );
    let server = center(
        "[center]\nissuer = \"a\"\naudience = \"b\"\njwks = \"https://allegro.example/oauth/jwks\"\n",
    );
    let keys = server.unwrap().config.center.unwrap().sign_in.unwrap().keys;
    assert!(
        matches!(&keys, KeySource::Server(server) if server.tls && server.path == "/oauth/jwks"),
        "{keys:?}"
    );
}

#[test]
fn a_center_that_cannot_be_is_refused() {
    for (line, want) in [
        ("listen = \"0.0.0.0:8027\"", "without TLS"),
        ("listen = \"/run/center.sock\"", "no address with a port"),
        ("behind = \"1 KiB\"", "at least 16 MiB"),
        ("when_behind = \"wait\"", "unknown variant"),
        ("keep = \"half a year\"", "is no duration"),
        ("streams = 0", "from 1 to 100"),
        ("requests_per_participant = \"many\"", "is no budget"),
        ("jwks = \"keys.json\"", "center.issuer: is missing"),
        (
            "issuer = \"a\"\naudience = \"b\"\njwks = \"http://allegro.example/jwks\"",
            "use https",
        ),
        (
            "issuer = \"\"\naudience = \"b\"\njwks = \"keys.json\"",
            "is empty",
        ),
        ("lisen = \"127.0.0.1:8027\"", "did you mean \"listen\"?"),
    ] {
        let errors = center(&format!("[center]\n{line}\n")).err();
        let errors = errors
            .unwrap_or_else(|| panic!("{line} was taken"))
            .to_string();
        assert!(errors.contains(want), "{line}: {errors}");
    }
}

#[test]
fn turning_it_on_needs_a_restart() {
    let folder = folder();
    let config = load_text(folder.path(), GOOD).unwrap().config;
    std::fs::write(
        folder.path().join("allegromail.toml"),
        format!("{GOOD}[center]\n"),
    )
    .unwrap();
    assert_eq!(changed(&config).unwrap(), ["[center]"]);
}
