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
fn h091_a_broken_reload_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("couriers.txt");
    std::fs::write(&file, "@dhl.com\n@ups.com\n").unwrap();
    let live = Live::load(folder.path()).unwrap();
    let held = live.current();
    std::fs::write(&file, "@dhl.com\n*\n").unwrap();
    assert!(live.reload().is_err());
    std::fs::remove_file(&file).unwrap();
    assert!(live.reload().is_err());
    assert_eq!(live.current().len(), 2);
    std::fs::write(&file, "@dhl.com\n@fedex.com\n").unwrap();
    let diff = live.reload().unwrap();
    assert_eq!(
        (diff.added, diff.removed, diff.unchanged),
        (
            vec!["@fedex.com".to_owned()],
            vec!["@ups.com".to_owned()],
            1
        )
    );
    assert!(find(&live.current(), "x@fedex.com").is_some());
    assert!(
        find(&held, "x@ups.com").is_some(),
        "a snapshot that is held stays as it was"
    );
}
