//! The program as a process: what a shell would see of it.
#![allow(dead_code, reason = "two binaries share it, and each uses its part")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_allegromail");
/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
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

/// A running `serve`; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it takes mail.
    pub smtp: SocketAddr,
    /// Its admin interface; of a unix socket, which has none, no address.
    pub admin: SocketAddr,
    /// The same as printed: an address or a path.
    pub place: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts `serve` and waits until it is ready.
    pub fn start(config: &Path) -> Self {
        let server = Self::try_start(config, &[], &[])
            .unwrap_or_else(|log| panic!("serve did not start: {log}"));
        wait_until("the line ready", || {
            server.log().contains("event=\"ready\"")
        });
        server
    }

    /// Starts `serve` with these variables, behind the words of another program if there are any; the log if it does not come up.
    pub fn try_start(
        config: &Path,
        before: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self, String> {
        let mut words: Vec<&str> = before.to_vec();
        words.extend([PROGRAM, "serve", "--config", config.to_str().unwrap()]);
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log: Arc<Mutex<String>> = Arc::default();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let lines = log.clone();
        let reader = std::thread::spawn(move || {
            let mut line = Vec::new();
            while let Ok(1..) = errors.read_until(b'\n', &mut line) {
                lines
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        let (mut smtp, mut place) = (None, None);
        for line in BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
        {
            match line.split_once(' ') {
                Some(("smtp", address)) => smtp = Some(address.parse().unwrap()),
                Some(("admin", address)) => {
                    place = Some(address.to_owned());
                    break;
                }
                _ => {}
            }
        }
        let (Some(smtp), Some(place)) = (smtp, place) else {
            let status = child.wait().unwrap();
            let _ = reader.join();
            let log = log.lock().unwrap();
            return Err(format!("{status}\n{log}"));
        };
        Ok(Self {
            child,
            smtp,
            admin: place.parse().unwrap_or_else(|_| ([0, 0, 0, 0], 0).into()),
            place,
            log,
        })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        // A process that has ended already needs no signal.
        let _ = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .stderr(Stdio::null())
            .status()
            .unwrap();
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "the server does not end:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills it; fails if it ended by itself.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        assert_eq!(
            self.wait().signal(),
            Some(9),
            "it ended by itself:\n{}",
            self.log()
        );
    }

    /// Tells it to stop, and wants exit code 0.
    pub fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.wait().code(), Some(0), "{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port of 127.0.0.1 at which something may be told to listen. None of those that the kernel gives out (32768 and up): one of them can be taken by
/// any connection before it is listened at. Each is given once by a process, and processes begin at places of their own.
pub fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(613);
    let ports = std::iter::repeat_with(|| {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        u16::try_from(FIRST + own.wrapping_add(next) % COUNT).unwrap()
    });
    let mut free = ports.filter(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().unwrap()
}
