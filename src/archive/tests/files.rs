//! Files on the disk: those of the archive, and those that wait for their message.

use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn files_wait_for_their_message_as_long_and_as_much_as_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let archive = archive(folder.path());
    let keep = async |who, number: u8, size, at, oldest| {
        let upload = Upload {
            id: UploadId([number; 16]),
            name: "faktura.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            octets: vec![number; size].into(),
        };
        let room = UploadRoom {
            oldest: Timestamp(oldest),
            octets_each: 100,
            files_each: 3,
            octets_all: 150,
        };
        archive
            .keep_upload(person(who), upload, Timestamp(at), room)
            .await
            .unwrap()
    };
    let read = async |who, number, oldest| {
        let upload = archive.upload(person(who), UploadId([number; 16]), Timestamp(oldest));
        upload.await.unwrap().map(|upload| upload.octets.len())
    };
    assert!(keep(0, 1, 60, 10, 0).await);
    assert_eq!(
        (read(0, 1, 10).await, read(1, 1, 10).await),
        (Some(60), None)
    );
    assert_eq!(read(0, 1, 11).await, None, "too old");
    assert!(!keep(0, 2, 41, 10, 0).await, "too much of one");
    assert!(keep(0, 2, 1, 10, 0).await && keep(0, 3, 1, 10, 0).await);
    assert!(!keep(0, 4, 1, 10, 0).await, "too many of one");
    assert!(!keep(1, 5, 89, 10, 0).await, "too much of all");
    assert!(keep(1, 5, 88, 10, 0).await);
    assert!(keep(0, 6, 100, 20, 11).await, "what is too old makes room");
    assert_eq!(read(1, 5, 0).await, None);
}

#[tokio::test]
async fn what_is_kept_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("archive");
    let archive = archive(&place);
    let added = archive.add(vec![message(1, 0, true)], Timestamp(9));
    added.await.unwrap();
    let files = std::fs::read_dir(&place).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap()).collect();
    // Index and month; what SQLite keeps beside the index while it is open.
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{file:?}");
    }
}

#[tokio::test]
async fn an_archive_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(archive(folder.path()));
    let file = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    drop(file);
    let refused = SqliteArchive::open(folder.path(), [7; 32])
        .map(|_| ())
        .unwrap_err();
    assert!(refused.to_string().contains("later version"), "{refused}");
}
