//! The operators' interface: HTTP and JSON on a unix socket, or with a token (docs/interface.md#admin-interface).
//!
//! Every answer that is no success is a JSON object with `error` (a sentence that names the remedy). The description under
//! `/v1/openapi.json` is generated from the handlers. Real addresses pass here and nowhere else: with a token configured,
//! every path but the health checks wants it.

// What stands behind three slashes at a handler or at a body is printed in that description. Notes for whoever changes them stand behind two.
mod accounts;
mod allowlist;
mod client;
mod contents;
mod documents;
mod explain;
mod failures;
mod health;
mod loading;
mod operator;
mod pinned;
mod queue;
mod reload;
mod server;
mod suspensions;
mod tickets;
mod tokens;
mod trace;
mod transactions;

pub use accounts::MaskParts;
pub use allowlist::{AllowlistDiff, AllowlistEntries, AllowlistGeneration};
pub use client::{Client, ClientError, escaped, near};
pub use contents::RulesInForce;
pub use explain::{ExplainRequest, Explanation};
pub use loading::{ImportReport, RejectedLine};
pub use queue::{ChosenEntries, ExportedMessage};
pub use reload::{Reload, Reloaded};
pub use server::{AdminContext, serve};
pub use suspensions::NewSuspension;
pub use tickets::TicketOffice;
pub use tokens::{NewToken, TokenMade};
pub use trace::query as trace_query;
