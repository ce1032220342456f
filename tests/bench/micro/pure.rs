//! Steps without a system call.

use std::sync::Arc;

use bytes::BytesMut;
use divan::{Bencher, black_box};

use allegromail::auth::{Means, Proof};
use allegromail::directory::{AccountStatus, Participant, Transaction, TransactionStatus};
use allegromail::mail::{Domain, Mailbox, ReversePath, Timestamp, TraceId};
use allegromail::masking::{
    MaskedAddress, MaskedDomain, MaskedDomains, MaskedLocal, TokenKeys, TokenKind,
};
use allegromail::message::Message;
use allegromail::policy::{self, Facts, MessageKind, Options, Owned, Sender, TransactionFact};
use allegromail::rewrite::{self, Needles, ParticipantPlan, Threading, Trace};
use allegromail::smtp::{DataReader, DataStatus};

use super::sample::{BUYER, BUYER_MASK, SELLER_MASK, SHAPES, Shape, mailbox, message};

const NOW: Timestamp = Timestamp(1_795_392_000_000);

fn rewritten(letter: &Message, addresses: &[Mailbox], hidden: &[Domain]) -> Vec<u8> {
    let domains = MaskedDomains::new(vec![MaskedDomain {
        name: Domain::parse("allegromail.pl").unwrap(),
        marketplaces: vec!["allegro-pl".into()],
        aliases: Vec::new(),
    }]);
    let plan = ParticipantPlan {
        from: mailbox(BUYER_MASK),
        from_name: Some("login".to_owned()),
        writer_addresses: addresses,
        to: mailbox(SELLER_MASK),
        threading: Threading {
            message_id: "token@allegromail.pl".to_owned(),
            ..Threading::default()
        },
        domains: &domains,
        trace: Trace {
            host: Domain::parse("mx.allegromail.pl").unwrap(),
            id: TraceId::new(7, 1),
            at: NOW,
        },
        options: rewrite::Options {
            hidden_domains: hidden,
            ..rewrite::Options::default()
        },
    };
    rewrite::participant(letter, &plan).unwrap()
}

/// The octets after DATA, as they come in blocks of 16 KiB.
#[divan::bench(args = SHAPES)]
fn data_reader(bencher: Bencher, shape: Shape) {
    let wire = [&message(shape), b".\r\n".as_slice()].concat();
    bencher.bench(|| {
        let mut reader = DataReader::new(50 * 1024 * 1024);
        for block in wire.chunks(16 * 1024) {
            if let DataStatus::Done(done) = reader.read(&mut BytesMut::from(block)) {
                return done;
            }
        }
        unreachable!("the message ends")
    });
}

/// Header section and structure.
#[divan::bench(args = SHAPES)]
fn splitter(bencher: Bencher, shape: Shape) {
    let raw = message(shape);
    bencher.bench(|| Message::parse(raw.clone()));
}

/// Whether the writer's domain is looked for, too, as that of a buyer is who has one alone.
#[derive(Debug, Clone, Copy)]
struct Case(Shape, bool);

const CASES: [Case; 6] = [
    Case(Shape::Text10K, false),
    Case(Shape::Text10K, true),
    Case(Shape::Html10K, false),
    Case(Shape::Html10K, true),
    Case(Shape::Picture10K, true),
    Case(Shape::Text1M, true),
];

impl Case {
    fn hidden(self) -> Vec<Domain> {
        let domain = self.1.then(|| mailbox(BUYER).domain().clone());
        domain.into_iter().collect()
    }
}

#[divan::bench(args = CASES)]
fn rewrite_participant(bencher: Bencher, case: Case) {
    let letter = Message::parse(message(case.0)).unwrap();
    let (addresses, hidden) = ([mailbox(BUYER)], case.hidden());
    bencher.bench(|| rewritten(black_box(&letter), &addresses, &hidden));
}

#[divan::bench(args = CASES)]
fn leak_gate(bencher: Bencher, case: Case) {
    let (addresses, hidden) = ([mailbox(BUYER)], case.hidden());
    let letter = Message::parse(message(case.0)).unwrap();
    let out = rewritten(&letter, &addresses, &hidden);
    let needles = Needles {
        addresses: &addresses,
        domains: &hidden,
    };
    bencher.bench(|| rewrite::check(black_box(&out), needles).unwrap());
}

#[divan::bench]
fn token(bencher: Bencher) {
    let keys = TokenKeys::new(vec![vec![7; 32]]);
    bencher.bench(|| {
        let local = keys.sign(TokenKind::Participant, black_box(7), NOW);
        keys.verify(&local, NOW, 30)
    });
}

fn account(id: &str, address: &str) -> Arc<Participant> {
    Arc::new(Participant {
        id: id.parse().unwrap(),
        login: id.to_owned(),
        marketplace: "allegro-pl".to_owned(),
        language: "pl".to_owned(),
        primary: mailbox(address),
        addresses: vec![mailbox(address)],
        status: AccountStatus::Active,
        business: false,
    })
}

/// A buyer writes to the seller, and all is well: every rule is asked.
#[divan::bench]
fn decide(bencher: Bencher) {
    let order = Transaction {
        id: "cub31c122".parse().unwrap(),
        buyer: "8awgqyk6a5".parse().unwrap(),
        seller: "k2m9x0r7t3".parse().unwrap(),
        status: TransactionStatus::Open,
        order: None,
    };
    let sender = Sender {
        from: mailbox(BUYER),
        from_name: None,
        proof: Proof::Proven(Means::Name {
            domain: Domain::parse("poczta.example").unwrap(),
        }),
        fails_elsewhere: false,
        writer: Some(account("8awgqyk6a5", BUYER)),
        courier: None,
        reverse_path: ReversePath::Mailbox(mailbox(BUYER)),
        return_path: Some(Owned {
            address: mailbox(BUYER),
            owner: Some("8awgqyk6a5".parse().unwrap()),
            mask_of: None,
        }),
        return_path_aligned: true,
        reply_to: Ok(Vec::new()),
        kind: MessageKind::Ordinary,
        is_automatic_reply: false,
    };
    let recipient = MaskedAddress {
        local: MaskedLocal::parse("k2m9x0r7t3+cub31c122").unwrap(),
        domain: Domain::parse("allegromail.pl").unwrap(),
    };
    let receiver = account("k2m9x0r7t3", "biuro@rowery.example");
    let facts = Facts {
        sender: &sender,
        recipient: &recipient,
        receiver: &receiver,
        beside_others: false,
        mask_counterparty: None,
        transaction: TransactionFact::Known(Arc::new(order)),
        options: Options::default(),
    };
    bencher.bench(|| policy::decide(black_box(&facts)));
}
