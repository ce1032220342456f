//! Import and export, line by line.

use super::*;

#[tokio::test]
async fn bad_lines_are_told_with_their_numbers_and_good_ones_go_in() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder.path().join("d"));
    let long = format!("{{\"type\":\"{}\"}}", "x".repeat(100_000));
    let edit = |from: &str, to: &str| JAN.replace(from, to);
    let lines: Vec<(String, &str)> = vec![
        (JAN.to_owned(), ""),
        ("{".to_owned(), "no JSON object (EOF"),
        (String::new(), ""),
        (
            "not json".to_owned(),
            "no JSON object (expected ident at column 2); expected is {\"type\"",
        ),
        ("[1]".to_owned(), "no JSON object; expected is"),
        (
            "{\"type\":\"user\"}".to_owned(),
            "type: \"user\" is none of participant, transaction",
        ),
        ("{}".to_owned(), "type is missing: one of participant"),
        (
            edit("\"login\"", "\"nick\""),
            "\"nick\": a participant has no such field; it has type, id, login",
        ),
        (
            ORDER.replace("\"type\"", "\"status\":\"opened\",\"type\""),
            "status: \"opened\" is none of open, closed",
        ),
        (
            edit("\"type\"", "\"status\":\"gone\",\"type\""),
            "status: \"gone\" is none of active, suspended, deleted",
        ),
        (
            ORDER.replace("\"buyer\"", "\"by\""),
            "a transaction has no such field; it has type, id, buyer",
        ),
        (
            ORDER.replace(",\"seller\":\"k2m9x0r7t3\"", ""),
            "seller is missing: 1 to 32",
        ),
        (edit("8awgqyk6a5", "a+b"), "1 to 32 ASCII letters"),
        (edit("8awgqyk6a5", "postmaster"), "role"),
        (edit("jan@poczta.example", "x@allegromail.pl"), "circle"),
        (edit("jan@poczta.example", "nobody"), "local-part@domain"),
        (edit("jan_kowalski", "a\\u0000b"), "login is empty"),
        (
            edit(",\"primary\":\"jan@poczta.example\"", ""),
            "primary is missing",
        ),
        (edit("\"pl\"", "7"), "language: 7 is not a text in quotes"),
        (
            ORDER.replace("k2m9x0r7t3", "8awgqyk6a5"),
            "same participant",
        ),
        (long, "longer than"),
        (
            "{\"type\":\"participant\",\"id\":\"nobody\",\"deleted\":true}".to_owned(),
            "no such participant",
        ),
        (ORDER.to_owned(), ""),
    ];
    let text: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
    let report = load(&*directory, &text).await;
    assert_eq!(report.applied, 2);
    for (at, (_, want)) in lines.iter().enumerate() {
        let told = report
            .bad
            .iter()
            .find(|bad| bad.line == at as u64 + 1)
            .map(|bad| bad.message.as_str());
        assert_eq!(
            told.is_some(),
            !want.is_empty(),
            "line {}: {told:?}",
            at + 1
        );
        assert!(
            told.unwrap_or_default().contains(want),
            "line {}: {told:?}",
            at + 1
        );
    }
}

#[tokio::test]
async fn an_export_is_read_back_to_the_same_content() {
    let folder = tempfile::tempdir().unwrap();
    let first = SledDirectory::open(&folder.path().join("a")).unwrap();
    let suspended = SHOP.replace("\"type\"", "\"status\":\"suspended\",\"type\"");
    load(&first, &[JAN, &suspended, ORDER]).await;
    let mut text = Vec::new();
    assert_eq!(export(&first, &mut text).unwrap(), 3);
    let second = SledDirectory::open(&folder.path().join("b")).unwrap();
    let report = import(&second, &rules(), text.as_slice(), |_| {})
        .await
        .unwrap();
    assert_eq!((report.applied, report.bad), (3, vec![]));
    let mut again = Vec::new();
    export(&second, &mut again).unwrap();
    assert_eq!(text, again);
}

#[tokio::test]
async fn what_is_odd_is_told_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder.path().join("d"));
    let mut rules = rules();
    rules.domains = MaskedDomains::new(vec![MaskedDomain {
        name: Domain::parse("allegromail.pl").unwrap(),
        marketplaces: vec!["allegro-pl".to_owned(), "allegro-cz".to_owned()],
        aliases: vec![],
    }]);
    let odd = JAN
        .replace("allegro-pl", "alegro-pl")
        .replace("[\"jan@", "[\"jan.two@");
    // The order comes before its parties; one of another has none.
    let stray = ORDER
        .replace("cub31c122", "stray")
        .replace("8awgqyk6a5", "nobody");
    let text = [ORDER, &stray, &odd, SHOP].join("\n");
    let report = import(&*directory, &rules, text.as_bytes(), |_| {})
        .await
        .unwrap();
    assert_eq!((report.applied, &report.bad), (4, &vec![]));
    let told: Vec<(u64, &str)> = report
        .warnings
        .iter()
        .map(|warning| (warning.line, warning.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                3,
                "primary: jan@poczta.example is not one of addresses; it was added to them"
            ),
            (
                3,
                "marketplace: \"alegro-pl\" stands in no [[domain]] marketplaces, so the account is shown at allegromail.pl; known are allegro-cz, allegro-pl"
            ),
            (
                2,
                "transaction stray: there is no participant nobody, its buyer; mail about it is refused until that account is loaded"
            ),
        ]
    );
}

#[tokio::test]
async fn of_many_orders_without_parties_twenty_are_told_and_the_others_counted() {
    let folder = tempfile::tempdir().unwrap();
    let directory = directory(&folder.path().join("d"));
    let lines: Vec<String> = (0..25)
        .map(|number| {
            ORDER
                .replace("cub31c122", &format!("order{number}"))
                .replace("8awgqyk6a5", &format!("nobody{number}"))
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).chain([SHOP]).collect();
    let told = load(&*directory, &lines).await.warnings;
    assert_eq!(told.len(), 21);
    assert_eq!(
        told[20].message,
        "5 more buyers and sellers are unknown up to here; load the participants, too"
    );
}
