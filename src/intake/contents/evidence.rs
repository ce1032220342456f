//! What is known of a message beside its text: who writes to whom, whether that was asked for, and whether a program wrote it.

use super::{Contents, before};
use crate::content::{Direction, Facts, Letter, RuleSet};
use crate::directory::LastWrote;
use crate::intake::arrival::Arrival;
use crate::mail::Domain;
use crate::masking::Pair;
use crate::policy::{Masked, Refusal};

/// Ids of In-Reply-To and References that are looked at: the last ones, which name what is answered.
const MOST_IDS: usize = 50;

/// What is known of a message, with how it is known.
#[derive(Debug, Clone)]
pub(in crate::intake) struct Evidence {
    pub(in crate::intake) direction: Direction,
    /// It names a message of the other side's to this writer.
    pub(in crate::intake) answers: bool,
    /// It names one as if it were ours, and no key opens that.
    pub(in crate::intake) forged: bool,
    /// What the buyer wrote last about the order, where that may be answered.
    pub(in crate::intake) credit: Option<LastWrote>,
    /// What tells that a program wrote it; empty: a person did, as far as can be told.
    pub(in crate::intake) automatic: Vec<&'static str>,
}

impl Evidence {
    /// As rules are asked with. The credit counts only where it is needed.
    pub(super) fn facts(&self) -> Facts {
        let document = self.credit.is_some_and(|last| last.document);
        Facts {
            direction: self.direction,
            asked: self.answers,
            asked_document: self.answers && document,
            automatic: !self.automatic.is_empty(),
        }
    }

    /// In words, for the history and `explain`.
    pub(super) fn names(&self) -> Vec<String> {
        let direction = match self.direction {
            Direction::SellerToBuyer => "seller to buyer",
            Direction::BuyerToSeller => "buyer to seller",
            Direction::Question => "no order",
        };
        let mut names = vec![direction.to_owned()];
        let facts = [
            (self.answers, "answers"),
            (self.forged, "names a message that is not ours"),
            (self.credit.is_some(), "buyer wrote"),
        ];
        names.extend(
            facts
                .iter()
                .filter(|(holds, _)| *holds)
                .map(|(_, name)| (*name).to_owned()),
        );
        names.extend(
            self.automatic
                .iter()
                .map(|why| format!("automatic by {why}")),
        );
        names
    }
}

/// Looks at everything that the rules may ask for.
pub(super) async fn gather(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    plan: &Masked,
    letter: &Letter,
    set: &RuleSet,
) -> Result<Evidence, Refusal> {
    let (writer, reader) = (&plan.writer.id, &plan.receiver.id);
    let order = match &plan.transaction {
        Some(id) => contents.directory.transaction(id).await?,
        None => None,
    };
    let direction = match &order {
        None => Direction::Question,
        Some(order) if order.buyer == *writer => Direction::BuyerToSeller,
        Some(_) => Direction::SellerToBuyer,
    };
    let pair = Pair { writer, reader };
    let (answers, forged) = referred(contents, arrival, pair).await?;
    let now = contents.entries.clock.now();
    let mut evidence = Evidence {
        direction,
        answers,
        forged,
        credit: None,
        automatic: Vec::new(),
    };
    if direction != Direction::SellerToBuyer {
        // The others have no duplicates, and only what people write asks for an answer.
        if arrival
            .message
            .automatic(&arrival.transaction.reverse_path)
            .by_program()
        {
            evidence.automatic.push("fields");
        }
        return Ok(evidence);
    }
    if let Some(order) = &order
        && !forged
    {
        let oldest = before(now, contents.config.asked_within);
        let last = contents.state.last_wrote(&order.id, reader).await?;
        evidence.credit = last.filter(|last| last.at >= oldest);
    }
    evidence.automatic = programs(arrival, set);
    let repeated = || {
        let (order, template) = (order.as_ref()?, letter.template()?);
        let sent = (writer, &order.id);
        Some(
            contents
                .templates
                .is_repeated(sent, template, now, arrival.purpose),
        )
    };
    // Remembered whatever else is known.
    if repeated() == Some(true) {
        evidence.automatic.push("same text");
    }
    Ok(evidence)
}

/// Whether the message names one that the reader wrote to the writer; and whether it names one of ours that no key of this pair opens. "Re:" proves
/// nothing.
async fn referred(
    contents: Contents<'_>,
    arrival: &Arrival<'_>,
    pair: Pair<'_>,
) -> Result<(bool, bool), Refusal> {
    let (mut answers, mut forged) = (false, false);
    for field in ["In-Reply-To", "References"] {
        for id in arrival.message.ids(field).iter().rev().take(MOST_IDS) {
            let Some((token, host)) = id.rsplit_once('@') else {
                continue;
            };
            let ours =
                Domain::parse(host).is_ok_and(|host| contents.ids.domains.find(&host).is_some());
            if !ours {
                continue;
            }
            if contents
                .ids
                .original(pair.reversed(), token)
                .await?
                .is_some()
            {
                answers = true;
            } else if contents.ids.original(pair, token).await?.is_none() {
                forged = true;
            }
        }
    }
    Ok((answers, forged))
}

/// The fields that programs set, each with what it tells.
fn programs(arrival: &Arrival<'_>, set: &RuleSet) -> Vec<&'static str> {
    let message = arrival.message;
    let mut found = Vec::new();
    if message
        .automatic(&arrival.transaction.reverse_path)
        .by_program()
    {
        found.push("fields");
    }
    let lists = ["List-Id", "List-Unsubscribe", "Feedback-ID"];
    if lists
        .iter()
        .any(|name| message.named(name).next().is_some())
    {
        found.push("list");
    }
    let tools = ["X-Mailer", "User-Agent", "X-Generator"];
    if tools
        .iter()
        .any(|name| set.is_automatic_program(&message.text(name)))
    {
        found.push("tool");
    }
    found
}
