//! Good configurations load; every bad one is told with its line and the remedy.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::*;

mod admin;
mod center;
mod changed;
mod defaults;
mod problems;
mod routes;
mod secrets;

const GOOD: &str = "hostname = \"mx.allegromail.pl\"\n[[domain]]\nname = \"allegromail.pl\"\n[secrets]\nkey_file = \"secret.key\"\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "secret.key", &[7; 32], 0o600);
    write(folder.path(), "short.key", &[7; 31], 0o600);
    write(folder.path(), "open.key", &[7; 32], 0o644);
    write(folder.path(), "group.key", &[7; 32], 0o640);
    folder
}

fn write(folder: &Path, name: &str, bytes: &[u8], mode: u32) {
    std::fs::write(folder.join(name), bytes).unwrap();
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn load_text(folder: &Path, text: &str) -> Result<LoadedConfig, ConfigErrors> {
    let path = folder.join("allegromail.toml");
    std::fs::write(&path, text).unwrap();
    load(&path)
}
