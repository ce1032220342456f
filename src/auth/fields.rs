//! The header fields of a message as its signatures choose from them (RFC 6376 5.4.2), and the check of one signature over its choice.
//!
//! A signature names fields, a message has them, and both may be a thousand: so they are found by name, not by looking at each for each.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mail_auth::common::crypto::HashAlgorithm;
use mail_auth::common::headers::Header;
use mail_auth::common::verify::DomainKey;
use mail_auth::dkim::Signature;
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
};

use crate::offload::offload;

/// The fields in their order, and where those of each name stand.
pub(super) struct Fields<'a> {
    all: Vec<(&'a [u8], &'a [u8])>,
    places: HashMap<Vec<u8>, Vec<usize>>,
}

/// One signature with all that it is checked against.
struct Case {
    library: MessageAuthenticator,
    name: Vec<u8>,
    value: Vec<u8>,
    signature: Signature,
    /// The hash of the body in the form of this signature.
    hash: Vec<u8>,
    /// The fields that it covers, from the last one up.
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    key: Known,
}

/// The key of the signature, in the place of a question.
struct Known(Arc<DomainKey>);

impl ResolverCache<Box<str>, Txt> for Known {
    fn get<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        Some(Txt::DomainKey(self.0.clone()))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

impl<'a> Fields<'a> {
    pub(super) fn new(all: Vec<(&'a [u8], &'a [u8])>) -> Self {
        let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (at, (name, _)) in all.iter().enumerate() {
            places
                .entry(name.to_ascii_lowercase())
                .or_default()
                .push(at);
        }
        Self { all, places }
    }

    /// The fields that `h=` names, in its order: of each name the last one first, and none where there are no more.
    fn chosen(&self, names: &[String]) -> Vec<(&'a [u8], &'a [u8])> {
        let mut left: HashMap<Vec<u8>, &[usize]> = HashMap::new();
        let mut chosen = Vec::with_capacity(names.len());
        for name in names {
            let name = name.as_bytes().to_ascii_lowercase();
            let Some(places) = self.places.get(&name) else {
                continue;
            };
            let places = left.entry(name).or_insert(places);
            if let Some((last, rest)) = places.split_last() {
                chosen.extend(self.all.get(*last).copied());
                *places = rest;
            }
        }
        chosen
    }

    /// Checks one signature with its key, over a body of this hash.
    pub(super) async fn verify(
        &self,
        library: &MessageAuthenticator,
        field: &Header<'a, Signature>,
        hash: Vec<u8>,
        key: Arc<DomainKey>,
    ) -> DkimResult {
        let chosen = self.chosen(&field.header.h);
        let octets = chosen.iter().map(|(name, value)| name.len() + value.len());
        let octets = octets.sum();
        let own = |(name, value): &(&[u8], &[u8])| (name.to_vec(), value.to_vec());
        let case = Case {
            library: library.clone(),
            name: field.name.to_vec(),
            value: field.value.to_vec(),
            signature: field.header.clone(),
            hash,
            fields: chosen.iter().rev().map(own).collect(),
            key: Known(key),
        };
        offload(octets, move || case.check()).await
    }
}

impl Case {
    /// The library's verdict. It asks nothing: the key is at hand.
    fn check(&self) -> DkimResult {
        let read = AuthenticatedMessage {
            headers: self
                .fields
                .iter()
                .map(|(name, value)| (name.as_slice(), value.as_slice()))
                .collect(),
            body_hashes: vec![(
                self.signature.cb,
                HashAlgorithm::from(self.signature.a),
                0,
                self.hash.clone(),
            )],
            dkim_headers: vec![Header::new(&self.name, &self.value, self.signature.clone())],
            ..AuthenticatedMessage::default()
        };
        let asked = Parameters::new(&read).with_txt_cache(&self.key);
        let outputs = settled(self.library.verify_dkim(asked)).unwrap_or_default();
        let result = outputs.first().map(|output| output.result().clone());
        result.unwrap_or(DkimResult::None)
    }
}

/// What a future that waits for nothing comes to.
fn settled<T>(future: impl Future<Output = T>) -> Option<T> {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    match polled {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h144_fields_are_chosen_from_the_last_one_up() {
        let all: Vec<(&[u8], &[u8])> = vec![(b"To", b"1"), (b"X", b"2"), (b"to", b"3")];
        let fields = Fields::new(all);
        let names =
            |list: &[&str]| -> Vec<String> { list.iter().map(ToString::to_string).collect() };
        for (named, want) in [
            (vec!["TO", "x", "to", "to", "absent"], "321"),
            (vec!["x", "x"], "2"),
            (vec![], ""),
        ] {
            let chosen = fields.chosen(&names(&named));
            let text: Vec<u8> = chosen
                .iter()
                .flat_map(|(_, value)| value.to_vec())
                .collect();
            assert_eq!(text, want.as_bytes(), "{named:?}");
        }
    }
}
