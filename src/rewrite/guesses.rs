//! Rewrites a participant's message so that what the other side guessed in its own messages comes back the same, right or wrong.
//!
//! An address that the other side brought becomes the mask; a domain that it brought stays in quoted text, and is hidden in the writer's own
//! words. Which of them the writer really has makes no difference to a single octet, nor to the work.

use super::gate::{Leak, Needles, Observed, Sighting, Sightings, Standing, observe};
use super::maskers::Guesses;
use super::participant;
use super::plan::{ParticipantPlan, RewriteError};
use super::quotes;
use crate::mail::{Domain, Mailbox, ReversePath};
use crate::message::{Automatic, Encoding, Holds, Message, is_answer};

/// When everything counts as brought by the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Everything {
    /// Never: all of it is remembered.
    Never,
    /// In mail that quotes or answers: what was brought may be forgotten.
    InAnswers,
    /// Always: there was more than can be remembered.
    Always,
}

/// What the other side's messages brought to the writer.
pub struct Suspects<'a> {
    /// Whether an address without its tag is remembered.
    pub address: &'a (dyn Fn(&Mailbox) -> bool + Sync),
    /// Whether anything is remembered.
    pub remembers: bool,
    /// Whether all addresses count.
    pub addresses: Everything,
    /// Whether the domain of an organisation is remembered.
    pub domain: &'a (dyn Fn(&Domain) -> bool + Sync),
    /// Whether all domains count.
    pub domains: Everything,
    /// Whether domains are hidden at all: a buyer's are, in mail about an order.
    pub hides_domains: bool,
    /// Whether domains are to be told of the message: those that its reader may have to hide when it answers.
    pub tells_domains: bool,
    /// Domains that are never hidden in prose, whoever uses them: the marketplace's, those on the allowlist, the other side's.
    pub exempt: &'a (dyn Fn(&Domain) -> bool + Sync),
}

/// A message as it leaves, and what it brings to its reader.
#[derive(Debug)]
pub struct Passage {
    /// The octets.
    pub octets: Vec<u8>,
    /// What stands in them.
    pub sightings: Sightings,
    /// What was changed beside header fields, a few words each, for the history.
    pub changed: Vec<&'static str>,
}

/// Why a message does not leave.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// It cannot be rewritten.
    #[error("{0}")]
    Unwritable(#[from] RewriteError),
    /// The leak gate found something.
    #[error("{0}")]
    Leak(#[from] Leak),
}

/// Rewrites a message and lets the leak gate look at it, with the addresses and domains that the other side brought.
///
/// What stands in it is known when it was read as it would leave without them; if any of it counts, it is read bare and written anew. That is done
/// too where an address of the writer's stood in it: else the time would tell one from the other.
///
/// # Errors
/// [`Stopped`]: refuse it.
pub fn pass(
    message: &Message,
    plan: &ParticipantPlan<'_>,
    suspects: &Suspects<'_>,
) -> Result<Passage, Stopped> {
    let mut answers = answers(message, plan);
    let observed = |answers| Observed {
        masks: plan.domains,
        domains: suspects.tells_domains || suspects.hides_domains,
        answers,
    };
    // The writer's own domains: what the other side brought stays in quoted text, so the gate cannot look for it.
    let own = plan.options.hidden_domains.iter().cloned();
    let own = own.filter(|domain| !(suspects.exempt)(domain));
    let (own_words, everywhere): (Vec<_>, Vec<_>) =
        own.partition(|domain| (suspects.domain)(domain));
    let alone = Guesses {
        addresses: &[],
        own_words: &own_words,
        everywhere: &everywhere,
        answers,
        bare: false,
    };
    let first = participant::with_guesses(message, plan, &alone)?;
    let needles = Needles {
        addresses: plan.writer_addresses,
        domains: &everywhere,
    };
    let seen = observe(&first.octets, needles, observed(answers));
    let something = first.masked || seen.as_ref().map_or(true, |seen| !seen.is_empty());
    if !answers && something && suspects.forgets_some() {
        answers = quotes(message);
    }
    // A leak is looked at again, too: of a guess it is found in the second look only, and the words of the refusal must be the same.
    if let Ok(sightings) = seen {
        let found = Found::of(&sightings, &own_words, suspects, answers)?;
        if !found.any && !(first.masked && (answers || suspects.remembers)) {
            return Ok(Passage {
                changed: first.changed(),
                octets: first.octets,
                sightings,
            });
        }
    }
    // Read again with nothing masked: what an address of the writer's is a part of must count, too.
    let bare = Guesses {
        bare: true,
        ..Guesses::default()
    };
    let bare = participant::with_guesses(message, plan, &bare)?.octets;
    let sightings = observe(&bare, Needles::from(&[][..]), observed(answers))?;
    let found = Found::of(&sightings, &own_words, suspects, answers)?;
    let addresses = [plan.writer_addresses, found.addresses.as_slice()].concat();
    let everywhere = [everywhere, found.everywhere].concat();
    let guesses = Guesses {
        addresses: &found.addresses,
        own_words: &found.own_words,
        everywhere: &everywhere,
        answers,
        bare: false,
    };
    let written = participant::with_guesses(message, plan, &guesses)?;
    let (changed, octets) = (written.changed(), written.octets);
    let needles = Needles {
        addresses: &addresses,
        domains: &everywhere,
    };
    let sightings = observe(&octets, needles, observed(answers))?;
    Ok(Passage {
        octets,
        sightings,
        changed,
    })
}

impl Suspects<'_> {
    /// Whether everything may count.
    fn forgets_some(&self) -> bool {
        self.addresses != Everything::Never || self.domains != Everything::Never
    }
}

/// What of a message counts as brought by the other side.
struct Found {
    addresses: Vec<Mailbox>,
    /// Domains that are hidden in the writer's own words.
    own_words: Vec<Domain>,
    /// Domains that are hidden in quoted text, too.
    everywhere: Vec<Domain>,
    /// Whether anything of it stood in the message.
    any: bool,
}

impl Found {
    fn of(
        sightings: &Sightings,
        own: &[Domain],
        suspects: &Suspects<'_>,
        answers: bool,
    ) -> Result<Self, RewriteError> {
        let everything = |when| match when {
            Everything::Never => false,
            Everything::InAnswers => answers,
            Everything::Always => true,
        };
        let (all, all_domains) = (everything(suspects.addresses), everything(suspects.domains));
        // Whether one beyond them counts is not known.
        if sightings.more_addresses && (all || suspects.remembers) {
            return Err(RewriteError::Hidden {
                place: "the message".to_owned(),
                why: "holds more addresses than can be looked through".to_owned(),
            });
        }
        // Over the end of a line one counts only if it is known: any word stands at the end of the line before.
        let counts = |found: &&Sighting| {
            (all && found.standing != Standing::Apart) || (suspects.address)(&found.mailbox)
        };
        let addresses = sightings.addresses.iter().filter(counts);
        let addresses: Vec<Mailbox> = addresses.map(|found| found.mailbox.clone()).collect();
        let mut hidden: Vec<Domain> = Vec::new();
        if suspects.hides_domains {
            let counts = |domain: &&Domain| {
                (all_domains || (suspects.domain)(domain)) && !(suspects.exempt)(domain)
            };
            hidden.extend(sightings.domains.iter().filter(counts).cloned());
        }
        let any = !addresses.is_empty() || !hidden.is_empty();
        hidden.extend(
            own.iter()
                .filter(|own| !hidden.contains(own))
                .cloned()
                .collect::<Vec<_>>(),
        );
        let (own_words, everywhere) = if all_domains {
            (Vec::new(), hidden)
        } else {
            (hidden, Vec::new())
        };
        Ok(Self {
            addresses,
            own_words,
            everywhere,
            any,
        })
    }
}

/// Whether a message answers another by its fields.
fn answers(message: &Message, plan: &ParticipantPlan<'_>) -> bool {
    ["In-Reply-To", "References"]
        .iter()
        .any(|name| message.named(name).next().is_some())
        || is_answer(&message.text("Subject"))
        // What comes with a null sender answers something.
        || plan.options.null_sender
        || message.automatic(&ReversePath::Mailbox(plan.from.clone())) == Automatic::Reply
}

/// Whether a message quotes another, or has one in it.
fn quotes(message: &Message) -> bool {
    message.structure().parts.iter().any(|part| {
        let content = message.raw().get(part.body.clone()).unwrap_or_default();
        match part.holds {
            Holds::Message => true,
            Holds::Parts => false,
            Holds::Content if part.kind.essence.starts_with("message/") => true,
            Holds::Content => {
                part.kind.essence.starts_with("text/")
                    && quotes::any(&Encoding::of(&part.encoding).decode(content))
            }
        }
    })
}
