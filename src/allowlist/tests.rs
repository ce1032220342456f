//! The shipped list, exact matching, and files that must not be taken.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::mail::Mailbox;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn find(list: &Allowlist, from: &str) -> Option<String> {
    list.find(&Mailbox::parse(from).unwrap())
        .map(|found| found.entry.to_string())
}

fn load(text: &[u8]) -> Result<Allowlist, Errors> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), text).unwrap();
    Allowlist::load(folder.path())
}

#[test]
fn the_shipped_list_holds_all_264_entries_of_the_source() {
    let shipped = Allowlist::load(&root().join("allowlist")).unwrap();
    let source = Allowlist::load(&root().join("tests/data/courier-allowlist.source.txt")).unwrap();
    assert_eq!(shipped.len(), 264);
    assert_eq!(shipped.warnings, []);
    let texts = |list: &Allowlist| {
        list.entries()
            .map(|entry| entry.to_string().to_lowercase())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(texts(&shipped), texts(&source));
    // The source has duplicates and one entry without an @; both load, with a warning each.
    assert!(
        source
            .warnings
            .iter()
            .any(|note| note.message.contains("taken as @return-myparcel.org"))
    );
    assert!(
        source
            .warnings
            .iter()
            .any(|note| note.message.contains("@dpd.com.pl stands already")
                || note.message.contains("@dpd.be stands already"))
    );
}

#[test]
fn h086_domains_match_exactly() {
    let list = load(b"@DHL.com\nnoreply@tpay.com\n@mail.furgonetka.pl # a subdomain of its own\n")
        .unwrap();
    for (from, want) in [
        ("x@dhl.com", Some("@dhl.com")),
        ("X@DHL.COM", Some("@dhl.com")),
        ("x@mail.dhl.com", None),
        ("x@evil-dhl.com", None),
        ("x@dhl.com.evil.net", None),
        ("x@dhl.co", None),
        ("NoReply@tpay.com", Some("noreply@tpay.com")),
        ("other@tpay.com", None),
        ("x@furgonetka.pl", None),
        ("x@mail.furgonetka.pl", Some("@mail.furgonetka.pl")),
    ] {
        assert_eq!(find(&list, from).as_deref(), want, "{from}");
    }
}

#[test]
fn h087_broken_files_are_refused_whole_with_their_lines() {
    let long = [b"@dhl.com\n", "x".repeat(1 << 20).as_bytes()].concat();
    let cases: &[(&str, &[u8], &str)] = &[
        (
            "suffix",
            b"@dhl.com\n@com.pl\n",
            ":2: com.pl is a public suffix",
        ),
        ("top level", b"@pl\n", "public suffix"),
        ("wildcard", b"@*.dhl.com\n", "wildcard"),
        ("star", b"*\n", "wildcard"),
        ("empty", b"", "no entry"),
        ("comments only", b"# nothing\n\n", "no entry"),
        (
            "NUL",
            b"@dhl.com\n@d\0pd.pl\n",
            ":2: the line holds a control character",
        ),
        ("escape", b"@dhl.com \x1b[2J\n", "control character"),
        ("long line", &long, ":2: the line is longer"),
        ("latin2", b"@\xf3\xb3.pl\n", "not UTF-8"),
        ("trailing dot", b"@dhl.com.\n", "neither"),
        ("double dot", b"@dhl..com\n", "neither"),
        ("leading dot", b"@.dhl.com\n", "neither"),
        ("two words", b"@dhl.com @ups.com\n", "neither"),
        ("two at signs", b"a@b@dhl.com\n", "neither"),
        ("literal", b"@[127.0.0.1]\n", "neither"),
        ("full-width stop", "@dhl\u{3002}com\n".as_bytes(), "neither"),
    ];
    for (case, text, want) in cases {
        let error = load(text)
            .err()
            .unwrap_or_else(|| panic!("{case} was taken"))
            .to_string();
        assert!(error.contains(want), "{case}: {error}");
    }
    let both = load(b"*\n@dhl.com\n@pl\n").err().unwrap();
    assert_eq!(both.0.len(), 2, "every error is told: {both}");
}

#[test]
fn h087_a_list_with_bom_crlf_and_unicode_loads() {
    let list = load(b"\xef\xbb\xbf@dhl.com\r\n  @UPS.com\t# spaces\r\n").unwrap();
    assert_eq!((list.len(), list.warnings.len()), (2, 0));
    assert_eq!(
        find(&load("@żółw.pl".as_bytes()).unwrap(), "x@xn--w-uga1v8h.pl").as_deref(),
        Some("@xn--w-uga1v8h.pl")
    );
}

#[test]
fn a_digest_is_of_the_entries_and_of_nothing_else() {
    let one = load(b"@dhl.com\nnotices@ups.com # the second\n").unwrap();
    let same = load(b"# in another order\nnotices@UPS.com\n\n@dhl.com\n@dhl.com\n").unwrap();
    let other = load(b"@dhl.com\n").unwrap();
    assert_eq!(one.digest(), same.digest());
    assert_ne!(one.digest(), other.digest());
    // printf '@dhl.com\nnotices@ups.com\n' | sha256sum
    assert_eq!(
        one.digest(),
        "acb5111b4d8dc2c281631e87be267894d7c43eede0a0cfd0d6c1f7c95d2209b1"
    );
    let diff = Diff::between(&one.texts(), &other);
    assert_eq!(
        (diff.added, diff.removed, diff.unchanged),
        (vec![], vec!["notices@ups.com".to_owned()], 1)
    );
}

#[test]
fn a_set_is_the_files_that_a_shell_would_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let none = Allowlist::load(path).err().unwrap().to_string();
    assert!(
        none.contains("holds no file whose name ends in .txt"),
        "{none}"
    );
    for (name, text) in [
        ("b.txt", "@ups.com\n"),
        ("a.txt", "@dhl.com\n"),
        // What editors and copiers leave beside.
        (".c.txt", "*\n"),
        ("a.txt~", "*\n"),
        ("README", "*\n"),
    ] {
        std::fs::write(path.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", path.join(".#a.txt")).unwrap();
    let set = Allowlist::load(path).unwrap();
    assert_eq!(
        set.entries().map(ToString::to_string).collect::<Vec<_>>(),
        ["@dhl.com", "@ups.com"]
    );
    let missing = Allowlist::load(&path.join("nothing.txt")).err().unwrap();
    let missing = missing.to_string();
    assert!(
        missing.contains("nothing.txt: cannot be read: No such file"),
        "{missing}"
    );
}
