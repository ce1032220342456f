//! The examples of docs/center.md, run as they stand there.

use std::process::Command;

use super::*;

/// The blocks of code of a language.
fn blocks(page: &str, language: &str) -> String {
    let begin = format!("\n```{language}\n");
    let blocks = page.split(&begin).skip(1);
    blocks
        .map(|block| block.split("\n```").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_for_tool_makers_do_what_the_page_says() {
    let must = std::env::var("ALLEGROMAIL_INTEROP").is_ok_and(|word| word == "require");
    for program in ["curl", "python3"] {
        let is_here = Command::new(program).arg("--version").output().is_ok();
        assert!(is_here || !must, "{program} is missing");
        if !is_here {
            eprintln!("SKIPPED: {program} is missing");
            return;
        }
    }
    let desk = Desk::open().await;
    desk.add(vec![
        message(1, thread(true), Some(SELLER)),
        message(2, thread(true), Some(BUYER)),
    ])
    .await;
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/center.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = desk.token(BUYER, &crate::tokens::Scope::ALL).1;
    let run = async |program: &'static str, flags: &'static [&'static str], text: String| {
        let mut command = Command::new(program);
        command.args(flags).arg(text).current_dir(folder.path());
        command
            .env("CENTER", format!("http://{}", desk.address))
            .env("TOKEN", &token);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said
    };
    let said = run("sh", &["-euc"], blocks(&page, "sh")).await;
    assert!(
        said.contains("\"threads\":[") && said.contains("faktura w załączniku"),
        "{said}"
    );
    let posted = |count: usize| {
        let posted = desk.outbox.posted.lock().unwrap();
        assert_eq!(posted.len(), count);
        posted[count - 1].1.clone()
    };
    let draft = posted(1);
    assert_eq!(
        (&*draft.files[0].name, &*draft.files[0].media_type),
        ("invoice.pdf", "application/pdf")
    );
    let python = blocks(&page, "python");
    run("python3", &["-c"], python.clone()).await;
    let draft = posted(2);
    assert!(draft.text.starts_with("Dziękujemy") && draft.key.is_some());
    // It goes on where it was left.
    run("python3", &["-c"], python).await;
    posted(2);
    desk.close().await;
}
