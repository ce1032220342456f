//! What mail itself teaches: who wrote last, what was marked, what was seen first.

use super::*;

#[test]
fn state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (order, jan) = ("cub31c122".parse().unwrap(), id("8awgqyk6a5"));
    let mark = AddressMark::of(&jan, &mailbox("jan@poczta.example"));
    {
        let state = SledState::open(&folder.path().join("s")).unwrap();
        assert_eq!(state.last_writer(&order, &jan).unwrap(), None);
        state.remember(&order, &jan, mark).unwrap();
        assert_eq!(
            state
                .note_first_seen(&jan, &order, "shop", Timestamp(5))
                .unwrap(),
            Timestamp(5)
        );
        assert_eq!(
            state
                .note_first_seen(&jan, &order, "shop", Timestamp(9))
                .unwrap(),
            Timestamp(5)
        );
        state.checkpoint().unwrap();
    }
    let state = SledState::open(&folder.path().join("s")).unwrap();
    assert_eq!(state.last_writer(&order, &jan).unwrap(), Some(mark));
    for number in 0..2_500_u64 {
        state
            .note_first_seen(
                &jan,
                &format!("guess{number}").parse().unwrap(),
                "shop",
                Timestamp(number),
            )
            .unwrap();
    }
}

#[test]
fn marks_are_forgotten_day_by_day() {
    let folder = tempfile::tempdir().unwrap();
    let state = SledState::open(&folder.path().join("s")).unwrap();
    for day in [254, 255, 256, 257] {
        state.mark(day, &[7; 16]).unwrap();
    }
    state.keep_id(&[1; 16], "long@poczta.example").unwrap();
    let marked = |day| state.is_marked(day, &[7; 16]).unwrap();
    for left in [
        [false, true, true, true],
        [false, false, true, true],
        [false, false, true, true],
    ] {
        state.forget_before(256).unwrap();
        assert_eq!([254, 255, 256, 257].map(marked), left);
    }
    assert!(!state.is_marked(257, &[8; 16]).unwrap());
    let kept = state.kept_id(&[1; 16]).unwrap();
    assert_eq!(kept.as_deref(), Some("long@poczta.example"));
    assert_eq!(state.kept_id(&[2; 16]).unwrap(), None);
}

#[test]
fn h164_who_asks_for_a_thousand_orders_restarts_nobody_elses_grace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let state = SledState::open(&path).unwrap();
    let jan = id("8awgqyk6a5");
    let note = |state: &SledState, asker: &str, order: &str, now| {
        state
            .note_first_seen(&jan, &order.parse().unwrap(), asker, Timestamp(now))
            .unwrap()
    };
    for order in ["honest1", "zzz", "0"] {
        assert_eq!(note(&state, "shop1", order, 5), Timestamp(5));
    }
    // One that somebody else asks for first, and later lets go.
    note(&state, "shop2", "shared", 4);
    assert_eq!(note(&state, "shop1", "shared", 7), Timestamp(4));
    for number in 0..2_500 {
        let now = 10 + number;
        note(&state, "shop2", &format!("guess{number:05}"), now);
    }
    state.checkpoint().unwrap();
    drop(state);
    let state = SledState::open(&path).unwrap();
    for order in ["honest1", "zzz", "0"] {
        assert_eq!(note(&state, "shop1", order, 9_000), Timestamp(5));
    }
    assert_eq!(note(&state, "shop1", "shared", 9_000), Timestamp(7));
    // Of its own, one loses the oldest.
    assert_eq!(note(&state, "shop2", "guess02400", 9_000), Timestamp(2_410));
    assert_eq!(note(&state, "shop2", "guess00001", 9_000), Timestamp(9_000));
}

#[test]
fn h164_what_0_1_0_has_seen_first_still_counts() {
    let folder = tempfile::tempdir().unwrap();
    let state = SledState::open(&folder.path().join("s")).unwrap();
    let (jan, order) = (id("8awgqyk6a5"), "cub31c122".parse().unwrap());
    let row = format!(
        r#"{{"type":"state","key":"{}","value":"{}"}}"#,
        data_encoding::HEXLOWER.encode(b"u8awgqyk6a5/cub31c122"),
        data_encoding::HEXLOWER.encode(&3_u64.to_be_bytes())
    );
    state.import(row.as_bytes()).unwrap();
    assert_eq!(state.first_seen(&jan, &order).unwrap(), Some(Timestamp(3)));
    let first = state.note_first_seen(&jan, &order, "shop", Timestamp(9));
    assert_eq!(first.unwrap(), Timestamp(3));
}
