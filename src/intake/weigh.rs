//! What the proof of a sender and the verdict are about to cost, counted before either begins.

use crate::auth::MAX_SIGNATURES;
use crate::message::{Malformed, Message, Task};

/// Counts it, whatever the proof will find.
///
/// # Errors
/// It is more than a message of its size may cost.
pub(super) fn weigh(message: &Message, recipients: usize) -> Result<(), Malformed> {
    let effort = message.effort();
    effort.spend(Task::Recipients, recipients)?;
    // Each is read once, and those of Reply-To are looked up.
    for name in ["To", "Cc", "Reply-To"] {
        effort.spend(Task::Addresses, message.count_addresses(name))?;
    }
    let signatures = message.named("DKIM-Signature").count().min(MAX_SIGNATURES);
    effort.spend(Task::Signatures, signatures)?;
    // A body has two canonical forms (RFC 6376 3.4), and each is hashed once.
    let hashed = message.body().len().saturating_mul(signatures.min(2));
    effort.spend(Task::Hashing, hashed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stranger can have too much of, and a message with `many` of it in its header section and its body.
    type Limit = (&'static str, usize, fn(usize) -> (String, String));

    const LIMITS: &[Limit] = &[
        ("addresses", 18_000, |many| {
            (
                format!("To: {}a@b.pl\r\n", "a@b.pl,\r\n ".repeat(many)),
                String::new(),
            )
        }),
        ("signatures", 8, |many| {
            (
                "DKIM-Signature: v=1; a=rsa-sha256; d=b.pl; s=s; h=From; bh=aa; b=aa\r\n"
                    .repeat(many),
                String::new(),
            )
        }),
        ("fields", 900, |many| {
            ("X: y\r\n".repeat(many), String::new())
        }),
        ("tokens", 18_000, |many| {
            (
                format!("Subject: {}\r\n", "=?u?Q?a?=\r\n ".repeat(many)),
                String::new(),
            )
        }),
        ("references", 18_000, |many| {
            (
                format!("References: {}\r\n", "<a@b.c>\r\n ".repeat(many)),
                String::new(),
            )
        }),
        ("parameters", 18_000, |many| {
            (
                format!("Content-Type: text/plain{}\r\n", "; a=b\r\n ".repeat(many)),
                String::new(),
            )
        }),
        ("parts", 900, |many| {
            (
                "Content-Type: multipart/mixed; boundary=b\r\n".to_owned(),
                "--b\r\n\r\nx\r\n".repeat(many),
            )
        }),
        ("hyphens", 100_000, |many| {
            (
                "Content-Type: multipart/mixed; boundary=b\r\n".to_owned(),
                "--c\r\n".repeat(many),
            )
        }),
        ("links", 40_000, |many| {
            (String::new(), "http://a.pl/?u=b@c.pl\r\n".repeat(many))
        }),
    ];

    /// What a message with all of these costs, in milliseconds; none: it is refused.
    fn cost(limits: &[(Limit, usize)], recipients: usize) -> Option<u32> {
        let made: Vec<(String, String)> = limits
            .iter()
            .map(|((_, _, make), many)| make(*many))
            .collect();
        let head: String = made.iter().map(|(head, _)| head.as_str()).collect();
        let body: String = made.iter().map(|(_, body)| body.as_str()).collect();
        let message = Message::parse(format!("From: a@b.pl\r\n{head}\r\n{body}").into()).ok()?;
        weigh(&message, recipients).ok()?;
        Some(message.effort().milliseconds())
    }

    #[test]
    fn h147_each_limit_and_all_pairs_stay_within_the_allowance_or_are_refused() {
        for one in LIMITS {
            for other in LIMITS {
                for recipients in [1, 100] {
                    // Half of each, so that both fit the header section; twice as much costs no more than twice and a little.
                    let made = |share: usize| {
                        cost(
                            &[(*one, one.1 / share), (*other, other.1 / share)],
                            recipients,
                        )
                    };
                    let (Some(quarter), Some(half)) = (made(4), made(2)) else {
                        continue;
                    };
                    assert!(
                        half <= 2 * quarter + 2,
                        "{} {}: {quarter}, then {half}",
                        one.0,
                        other.0
                    );
                    assert!(half <= 80, "{} {}: {half}", one.0, other.0);
                }
            }
        }
    }

    #[test]
    fn h146_what_honest_mail_may_hold_is_never_refused() {
        for (one, many) in [("addresses", 200), ("signatures", 8), ("parts", 100)] {
            let limit = LIMITS.iter().find(|limit| limit.0 == one).unwrap();
            for other in LIMITS
                .iter()
                .filter(|limit| limit.0 != one && limit.0 != "hyphens" && limit.0 != "parts")
            {
                let other = (*other, other.1.min(200));
                assert!(
                    cost(&[(*limit, many), other], 100).is_some_and(|cost| cost < 40),
                    "{one} {}",
                    other.0.0
                );
            }
        }
    }

    #[test]
    fn h146_parts_whose_heads_are_all_parameters_are_refused_by_name() {
        let head = format!(
            "Content-Type: text/plain{}\r\n\r\nx\r\n",
            ";a=b".repeat(400)
        );
        let text = format!(
            "From: a@b.pl\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}",
            format!("--b\r\n{head}").repeat(900)
        );
        let error = Message::parse(text.into()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("it holds too many parameters of parts"),
            "{error}"
        );
    }
}
