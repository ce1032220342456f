//! A message for a server without 8BITMIME: written with seven bits, and signed again where the signature was ours.
//!
//! Others' signatures are over the octets that they saw: a message with one stays as it is, and fails there.

use crate::mail::Domain;
use crate::message::Message;
use crate::rewrite::seven_bit;
use crate::signing::Signer;

use super::DeliveryRequest;

/// `work` with a body in ASCII; none where it must stay as it is, and fails at this server (RFC 6152 3, RFC 3463 X.6.3).
pub(super) async fn downgrade(work: &DeliveryRequest, signer: &Signer) -> Option<DeliveryRequest> {
    let whole = work.body.whole().await.ok()?;
    let message = Message::parse(whole.clone()).ok()?;
    let (signed_by, length) = own_signatures(&message, signer);
    // A seal counts too, ours as well: what it seals is a courier's message as it came.
    let foreign = signed_by.is_none()
        && ["DKIM-Signature", "ARC-Seal"]
            .iter()
            .any(|name| message.named(name).next().is_some());
    if foreign {
        return None;
    }
    // The old signature goes: the next server would find it broken, beside a good one.
    let bare = whole.slice(length.min(whole.len())..);
    let written = seven_bit(&Message::parse(bare).ok()?);
    let written = match written {
        Ok(written) => written,
        Err(error) => {
            tracing::info!(event = "not_downgraded", queue_id = %work.id, %error);
            return None;
        }
    };
    let body = match signed_by {
        None => written,
        Some(domain) => match signer.sign(&domain, written).await {
            Ok(signed) => signed,
            Err(error) => {
                tracing::error!(event = "not_signed_again", queue_id = %work.id, %error);
                return None;
            }
        },
    };
    Some(DeliveryRequest {
        body: body.into(),
        eight_bit: false,
        ..work.clone()
    })
}

/// Whose signatures of ours stand on top, and how long they are. Ours are put before everything else, so what stands further down is
/// anybody's word, whatever domain it names.
fn own_signatures(message: &Message, signer: &Signer) -> (Option<Domain>, usize) {
    let (mut signed_by, mut length) = (None, 0);
    for field in message.fields() {
        if !field.name.eq_ignore_ascii_case(b"DKIM-Signature") {
            break;
        }
        match domain(field.value).filter(|domain| signer.signs(domain)) {
            Some(found) if signed_by.as_ref().is_none_or(|known| *known == found) => {
                signed_by = Some(found);
            }
            _ => break,
        }
        length += field.whole.len();
    }
    (signed_by, length)
}

/// The `d=` of a signature (RFC 6376 3.5). White space may stand anywhere in a tag list; none is part of a domain.
fn domain(value: &[u8]) -> Option<Domain> {
    let spaceless: Vec<u8> = value
        .iter()
        .copied()
        .filter(|octet| !octet.is_ascii_whitespace())
        .collect();
    let tag = spaceless
        .split(|octet| *octet == b';')
        .find_map(|tag| tag.strip_prefix(b"d="))?;
    Domain::parse(std::str::from_utf8(tag).ok()?).ok()
}
