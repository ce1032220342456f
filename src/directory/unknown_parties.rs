//! Orders of a load whose buyer or seller is not there. Loads may come in any order, so nothing is said before the end of one.

use super::{Change, Directory, ImportWarning, Transaction, Unavailable};
use crate::masking::{ParticipantId, TransactionId};

/// Orders that are remembered until the end of a load; of more it is only said how many there were.
const MOST: usize = 100_000;
/// Parties that are asked for at once.
const ASKED: usize = 10_000;
/// Orders that are told one by one; the others are counted.
const TOLD: usize = 20;

/// A party of an order that was not there when the order came.
#[derive(Debug)]
struct Party {
    line: u64,
    transaction: TransactionId,
    role: &'static str,
    id: ParticipantId,
}

/// What a load has to look for again at its end, 100,000 parties at most.
#[derive(Debug, Default)]
pub struct UnknownParties {
    parties: Vec<Party>,
    beyond: usize,
}

impl UnknownParties {
    /// Notes the parties of orders that are not there yet; the numbers are those of the orders' lines.
    ///
    /// # Errors
    /// The directory broke.
    pub(super) async fn look_at(
        &mut self,
        directory: &dyn Directory,
        orders: &[(u64, Transaction)],
    ) -> Result<(), Unavailable> {
        let parties = orders.iter().flat_map(|(line, order)| {
            let roles = [("buyer", &order.buyer), ("seller", &order.seller)];
            roles.map(|(role, id)| Party {
                line: *line,
                transaction: order.id.clone(),
                role,
                id: id.clone(),
            })
        });
        for party in missing(directory, parties.collect()).await? {
            if self.parties.len() >= MOST {
                self.beyond += 1;
            } else {
                self.parties.push(party);
            }
        }
        Ok(())
    }

    /// What to say at the end of a load of those that are still not there: 20 by name, then how many more.
    ///
    /// # Errors
    /// The directory broke.
    pub async fn warnings(
        self,
        directory: &dyn Directory,
    ) -> Result<Vec<ImportWarning>, Unavailable> {
        let mut warnings = Vec::new();
        let (mut more, mut last) = (0_usize, 0);
        for party in missing(directory, self.parties).await? {
            last = party.line;
            if warnings.len() < TOLD {
                warnings.push(ImportWarning {
                    line: party.line,
                    message: format!(
                        "transaction {}: there is no participant {}, its {}; mail about it is refused until that account is loaded",
                        party.transaction, party.id, party.role
                    ),
                });
            } else {
                more += 1;
            }
        }
        if more > 0 {
            let what = if more == 1 {
                "1 more buyer or seller is".to_owned()
            } else {
                format!("{more} more buyers and sellers are")
            };
            warnings.push(ImportWarning {
                line: last,
                message: format!("{what} unknown up to here; load the participants, too"),
            });
        }
        if self.beyond > 0 {
            warnings.push(ImportWarning {
                line: last,
                message: format!(
                    "{} further parties came later than their orders and were not looked for again; load participants before transactions",
                    self.beyond
                ),
            });
        }
        Ok(warnings)
    }
}

/// Those of `parties` that are not there.
async fn missing(
    directory: &dyn Directory,
    parties: Vec<Party>,
) -> Result<Vec<Party>, Unavailable> {
    let mut missing = Vec::new();
    let mut left = parties.into_iter().peekable();
    while left.peek().is_some() {
        let some: Vec<Party> = left.by_ref().take(ASKED).collect();
        let ids: Vec<_> = some.iter().map(|party| party.id.clone()).collect();
        let stored = directory.all_stored(&ids).await?;
        let some = some.into_iter().zip(stored);
        missing.extend(some.filter_map(|(party, stored)| (!stored).then_some(party)));
    }
    Ok(missing)
}

/// The order that a change puts.
pub(super) const fn order(change: &Change) -> Option<&Transaction> {
    match change {
        Change::PutTransaction(order) => Some(order),
        _ => None,
    }
}
