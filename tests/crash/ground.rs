//! The files of a relay that outlive its process, and the relay started over them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::ledger::Ledger;
use crate::sink::Sink;
use crate::support::process::{self, Server};

/// Accounts of each kind.
pub const PAIRS: u64 = 50;

pub fn buyer(pair: u64) -> String {
    format!("buyer{pair}@poczta.example")
}

/// The mask of an account in its order with the buyer of the same pair; kinds are those of [`crate::sink`].
pub fn mask(kind: &str, pair: u64) -> String {
    format!(
        "{}{pair:05}+t{}{pair:05}@allegromail.pl",
        &kind[..2],
        &kind[..2]
    )
}

fn accounts() -> String {
    let mut lines = String::new();
    for pair in 0..PAIRS {
        let mut person = |id: String, address: String| {
            lines.push_str(&format!(
                "{{\"type\":\"participant\",\"id\":\"{id}\",\"login\":\"{id}\",\"marketplace\":\"allegro-pl\",\"language\":\"pl\",\"primary\":\"{address}\"}}\n"
            ));
        };
        person(format!("bu{pair:05}"), buyer(pair));
        for kind in ["refused", "later", "seller"] {
            person(
                format!("{}{pair:05}", &kind[..2]),
                format!("{kind}{pair}@rowery.example"),
            );
        }
        for kind in ["re", "la", "se"] {
            lines.push_str(&format!(
                "{{\"type\":\"transaction\",\"id\":\"t{kind}{pair:05}\",\"buyer\":\"bu{pair:05}\",\"seller\":\"{kind}{pair:05}\"}}\n"
            ));
        }
    }
    lines
}

/// Everything that outlives the process.
pub struct Ground {
    pub folder: tempfile::TempDir,
    pub config: PathBuf,
    pub ledger: Arc<Ledger>,
    pub sink: Sink,
}

impl Ground {
    /// A folder with accounts, and a sink behind.
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same with more lines of configuration, which may open tables.
    pub fn with(more: &str) -> Self {
        let folder = tempfile::TempDir::with_prefix("allegromail-crash-").unwrap();
        let ledger: Arc<Ledger> = Arc::default();
        let sink = Sink::start(ledger.clone());
        let key = folder.path().join("secret.key");
        fs::write(&key, [7; 32]).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let couriers = folder.path().join("couriers.txt");
        fs::write(&couriers, "@inpost.pl\n").unwrap();
        let text = format!(
            "hostname = \"mx.allegromail.example\"\ndata_dir = \"data\"\n[smtp]\nlisten = [\"127.0.0.1:0\"]\n\
             [[domain]]\nname = \"allegromail.pl\"\nmarketplaces = [\"allegro-pl\"]\n\
             [allowlist]\npath = {couriers:?}\n[auth]\nregistered = \"off\"\ncourier = \"off\"\n\
             [limits]\nrefusals_per_client = \"off\"\nmessages_per_sender = \"off\"\nmessages_per_transaction = \"off\"\n\
             connections_per_client = 2000\nconnections = 4000\n\
             [secrets]\nkey_file = \"secret.key\"\n[delivery]\nretry = \"1s*100\"\ndelay_notice = \"1s\"\n[dns]\nservers = [\"127.0.0.1:1\"]\n\
             [admin]\nlisten = \"127.0.0.1:0\"\nallow_tokenless_loopback = true\n\
             [[delivery.route]]\ndomain = \"*\"\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n{more}",
            sink.address.port()
        );
        let config = folder.path().join("allegromail.toml");
        fs::write(&config, text).unwrap();
        let data = folder.path().join("accounts.ndjson");
        fs::write(&data, accounts()).unwrap();
        let ground = Self {
            folder,
            config,
            ledger,
            sink,
        };
        let loaded = ground.command(&["import", data.to_str().unwrap()]);
        assert!(loaded.status.success(), "{loaded:?}");
        ground
    }

    /// Runs a command of the program to its end.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        let config = ["--config", self.config.to_str().unwrap()];
        process::run(&[arguments, &config].concat())
    }

    /// A file under the data directory.
    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// The file that arms points in relays started by [`Ground::start`].
    fn points(&self) -> PathBuf {
        self.folder.path().join("points")
    }

    /// Arms points in relays that run or will be started.
    pub fn arm(&self, points: &str) {
        // Small segments, so that they are filled, copied forward and deleted all the time.
        let text =
            format!("spool.segment_bytes=number:65536\napp.export_soon=number:0\n{points}\n");
        let new = self.folder.path().join("points.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.points()).unwrap();
    }

    /// Starts a relay whose points can be armed while it runs.
    pub fn start(&self) -> Server {
        if !self.points().exists() {
            self.arm("");
        }
        self.start_armed(&format!("file:{}", self.points().display()))
    }

    /// Starts a relay with points that stay as they are.
    pub fn start_armed(&self, points: &str) -> Server {
        self.try_start(points, &[])
            .unwrap_or_else(|log| panic!("the relay does not start:\n{log}"))
    }

    /// Starts a relay, behind the words of another program if there are any; the log if it does not come up.
    pub fn try_start(&self, points: &str, before: &[&str]) -> Result<Server, String> {
        let variables = [
            ("ALLEGROMAIL_FAILPOINTS", points),
            ("RUST_LOG", "warn,allegromail::app=info"),
        ];
        Server::try_start(&self.config, before, &variables)
    }
}

/// The CPU time of a process so far, in ticks.
pub fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// The queue ids of all accepted messages that the history tells of.
pub fn history(folder: &Path) -> std::collections::BTreeSet<String> {
    let mut ids = std::collections::BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "ndjson") {
            continue;
        }
        for line in BufReader::new(fs::File::open(path).unwrap())
            .lines()
            .map_while(Result::ok)
        {
            // A torn line is one that a kill has cut; what it told stands again behind it.
            let Ok(line) = serde_json::from_str::<allegromail::history::HistoryRecord>(&line)
            else {
                continue;
            };
            if matches!(line.event, allegromail::history::HistoryEvent::Accepted(_)) {
                ids.extend(line.id.map(|id| id.to_string()));
            }
        }
    }
    ids
}
