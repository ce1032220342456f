//! Which tokens are good, and for how long.

use super::*;
use crate::in_force::What;
use crate::masking::ParticipantId;
use crate::tokens::{Scope, TokenError};

fn is_good(tokens: &Tokens, list: &InForce, given: &str) -> bool {
    tokens
        .asker(Some(given), &list.current().allowlist, NOW)
        .is_some()
}

#[test]
fn only_the_whole_token_is_good_and_only_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let (list, all) = (allowlist(folder.path()), tokens(folder.path()));
    let make = |entry: &str| all.create(courier(entry), &list.current().allowlist, "uid 7", NOW);
    let (id, text) = make("@InPost.pl").unwrap();
    let (other_id, other) = make("notices@dhl.com").unwrap();
    assert!(id != other_id && text != other && text.starts_with(&format!("amv_{id}_")));
    assert_eq!(text.len(), 4 + 12 + 1 + 64);
    assert!(is_good(&all, &list, &text) && is_good(&all, &list, &other));
    let (head, secret) = text.rsplit_once('_').unwrap();
    for wrong in [
        "",
        "amv_",
        &id,
        secret,
        head,
        &format!("{head}_"),
        text.strip_suffix(|_: char| true).unwrap(),
        &format!("{text}0"),
        &text.to_uppercase(),
        &text.replace(&id, &other_id),
        &format!("{head}_{}", other.rsplit_once('_').unwrap().1),
    ] {
        assert!(!is_good(&all, &list, wrong), "{wrong}");
    }
    assert!(all.asker(None, &list.current().allowlist, NOW).is_none());
    for entry in ["@dhl.com", "other@dhl.com", "@mail.inpost.pl"] {
        let refused = make(entry);
        assert!(
            matches!(refused, Err(TokenError::NoSuchEntry(_))),
            "{entry}"
        );
    }
    all.revoke(&id, "uid 8", NOW.plus(HOUR)).unwrap();
    all.revoke(&id, "uid 9", NOW.plus(HOUR * 2)).unwrap();
    assert!(!is_good(&all, &list, &text) && is_good(&all, &list, &other));
    let nobody = all.revoke("000000000000", "uid 8", NOW);
    assert!(matches!(nobody, Err(TokenError::NoSuchToken)));
    // A start finds them as they were.
    let before = all.list(&list.current().allowlist);
    drop(all);
    let all = tokens(folder.path());
    assert_eq!(all.list(&list.current().allowlist), before);
    assert!(!is_good(&all, &list, &text) && is_good(&all, &list, &other));
    let shown = |id: &str| before.iter().find(|token| token.id == id).unwrap();
    let revoked = shown(&id);
    assert_eq!(revoked.created_by, "uid 7");
    assert_eq!(revoked.revoked.as_deref(), Some("2026-11-23T01:00:00Z"));
    assert_eq!(revoked.revoked_by.as_deref(), Some("uid 8"));
    assert_eq!(revoked.last_used.as_deref(), Some("2026-11-23"));
    assert!(!revoked.good && shown(&other_id).good);
}

#[test]
fn a_token_is_good_while_its_entry_is_on_the_allowlist_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let (list, all) = (allowlist(folder.path()), tokens(folder.path()));
    let made = all.create(courier("@inpost.pl"), &list.current().allowlist, "x", NOW);
    let (_, text) = made.unwrap();
    let file = folder.path().join("couriers.txt");
    // Another entry of the same domain is another entry.
    for (lines, good) in [
        ("notices@inpost.pl\n", false),
        ("@inpost.pl\n", true),
        ("@mail.inpost.pl\n", false),
        ("inpost.pl\n", true),
    ] {
        std::fs::write(&file, lines).unwrap();
        assert_eq!(is_good(&all, &list, &text), !good, "not read again yet");
        let reload = list.reload(What::Allowlist, "test");
        reload.allowlist.unwrap().unwrap();
        assert_eq!(is_good(&all, &list, &text), good, "{lines}");
        assert_eq!(all.list(&list.current().allowlist)[0].good, good, "{lines}");
    }
    // A broken set leaves the old one in force.
    std::fs::write(&file, "*.inpost.pl\n").unwrap();
    let reload = list.reload(What::Allowlist, "test");
    assert!(reload.allowlist.unwrap().is_err() && is_good(&all, &list, &text));
}

#[test]
fn a_day_is_noted_once_and_never_takes_a_revocation_back() {
    let folder = tempfile::tempdir().unwrap();
    let (list, all) = (allowlist(folder.path()), tokens(folder.path()));
    let made = all.create(courier("@inpost.pl"), &list.current().allowlist, "x", NOW);
    let (id, text) = made.unwrap();
    std::thread::scope(|scope| {
        for day in 0..4 {
            let (all, list, text) = (&all, &list, &text);
            scope.spawn(move || {
                for hour in 0..200 {
                    let at = NOW.plus(HOUR * (24 * day + hour));
                    let _ = all.asker(Some(text), &list.current().allowlist, at);
                }
            });
        }
        all.revoke(&id, "x", NOW).unwrap();
    });
    drop(all);
    let shown = tokens(folder.path()).list(&list.current().allowlist);
    assert!(shown[0].revoked.is_some() && !shown[0].good);
}

#[test]
fn a_participants_token_is_no_couriers_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let (list, all) = (allowlist(folder.path()), tokens(folder.path()));
    let sets = list.current();
    let participant = Holder::Participant {
        participant: ParticipantId::parse("8awgqyk6a5").unwrap(),
        scope: vec![Scope::MessagesRead],
    };
    let (id, text) = all.create(participant, &sets.allowlist, "x", NOW).unwrap();
    let courier = all.create(courier("@inpost.pl"), &sets.allowlist, "x", NOW);
    let courier = courier.unwrap().1;
    assert!(text.starts_with("amc_") && !is_good(&all, &list, &text));
    assert!(all.reader(Some(&courier), NOW).is_none() && all.reader(None, NOW).is_none());
    drop(all);
    // A start finds it as it was.
    let all = tokens(folder.path());
    let reader = all.reader(Some(&text), NOW).unwrap();
    assert_eq!(
        (&*reader.token, reader.participant.as_str(), &*reader.scope),
        (&*id, "8awgqyk6a5", &[Scope::MessagesRead][..])
    );
    let shown = all.list(&sets.allowlist);
    let shown = shown.iter().find(|token| token.id == id).unwrap();
    assert!(shown.entry.is_none() && shown.good);
    assert!(all.is_kept(&id));
    all.revoke(&id, "x", NOW).unwrap();
    assert!(!all.is_kept(&id) && all.reader(Some(&text), NOW).is_none());
}
