//! Documents of blocked messages, handed over to a server of Python's standard library: over TLS, with a token, and once more than it wants them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::authority::Authority;
use crate::support::programs::have;
use crate::support::stage::{BIURO, BUYER, Setup};

/// Shown to the server.
const TOKEN: &str = "a-token-of-the-marketplace";

#[tokio::test(flavor = "multi_thread")]
async fn documents_reach_a_server_of_another_library_over_tls_with_a_token() {
    if !have(&["python3"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let authority = Authority::new();
    authority.write(&file("roots.pem"));
    fs::write(file("chain.pem"), authority.certify_pem("panel.example")).unwrap();
    fs::write(file("token"), TOKEN).unwrap();
    fs::set_permissions(file("token"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(file("in")).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/documents.py");
    let mut server = Command::new("python3")
        .arg(script)
        .args([
            file("chain.pem").as_os_str(),
            TOKEN.as_ref(),
            file("in").as_os_str(),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    let setup = |folder| {
        Setup {
            folder,
            ..Setup::default()
        }
        .record("panel.example A 127.0.0.1")
        .key("delivery", &format!("ca_file = {:?}", file("roots.pem")))
        .key("delivery", "retry = \"1s\"")
        .key(
            "handover",
            &format!("url = \"https://panel.example:{port}/orders\""),
        )
        .key("handover", &format!("token_file = {:?}", file("token")))
    };
    let stage = setup(None).start().await;
    let invoice = b"%PDF-1.4\n% one\n%%EOF\n";
    let letter = |words: &str| {
        format!(
            "From: {BIURO}\r\nTo: {BUYER}\r\nSubject: Faktura\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n--b\r\nContent-Type: application/pdf\r\n\
             Content-Disposition: attachment; filename*=utf-8''faktura%20za%C5%BC%C3%B3%C5%82%C4%87%2011.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
            data_encoding::BASE64.encode(invoice)
        )
    };
    let words = "Faktura w załączniku, a paragon: https://app.fakturownia.pl/f/99ab12";
    stage
        .send_message(BIURO, &[BUYER], &letter(words))
        .await
        .assert("550");
    stage.arrival().await;
    stage.drained().await;
    let mut next =
        || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let (file_came, link_came) = (next(), next());
    assert_eq!(
        (&file_came["status"], &link_came["status"]),
        (&201.into(), &201.into()),
        "{file_came} {link_came}"
    );
    assert_eq!(file_came["told"]["name"], "faktura zażółć 11.pdf");
    assert_eq!(
        link_came["told"]["link"],
        "https://app.fakturownia.pl/f/99ab12"
    );
    assert_eq!(link_came["path"], "/orders/cub31c122/links");
    assert_eq!(file_came["host"], format!("panel.example:{port}"));
    let kept: Vec<_> = fs::read_dir(file("in"))
        .unwrap()
        .flatten()
        .map(|file| fs::read(file.path()).unwrap())
        .collect();
    assert!(kept.iter().any(|octets| octets == invoice));
    // What a state that is lost with its exports has forgotten is sent once more: the server says that it has it, and that is the end as well.
    let folder = stage.stop().await;
    for lost in ["data/state", "data/export"] {
        fs::remove_dir_all(folder.path().join(lost)).unwrap();
    }
    for name in fs::read_dir(folder.path().join("data/spool"))
        .unwrap()
        .flatten()
    {
        fs::remove_file(name.path()).ok();
    }
    let stage = setup(Some(folder)).start().await;
    stage
        .send_message(BIURO, &[BUYER], &letter("Faktura w załączniku."))
        .await
        .assert("550");
    stage.arrival().await;
    stage.drained().await;
    assert_eq!(next()["status"], 409);
    stage.nothing_arrived().await;
    server.kill().unwrap();
    server.wait().unwrap();
}
