//! By what names a line is found: trace id, queue id, masked and real addresses, accounts, transactions, Message-IDs, references.

use std::borrow::Cow;

use super::line::{HistoryEvent, HistoryRecord};
use crate::masking::MaskedLocal;
use crate::spool::{Origin, Target};

/// What stands before the account of a seller, so that it is found apart from other accounts.
pub(super) const SELLER: &str = "seller ";

/// A name as it is compared: letter case and angle brackets are free.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let text = text.trim().trim_matches(['<', '>']);
    if text.bytes().any(|octet| octet.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

/// Calls `take` with every name of a line, some of them twice. Lines of attempts are found by the trace id and by the real address; the others of a
/// message lead to them.
pub(super) fn each(line: &HistoryRecord, take: &mut dyn FnMut(&str)) {
    take(line.trace.as_str());
    let mut named = |text: &str| {
        let text = plain(text);
        if !text.is_empty() && text != "-" {
            take(&text);
        }
    };
    let first = matches!(
        &line.event,
        HistoryEvent::Refused { .. }
            | HistoryEvent::Content(_)
            | HistoryEvent::Discarded { .. }
            | HistoryEvent::Verified { .. }
    );
    if let Some(stored) = line.stored() {
        if let Some(id) = line.id {
            named(&id.to_string());
        }
        if let Target::Participant {
            participant,
            transaction,
        } = &stored.target
        {
            named(participant.as_str());
            transaction.iter().for_each(|order| named(order.as_str()));
        }
        if let Origin::Participant {
            participant,
            transaction,
        } = &stored.origin
        {
            named(participant.as_str());
            transaction.iter().for_each(|order| named(order.as_str()));
        }
        named(&stored.sent_as);
        named(&stored.about.message_id);
    }
    if first || line.stored().is_some() {
        named(&line.to);
    }
    if first {
        let local = line.to.rsplit_once('@').map(|(local, _)| local);
        if let Some(Ok(local)) = local.map(MaskedLocal::parse) {
            named(local.mask.as_str());
            local
                .transaction
                .iter()
                .for_each(|order| named(order.as_str()));
        }
    }
    if let HistoryEvent::Content(hit) = &line.event {
        named(&hit.reference);
    }
    if let Some(hidden) = &line.hidden {
        let names = [
            &hidden.from,
            &hidden.reverse_path,
            &hidden.message_id,
            &hidden.recipient,
        ];
        names.into_iter().flatten().for_each(|name| named(name));
    }
    if let Some(came) = line.came.as_deref().filter(|came| !came.seller.is_empty()) {
        named(&format!("{SELLER}{}", came.seller));
    }
}
