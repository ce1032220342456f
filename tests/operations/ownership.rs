//! A file that belongs to another user is told with its path, its owner and the command that helps, and never as damage.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::process::PROGRAM;
use crate::support::stage::Setup;

/// The user of the server here.
const USER: u32 = 12_345;

fn give(path: &Path, user: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
}

/// What is at `path` and below.
fn all(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(all(&entry.unwrap().path()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn h175_a_file_of_another_user_is_told_with_its_owner_and_the_command_that_helps() {
    let folder = Setup::default().start().await.stop().await;
    let data = folder.path().join("data");
    if chown(folder.path(), Some(USER), Some(USER)).is_err() {
        eprintln!("SKIPPED: files can be given to another user by root only");
        return;
    }
    // The program and the shipped list are where another user may not look.
    let program = folder.path().join("allegromail");
    fs::copy(PROGRAM, &program).unwrap();
    let list = folder.path().join("couriers.txt");
    fs::write(&list, "@inpost.pl\n").unwrap();
    let config = folder.path().join("allegromail.toml");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("allowlist/couriers.txt");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace(&format!("{shipped:?}"), &format!("{list:?}"));
    fs::write(&config, text).unwrap();
    // A start that goes wrong ends by itself; one that does not is stopped.
    let serve = || {
        let output = Command::new("timeout")
            .args(["5", "setpriv", "--clear-groups"])
            .args([format!("--reuid={USER}"), format!("--regid={USER}")])
            .arg(&program)
            .args(["serve", "--config"])
            .arg(&config)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    all(folder.path()).iter().for_each(|path| give(path, USER));
    for (path, mode) in [
        (data.join("directory/db"), 0o600),
        (data.join("directory/conf"), 0o600),
        (data.join("state/db"), 0o600),
        (data.join("spool/lock"), 0o600),
        (data.join("spool/00000001.seg"), 0o600),
        (data.join("trace"), 0o700),
        (data.join("directory"), 0o700),
        (data.clone(), 0o700),
        (folder.path().join("secret.key"), 0o600),
        (config.clone(), 0o600),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        give(&path, 0);
        let told = serve();
        let wanted = format!("`chown -R {USER} {}`", path.display());
        let owner = "permission is denied: it belongs to uid 0";
        assert!(
            told.contains(&wanted) && told.contains(owner),
            "{wanted}: {told}"
        );
        assert!(!told.contains("move it away"), "{told}");
        give(&path, USER);
    }
    // A list that may not be read is no reason not to serve: the last good one is there, and the path is told.
    fs::set_permissions(&list, fs::Permissions::from_mode(0o600)).unwrap();
    give(&list, 0);
    let told = serve();
    assert!(
        told.contains(&format!("`chown -R {USER} {}`", list.display())),
        "{told}"
    );
    give(&list, USER);
    fs::remove_file(folder.path().join("secret.key")).unwrap();
    let told = serve();
    assert!(told.contains("secret.key: No such file"), "{told}");
}
