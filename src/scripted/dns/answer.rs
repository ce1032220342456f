//! From a question to the answer that the list has for it, faults included.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::zones::{Known, Zones};

/// How long answers may be kept, in seconds.
const TTL: u32 = 60;

/// What the server knows and has been asked.
pub(super) struct Shared {
    /// The list in force; a question keeps the one that it began with.
    zones: Mutex<Arc<Zones>>,
    /// Every question, in order: tests count what the relay asks.
    asked: Mutex<Vec<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer, and how it is given.
pub(super) struct Given {
    /// What is said.
    pub(super) answer: Message,
    /// How long after the question.
    pub(super) wait: Duration,
    /// Whether it is cut by UDP, however short it is.
    pub(super) truncated: bool,
    /// Whether something else is said that is no DNS message.
    garbage: bool,
}

impl Given {
    /// As it goes over the wire.
    pub(super) fn octets(&self) -> Vec<u8> {
        if self.garbage {
            return b"this is no answer".to_vec();
        }
        self.answer.to_vec().unwrap_or_default()
    }
}

impl Shared {
    /// Answers from `zones`, and nothing asked yet.
    pub(super) fn new(zones: Zones) -> Self {
        Self {
            zones: Mutex::new(Arc::new(zones)),
            asked: Mutex::new(Vec::new()),
        }
    }

    /// Answers from another list from now on.
    pub(super) fn change(&self, zones: Zones) {
        *lock(&self.zones) = Arc::new(zones);
    }

    /// Every question so far, as `shop.example. MX`.
    pub(super) fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }

    /// The answer to a question; none where there is to be silence.
    pub(super) fn answer(&self, question: &[u8]) -> Option<Given> {
        let asked = Message::from_vec(question).ok()?;
        let query = asked.queries.first()?.clone();
        lock(&self.asked).push(format!("{} {}", query.name(), query.query_type()));
        let zones = lock(&self.zones).clone();
        let mut answer = Message::response(asked.metadata.id, OpCode::Query);
        answer.metadata.authoritative = true;
        answer.metadata.recursion_available = true;
        answer.metadata.recursion_desired = asked.metadata.recursion_desired;
        answer.add_query(query.clone());
        let mut given = Given {
            answer,
            wait: Duration::ZERO,
            truncated: false,
            garbage: false,
        };
        let mut secure = true;
        let mut owner = query.name().to_lowercase();
        // A chain of aliases longer than this is a circle.
        for _ in 0..8 {
            let Some(known) = zones.0.get(&owner) else {
                // A name that only has names below it exists.
                let exists = zones.0.keys().any(|name| owner.zone_of(name));
                given.answer.metadata.response_code = if exists {
                    ResponseCode::NoError
                } else {
                    ResponseCode::NXDomain
                };
                return Some(given);
            };
            // Every link of a chain has to be vouched for (RFC 4035 3.2.3).
            secure &= known.iter().any(|known| matches!(known, Known::Secure));
            match given.add(known, &owner, query.query_type())? {
                Some(target) => owner = target,
                None => break,
            }
        }
        // A resolver says AD only to those who asked for it, by AD or DO (RFC 6840 5.7, 5.8).
        let wanted = asked.metadata.authentic_data
            || asked
                .edns
                .as_ref()
                .is_some_and(|edns| edns.flags().dnssec_ok);
        given.answer.metadata.authentic_data = secure && wanted;
        Some(given)
    }
}

impl Given {
    /// Adds what is known of `owner`; the name that it is an alias of, if it is one. None: silence.
    fn add(&mut self, known: &[Known], owner: &Name, wanted: RecordType) -> Option<Option<Name>> {
        let mut alias = None;
        for known in known {
            match known {
                Known::Silence => return None,
                Known::Fault(code) => self.answer.metadata.response_code = *code,
                Known::Slow(wait) => self.wait = *wait,
                Known::Garbage => self.garbage = true,
                Known::WrongId => {
                    self.answer.metadata.id = self.answer.metadata.id.wrapping_add(1);
                }
                Known::Truncated => self.truncated = true,
                Known::Secure => {}
                Known::Record(data) => {
                    let of_kind = data.record_type() == wanted;
                    // An alias stands for all types but its own.
                    if let RData::CNAME(target) = data
                        && !of_kind
                    {
                        alias = Some(target.0.clone());
                    } else if !of_kind {
                        continue;
                    }
                    self.answer
                        .add_answer(Record::from_rdata(owner.clone(), TTL, data.clone()));
                }
            }
        }
        Some(alias)
    }
}
