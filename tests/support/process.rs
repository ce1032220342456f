//! The program as a process: what a shell would see of it.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_allegromail"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A finished run: exit code, standard output, standard error.
pub fn finished(arguments: &[&str]) -> (i32, String, String) {
    let output = run(arguments);
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A running `serve`.
pub struct Server {
    child: Child,
    /// Where it takes mail.
    pub smtp: SocketAddr,
    /// Its admin interface; of a unix socket, which has none, no address.
    pub admin: SocketAddr,
    /// The same as printed: an address or a path.
    pub place: String,
    log: std::sync::Arc<std::sync::Mutex<String>>,
}

impl Server {
    /// Starts `serve` and waits until it is ready.
    pub fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_allegromail"))
            .args(["serve", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let mut errors = child.stderr.take().unwrap();
        std::thread::spawn({
            let log = log.clone();
            move || {
                let mut piece = [0; 4096];
                while let Ok(some @ 1..) = errors.read(&mut piece) {
                    log.lock()
                        .unwrap()
                        .push_str(&String::from_utf8_lossy(&piece[..some]));
                }
            }
        });
        let (mut smtp, mut admin) = (None, None);
        for line in BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
        {
            match line.split_once(' ') {
                Some(("smtp", address)) => smtp = Some(address.parse().unwrap()),
                Some(("admin", address)) => {
                    admin = Some(address.to_owned());
                    break;
                }
                _ => {}
            }
        }
        let (Some(smtp), Some(place)) = (smtp, admin) else {
            panic!("serve did not start: {}", log.lock().unwrap())
        };
        let server = Self {
            child,
            smtp,
            admin: place.parse().unwrap_or_else(|_| ([0, 0, 0, 0], 0).into()),
            place,
            log,
        };
        wait_until("the line ready", || {
            server.log().contains("event=\"ready\"")
        });
        server
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(done.unwrap().success());
    }

    /// Waits for its end and returns the exit code; none after a signal.
    pub fn wait(mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "the server does not end:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
pub fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
