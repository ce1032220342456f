//! What nodes spend of budgets together, added up once a second.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::directory::{PostgresSpent, SpentMore, Unavailable};
use crate::intake::{SharedBudgets, Spending};

/// Between two sums.
const EVERY: Duration = Duration::from_secs(1);
/// The same where somebody spends fast.
const SOON: Duration = Duration::from_millis(50);
/// Sums between two that forget who has spent nothing for long.
const FORGET: u32 = 600;

/// Adds up until `shutdown`.
pub(super) async fn run(
    budgets: Arc<SharedBudgets>,
    spent: PostgresSpent,
    shutdown: CancellationToken,
) {
    let mut is_heard = true;
    for turn in (0..FORGET).cycle() {
        match add_up(&budgets, &spent).await {
            Ok(()) if !is_heard => {
                tracing::info!(event = "budgets_shared", "nodes count together again");
                is_heard = true;
            }
            Err(error) if is_heard => {
                tracing::warn!(event = "budgets_not_shared", %error, "each node has its own count meanwhile");
                is_heard = false;
            }
            _ => {}
        }
        if turn == 0
            && let Err(error) = spent.forget().await
        {
            tracing::debug!(event = "budgets_not_forgotten", %error);
        }
        let soon = async {
            tokio::time::sleep(SOON).await;
            budgets.urgent.notified().await;
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
            () = soon => {}
        }
    }
}

/// Tells what was spent here, and hears what all have.
async fn add_up(budgets: &SharedBudgets, spent: &PostgresSpent) -> Result<(), Unavailable> {
    let asked = Instant::now();
    let told = budgets.to_tell();
    if told.is_empty() {
        return Ok(());
    }
    let more: Vec<SpentMore> = told.iter().map(more).collect();
    let sums = spent.add(&more).await;
    let sums = sums.inspect_err(|_| budgets.is_alone())?;
    budgets.hear(&told, &sums, asked);
    Ok(())
}

fn more(spending: &Spending) -> SpentMore {
    SpentMore {
        whose: spending.whose,
        amount: spending.more,
        rate: spending.rate,
        period: spending.period,
    }
}
