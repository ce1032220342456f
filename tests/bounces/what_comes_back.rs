//! The table of what comes back on a bounce token, in every cell: what it is, whether its From is proven, whether the client is a server of the
//! domain that the mail was handed to, and how the mail is laid out. A canary stands in every place of it.

use allegromail::scripted::session::Received;
use data_encoding::BASE64_MIME;
use mail_parser::{MessageParser, PartType};

use crate::support::dialogue::{Answer, Dialogue};
use crate::support::stage::*;

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// A report of a failure.
    Failure,
    /// A receipt or a challenge.
    Receipt,
    /// An automatic reply.
    Reply,
    /// A person's message with a sender, its From registered.
    Person,
    /// With a null sender and without a sign.
    Unknown,
    /// With a sender, its From not registered.
    Stranger,
}

const ROWS: [Row; 6] = [
    Row::Failure,
    Row::Receipt,
    Row::Reply,
    Row::Person,
    Row::Unknown,
    Row::Stranger,
];
const LAYOUTS: usize = 5;

/// One cell of the matrix.
#[derive(Debug, Clone, Copy)]
struct Cell {
    row: Row,
    proven: bool,
    known: bool,
    layout: usize,
    number: usize,
}

impl Cell {
    fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for row in ROWS {
            for proven in [true, false] {
                for known in [true, false] {
                    for layout in 0..LAYOUTS {
                        let number = cells.len();
                        cells.push(Self {
                            row,
                            proven,
                            known,
                            layout,
                            number,
                        });
                    }
                }
            }
        }
        cells
    }

    /// The domain that the mail was handed to, or another one of the account's.
    fn domain(self) -> &'static str {
        if self.known {
            "matryca.example"
        } else {
            "inna.example"
        }
    }

    /// The seller's account, one for each cell: an automatic reply passes once a day.
    fn account(self) -> String {
        let number = self.number;
        format!(
            "{{\"type\":\"participant\",\"id\":\"shop{number}\",\"login\":\"sklep{number}\",\"marketplace\":\"allegro-pl\",\"language\":\"pl\",\
             \"primary\":\"s{number}@matryca.example\",\"addresses\":[\"s{number}@matryca.example\",\"s{number}@inna.example\"]}}\n\
             {{\"type\":\"transaction\",\"id\":\"mtx{number}\",\"buyer\":\"8awgqyk6a5\",\"seller\":\"shop{number}\"}}\n"
        )
    }

    fn seller(self) -> String {
        format!("shop{0}+mtx{0}@allegromail.pl", self.number)
    }

    fn buyer(self) -> String {
        format!("8awgqyk6a5+mtx{}@allegromail.pl", self.number)
    }

    fn from(self) -> String {
        // What is not registered is so at a domain that may be proven.
        let strange = match self.row {
            Row::Stranger => self.proven,
            Row::Unknown => true,
            _ => false,
        };
        let local = if strange { "obcy" } else { "s" };
        format!("{local}{}@{}", self.number, self.domain())
    }

    fn envelope(self) -> String {
        match self.row {
            Row::Person | Row::Stranger => self.from(),
            _ => String::new(),
        }
    }

    /// Brings the mail. The client that proves nothing is another one, which the domain's record forbids.
    async fn bring(self, stage: &Stage, token: &str) -> Answer {
        let source = if self.proven {
            "127.0.0.1"
        } else {
            "127.0.0.2"
        };
        let mut dialogue = Dialogue::from(source, stage.smtp()).await;
        dialogue.hear("220").await;
        let hello = format!("EHLO mx.{}", self.domain());
        dialogue.say(&hello).await.assert("250");
        dialogue
            .send(&self.envelope(), &[token], &self.mail(token))
            .await
    }

    /// The mail: canaries in every place that a stranger fills.
    fn mail(self, token: &str) -> String {
        let from = self.from();
        let head = format!(
            "Received: from canary.received by canary.received2\r\nFrom: \"Canary fromname\" <{from}>\r\nTo: \"Canary toname\" <{token}>\r\n\
             Subject: {subject}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100 (canary date)\r\nMessage-ID: <canary.id@canary.example>\r\n\
             In-Reply-To: <canary.reply@canary.example>\r\nX-Canary: canary field\r\nComments: canary comment\r\n{sign}MIME-Version: 1.0\r\n",
            subject = self.subject(),
            sign = self.sign(),
        );
        let line = if self.row == Row::Failure {
            "550 5.1.1 canarydiag user unknown\r\n\r\n"
        } else {
            ""
        };
        let text = format!(
            "canarytext, zadzwo\u{144}: 501 234 567 do 5.11.26\r\n\r\n{line}canarytext again\r\n"
        );
        let html = format!(
            "<p title=\"canarytitle\">canaryhtml</p><br>{line}<p>canaryhtml <a href=\"https://canary.example/\">canarylink</a></p>\r\n"
        );
        let name = "application/pdf; name=\"canaryname.pdf\"\r\nContent-Description: canary description\r\nContent-ID: <canarycid@canary.example>\r\n\
                    Content-Disposition: attachment; filename=\"canaryfile.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQKY2FuYXJ5CiUlRU9GCg==\r\n";
        let extra = self.machine();
        let encoded = BASE64_MIME.encode(text.as_bytes());
        match self.layout {
            0 => format!(
                "{head}Content-Type: text/plain; charset=utf-8; name=canaryparam\r\n\r\n{text}"
            ),
            1 => format!("{head}Content-Type: text/html; charset=utf-8\r\n\r\n{html}"),
            2 => format!(
                "{head}Content-Type: {kind}; boundary=\"canary-b\"\r\n\r\ncanary preamble\r\n--canary-b\r\nContent-Type: text/plain; charset=utf-8\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n{extra}--canary-b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: canaryreturned\r\n\
                 --canary-b--\r\ncanary epilogue\r\n",
                kind = self.kind(),
            ),
            3 => format!(
                "{head}Content-Type: {kind}; boundary=\"canary-b\"\r\n\r\n--canary-b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
                 --canary-b\r\nContent-Type: {name}{extra}--canary-b\r\nContent-Type: message/rfc822\r\n\r\nFrom: canary@canary.example\r\n\
                 Subject: canaryinner\r\n\r\ncanarycarried\r\n--canary-b--\r\n",
                kind = self.kind(),
            ),
            _ => format!(
                "{head}Content-Type: {kind}; boundary=\"outer\"\r\n\r\n--outer\r\nContent-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n\
                 --inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--inner--\r\n\
                 {extra}--outer--\r\n",
                kind = self.kind(),
                extra = extra.replace("--canary-b", "--outer"),
            ),
        }
    }

    fn subject(self) -> &'static str {
        match (self.row, self.layout % 2) {
            (Row::Failure, 0) => "Undelivered Mail Returned to Sender canarysubject",
            (Row::Failure, _) => "=?utf-8?Q?Zwrot_wiadomo=C5=9Bci_canarysubject?=",
            (Row::Reply, 0) => "Automatic reply: canarysubject",
            (_, 0) => "canarysubject",
            (_, _) => "=?utf-8?Q?canarysubject_=C5=BC?=",
        }
    }

    /// The fields that say what it is, where no part does.
    fn sign(self) -> &'static str {
        match self.row {
            // Real bounces carry it, and challenges.
            Row::Failure => "Auto-Submitted: auto-replied\r\n",
            Row::Receipt => "X-Boxtrapper: canary\r\nPrecedence: auto_reply\r\n",
            Row::Reply => "Auto-Submitted: auto-replied; owner-email=\"canary@canary.example\"\r\n",
            _ => "",
        }
    }

    fn kind(self) -> &'static str {
        match self.row {
            Row::Failure => "multipart/report; report-type=delivery-status",
            Row::Receipt => "multipart/report; report-type=disposition-notification",
            _ => "multipart/mixed",
        }
    }

    /// The part that programs read.
    fn machine(self) -> &'static str {
        match self.row {
            Row::Failure => {
                "--canary-b\r\nContent-Type: message/delivery-status\r\nContent-Description: canary status\r\n\r\nReporting-MTA: dns; canary.mta\r\n\
                 X-Canary: canary\r\nArrival-Date: Mon, 23 Nov 2026 10:00:00 +0100 (canary arrival)\r\n\r\nFinal-Recipient: rfc822; canary@canary.final\r\n\
                 Action: failed\r\nStatus: 5.1.1 (canary status)\r\nRemote-MTA: dns; canary.remote\r\nDiagnostic-Code: smtp; 550 5.1.1 canarydiag user unknown\r\n\
                 Last-Attempt-Date: Mon, 23 Nov 2026 10:00:00 +0100 (canary last)\r\nWill-Retry-Until: canary\r\n"
            }
            Row::Receipt => {
                "--canary-b\r\nContent-Type: message/disposition-notification\r\n\r\nReporting-UA: canary.ua\r\nFinal-Recipient: rfc822; canary@canary.final\r\n\
                 Disposition: manual-action/MDN-sent-manually; displayed\r\nX-Canary: canary\r\n"
            }
            _ => "",
        }
    }
}

/// Everything that a reader of a message may see, decoded, in lower case.
fn everything(came: &Received) -> String {
    let mut all = text(came);
    let parsed = MessageParser::new().parse(&came.data).unwrap();
    for header in parsed.headers() {
        all.push_str(&format!("{:?}\n", header.value));
    }
    for part in &parsed.parts {
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => all.push_str(text),
            PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                all.push_str(&String::from_utf8_lossy(octets));
            }
            PartType::Message(_) | PartType::Multipart(_) => {}
        }
    }
    all.to_lowercase()
}

/// The words for people of a report.
fn words(came: &Received) -> String {
    let parsed = MessageParser::new().parse(&came.data).unwrap();
    parsed.body_text(0).unwrap().into_owned()
}

/// A stage with the sellers of all cells and their servers.
async fn stage() -> Stage {
    let plenty = |key: &str| format!("{key} = \"100000/1h\"");
    let mut setup = Setup::default()
        .without_rules()
        .key("limits", &plenty("refusals_per_client"))
        .key("limits", &plenty("messages_per_sender"))
        .record("mx.matryca.example A 127.0.0.1")
        .record("mx.matryca.example A 127.0.0.2");
    for name in [
        "matryca.example",
        "inna.example",
        "mx.matryca.example",
        "mx.inna.example",
    ] {
        setup = setup.record(&format!("{name} TXT v=spf1 ip4:127.0.0.1 -all"));
    }
    setup.accounts = Cell::all().into_iter().map(Cell::account).collect();
    setup.start().await
}

/// Jan's message to the seller of a cell has arrived; its token.
async fn token(stage: &Stage, cell: Cell) -> String {
    let seller = cell.seller();
    let asked = message(JAN, &seller, "").replace("<1@", &format!("<{}@", cell.number));
    stage
        .send_message(JAN, &[&seller], &asked)
        .await
        .assert("250");
    let came = stage.arrival().await;
    assert!(came.reverse_path.starts_with("b-"), "{came:?}");
    came.reverse_path
}

/// What one cell makes: the answer, and what Jan gets.
async fn check(stage: &Stage, cell: Cell) {
    let token = token(stage, cell).await;
    let answer = cell.bring(stage, &token).await;
    assert!(
        !answer.0.to_lowercase().contains("canary"),
        "{cell:?}: {answer:?}"
    );
    match (cell.row, cell.proven) {
        (Row::Failure | Row::Unknown, _) => {
            answer.assert("250");
            let came = stage.arrival().await;
            assert_eq!(
                (came.recipients.as_slice(), came.reverse_path.as_str()),
                (&[JAN.to_owned()][..], ""),
                "{cell:?}"
            );
            let (all, words) = (everything(&came), words(&came));
            // The one place that the domain's own server may fill.
            let quoted = cell.row == Row::Failure && cell.known;
            assert_eq!(all.contains("canarydiag"), quoted, "{cell:?}: {words}");
            assert!(
                !all.replace("canarydiag", "").contains("canary"),
                "{cell:?}: {all}"
            );
            assert!(
                !all.contains("501") && !all.contains("5.11.26"),
                "{cell:?}: {all}"
            );
            let (status, polish, english) = match cell.row {
                Row::Failure => (
                    "5.1.1",
                    "serwer odbiorcy nie zna takiej skrzynki",
                    "does not know the recipient's mailbox",
                ),
                _ => (
                    "5.0.0",
                    "serwer odbiorcy nie mógł jej dostarczyć",
                    "could not deliver it",
                ),
            };
            assert!(
                text(&came).contains(&format!("Status: {status}\r\n")),
                "{cell:?}: {words}"
            );
            assert!(
                words.contains(polish) && words.contains(english),
                "{cell:?}: {words}"
            );
            // Once, however often it comes.
            let again = cell.bring(stage, &token).await;
            assert!(
                again.0.starts_with("250") && again.0.contains("not passed on"),
                "{cell:?}: {again:?}"
            );
        }
        (Row::Receipt, _) => {
            answer.assert("250");
            assert!(answer.0.contains("not passed on"), "{cell:?}: {answer:?}");
        }
        (Row::Reply, true) | (Row::Person, true) => {
            answer.assert("250");
            let came = stage.arrival().await;
            assert_eq!(came.recipients, [JAN], "{cell:?}");
            let all = everything(&came);
            assert!(
                all.contains("canarysubject") && all.contains(&cell.seller()),
                "{cell:?}: {all}"
            );
            assert_eq!(
                came.reverse_path.is_empty(),
                cell.row == Row::Reply,
                "{cell:?}"
            );
        }
        (Row::Reply, false) => {
            answer
                .assert("550 5.7.26")
                .because("sender-unauthenticated");
        }
        (Row::Person, false) | (Row::Stranger, _) => {
            answer.assert("550 5.7.1").because("null-sender");
            assert!(
                answer.0.contains(&format!("write to {}", cell.buyer())),
                "{cell:?}: {answer:?}"
            );
        }
    }
}

/// All cells of some rows, and nothing beside what they make.
async fn check_rows(rows: &[Row]) {
    let stage = stage().await;
    let mut cells = 0;
    for cell in Cell::all()
        .into_iter()
        .filter(|cell| rows.contains(&cell.row))
    {
        check(&stage, cell).await;
        cells += 1;
    }
    assert_eq!(cells, rows.len() * 2 * 2 * LAYOUTS);
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h148_a_strangers_words_reach_nobody_by_any_report_or_receipt() {
    check_rows(&[Row::Failure, Row::Receipt]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h150_an_automatic_reply_passes_where_its_from_is_proven_and_else_never() {
    check_rows(&[Row::Reply, Row::Unknown]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h151_a_persons_answer_to_a_bounce_token_is_judged_as_mail_to_the_mask() {
    check_rows(&[Row::Person, Row::Stranger]).await;
}
