//! 2,000 messages at 20 sessions from smtp-source, through us, into smtp-sink: none is lost, none comes twice.

use std::process::{Child, Command, Stdio};

use crate::support::process::{free_port, wait_until};
use crate::support::programs::have;
use crate::support::stage::{JAN, Setup};

const MESSAGES: usize = 2_000;

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_of_2000_messages_at_20_sessions() {
    if !have(&["smtp-source", "smtp-sink"]) {
        return;
    }
    let port = free_port();
    let folder = tempfile::TempDir::new().unwrap();
    // `-d` writes every message into a file of its own.
    let user = if cfg!(target_os = "linux") {
        vec!["-u", "root"]
    } else {
        Vec::new()
    };
    let sink = Command::new("smtp-sink")
        .args(user)
        .args(["-d", "%M.", &format!("127.0.0.1:{port}"), "1000"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let _sink = Killed(sink);
    wait_until("smtp-sink", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let mut setup = Setup {
        next_hop: Some(port),
        ..Setup::default()
    };
    for budget in [
        "messages_per_sender",
        "messages_per_transaction",
        "refusals_per_client",
    ] {
        setup = setup.key("limits", &format!("{budget} = \"off\""));
    }
    let mut stage = setup.start().await;
    stage.invariants.unheard = Some("smtp-source heard the answers");
    let server = format!("127.0.0.1:{}", stage.smtp().port());
    let source = Command::new("smtp-source")
        .args([
            "-s",
            "20",
            "-m",
            &MESSAGES.to_string(),
            "-l",
            "10240",
            "-f",
            JAN,
            "-t",
            "k2m9x0r7t3@allegromail.pl",
            &server,
        ])
        .output()
        .unwrap();
    assert!(
        source.status.success(),
        "{}",
        String::from_utf8_lossy(&source.stderr)
    );
    stage.drained().await;
    let arrived = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(arrived, MESSAGES);
}
