//! Every row of the decision table over the wire: code, status, reason word, and that nothing came out.
//!
//! Rows that are about the session (bare-line-end, too-many-recipients, too-large, busy, rate) stand in `tests/smtp`, too.

use std::sync::Arc;
use std::time::Duration;

use allegromail::clock::ManualClock;
use allegromail::directory::{
    Change, Conflict, Directory, Mask, Participant, Transaction, Unavailable,
};
use allegromail::mail::{Domain, Mailbox, Timestamp};
use allegromail::masking::{MaskId, ParticipantId, TransactionId};

use crate::support::dialogue::Dialogue;
use crate::support::stage::{
    BIURO, BUYER, Bare, COURIER, JAN, OLA, SELLER, SPRZEDAZ, Setup, Stage, message, text,
};

/// MAIL FROM, RCPT TO, the message, and the answer: code with status, reason word.
struct Row(
    &'static str,
    &'static str,
    String,
    &'static str,
    &'static str,
);

fn row(from: &'static str, to: &'static str, code: &'static str, reason: &'static str) -> Row {
    Row(from, to, message(from, to, ""), code, reason)
}

fn with(
    from: &'static str,
    to: &'static str,
    body: String,
    code: &'static str,
    reason: &'static str,
) -> Row {
    Row(from, to, body, code, reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_refused_with_its_reason() {
    let stage = Stage::ordinary().await;
    let headers = |headers: &str| format!("{headers}\r\nSubject: x\r\n\r\nHello.\r\n");
    let rows = [
        row(JAN, "victim@gmail.com", "550 5.7.1", "relay-denied"),
        row(
            JAN,
            "nobody@allegromail.pl",
            "550 5.1.1",
            "unknown-participant",
        ),
        row(
            JAN,
            "k2m9x0r7t3+new1@allegromail.pl",
            "451 4.1.1",
            "unknown-transaction",
        ),
        // The buyer's other order: the seller of this one has no part in it.
        row(
            JAN,
            "8awgqyk6a5+other1@allegromail.pl",
            "550 5.1.1",
            "unknown-transaction",
        ),
        row(
            JAN,
            "k2m9x0r7t3+closed1@allegromail.pl",
            "550 5.2.1",
            "transaction-closed",
        ),
        row(
            JAN,
            "b-00000000000000000000000000000000@allegromail.pl",
            "550 5.1.1",
            "bad-token",
        ),
        row(
            "hello@strangers.example",
            BUYER,
            "550 5.7.1",
            "sender-not-registered",
        ),
        row(OLA, SELLER, "550 5.7.1", "not-a-party"),
        with(
            "x@strangers.example",
            BUYER,
            message(SPRZEDAZ, BUYER, ""),
            "550 5.7.26",
            "sender-unauthenticated",
        ),
        with(
            JAN,
            SELLER,
            message(JAN, SELLER, "Reply-To: x@strangers.example\r\n"),
            "550 5.7.1",
            "reply-to-not-registered",
        ),
        with(
            JAN,
            SELLER,
            message(JAN, SELLER, "Reply-To: jan@\r\n"),
            "550 5.7.1",
            "reply-to-not-registered",
        ),
        row(COURIER, SELLER, "550 5.7.1", "courier-to-seller"),
        row(
            "noreply@dhl.com",
            BUYER,
            "550 5.7.26",
            "sender-unauthenticated",
        ),
        row(
            "x@broken.example",
            BUYER,
            "451 4.7.24",
            "sender-check-deferred",
        ),
        with(
            JAN,
            SELLER,
            headers("To: a@b.example"),
            "550 5.7.1",
            "bad-from",
        ),
        with(
            JAN,
            SELLER,
            headers("From: jan@poczta.example\r\nFrom: x@evil.example"),
            "550 5.7.1",
            "bad-from",
        ),
        with(
            JAN,
            SELLER,
            headers("From: jan@poczta.example, x@evil.example"),
            "550 5.7.1",
            "bad-from",
        ),
        with(
            JAN,
            SELLER,
            headers(" From: jan@poczta.example"),
            "550 5.6.0",
            "malformed",
        ),
        with(
            JAN,
            SELLER,
            headers("Fr om: jan@poczta.example"),
            "550 5.6.0",
            "malformed",
        ),
        with(
            JAN,
            SELLER,
            headers(&format!(
                "From: jan@poczta.example{}",
                "\r\nReceived: from a by b; Mon, 23 Nov 2026 10:00:00 +0100".repeat(51)
            )),
            "554 5.4.6",
            "loop",
        ),
        row(
            SPRZEDAZ,
            "sleepy+sleepy1@allegromail.pl",
            "550 5.2.1",
            "suspended",
        ),
        row(
            "sleepy@poczta.example",
            "k2m9x0r7t3+sleepy1@allegromail.pl",
            "550 5.7.1",
            "suspended",
        ),
        with(
            JAN,
            SELLER,
            headers(
                "From: jan@poczta.example\r\nContent-Type: application/pkcs7-mime; name=smime.p7m",
            ),
            "550 5.7.1",
            "would-leak",
        ),
    ];
    for Row(from, to, body, code, reason) in rows {
        // The budget of errors belongs to the session, not to this table.
        let answer = Dialogue::greeted(stage.smtp())
            .await
            .send(from, &[to], &body)
            .await;
        answer.assert(code).because(reason);
        assert!(
            answer.0.contains(&format!("<{to}>")),
            "{reason}: the recipient is not named: {}",
            answer.0
        );
    }
    stage.nothing_arrived().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_transaction_is_refused_for_good_after_its_grace() {
    let mut bare = Bare::with_accounts().await;
    let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000)));
    bare.tools.clock = clock.clone();
    let server = bare.serve().await;
    let to = "k2m9x0r7t3+new1@allegromail.pl";
    for (hours, code) in [
        (0, "451 4.1.1"),
        (3, "451 4.1.1"),
        (1, "550 5.1.1"),
        (100, "550 5.1.1"),
    ] {
        clock.advance(Duration::from_secs(hours * 3_600));
        let mut dialogue = Dialogue::greeted(server).await;
        dialogue
            .send(JAN, &[to], &message(JAN, to, ""))
            .await
            .assert(code)
            .because("unknown-transaction");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_null_sender_is_for_automatic_replies_of_the_other_party() {
    let stage = Setup::default()
        .record("mx.rowery.example TXT v=spf1 ip4:127.0.0.1 -all")
        .start()
        .await;
    for (more, code) in [
        ("", "550 5.7.1"),
        ("Auto-Submitted: no\r\n", "550 5.7.1"),
        ("Auto-Submitted: auto-replied\r\n", "250"),
    ] {
        let mut dialogue = Dialogue::connect(stage.smtp()).await;
        dialogue.hear("220").await;
        dialogue.say("EHLO mx.rowery.example").await.assert("250");
        let answer = dialogue
            .send("", &[BUYER], &message(SPRZEDAZ, BUYER, more))
            .await;
        answer.assert(code);
        if code != "250" {
            answer.because("null-sender");
        }
    }
    assert_eq!(stage.arrival().await.recipients, [JAN]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_without_transaction_is_refused_where_one_is_required() {
    let stage = Setup::default()
        .key("policy", "require_transaction = true")
        .start()
        .await;
    stage
        .send(JAN, "k2m9x0r7t3@allegromail.pl")
        .await
        .assert("550 5.1.1")
        .because("transaction-required");
    stage
        .send(COURIER, "8awgqyk6a5@allegromail.pl")
        .await
        .assert("250");
    stage.arrival().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn couriers_reach_sellers_where_the_operator_wants_it() {
    let stage = Setup::default()
        .key("policy", "courier_recipients = \"all\"")
        .start()
        .await;
    stage.send(COURIER, SELLER).await.assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_proofs_off_the_from_counts_and_the_rules_still_hold() {
    let stage = Setup::default()
        .key("auth", "registered = \"off\"")
        .key("auth", "courier = \"off\"")
        .start()
        .await;
    let body = message(JAN, SELLER, "");
    stage
        .send_message("bounce@tool.example", &[SELLER], &body)
        .await
        .assert("550 5.7.1")
        .because("return-path-not-registered");
    stage
        .send_message(JAN, &[SELLER], &body)
        .await
        .assert("250");
    assert_eq!(stage.arrival().await.recipients, [BIURO]);
    stage
        .send_message(
            "x@mailing.example",
            &[BUYER],
            &message("noreply@dhl.com", BUYER, ""),
        )
        .await
        .assert("250");
    assert_eq!(stage.arrival().await.recipients, [JAN]);
    stage
        .send("x@unknown.example", BUYER)
        .await
        .assert("550")
        .because("sender-not-registered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_budget_is_kept_by_sender_and_by_transaction() {
    let setup = Setup::default().key("limits", "messages_per_transaction = \"2/1h\"");
    let stage = setup
        .key("limits", "messages_per_sender = \"3/1h\"")
        .start()
        .await;
    for _ in 0..2 {
        stage.send(JAN, SELLER).await.assert("250");
    }
    stage
        .send(JAN, SELLER)
        .await
        .assert("450 4.7.1")
        .because("rate");
    stage
        .send(JAN, "k2m9x0r7t3@allegromail.pl")
        .await
        .assert("450 4.7.1")
        .because("rate");
    stage
        .send(SPRZEDAZ, "8awgqyk6a5@allegromail.pl")
        .await
        .assert("250");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_contact_the_roles_are_put_off() {
    let stage = Setup {
        contact: false,
        ..Setup::default()
    }
    .start()
    .await;
    stage
        .send(JAN, "postmaster@allegromail.pl")
        .await
        .assert("450")
        .because("no-contact");
}

#[tokio::test(flavor = "multi_thread")]
async fn short_storage_is_told_at_mail() {
    let mut bare = Bare::new();
    bare.want_disk(u64::MAX);
    let server = bare.serve().await;
    let mut dialogue = Dialogue::greeted(server).await;
    dialogue
        .say(&format!("MAIL FROM:<{JAN}>"))
        .await
        .assert("452 4.3.1")
        .because("storage");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_reach_the_contact_whoever_writes() {
    let stage = Stage::ordinary().await;
    for to in [
        "postmaster@allegromail.pl",
        "ABUSE@allegromail.com",
        "postmaster",
    ] {
        let mut dialogue = Dialogue::greeted(stage.smtp()).await;
        dialogue
            .send(
                "stranger@nowhere.example",
                &[to],
                &message("stranger@nowhere.example", to, "X-Kept: yes\r\n"),
            )
            .await
            .assert("250");
        let arrived = stage.arrival().await;
        assert_eq!(arrived.recipients, ["postmaster@operator.example"]);
        assert_eq!(arrived.reverse_path, "");
        assert!(
            text(&arrived).contains("\r\nX-Kept: yes\r\n")
                && text(&arrived).contains("\r\nFrom: stranger@nowhere.example\r\n")
        );
    }
}

/// A directory that does not answer.
struct Silent;

type Answer<'a, T> = allegromail::directory::DirectoryFuture<'a, T>;

fn silent<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(async { Err(Unavailable("the disk is on fire".to_owned())) })
}

impl Directory for Silent {
    fn mask(&self, _: &MaskId) -> Answer<'_, Option<Mask>> {
        silent()
    }
    fn mask_of(&self, _: &ParticipantId, _: Option<&ParticipantId>) -> Answer<'_, Option<MaskId>> {
        silent()
    }
    fn participant(&self, _: &ParticipantId) -> Answer<'_, Option<Arc<Participant>>> {
        silent()
    }
    fn owner(&self, _: &Mailbox) -> Answer<'_, Option<ParticipantId>> {
        silent()
    }
    fn users(&self, _: &Domain) -> Answer<'_, usize> {
        silent()
    }
    fn transaction(&self, _: &TransactionId) -> Answer<'_, Option<Arc<Transaction>>> {
        silent()
    }
    fn transactions_of_order(&self, _: &str) -> Answer<'_, Vec<Arc<Transaction>>> {
        silent()
    }
    fn apply(&self, _: Vec<Change>) -> Answer<'_, Vec<Result<(), Conflict>>> {
        silent()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_does_not_answer_is_our_own_fault() {
    let mut bare = Bare::new();
    bare.tools.directory = Arc::new(Silent);
    let server = bare.serve().await;
    let mut dialogue = Dialogue::greeted(server).await;
    let answer = dialogue
        .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
        .await;
    answer.assert("451 4.3.0").because("directory-unavailable");
    assert!(
        !answer.0.contains("fire"),
        "the client hears of our disks: {}",
        answer.0
    );
}

/// The ordinary directory, which panics when it is asked for the owner of an address.
struct Panicking(Arc<dyn Directory>);

impl Directory for Panicking {
    fn mask(&self, mask: &MaskId) -> Answer<'_, Option<Mask>> {
        self.0.mask(mask)
    }
    fn mask_of(
        &self,
        of: &ParticipantId,
        to: Option<&ParticipantId>,
    ) -> Answer<'_, Option<MaskId>> {
        self.0.mask_of(of, to)
    }
    fn participant(&self, id: &ParticipantId) -> Answer<'_, Option<Arc<Participant>>> {
        self.0.participant(id)
    }
    fn owner(&self, _: &Mailbox) -> Answer<'_, Option<ParticipantId>> {
        panic!("a fault of ours")
    }
    fn users(&self, domain: &Domain) -> Answer<'_, usize> {
        self.0.users(domain)
    }
    fn transaction(&self, id: &TransactionId) -> Answer<'_, Option<Arc<Transaction>>> {
        self.0.transaction(id)
    }
    fn transactions_of_order(&self, number: &str) -> Answer<'_, Vec<Arc<Transaction>>> {
        self.0.transactions_of_order(number)
    }
    fn apply(&self, changes: Vec<Change>) -> Answer<'_, Vec<Result<(), Conflict>>> {
        self.0.apply(changes)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_over_a_message_is_our_own_fault_and_the_session_goes_on() {
    let mut bare = Bare::with_accounts().await;
    bare.tools.directory = Arc::new(Panicking(bare.tools.directory.clone()));
    let server = bare.serve().await;
    let mut dialogue = Dialogue::greeted(server).await;
    for _ in 0..3 {
        dialogue
            .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
            .await
            .assert("451 4.3.0")
            .because("internal");
    }
}
