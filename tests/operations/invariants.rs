//! The stage's own checks: what does not hold after a case is seen.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::invariants::{leaks, told};
use crate::support::stage::{BIURO, JAN, SELLER, Stage, message};

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_seen() {
    let mut stage = Stage::ordinary().await;
    assert_eq!(stage.invariants.check().await, Vec::<String>::new());
    // The probe.
    stage.arrival().await;
    // A message whose 250 nobody here has heard.
    let mut stream = tokio::net::TcpStream::connect(stage.smtp()).await.unwrap();
    let body = message(JAN, SELLER, "");
    for line in [
        "",
        "HELO a\r\n",
        &format!("MAIL FROM:<{JAN}>\r\n"),
        &format!("RCPT TO:<{SELLER}>\r\n"),
        "DATA\r\n",
    ] {
        stream.write_all(line.as_bytes()).await.unwrap();
        assert!(stream.read(&mut [0; 512]).await.unwrap() > 0);
    }
    stream.write_all(body.as_bytes()).await.unwrap();
    stream.write_all(b".\r\nQUIT\r\n").await.unwrap();
    let arrived = stage.arrival().await;
    let wrong = stage.invariants.check().await;
    assert!(
        wrong.len() == 1 && wrong[0].starts_with("I1: "),
        "{wrong:?}"
    );
    stage.invariants.unheard = Some("its 250 was not read here");
    assert_eq!(stage.invariants.check().await, Vec::<String>::new());

    // A message that shows its writer, plainly and in base64.
    assert_eq!(leaks(&arrived), Vec::<String>::new());
    let hidden = data_encoding::BASE64.encode(format!("write to {JAN}").as_bytes());
    for more in [
        format!("Hello from {JAN}\r\n"),
        format!(
            "Hello.\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n{hidden}\r\n--x--\r\n"
        ),
    ] {
        let mut shown = arrived.clone();
        let text = String::from_utf8_lossy(&shown.data).into_owned();
        let head = text.split("\r\n\r\n").next().unwrap();
        shown.data =
            format!("Content-Type: multipart/mixed; boundary=x\r\n{head}\r\n\r\n--x\r\n\r\n{more}")
                .into_bytes();
        assert_eq!(leaks(&shown).len(), 1, "{more}");
    }
    assert_eq!(
        told(
            &format!("550 no {BIURO}"),
            b"MAIL FROM:<jan@poczta.example>"
        ),
        [BIURO]
    );
    assert!(told(&format!("550 no {BIURO}"), BIURO.as_bytes()).is_empty());
}
