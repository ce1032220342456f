//! Orders of a load whose buyer or seller is not there. Loads may come in any order, so nothing is said before the end of one.

use super::{Change, Directory, ImportWarning, Transaction, Unavailable};
use crate::masking::{ParticipantId, TransactionId};

/// Orders that are remembered until the end of a load; of more it is only said how many there were.
const MOST: usize = 100_000;
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
    /// Notes the parties of an order that are not there yet; `line` is its number.
    ///
    /// # Errors
    /// The directory broke.
    pub(super) async fn look_at(
        &mut self,
        directory: &dyn Directory,
        line: u64,
        order: &Transaction,
    ) -> Result<(), Unavailable> {
        for (role, id) in [("buyer", &order.buyer), ("seller", &order.seller)] {
            if directory.stored(id).await? {
                continue;
            }
            if self.parties.len() >= MOST {
                self.beyond += 1;
                continue;
            }
            self.parties.push(Party {
                line,
                transaction: order.id.clone(),
                role,
                id: id.clone(),
            });
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
        for party in self.parties {
            if directory.stored(&party.id).await? {
                continue;
            }
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

/// The order that a change puts.
pub(super) const fn order(change: &Change) -> Option<&Transaction> {
    match change {
        Change::PutTransaction(order) => Some(order),
        _ => None,
    }
}
