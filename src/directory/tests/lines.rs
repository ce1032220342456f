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
        ("{".to_owned(), "EOF"),
        (String::new(), ""),
        ("{\"type\":\"user\"}".to_owned(), "unknown variant `user`"),
        (edit("\"login\"", "\"nick\""), "unknown field `nick`"),
        (edit("8awgqyk6a5", "a+b"), "1 to 32 ASCII letters"),
        (edit("8awgqyk6a5", "postmaster"), "role"),
        (edit("jan@poczta.example", "x@allegromail.pl"), "circle"),
        (edit("jan@poczta.example", "nobody"), "local-part@domain"),
        (edit("jan_kowalski", "a\\u0000b"), "login is empty"),
        (
            edit(",\"primary\":\"jan@poczta.example\"", ""),
            "primary is missing",
        ),
        (edit("\"pl\"", "7"), "invalid type"),
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
