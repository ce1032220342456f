//! Every bad value is told with its line, and what is unwise as a warning.

use super::*;

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
        (
            "documents within data_dir",
            "[handover]\nfolder = \"/var/lib/x/../allegromail/documents\"\n",
            "within data_dir",
        ),
        (
            "documents for years",
            "[handover]\ngive_up = \"11d\"\n",
            "10d is the longest",
        ),
        (
            "documents in clear text",
            "[handover]\nurl = \"http://panel.example.net/\"\n",
            "use https",
        ),
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
        (
            "engine",
            "[directory]\nengine = \"mongo\"\n",
            "sled and postgres are",
        ),
        (
            "engine without url",
            "[directory]\nengine = \"postgres\"\n",
            "needs url = ",
        ),
        (
            "password in url",
            "[directory]\nurl = \"host=db1 user=a password=b\"\n",
            "password_file",
        ),
        (
            "spool engine",
            "[spool]\nengine = \"mongo\"\n",
            "local and postgres are",
        ),
        (
            "spool without cluster",
            "[spool]\nengine = \"postgres\"\nshards = [\"host=127.0.0.1 user=a\"]\n",
            "[cluster] node = ",
        ),
        (
            "spool without shards",
            "[spool]\nengine = \"postgres\"\n[directory]\nengine = \"postgres\"\nurl = \"host=127.0.0.1 user=a\"\n",
            "needs shards = ",
        ),
        (
            "password of a shard",
            "[spool]\nshards = [\"host=127.0.0.1 user=a password=b\"]\n",
            "password_file",
        ),
        (
            "shard in plain",
            "[spool]\nshards = [\"host=db1.example user=a sslmode=disable\"]\n",
            "sslmode=disable is for",
        ),
        ("one copy", "[spool]\ncopies = 1\n", "dies with it"),
        ("copies", "[spool]\ncopies = \"many\"\n", "from 2 to 9"),
        ("node", "[cluster]\nnode = \"mx 1\"\n", "is no name"),
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
