//! Accounts and orders, and their model.

use std::collections::{BTreeMap, BTreeSet};

use allegromail::directory::{
    AccountStatus, Change, Conflict, Directory, Participant, Transaction, TransactionStatus,
};
use allegromail::mail::{Domain, Mailbox};
use allegromail::masking::providers::{MOST_OWNERS, organisation};
use allegromail::masking::{MaskId, ParticipantId, TransactionId};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

const ACCOUNTS: u8 = 8;
const ORDERS: u8 = 3;
const ADDRESSES: [&str; 10] = [
    "jan@poczta.example",
    "anna@mx.poczta.example",
    "ola@poczta.example",
    "ewa@poczta.example",
    "piotr@poczta.example",
    "adam@poczta.example",
    "iza@poczta.example",
    "biuro@rowery.example",
    "o'neil%_@rowery.example",
    "biuro@xn--w-uga1v8h.pl",
];
const DOMAINS: [&str; 4] = [
    "poczta.example",
    "www.rowery.example",
    "xn--w-uga1v8h.pl",
    "else.example",
];

/// What was put, and how far the load of it is.
#[derive(Default)]
pub(super) struct Model {
    accounts: BTreeMap<ParticipantId, Participant>,
    orders: BTreeMap<TransactionId, Transaction>,
    /// The accounts at each organisation; none: they are too many to be told, for ever.
    users: BTreeMap<Domain, Option<BTreeSet<ParticipantId>>>,
    load: Load,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Load {
    #[default]
    Never,
    Partly,
    Wholly,
}

/// Changes that are applied at once.
pub(super) fn step() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec(change(), 1..4)
}

fn account(number: u8) -> ParticipantId {
    format!("account{number}").parse().unwrap()
}

fn order(number: u8) -> TransactionId {
    format!("order{number}").parse().unwrap()
}

fn change() -> impl Strategy<Value = Change> {
    let addresses = proptest::sample::subsequence(&ADDRESSES[..], 1..4);
    let put = (0..ACCOUNTS, addresses, 0..3_u8).prop_map(|(number, addresses, status)| {
        let mailbox = |address: &&str| Mailbox::parse(address).unwrap();
        Change::PutParticipant(Participant {
            id: account(number),
            login: format!("login {number} \"ż\" \\"),
            marketplace: "allegro-pl".to_owned(),
            language: "pl".to_owned(),
            primary: mailbox(&addresses[0]),
            addresses: addresses.iter().map(mailbox).collect(),
            business: status == 1,
            status: match status {
                0 => AccountStatus::Suspended,
                _ => AccountStatus::Active,
            },
        })
    });
    let deal = (0..ORDERS, 0..ACCOUNTS, 0..ACCOUNTS, any::<bool>());
    let deal = deal.prop_map(|(number, buyer, seller, open)| {
        Change::PutTransaction(Transaction {
            id: order(number),
            buyer: account(buyer),
            seller: account(seller),
            // Numbers of which one begins with the other, and a change of number.
            order: open.then(|| "12/3"[..4 - usize::from(buyer % 2)].to_owned()),
            status: match open {
                true => TransactionStatus::Open,
                false => TransactionStatus::Closed,
            },
        })
    });
    prop_oneof![
        8 => put,
        3 => (0..ACCOUNTS).prop_map(|number| Change::RemoveParticipant(account(number))),
        2 => deal,
        1 => Just(Change::BeginLoad),
        1 => Just(Change::EndLoad),
    ]
}

fn organisations(account: &Participant) -> BTreeSet<Domain> {
    let domains = account.addresses.iter().map(Mailbox::domain);
    domains.map(organisation).collect()
}

impl Model {
    fn owner(&self, address: &Mailbox) -> Option<&ParticipantId> {
        let owner = self.accounts.values();
        let mut owner = owner.filter(|account| {
            let mut addresses = account.addresses.iter();
            addresses.any(|own| own.key() == address.key())
        });
        owner.next().map(|account| &account.id)
    }

    fn count(&mut self, before: Option<&Participant>, now: Option<&Participant>) {
        let old = before.map(organisations).unwrap_or_default();
        let new = now.map(organisations).unwrap_or_default();
        let Some(account) = now.or(before) else {
            return;
        };
        for domain in &new {
            let known = self.users.entry(domain.clone());
            let known = known.or_insert_with(|| Some(BTreeSet::new()));
            if let Some(few) = known {
                few.insert(account.id.clone());
                if few.len() > MOST_OWNERS {
                    *known = None;
                }
            }
        }
        for domain in old.difference(&new) {
            if let Some(Some(few)) = self.users.get_mut(domain) {
                few.remove(&account.id);
            }
        }
    }

    fn put(&mut self, change: &Change) -> Result<(), Conflict> {
        match change {
            Change::PutParticipant(account) => {
                for address in &account.addresses {
                    if self
                        .owner(address)
                        .is_some_and(|owner| *owner != account.id)
                    {
                        return Err(Conflict::AddressTaken {
                            address: address.clone(),
                        });
                    }
                }
                let before = self.accounts.insert(account.id.clone(), account.clone());
                self.count(before.as_ref(), Some(account));
                if self.load != Load::Partly {
                    self.load = Load::Wholly;
                }
            }
            Change::RemoveParticipant(id) => {
                let before = self.accounts.remove(id);
                let before = before.ok_or(Conflict::NoSuchParticipant)?;
                self.count(Some(&before), None);
            }
            Change::PutTransaction(order) => {
                self.orders.insert(order.id.clone(), order.clone());
            }
            Change::BeginLoad if self.load == Load::Never => self.load = Load::Partly,
            Change::BeginLoad => {}
            Change::EndLoad => self.load = Load::Wholly,
        }
        Ok(())
    }
}

/// Applies the changes to both.
pub(super) async fn take(
    directory: &dyn Directory,
    model: &mut Model,
    changes: &[Change],
) -> Result<(), TestCaseError> {
    let applied = directory.apply(changes.to_vec()).await.unwrap();
    let expected: Vec<_> = changes.iter().map(|change| model.put(change)).collect();
    prop_assert_eq!(applied, expected);
    Ok(())
}

/// Asks both for everything.
pub(super) async fn compare(directory: &dyn Directory, model: &Model) -> Result<(), TestCaseError> {
    let answers = model.load == Load::Wholly;
    for number in 0..=ACCOUNTS {
        let id = account(number);
        let mask = MaskId::parse(id.as_str()).unwrap();
        let known = model.accounts.get(&id);
        prop_assert_eq!(directory.stored(&id).await.unwrap(), known.is_some());
        let found = directory.participant(&id).await;
        let shown = directory.mask_of(&id, None).await;
        let led = directory.mask(&mask).await;
        if !answers {
            prop_assert!(found.is_err() && shown.is_err() && led.is_err());
            continue;
        }
        let found = found.unwrap();
        prop_assert_eq!(found.as_deref(), known);
        prop_assert_eq!(shown.unwrap(), known.map(|_| mask));
        let led = led.unwrap();
        prop_assert!(led.iter().all(|mask| mask.counterparty.is_none()));
        prop_assert_eq!(led.map(|mask| mask.participant), known.map(|_| id));
    }
    for address in ADDRESSES {
        let address = Mailbox::parse(address).unwrap();
        let owner = directory.owner(&address).await;
        prop_assert_eq!(owner.is_ok(), answers);
        if let Ok(owner) = owner {
            prop_assert_eq!(owner.as_ref(), model.owner(&address));
        }
    }
    for number in 0..=ORDERS {
        let found = directory.transaction(&order(number)).await;
        prop_assert_eq!(found.is_ok(), answers);
        if let Ok(found) = found {
            prop_assert_eq!(found.as_deref(), model.orders.get(&order(number)));
        }
    }
    for number in ["12/3", "12/", "1"] {
        let found = directory.transactions_of_order(number).await;
        prop_assert_eq!(found.is_ok(), answers);
        if let Ok(found) = found {
            let found: BTreeSet<_> = found.iter().map(|found| found.id.clone()).collect();
            let known = model.orders.values();
            let known = known.filter(|known| known.order.as_deref() == Some(number));
            prop_assert_eq!(found, known.map(|known| known.id.clone()).collect());
        }
    }
    for domain in DOMAINS {
        let domain = Domain::parse(domain).unwrap();
        let found = directory.users(&domain).await;
        prop_assert_eq!(found.is_ok(), answers);
        if let Ok(found) = found {
            let known = model.users.get(&organisation(&domain));
            let known = known.map_or(0, |known| known.as_ref().map_or(usize::MAX, BTreeSet::len));
            prop_assert_eq!(found.min(MOST_OWNERS + 1), known.min(MOST_OWNERS + 1));
        }
    }
    Ok(())
}
