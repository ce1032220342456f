//! What an unproven sender is told: the domain, the client, which check failed and why, so that the reader knows what to mend.

use crate::support::dkim::Pair;
use crate::support::stage::{BUYER, Setup, message};

/// One sender: the records of its domain (`D` stands for it, `KEY` for a good key), what signs its message, and what it must be told.
struct Row {
    records: &'static [&'static str],
    /// The envelope's domain, if it is another.
    envelope: Option<&'static str>,
    letter: fn(&Pair, &str, &str) -> String,
    told: &'static [&'static str],
}

fn unsigned(_: &Pair, _: &str, plain: &str) -> String {
    plain.to_owned()
}

fn signed(pair: &Pair, domain: &str, plain: &str) -> String {
    pair.sign(domain, &["From", "To", "Subject"], plain)
}

const SPF_FORBIDS: &str = "D TXT v=spf1 ip4:192.0.2.1 -all";

const ROWS: [Row; 18] = [
    // Missing records.
    Row {
        records: &["D A 192.0.2.1"],
        envelope: None,
        letter: unsigned,
        told: &["D publishes no SPF record", "there is no DKIM signature"],
    },
    Row {
        records: &[SPF_FORBIDS],
        envelope: None,
        letter: signed,
        told: &[
            "SPF of D forbids 127.0.0.1",
            "missing record: there is no key s1._domainkey.D",
        ],
    },
    // The wrong host.
    Row {
        records: &[SPF_FORBIDS],
        envelope: None,
        letter: unsigned,
        told: &["SPF of D forbids 127.0.0.1", "there is no DKIM signature"],
    },
    Row {
        records: &["D TXT v=spf1 ~all"],
        envelope: None,
        letter: unsigned,
        told: &["SPF of D doubts 127.0.0.1 (softfail)"],
    },
    Row {
        records: &["D TXT v=spf1 ?all"],
        envelope: None,
        letter: unsigned,
        told: &["SPF of D says nothing of 127.0.0.1 (neutral)"],
    },
    Row {
        records: &["D TXT v=spf1 ip4:nonsense -all"],
        envelope: None,
        letter: unsigned,
        told: &["the SPF record of D is broken (permerror)"],
    },
    Row {
        records: &["D TXT v=spf1 +all"],
        envelope: None,
        letter: unsigned,
        told: &["the SPF record of D lets every address in"],
    },
    // Not aligned.
    Row {
        records: &[SPF_FORBIDS],
        envelope: Some("elsewhere.example"),
        letter: unsigned,
        told: &["SPF speaks for elsewhere.example, which is not aligned with D"],
    },
    Row {
        records: &[SPF_FORBIDS],
        envelope: None,
        letter: |pair, _, plain| signed(pair, "elsewhere.example", plain),
        told: &["DKIM d=elsewhere.example is not aligned with D"],
    },
    Row {
        records: &[
            "mail.D TXT v=spf1 ip4:127.0.0.0/8 -all",
            "_dmarc.D TXT v=DMARC1; p=reject; aspf=s",
        ],
        envelope: Some("mail.D"),
        letter: unsigned,
        told: &["SPF of mail.D passes, but the DMARC record of D wants D itself (aspf=s)"],
    },
    // Broken signatures.
    Row {
        records: &[SPF_FORBIDS, "s1._domainkey.D TXT KEY"],
        envelope: None,
        letter: |pair, domain, plain| signed(pair, domain, plain).replace("Hello.", "Pay here."),
        told: &[
            "DKIM d=D s=s1 does not verify: broken signature: the body is not the one that was signed",
        ],
    },
    Row {
        records: &[SPF_FORBIDS, "s1._domainkey.D TXT KEY"],
        envelope: None,
        letter: |pair, domain, plain| {
            signed(pair, domain, plain).replace("Subject: ", "Subject: Re: ")
        },
        told: &[
            "DKIM d=D s=s1 does not verify: broken signature: it was not made over these fields with the key s1._domainkey.D",
        ],
    },
    Row {
        records: &[SPF_FORBIDS, "s1._domainkey.D TXT v=DKIM1; k=rsa; p="],
        envelope: None,
        letter: signed,
        told: &["the key s1._domainkey.D is revoked"],
    },
    Row {
        records: &[SPF_FORBIDS, "s1._domainkey.D TXT hello"],
        envelope: None,
        letter: signed,
        told: &["the record s1._domainkey.D is no DKIM key"],
    },
    Row {
        records: &[SPF_FORBIDS, "s1._domainkey.D TXT KEY"],
        envelope: None,
        letter: |pair, domain, plain| pair.sign(domain, &["To"], plain),
        told: &["DKIM d=D does not cover From"],
    },
    Row {
        records: &[SPF_FORBIDS, "s1._domainkey.D TXT KEY"],
        envelope: None,
        letter: |pair, domain, plain| pair.sign(domain, &["From"], plain),
        told: &["DKIM d=D s=s1 verifies, but no signed To or Cc names the recipient"],
    },
    // No answer.
    Row {
        records: &["D SERVFAIL"],
        envelope: None,
        letter: unsigned,
        told: &[
            "451",
            "SPF of D could not be asked: the DNS gave no answer to TXT D",
        ],
    },
    Row {
        records: &[SPF_FORBIDS, "s1._domainkey.D SERVFAIL"],
        envelope: None,
        letter: signed,
        told: &["451", "the DNS gave no answer for its key s1._domainkey.D"],
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_names_domain_client_check_and_cause() {
    let pair = Pair::new();
    let mut setup = Setup::default();
    let domain = |at: usize| format!("d{at}.example");
    for (at, row) in ROWS.iter().enumerate() {
        for record in row.records {
            let record = record.replace("KEY", &pair.record);
            // `D` alone stands for the domain; a base64 key may hold the letter.
            let (owner, rest) = record.split_once(' ').unwrap();
            let owner = owner.replace('D', &domain(at));
            setup = setup.record(&format!("{owner} {rest}"));
        }
    }
    let stage = setup.start().await;
    for (at, row) in ROWS.iter().enumerate() {
        let named = |text: &str| {
            let words: Vec<String> = text
                .split(' ')
                .map(|word| match word {
                    "d=D" => format!("d={}", domain(at)),
                    "D" => domain(at),
                    _ => word
                        .replace("mail.D", &format!("mail.{}", domain(at)))
                        .replace("key.D", &format!("key.{}", domain(at))),
                })
                .collect();
            words.join(" ")
        };
        let from = format!("x@{}", domain(at));
        let path = format!("x@{}", row.envelope.map_or_else(|| domain(at), named));
        let letter = (row.letter)(&pair, &domain(at), &message(&from, BUYER, ""));
        let answer = stage.send_message(&path, &[BUYER], &letter).await.0;
        // Lines are folded; the sentence goes through them.
        let flat = answer
            .lines()
            .map(|line| {
                line.get(4..)
                    .unwrap_or_default()
                    .trim_start_matches("5.7.26 ")
                    .trim_start_matches("4.7.24 ")
            })
            .collect::<Vec<_>>()
            .join(" ");
        let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
        let deferred = row.told.contains(&"451");
        assert!(
            answer.starts_with(if deferred { "451" } else { "550" }),
            "{at}: {answer}"
        );
        for told in row.told.iter().filter(|told| **told != "451") {
            assert!(
                flat.contains(&named(told)),
                "{at}: {:?} is not told in {flat}",
                named(told)
            );
        }
        if !deferred {
            // What to do comes before the technical words.
            let remedy = format!(
                "<{BUYER}> it cannot be seen that this message is really from {}.",
                domain(at)
            );
            assert!(flat.contains(&remedy), "{at}: {flat}");
            let head = format!("client 127.0.0.1 is not proven to send for {}", domain(at));
            assert!(flat.contains(&head), "{at}: {flat}");
        }
    }
}
