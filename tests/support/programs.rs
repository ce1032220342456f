//! Other people's programs, as peers of the relay and as judges of what it sends.
//!
//! Where a program is missing the test says so and passes; with `ALLEGROMAIL_INTEROP=require` (as in `.ci/run`) it fails.

use std::path::Path;

/// Whether all these programs are here; if not, says so, or fails where they are required.
pub fn have(programs: &[&str]) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let found = |program: &&str| {
        path.split(':')
            .chain(["/usr/sbin"])
            .any(|folder| Path::new(folder).join(program).exists())
    };
    let missing: Vec<_> = programs.iter().filter(|program| !found(program)).collect();
    if missing.is_empty() {
        return true;
    }
    let required = std::env::var_os("ALLEGROMAIL_INTEROP").is_some_and(|mode| mode == "require");
    assert!(!required, "not installed, and required: {missing:?}");
    eprintln!("SKIPPED: not installed: {missing:?}");
    false
}

/// Whether this process may start a Postfix; as [`have`].
pub fn have_root() -> bool {
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    if id.stdout.starts_with(b"0\n") {
        return true;
    }
    let required = std::env::var_os("ALLEGROMAIL_INTEROP").is_some_and(|mode| mode == "require");
    assert!(!required, "Postfix needs root, and is required");
    eprintln!("SKIPPED: Postfix needs root");
    false
}
