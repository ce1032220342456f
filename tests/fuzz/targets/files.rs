//! What lies on disk: the spool's log, the allowlist, the configuration. In memory where the system has a folder for it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use allegromail::allowlist::Allowlist;
use allegromail::config;
use allegromail::mail::Mailbox;
use allegromail::spool::{LocalSpool, SpoolSettings};

/// A folder for this process.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::TempDir::new_in(memory)
    } else {
        tempfile::TempDir::new()
    }
    .expect("a folder")
});

fn fresh(name: &str) -> PathBuf {
    let path = FOLDER.path().join(name);
    // It is not there the first time.
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// Makes a segment of the input: after an octet below 8 a whole record follows, its checksums right, so that more than the first check is
/// reached; any other octet stands for itself.
fn segment(octets: &[u8]) -> Vec<u8> {
    // Without a head nothing is believed: most of those that begin with a record get one.
    let bare = |first: u8| first < 8 && first != 4;
    let mut out = match octets.first() {
        Some(first) if bare(*first) => segment(&[4, 0, 1, 0, 0]),
        _ => Vec::new(),
    };
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        let Some((numbers, after)) = after.split_first_chunk::<4>().filter(|_| *first < 8) else {
            out.push(*first);
            rest = after;
            continue;
        };
        let [more, id, head_len, body_len] = numbers.map(usize::from);
        let (head, after) = after.split_at((4 * head_len).min(after.len()));
        let (body, after) = after.split_at(body_len.min(after.len()));
        let mut front = b"AMS2".to_vec();
        let link = u8::try_from(more >> 4 & 3).expect("two bits");
        front.extend_from_slice(&[
            *first,
            u8::from(more % 4 == 1),
            u8::from(more & 8 > 0),
            link,
        ]);
        let id = if id == 255 { u64::MAX } else { id as u64 };
        front.extend_from_slice(&id.to_le_bytes());
        // Some are of another segment.
        front.extend_from_slice(&u64::from(more & 64 > 0).to_le_bytes());
        for len in [head.len(), body.len()] {
            front.extend_from_slice(&u32::try_from(len).expect("short").to_le_bytes());
        }
        let mut crc = crc32fast::Hasher::new();
        crc.update(&front);
        crc.update(head);
        front.extend_from_slice(&crc.finalize().to_le_bytes());
        front.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
        out.extend_from_slice(&front);
        out.extend_from_slice(head);
        out.extend_from_slice(body);
        out.extend_from_slice(b"END\n");
        rest = after;
    }
    out
}

/// Whatever stands in the log, it opens, and the second time it finds what the first time left.
pub fn spool(octets: &[u8]) {
    let dir = fresh("spool");
    let text = segment(octets);
    let (old, last) = text
        .split_at(text.len() / 3 * usize::from(octets.first().is_some_and(|octet| octet % 2 == 1)));
    // An earlier version's is refused.
    if [old, last].iter().any(|text| text.starts_with(b"AMS1")) {
        return;
    }
    if !old.is_empty() {
        std::fs::write(dir.join("00000001.seg"), old).expect("a file");
    }
    std::fs::write(dir.join("00000002.seg"), last).expect("a file");
    let open = || {
        let settings = SpoolSettings {
            most_unread: None,
            dir: dir.clone(),
            segment_bytes: 1 << 20,
            min_free_bytes: 0,
            min_free_inodes: 0,
            first_id: 1,
            flow: std::sync::Arc::default(),
        };
        let opened = LocalSpool::open(settings, Box::new(|| Ok(()))).expect("the log opens");
        opened.spool.close();
        let ids: Vec<_> = opened.recovered.iter().map(|entry| entry.id).collect();
        (ids, opened.report.torn_bytes)
    };
    let (ids, torn) = open();
    let (again, torn_again) = open();
    assert_eq!(ids, again);
    // Damage that stood before a torn tail is a torn tail, once that is gone.
    assert!(
        torn + torn_again <= text.len() as u64,
        "nothing is cut twice"
    );
}

/// A set that loads lets in whom it names.
pub fn allowlist(octets: &[u8]) {
    let path = FOLDER.path().join("allowlist.txt");
    std::fs::write(&path, octets).expect("a file");
    match Allowlist::load(&path) {
        Err(errors) => assert!(!errors.0.is_empty() && !errors.to_string().is_empty()),
        Ok(set) => {
            assert!(!set.is_empty(), "an empty set is an error");
            for entry in set.entries() {
                let text = entry.to_string();
                let address = match text.strip_prefix('@') {
                    Some(domain) => format!("x@{domain}"),
                    None => text.clone(),
                };
                let mailbox = Mailbox::parse(&address).expect("an entry names addresses");
                assert!(set.find(&mailbox).is_some(), "{text}");
            }
        }
    }
}

/// A configuration is good, or every problem has words.
pub fn configuration(octets: &[u8]) {
    let path = FOLDER.path().join("allegromail.toml");
    std::fs::write(&path, octets).expect("a file");
    match config::load(&path) {
        Err(errors) => {
            assert!(!errors.0.is_empty());
            assert!(errors.to_string().contains("allegromail.toml"), "{errors}");
        }
        Ok(loaded) => assert!(!loaded.config.domains.is_empty()),
    }
}
