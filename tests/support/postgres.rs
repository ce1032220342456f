//! A PostgreSQL of its own on loopback, in a temporary folder.
//!
//! Where it is missing the test says so and passes; with `ALLEGROMAIL_INTEROP=require` it fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Weak};

use crate::support::process::{free_port, wait_until};

/// A running server; stopped when it goes.
pub struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    /// Where it listens on loopback.
    pub port: u16,
    next: AtomicU32,
    /// What it is started with beside the usual.
    options: &'static str,
}

/// The folder of its programs, the newest version first; none: it is not installed.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("postgres").exists())
        .collect();
    versions.sort();
    let found = versions.pop();
    let required = std::env::var_os("ALLEGROMAIL_INTEROP").is_some_and(|mode| mode == "require");
    assert!(
        found.is_some() || !required,
        "PostgreSQL is not installed, and required"
    );
    if found.is_none() {
        eprintln!("SKIPPED: PostgreSQL is not installed");
    }
    found
}

impl Postgres {
    /// Starts a server; none where there is none to start.
    pub fn start() -> Option<Self> {
        Self::start_with("-c fsync=off")
    }

    /// Starts one that syncs what it writes, and that standbys may follow.
    pub fn start_synced() -> Option<Self> {
        Self::start_with("-c fsync=on")
    }

    /// A server that has no files yet.
    fn empty(programs: PathBuf, options: &'static str) -> Self {
        let folder = tempfile::TempDir::with_prefix("postgres-").unwrap();
        let server = Self {
            folder,
            programs,
            port: free_port(),
            next: AtomicU32::new(0),
            options,
        };
        // It will not run as root.
        let _ = Command::new("chown")
            .arg("nobody")
            .arg(server.folder.path())
            .status();
        server
    }

    fn start_with(options: &'static str) -> Option<Self> {
        let server = Self::empty(programs()?, options);
        let data = server.data();
        let made = server.run(
            "initdb",
            &[
                "-D",
                text(&data),
                "-U",
                "allegromail",
                "--auth=trust",
                "--no-sync",
                "-E",
                "UTF8",
                "--no-locale",
            ],
        );
        assert!(made, "initdb failed");
        server.begin();
        Some(server)
    }

    /// One for all cases of this process that ask while another holds it.
    pub fn shared() -> Option<std::sync::Arc<Self>> {
        static RUNNING: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap();
        if let Some(server) = running.upgrade() {
            return Some(server);
        }
        let server = std::sync::Arc::new(Self::start()?);
        *running = std::sync::Arc::downgrade(&server);
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts what was stopped.
    pub fn begin(&self) {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={} -c max_connections=200 {}",
            self.port,
            self.folder.path().display(),
            self.options
        );
        let log = self.folder.path().join("log");
        let data = self.data();
        let begun = self.run(
            "pg_ctl",
            &[
                "-D",
                text(&data),
                "-l",
                text(&log),
                "-w",
                "-o",
                &options,
                "start",
            ],
        );
        assert!(begun, "{}", fs::read_to_string(log).unwrap_or_default());
        wait_until("PostgreSQL listens", || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }

    /// Starts a standby of this server, by the name that its list of standbys may have.
    pub fn standby(&self, name: &str) -> Self {
        let standby = Self::empty(self.programs.clone(), self.options);
        let from = format!(
            "host=127.0.0.1 port={} user=allegromail application_name={name}",
            self.port
        );
        let data = standby.data();
        let made = standby.run(
            "pg_basebackup",
            &[
                "-d",
                &from,
                "-D",
                text(&data),
                "-R",
                "-c",
                "fast",
                "-X",
                "stream",
            ],
        );
        assert!(made, "pg_basebackup failed");
        standby.begin();
        standby
    }

    /// Names the standbys that commits wait for.
    pub fn list(&self, names: &str) {
        self.sql(
            "postgres",
            &format!("alter system set synchronous_standby_names = '{names}'"),
        );
        self.sql("postgres", "select pg_reload_conf()");
        wait_until("the list is in force", || {
            self.sql("postgres", "show synchronous_standby_names") == names
        });
    }

    /// Stops all its processes where they are.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Ok(file) = fs::read_to_string(self.data().join("postmaster.pid")) else {
            // It does not run.
            return;
        };
        let postmaster = file.lines().next().unwrap();
        let children = Command::new("pgrep")
            .args(["-P", postmaster])
            .output()
            .unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        for process in [postmaster].into_iter().chain(children.lines()) {
            let _ = Command::new("kill").args([signal, process]).status();
        }
    }

    /// Stops it at once, as a crash would.
    pub fn stop(&self) {
        let data = self.data();
        self.run(
            "pg_ctl",
            &["-D", text(&data), "-m", "immediate", "-w", "stop"],
        );
    }

    /// Runs SQL in a database.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-h",
                "127.0.0.1",
                "-U",
                "allegromail",
                "-d",
                database,
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                sql,
            ])
            .args(["-p", &self.port.to_string()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What `pg_dump` writes of a database with these options.
    pub fn dump(&self, database: &str, options: &[&str]) -> String {
        let output = Command::new(self.programs.join("pg_dump"))
            .args(["-h", "127.0.0.1", "-U", "allegromail", "-d", database])
            .args(["-p", &self.port.to_string()])
            .args(options)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes an empty database and returns its name.
    pub fn database(&self) -> String {
        let name = format!("db{}", self.next.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("create database {name}"));
        name
    }

    /// What `[directory] url` says of a database.
    pub fn url(&self, database: &str) -> String {
        format!(
            "host=127.0.0.1 port={} dbname={database} user=allegromail",
            self.port
        )
    }

    /// From here on a role must show its password.
    pub fn demand_passwords(&self, role: &str) {
        let file = self.data().join("pg_hba.conf");
        let rules = fs::read_to_string(&file).unwrap();
        let line = format!("host all {role} 127.0.0.1/32 scram-sha-256\n");
        fs::write(&file, line + &rules).unwrap();
        self.sql("postgres", "select pg_reload_conf()");
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let as_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let mut command = match as_root {
            true => Command::new("setpriv"),
            false => Command::new(self.programs.join(program)),
        };
        if as_root {
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
            command.arg(self.programs.join(program));
        }
        let status = command
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.unwrap().success()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // One that is frozen would not hear.
        self.thaw();
        self.stop();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
