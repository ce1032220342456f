//! A private Postfix on loopback: the mail server of one domain, with its own queue, log and mailboxes in a temporary folder.
//!
//! It takes mail for its domain into one maildir per user, and sends everything else to a relay host. Needs root, as Postfix does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::process::{free_port, wait_until};

/// A running instance; stopped when it goes.
pub struct Postfix {
    folder: tempfile::TempDir,
    domain: String,
    /// Where it takes mail by SMTP.
    pub port: u16,
}

impl Postfix {
    /// Starts the server of `domain` with mailboxes for `users`, which sends other domains' mail to port `relay` on loopback.
    pub fn start(domain: &str, users: &[&str], relay: u16) -> Self {
        let folder = tempfile::TempDir::with_prefix("postfix-").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = free_port();
        for part in ["etc", "queue", "data", "mail"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        chown("postfix:postfix", &folder.path().join("data"));
        chown("nobody:nogroup", &folder.path().join("mail"));
        fs::write(
            folder.path().join("etc/main.cf"),
            main_cf(folder.path(), domain, relay),
        )
        .unwrap();
        let users: String = users
            .iter()
            .map(|user| format!("{user}@{domain} {domain}/{user}/\n"))
            .collect();
        fs::write(folder.path().join("etc/users"), users).unwrap();
        fs::write(folder.path().join("etc/master.cf"), master_cf(port)).unwrap();
        let instance = Self {
            folder,
            domain: domain.to_owned(),
            port,
        };
        instance.control("start");
        wait_until("Postfix listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        instance
    }

    /// Hands a message to `sendmail`, as a shop's own programs do.
    pub fn submit(&self, from: &str, to: &str, message: &str) {
        use std::io::Write;
        let mut sendmail = Command::new("sendmail")
            .args([
                "-C",
                self.folder.path().join("etc").to_str().unwrap(),
                "-i",
                "-f",
                from,
                to,
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        sendmail
            .stdin
            .take()
            .unwrap()
            .write_all(message.as_bytes())
            .unwrap();
        assert!(
            sendmail.wait().unwrap().success(),
            "sendmail refused the message"
        );
    }

    /// Waits until the mailbox of `user` holds `count` messages, and returns their texts, oldest first.
    pub fn mailbox(&self, user: &str, count: usize) -> Vec<String> {
        let new = self
            .folder
            .path()
            .join("mail")
            .join(format!("{}/{user}/new", self.domain));
        wait_until(
            &format!(
                "{count} messages for {user}@{}\n{}",
                self.domain,
                self.log()
            ),
            || files(&new).len() >= count,
        );
        files(&new)
            .iter()
            .map(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned())
            .collect()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("queue/postfix.log")).unwrap_or_default()
    }

    fn control(&self, verb: &str) {
        let etc = self.folder.path().join("etc");
        let done = Command::new("postfix")
            .arg("-c")
            .arg(&etc)
            .arg(verb)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "postfix {verb}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("postfix")
            .arg("-c")
            .arg(self.folder.path().join("etc"))
            .arg("stop")
            .output();
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    found.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    found
}

fn chown(owner: &str, path: &Path) {
    assert!(
        Command::new("chown")
            .arg(owner)
            .arg(path)
            .status()
            .unwrap()
            .success(),
        "chown needs root"
    );
}

fn main_cf(folder: &Path, domain: &str, relay: u16) -> String {
    let id = |flag: &str, user: &str| {
        let out = Command::new("id").args([flag, user]).output().unwrap();
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    };
    let folder = folder.display();
    format!(
        "compatibility_level = 3.6\nqueue_directory = {folder}/queue\ndata_directory = {folder}/data\n\
         command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\nsetgid_group = postdrop\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.{domain}\nmydestination =\nmynetworks = 127.0.0.0/8\n\
         relayhost = [127.0.0.1]:{relay}\nsmtp_dns_support_level = disabled\nalias_maps =\nalias_database =\n\
         virtual_mailbox_domains = {domain}\nvirtual_mailbox_base = {folder}/mail\nvirtual_mailbox_maps = texthash:{folder}/etc/users\n\
         virtual_uid_maps = static:{uid}\nvirtual_gid_maps = static:{gid}\nvirtual_minimum_uid = 1\n\
         maillog_file = {folder}/queue/postfix.log\nmaillog_file_prefixes = {folder}\nsmtpd_recipient_restrictions = permit_mynetworks, reject\n\
         local_transport = error:none\nminimal_backoff_time = 1s\nqueue_run_delay = 1s\n",
        uid = id("-u", "nobody"),
        gid = id("-g", "nobody"),
    )
}

fn master_cf(port: u16) -> String {
    let mut text = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for (name, kind, private, wake, limit, program) in [
        ("pickup", "unix", "n", "1", "1", "pickup"),
        ("cleanup", "unix", "n", "-", "0", "cleanup"),
        ("qmgr", "unix", "n", "1", "1", "qmgr"),
        ("rewrite", "unix", "-", "-", "-", "trivial-rewrite"),
        ("bounce", "unix", "-", "-", "0", "bounce"),
        ("defer", "unix", "-", "-", "0", "bounce"),
        ("trace", "unix", "-", "-", "0", "bounce"),
        ("verify", "unix", "-", "-", "1", "verify"),
        ("flush", "unix", "n", "1000?", "0", "flush"),
        ("proxymap", "unix", "-", "-", "-", "proxymap"),
        ("smtp", "unix", "-", "-", "-", "smtp"),
        ("showq", "unix", "n", "-", "-", "showq"),
        ("error", "unix", "-", "-", "-", "error"),
        ("retry", "unix", "-", "-", "-", "error"),
        ("virtual", "unix", "-", "-", "-", "virtual"),
        ("anvil", "unix", "-", "-", "1", "anvil"),
        ("scache", "unix", "-", "-", "1", "scache"),
        ("postlog", "unix-dgram", "n", "-", "1", "postlogd"),
    ] {
        let unprivileged = if name == "virtual" { "n" } else { "-" };
        text.push_str(&format!(
            "{name} {kind} {private} {unprivileged} n {wake} {limit} {program}\n"
        ));
    }
    text
}
