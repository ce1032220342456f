//! The caches that the library takes: they keep nothing, and overhear what it asks.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hickory_resolver::proto::rr::RecordType;
use mail_auth::{DnsError, Error, MX, RecordSet, ResolverCache, Txt};

use super::{Questions, none};

/// Writes down what is hashed: the only thing that can be done with a key whose type is the library's affair. Strings are hashed as their
/// octets and one more that no string contains.
struct Overheard(Vec<u8>);

impl Hasher for Overheard {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }
}

/// The octets that a key hashes.
fn overhear<Q: Hash + ?Sized>(key: &Q) -> Vec<u8> {
    let mut overheard = Overheard(Vec::new());
    key.hash(&mut overheard);
    overheard.0
}

/// A name that was overheard.
fn text(octets: &[u8]) -> String {
    let name = octets.strip_suffix(&[0xff]).unwrap_or(octets);
    String::from_utf8_lossy(name).into_owned()
}

/// A cache of the library that keeps nothing, and overhears everything.
macro_rules! overhearing {
    ($key:ty, $value:ty, |$questions:ident, $name:ident| $get:expr, $learn:expr) => {
        impl ResolverCache<$key, $value> for Questions<'_> {
            // Called before every question: what comes back in its place stands for an answer.
            fn get<Q>(&self, name: &Q) -> Option<$value>
            where
                $key: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                let ($questions, $name) = (self, overhear(name));
                $get
            }

            fn remove<Q>(&self, _: &Q) -> Option<$value>
            where
                $key: Borrow<Q>,
                Q: Hash + Eq + ?Sized,
            {
                None
            }

            fn insert(&self, _: $key, value: $value, _: std::time::Instant) {
                let learn: fn(&Self, $value) = $learn;
                learn(self, value);
                self.answered();
            }
        }
    };
}

overhearing!(
    Box<str>,
    Txt,
    |questions, name| {
        // This cache alone can hold a failure.
        let cause = questions.asks(RecordType::TXT, text(&name))?;
        Some(Txt::Error(Error::Dns(DnsError::Resolver(cause))))
    },
    |_, _| {}
);
overhearing!(
    Box<str>,
    RecordSet<MX>,
    |questions, name| questions.asks_for_hosts(RecordType::MX, text(&name)),
    |_, _| {}
);
overhearing!(
    Box<str>,
    RecordSet<Ipv4Addr>,
    |questions, name| questions.asks_for_hosts(RecordType::A, text(&name)),
    |_, _| {}
);
overhearing!(
    Box<str>,
    RecordSet<Ipv6Addr>,
    |questions, name| questions.asks_for_hosts(RecordType::AAAA, text(&name)),
    |_, _| {}
);
// An address has no text here; its octets name it as well.
overhearing!(
    IpAddr,
    RecordSet<Box<str>>,
    |questions, name| {
        questions.asks(RecordType::PTR, data_encoding::HEXLOWER.encode(&name))?;
        Some(none())
    },
    |questions, names| {
        questions.with(|state| state.client_names.extend(names.rrset.iter().cloned()));
    }
);
