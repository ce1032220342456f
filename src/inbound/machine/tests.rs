//! Random sequences of commands against a model of a few lines.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::mail::ReversePath;
use crate::smtp::{MailParameters, parse_command};

/// What the model knows: nothing said, greeted, or a transaction with so many recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    Fresh,
    Greeted,
    Mail(usize),
}

#[derive(Debug, Clone, Copy)]
enum Word {
    Ehlo,
    Mail,
    MailRefused,
    Rcpt,
    RcptRefused,
    Data,
    Rset,
    Noop,
    StartTls,
    Rubbish,
}

impl Model {
    /// The code of the answer, and what is known then. 354 stands for a message that was read to its end, whatever became of it.
    fn step(self, word: Word) -> (u16, Self) {
        match (self, word) {
            (_, Word::Ehlo) => (250, Self::Greeted),
            (Self::Greeted, Word::Mail) => (250, Self::Mail(0)),
            (Self::Greeted, Word::MailRefused) => (450, Self::Greeted),
            (_, Word::Mail | Word::MailRefused) => (503, self),
            (Self::Mail(taken), Word::Rcpt) => (250, Self::Mail(taken + 1)),
            (Self::Mail(_), Word::RcptRefused) => (550, self),
            (_, Word::Rcpt | Word::RcptRefused) => (503, self),
            (Self::Mail(1..), Word::Data) => (354, Self::Greeted),
            (_, Word::Data) => (503, self),
            (Self::Mail(_), Word::Rset) => (250, Self::Greeted),
            (_, Word::Rset | Word::Noop) => (250, self),
            (_, Word::StartTls) => (220, Self::Fresh),
            (_, Word::Rubbish) => (500, self),
        }
    }
}

fn machine() -> Machine {
    let client = Client::imagined(Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    let offer = Offer {
        max_message_size: 1_000_000,
        max_recipients: 1_000,
        starttls: false,
    };
    let hostname = Domain::parse("mx.example").unwrap();
    let mut machine = Machine::new(hostname, offer, Tls::Offered, client);
    machine.tolerate(u32::MAX, u32::MAX);
    machine
}

fn code(effect: &Effect) -> u16 {
    match effect {
        Effect::Say(reply) | Effect::StartTls(reply) => reply.code.get(),
        other => panic!("{other:?}"),
    }
}

/// What the session does with a command, with these judgements.
fn play(machine: &mut Machine, word: Word) -> u16 {
    let refusal = |code| Err(Reply::new(code, None, "no"));
    let line: &[u8] = match word {
        Word::Ehlo => b"EHLO a",
        Word::Mail | Word::MailRefused => b"MAIL FROM:<a@b.example>",
        Word::Rcpt | Word::RcptRefused => b"RCPT TO:<c@d.example>",
        Word::Data => b"DATA",
        Word::Rset => b"RSET",
        Word::Noop => b"NOOP",
        Word::StartTls => b"STARTTLS",
        Word::Rubbish => b"WHAT",
    };
    let command = match parse_command(line) {
        Ok(command) => command,
        Err(reply) => return code(&machine.blame(reply)),
    };
    match machine.step(command) {
        Effect::AskSender(transaction) => {
            let refused = matches!(word, Word::MailRefused);
            let judged = if refused { refusal(450) } else { Ok(()) };
            code(&machine.sender_judged(transaction, judged))
        }
        Effect::AskRecipient(path) => {
            let refused = matches!(word, Word::RcptRefused);
            let judged = if refused { refusal(550) } else { Ok(()) };
            code(&machine.recipient_judged(path, judged))
        }
        Effect::ReadData => {
            assert!(machine.data_ended().is_some());
            assert!(machine.data_ended().is_none(), "it is forgotten");
            354
        }
        Effect::StartTls(reply) => {
            machine.secured();
            // The next round may ask again, as on a new connection.
            machine.tls = Tls::Offered;
            reply.code.get()
        }
        effect => code(&effect),
    }
}

proptest! {
    #[test]
    fn h028_h029_h030_any_sequence_of_commands_ends_where_the_model_says(words in proptest::collection::vec(
        prop_oneof![
            Just(Word::Ehlo), Just(Word::Mail), Just(Word::MailRefused), Just(Word::Rcpt), Just(Word::RcptRefused),
            Just(Word::Data), Just(Word::Rset), Just(Word::Noop), Just(Word::StartTls), Just(Word::Rubbish),
        ], 0..60)) {
        let (mut machine, mut model) = (machine(), Model::Fresh);
        for word in words {
            let (expected, next) = model.step(word);
            prop_assert_eq!(play(&mut machine, word), expected, "{:?} after {:?}", word, model);
            model = next;
            let taken = machine.transaction().map(|transaction| transaction.recipients.len());
            let known = if let Model::Mail(taken) = model { Some(taken) } else { None };
            prop_assert_eq!(taken, known);
        }
    }
}

#[test]
fn h027_h031_no_command_can_be_repeated_for_ever() {
    let size = |octets: u64| Command::Mail {
        path: ReversePath::Null,
        parameters: MailParameters {
            size: Some(octets),
            ..MailParameters::default()
        },
    };
    let hello = || Command::Hello {
        name: "a".to_owned(),
        extended: true,
    };
    for command in [
        size(u64::MAX),
        hello(),
        Command::Noop,
        Command::Rset,
        Command::Data,
    ] {
        let mut machine = machine();
        machine.tolerate(20, 100);
        machine.step(hello());
        let ended = (0..200).any(|_| {
            matches!(
                machine.step(command.clone()),
                Effect::Close(_) | Effect::RefuseAndClose(_)
            )
        });
        assert!(ended, "{command:?}");
    }
}
