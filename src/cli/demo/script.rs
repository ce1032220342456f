//! The scenarios of the demo, as data: what goes in, what must come out, and why.

/// What must become of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expect {
    /// It arrives at this real address, and the visible From is this.
    Arrives {
        /// Where.
        at: &'static str,
        /// As from whom.
        from: &'static str,
    },
    /// It is answered with this code and reason word, and nothing arrives anywhere.
    Refused {
        /// The reply code.
        code: u16,
        /// The reason word in the reply.
        reason: &'static str,
    },
    /// It is accepted, the next server refuses it, and a report arrives at this real address.
    Bounces {
        /// Where the report arrives.
        at: &'static str,
    },
}

/// Something that an operator does before a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// The seller removes the address that it last wrote from.
    RemoveAddress,
    /// The seller's mailbox is gone: its server answers 550.
    CloseMailbox,
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    /// What happens, for people.
    pub(super) title: &'static str,
    /// What is done first.
    pub(super) before: Before,
    /// MAIL FROM.
    pub(super) mail_from: &'static str,
    /// The visible From.
    pub(super) from: &'static str,
    /// RCPT TO and To.
    pub(super) to: &'static str,
    /// What must come out.
    pub(super) expect: Expect,
    /// The rule behind it.
    pub(super) why: &'static str,
}

/// The buyer's only address.
const JAN: &str = "jan@poczta.example";
/// The seller's primary address.
const BIURO: &str = "biuro@rowery.example";
/// The seller's second one, which a scenario removes.
const SPRZEDAZ: &str = "sprzedaz@rowery.example";
/// How the buyer is written to about the order.
const BUYER: &str = "8awgqyk6a5+cub31c122@allegromail.pl";
/// How the seller is.
const SELLER: &str = "k2m9x0r7t3+cub31c122@allegromail.pl";

/// The real addresses of either party: none of them may reach the other.
pub(super) const BUYER_SIDE: &[&str] = &[JAN, "poczta.example"];
/// See [`BUYER_SIDE`].
pub(super) const SELLER_SIDE: &[&str] = &[BIURO, SPRZEDAZ, "rowery.example"];

/// What every message of the demo says of the machine that it was written on: none of it may leave in a participant's mail.
pub(super) const TRACES: &[&str] = &["198.51.100.7", "laptop."];

/// A scenario with nothing before it and an envelope that agrees with the From.
const fn scenario(
    title: &'static str,
    from: &'static str,
    to: &'static str,
    expect: Expect,
    why: &'static str,
) -> Scenario {
    Scenario {
        title,
        before: Before::Nothing,
        mail_from: from,
        from,
        to,
        expect,
        why,
    }
}

/// All scenarios, in the order in which they are played: later ones build on earlier ones.
pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "a buyer asks the seller",
        JAN,
        SELLER,
        Expect::Arrives {
            at: BIURO,
            from: BUYER,
        },
        "the counterparty may write; the seller has not written yet, so its primary address gets it",
    ),
    scenario(
        "the seller answers from its second address",
        SPRZEDAZ,
        BUYER,
        Expect::Arrives {
            at: JAN,
            from: SELLER,
        },
        "any registered address of the account may write",
    ),
    scenario(
        "the buyer thanks",
        JAN,
        SELLER,
        Expect::Arrives {
            at: SPRZEDAZ,
            from: BUYER,
        },
        "an answer goes to the address last written from in this transaction",
    ),
    scenario(
        "a courier notifies the buyer",
        "powiadomienia@inpost.pl",
        BUYER,
        Expect::Arrives {
            at: JAN,
            from: "powiadomienia@inpost.pl",
        },
        "inpost.pl is on the allowlist and proven by SPF; its mail keeps every byte",
    ),
    scenario(
        "a courier that strips +transaction",
        "powiadomienia@inpost.pl",
        "8awgqyk6a5@allegromail.pl",
        Expect::Arrives {
            at: JAN,
            from: "powiadomienia@inpost.pl",
        },
        "couriers reach any participant at the address without a transaction",
    ),
    scenario(
        "a buyer abroad asks before buying",
        "ola@poczta.example",
        "k2m9x0r7t3@user.allegrogroup.pl",
        Expect::Arrives {
            at: BIURO,
            from: "5zz8c1w4mn@allegromail.com",
        },
        "no transaction: any registered participant may ask; the old domain is an alias",
    ),
    Scenario {
        before: Before::RemoveAddress,
        ..scenario(
            "the seller removed that address; the buyer writes again",
            JAN,
            SELLER,
            Expect::Arrives {
                at: BIURO,
                from: BUYER,
            },
            "a removed address is never used: the primary gets the mail",
        )
    },
    scenario(
        "a newsletter writes to the buyer",
        "hello@newsletter.example",
        BUYER,
        Expect::Refused {
            code: 550,
            reason: "sender-not-registered",
        },
        "proven, but nobody's registered address and no courier",
    ),
    Scenario {
        mail_from: "mallory@evil.example",
        ..scenario(
            "an impostor writes as the buyer",
            JAN,
            SELLER,
            Expect::Refused {
                code: 550,
                reason: "sender-unauthenticated",
            },
            "SPF passes for evil.example only, which is not aligned with the From",
        )
    },
    Scenario {
        mail_from: "mallory@evil.example",
        ..scenario(
            "an impostor writes as a courier",
            "noreply@dhl.com",
            BUYER,
            Expect::Refused {
                code: 550,
                reason: "sender-unauthenticated",
            },
            "being on the allowlist proves nothing",
        )
    },
    scenario(
        "a third party writes into the transaction",
        "ola@poczta.example",
        SELLER,
        Expect::Refused {
            code: 550,
            reason: "not-a-party",
        },
        "registered, but not to the counterparty",
    ),
    scenario(
        "a courier writes to the seller",
        "powiadomienia@inpost.pl",
        SELLER,
        Expect::Refused {
            code: 550,
            reason: "courier-to-seller",
        },
        "couriers write to buyers",
    ),
    scenario(
        "mail about an order that is not known yet",
        JAN,
        "k2m9x0r7t3+new000001@allegromail.pl",
        Expect::Refused {
            code: 451,
            reason: "unknown-transaction",
        },
        "orders may take a while to arrive: come back later",
    ),
    scenario(
        "nobody is behind the mask",
        JAN,
        "zzzzzzzzzz@allegromail.pl",
        Expect::Refused {
            code: 550,
            reason: "unknown-participant",
        },
        "no such participant",
    ),
    scenario(
        "somebody tries to relay",
        JAN,
        "victim@gmail.com",
        Expect::Refused {
            code: 550,
            reason: "relay-denied",
        },
        "masked addresses only",
    ),
    Scenario {
        before: Before::CloseMailbox,
        ..scenario(
            "the seller's mailbox is gone",
            JAN,
            SELLER,
            Expect::Bounces { at: JAN },
            "the report names the masked address only",
        )
    },
];
