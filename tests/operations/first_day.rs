//! `docs/first-day.md` is true: its commands are typed into a shell, and what they print is what stands on the page.
//!
//! The page was typed on a Debian with systemd. Here the service manager, sudo and what gives files to a user are small scripts, and the three folders and
//! two ports of the page are others, so that it runs beside anything and as anybody. Programs that the page wants, swaks and aiosmtpd, are the real ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use allegromail::scripted::dns::{DnsServer, Zones};

use crate::support::process::{PROGRAM, free_port};
use crate::support::programs::have;

/// In place of `sleep 2`: until the mailbox listens and no message is being delivered.
const WAIT: &str = r#"
while [ -e "$ROOT/mailbox.pid" ] && ! (exec 3<> "/dev/tcp/127.0.0.1/$MAILBOX") 2>/dev/null; do /bin/sleep 0.05; done
exec /usr/bin/python3 - <<'EOF'
import datetime, json, os, subprocess, time
config = os.environ["ROOT"] + "/etc/allegromail/allegromail.toml"
def busy():
    asked = [os.environ["PROGRAM"], "queue", "list", "--json", "--config", config]
    now = datetime.datetime.utcnow().isoformat()
    listed = json.loads(subprocess.run(asked, stdout=subprocess.PIPE).stdout)
    return any(entry["state"] == "active" or entry["state"] == "deferred" and entry["next_attempt"] < now for entry in listed)
while busy():
    time.sleep(0.05)
log = os.environ["ROOT"] + "/allegromail.log"
while "directory_lost" in open(log).read() and "directory_restored" not in open(log).read():
    time.sleep(0.05)
EOF"#;

/// What stands in for the machine: name and script. `$ROOT` is its root, `$SMTP` and `$MAILBOX` are its ports.
const MACHINE: [(&str, &str); 9] = [
    // Not for a time, which would be too short somewhere, but until nothing is under way.
    ("sleep", WAIT),
    ("useradd", "exit 0"),
    ("chown", "exit 0"),
    ("sudo", r#"shift 2; exec "$@""#),
    (
        "install",
        r#"case "$*" in
*target/release*)
    # Else it would look for its configuration in the machine's own /etc.
    printf '#!/bin/sh\nexec "$PROGRAM" --config "$ROOT/etc/allegromail/allegromail.toml" "$@"\n' > "$ROOT/usr/local/bin/allegromail"
    chmod 755 "$ROOT/usr/local/bin/allegromail"
    ;;
*) mkdir -p -m 700 "$ROOT/var/lib/allegromail" ;;
esac"#,
    ),
    ("swaks", r#"exec "$SWAKS" --port "$SMTP" "$@""#),
    (
        "systemd-run",
        r#"echo 'Running as unit: mailbox.service'
shift
setsid "$@" > "$ROOT/mailbox.log" 2>&1 < /dev/null &
echo $! > "$ROOT/mailbox.pid""#,
    ),
    (
        "journalctl",
        r#"case "$2" in
mailbox) log=mailbox ;;
*) log=allegromail ;;
esac
# The journal has no empty lines.
grep -v '^$' "$ROOT/$log.log""#,
    ),
    (
        "systemctl",
        r#"config="$ROOT/etc/allegromail/allegromail.toml"
failed() {
    echo "Job for allegromail.service failed$1." >&2
    echo 'See "systemctl status allegromail.service" and "journalctl -xeu allegromail.service" for details.' >&2
    exit 1
}
stop() {
    pid=$(cat "$ROOT/$1.pid" 2>/dev/null) || return 0
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do /bin/sleep 0.05; done
    rm "$ROOT/$1.pid"
}
start() {
    # Else the word of the last run would be taken for that of this one.
    : > "$ROOT/allegromail.log"
    setsid "$PROGRAM" serve --config "$config" > "$ROOT/allegromail.log" 2>&1 < /dev/null &
    pid=$!
    until grep -q 'event="ready"' "$ROOT/allegromail.log" 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || failed ' because the control process exited with error code'
        /bin/sleep 0.05
    done
    echo "$pid" > "$ROOT/allegromail.pid"
}
case "$1 $2" in
"stop "*) stop "$2" ;;
"reload allegromail") "$PROGRAM" reload --config "$config" > /dev/null 2>&1 || failed ;;
"restart allegromail") stop allegromail && start ;;
"start allegromail") start ;;
"enable --now") start ;;
esac"#,
    ),
];

/// Ends what the page has started, whatever becomes of the test.
struct Machine {
    folder: tempfile::TempDir,
    ports: [u16; 3],
}

impl Drop for Machine {
    fn drop(&mut self) {
        for name in ["allegromail", "mailbox"] {
            if let Ok(pid) = fs::read_to_string(self.folder.path().join(format!("{name}.pid"))) {
                let _ = Command::new("kill").args(["-9", pid.trim()]).status();
            }
        }
    }
}

impl Machine {
    fn new(dns: &DnsServer) -> Self {
        let folder = tempfile::TempDir::with_prefix("allegromail-day-").unwrap();
        let root = folder.path();
        for name in [
            "etc/systemd/system",
            "var/lib",
            "usr/local/bin",
            "bin",
            "checkout",
        ] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        for (name, script) in MACHINE {
            let path = root.join("bin").join(name);
            fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        // Copies: the page changes what it has copied from here, and `cp -r` of a link is a link.
        let copied = Command::new("cp")
            .arg("-r")
            .args(["allowlist", "deploy"].map(|name| repository.join(name)))
            .arg(root.join("checkout"))
            .status();
        assert!(copied.unwrap().success());
        let ports = [free_port(), free_port(), dns.address().port()];
        Self { folder, ports }
    }

    /// What the page calls things, and what they are here.
    fn names(&self) -> [(String, String); 8] {
        let root = self.folder.path().to_str().unwrap();
        let [smtp, mailbox, dns] = self.ports;
        let under = |path: &str| (path.to_owned(), format!("{root}{path}"));
        let port = |listed: u16, own: u16| {
            (
                format!("127.0.0.1:{listed}\""),
                format!("127.0.0.1:{own}\""),
            )
        };
        [
            under("/etc/allegromail"),
            under("/var/lib/allegromail"),
            under("/etc/systemd"),
            ("-C / ".to_owned(), format!("-C {root}/ ")),
            port(25, smtp),
            port(53, dns),
            ("2525".to_owned(), mailbox.to_string()),
            ("python3 -u".to_owned(), "/usr/bin/python3 -u".to_owned()),
        ]
    }

    /// Types a block of the page.
    fn types(&self, block: &str) -> String {
        let root = self.folder.path();
        let mut block = format!("{block}\n").replace("-C /\n", "-C / \n");
        for (listed, own) in self.names() {
            block = block.replace(&listed, &own);
        }
        let path = std::env::var("PATH").unwrap();
        let mut swaks = path.split(':').map(|folder| format!("{folder}/swaks"));
        let swaks = swaks.find(|swaks| Path::new(swaks).exists());
        let output = Command::new("bash")
            .args(["-c", &format!("exec 2>&1\n{block}")])
            .current_dir(root.join("checkout"))
            .stdin(Stdio::null())
            .env(
                "PATH",
                format!("{0}/bin:{0}/usr/local/bin:{path}", root.display()),
            )
            .env("ROOT", root)
            .env("PROGRAM", PROGRAM)
            .env("SWAKS", swaks.unwrap())
            .env("SMTP", self.ports[0].to_string())
            .env("MAILBOX", self.ports[1].to_string())
            .output()
            .unwrap();
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        let [smtp, mailbox, _] = self.ports;
        said = said.replace(&root.display().to_string(), "");
        for (listed, own) in [("25", smtp), ("2525", mailbox)] {
            said = said.replace(&format!("127.0.0.1:{own}"), &format!("127.0.0.1:{listed}"));
        }
        said.replace(&format!("localhost:{smtp}"), "localhost:25")
            .replace(&format!("port {mailbox}"), "port 2525")
    }
}

/// A line without what differs from day to day: times and trace ids.
fn settled(line: &str) -> String {
    let of_word = |c: char| c.is_ascii_alphanumeric() || ":.-".contains(c);
    let mut text = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = match of_word(first) {
            true => rest.find(|c| !of_word(c)).unwrap_or(rest.len()),
            false => rest.find(of_word).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        text.push_str(match word {
            word if is_time(word) => "TIME",
            word if is_trace(word) => "TRACE",
            word => word,
        });
        rest = after;
    }
    text
}

fn is_time(word: &str) -> bool {
    let of_time = |c: char| c.is_ascii_digit() || "T:.Z-".contains(c);
    word.len() >= 8 && word.contains(':') && word.chars().all(of_time)
}

fn is_trace(word: &str) -> bool {
    let Some((random, number)) = word.rsplit_once('-') else {
        return false;
    };
    let digit = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase();
    (9..=14).contains(&random.len()) && random.chars().all(digit) && number.parse() == Ok(1)
}

/// Whether a line is what the page says, where `…` stands for anything.
fn is_line(page: &str, printed: &str) -> bool {
    let (page, printed) = (settled(page), settled(printed));
    let mut pieces = page.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| printed.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether the lines are those of the page, where a line `…` stands for any number of them.
fn are_lines(page: &[&str], printed: &[&str]) -> bool {
    match (page.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((&"…", page)), _) => {
            (0..=printed.len()).any(|left_out| are_lines(page, &printed[left_out..]))
        }
        (Some((page, pages)), Some((printed, all))) => {
            is_line(page, printed) && are_lines(pages, all)
        }
        _ => false,
    }
}

/// The machine of the page has no resolver. Here one says so, for silence takes its time.
async fn no_answers() -> DnsServer {
    let names = [
        "mx.",
        "",
        "_dmarc.",
        "s1._domainkey.",
        "s2._domainkey.",
        "s3._domainkey.",
        "s4._domainkey.",
    ];
    let zones = names.map(|name| format!("{name}allegromail.pl SERVFAIL"));
    let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
    DnsServer::start(Zones::parse(&zones).unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_goes_as_it_is_told() {
    if !have(&["swaks", "aiosmtpd", "curl", "setsid"]) {
        return;
    }
    let page = include_str!("../../docs/first-day.md");
    // Else the commands would work on the machine's own.
    assert!(page.contains("data_dir = \"/var/lib/allegromail\""));
    let dns = no_answers().await;
    let machine = Machine::new(&dns);
    let mut told = 0;
    for after in page.split("```sh\n").skip(1) {
        let (block, rest) = after.split_once("```\n").unwrap();
        let output = rest.split("```").next().unwrap_or_default();
        // What stands directly behind the commands is what they print.
        let wanted = rest
            .strip_prefix("\n```text\n")
            .map(|text| text.split("```").next().unwrap_or_default());
        let printed = machine.types(block);
        let wanted = wanted.unwrap_or_else(|| {
            assert!(
                output
                    .trim_start_matches('\n')
                    .starts_with(char::is_alphabetic)
            );
            ""
        });
        // Here there is one user, to whom everything belongs; `next_command` has two.
        let of_two = |line: &&str| line.starts_with("; root has made them");
        let lines = |text: &'static str| {
            let lines = text.lines().filter(|line| !of_two(line));
            lines.collect::<Vec<_>>()
        };
        let shown: Vec<&str> = printed.lines().map(str::trim_end).collect();
        assert!(
            are_lines(&lines(wanted), &shown),
            "docs/first-day.md says of\n{block}\nthis:\n{wanted}\nand it is:\n{printed}"
        );
        told += wanted.lines().count();
    }
    assert!(told > 100, "{told} lines were compared");
}

#[test]
fn the_page_is_held_to_what_it_says() {
    let same = |page: &str, printed: &str| {
        are_lines(
            &page.lines().collect::<Vec<_>>(),
            &printed.lines().collect::<Vec<_>>(),
        )
    };
    assert!(same("a 21:31:54.004Z b", "a 09:00:01.999Z b"));
    assert!(same("[trace=7z5d3y8qf5m7t-1]", "[trace=a35v0az27eks3-1]"));
    assert!(same("one …b\n…\nend", "one two b\nx\ny\nend"));
    assert!(same("…\nend", "end"));
    for (page, printed) in [
        ("265 entries in force", "264 entries in force"),
        ("one … two", "one and three"),
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("1 entry waits …", "2 entries wait now"),
    ] {
        assert!(!same(page, printed), "{page:?} {printed:?}");
    }
}
