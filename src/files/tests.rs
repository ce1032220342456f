//! Errors are told by what helps, and loose modes are repaired without following a link.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::*;

mod sets;

#[test]
fn h175_each_error_of_the_system_has_its_own_words() {
    let cases = [
        (28, Fault::Full, "full"),
        (122, Fault::Quota, "quota"),
        (27, Fault::Quota, "quota"),
        (30, Fault::ReadOnly, "read-only"),
        (13, Fault::Forbidden, "permission"),
        (1, Fault::Forbidden, "permission"),
        (5, Fault::Disk, "disk reports"),
        (19, Fault::Disk, "disk reports"),
        (117, Fault::Disk, "disk reports"),
        (24, Fault::Descriptors, "too many files"),
        (23, Fault::Descriptors, "too many files"),
        (12, Fault::Memory, "memory"),
    ];
    for (code, fault, word) in cases {
        let error = io::Error::from_raw_os_error(code);
        // As it comes, as it is passed on as text, and as a library panics with it.
        let wrapped = io::Error::other(format!("snapshot: {error}"));
        let panicked = io::Error::other(format!("called unwrap on an Err value: {error:?}"));
        for error in [error, wrapped, panicked] {
            assert_eq!(Fault::of(&error), Some(fault), "{error}");
            let told = describe(Path::new("/data/state"), &error);
            assert!(
                told.contains("/data/state") && told.contains(word),
                "{told}"
            );
            assert!(told.contains("move nothing away"), "{told}");
        }
    }
    for text in ["os error 280", "unexpected end of file", "code: 5"] {
        assert_eq!(Fault::of(&io::Error::other(text)), None, "{text}");
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn h167_loose_modes_are_mended_and_told_and_links_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    let stranger = outside.path().join("stranger");
    fs::create_dir(&stranger).unwrap();
    fs::write(stranger.join("file"), "x").unwrap();
    let data = outside.path().join("data");
    create_folder(&data.join("directory/blobs")).unwrap();
    fs::write(data.join("directory/db"), "x").unwrap();
    fs::write(data.join("tight"), "x").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(data.join("admin.sock")).unwrap();
    symlink(&stranger, data.join("link")).unwrap();
    symlink(stranger.join("file"), data.join("directory/link")).unwrap();
    let loose = [
        (data.clone(), 0o755),
        (data.join("directory"), 0o2775),
        (data.join("directory/blobs"), 0o777),
        (data.join("directory/db"), 0o644),
        (data.join("admin.sock"), 0o755),
        (stranger.clone(), 0o755),
        (stranger.join("file"), 0o644),
    ];
    for (path, mode) in &loose {
        set(path, *mode);
    }
    set(&data.join("tight"), 0o400);
    let mut repaired = repair_modes(&data).unwrap();
    repaired.sort_by(|a, b| a.path.cmp(&b.path));
    let told: Vec<_> = repaired.iter().map(|m| (m.path.clone(), m.mode)).collect();
    let mut wanted = loose[..5].to_vec();
    wanted.sort();
    assert_eq!(told, wanted);
    assert!(repaired.iter().all(|repaired| repaired.failed.is_none()));
    for (path, _) in &loose[..5] {
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(path), wanted, "{}", path.display());
    }
    assert_eq!(mode(&data.join("tight")), 0o400, "its owner wanted it so");
    assert_eq!(
        (mode(&stranger), mode(&stranger.join("file"))),
        (0o755, 0o644)
    );
    assert!(repair_modes(&data).unwrap().is_empty(), "it was told once");
}
