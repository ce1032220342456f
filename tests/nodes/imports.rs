//! Loads of many lines: the same lines come to the same directory and the same refusals whatever keeps it, and no node goes on with what a load has changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use allegromail::directory::{
    Directory, ImportOutcome, Link, PostgresDirectory, PostgresSettings, RecordRules,
    SledDirectory, import,
};
use allegromail::mail::{Domain, Mailbox};
use allegromail::masking::{ParticipantId, TransactionId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use super::sharing::three_of;
use crate::support::postgres::Postgres;

const ACCOUNTS: u16 = 400;
const ORDERS: u16 = 300;
/// More than accounts, so that most lines are good, and not so many that none is another's.
const ADDRESSES: u16 = 1_500;
const NUMBERS: u16 = 100;

fn address(number: u16) -> String {
    // Some domains have few accounts and some have many.
    let domain = match number % 7 {
        0 => "poczta.example".to_owned(),
        1 => format!("mx.{}.example", number % 50),
        _ => format!("{}.example", number % 50),
    };
    format!("o'n{number}%_{{}}@{domain}")
}

fn account(number: u16) -> String {
    format!("account{number}")
}

fn line() -> impl Strategy<Value = String> {
    let put = (
        0..ACCOUNTS,
        proptest::collection::vec(0..ADDRESSES, 1..4),
        0..3_u8,
    );
    let put = put.prop_map(|(number, addresses, status)| {
        let addresses: Vec<_> = addresses.into_iter().map(address).collect();
        let status = ["active", "suspended", "active"][usize::from(status)];
        serde_json::json!({
            "type": "participant",
            "id": account(number),
            "login": format!("login {number} \\ \" ż\u{2028}"),
            "marketplace": "allegro-pl",
            "language": "pl",
            "primary": addresses[0],
            "addresses": addresses,
            "status": status,
        })
        .to_string()
    });
    // Some of their parties are never there.
    let deal = (0..ORDERS, 0..ACCOUNTS + 20, 0..ACCOUNTS + 20, 0..NUMBERS);
    let deal = deal.prop_map(|(id, buyer, seller, number)| {
        let order = match number % 3 {
            0 => String::new(),
            _ => format!("\"order\":\"o{number}\","),
        };
        format!(
            "{{{order}\"type\":\"transaction\",\"id\":\"order{id}\",\"buyer\":\"{}\",\"seller\":\"{}\"}}",
            account(buyer),
            account(seller)
        )
    });
    let gone = (0..ACCOUNTS + 20).prop_map(|number| {
        let id = account(number);
        format!("{{\"type\":\"participant\",\"id\":\"{id}\",\"deleted\":true}}")
    });
    prop_oneof![
        60 => put,
        30 => deal,
        4 => gone,
        2 => Just(String::new()),
        2 => Just("{\"type\":\"participant\"".to_owned()),
        2 => Just("{\"type\":\"participant\",\"id\":\"a b\"}".to_owned()),
    ]
}

async fn load(directory: &dyn Directory, lines: &str) -> ImportOutcome {
    let mut told = 0;
    let outcome = import(
        directory,
        &RecordRules::default(),
        lines.as_bytes(),
        |progress| {
            assert!(progress.read >= told);
            told = progress.read;
        },
    )
    .await
    .unwrap();
    assert_eq!(told, outcome.read);
    outcome
}

/// Asks both for everything that any line may have named.
async fn compare(one: &dyn Directory, other: &dyn Directory) {
    for number in 0..ACCOUNTS + 20 {
        let id = ParticipantId::parse(&account(number)).unwrap();
        let (a, b) = (one.participant(&id).await, other.participant(&id).await);
        assert_eq!(a.unwrap(), b.unwrap());
    }
    for number in 0..ADDRESSES {
        let address = Mailbox::parse(&address(number)).unwrap();
        let (a, b) = (one.owner(&address).await, other.owner(&address).await);
        assert_eq!(a.unwrap(), b.unwrap(), "{address}");
    }
    for number in 0..ORDERS {
        let id = TransactionId::parse(&format!("order{number}")).unwrap();
        let (a, b) = (one.transaction(&id).await, other.transaction(&id).await);
        assert_eq!(a.unwrap(), b.unwrap());
    }
    for number in 0..NUMBERS {
        let number = format!("o{number}");
        let mut found = Vec::new();
        for directory in [one, other] {
            let all = directory.transactions_of_order(&number).await.unwrap();
            found.push(
                all.iter()
                    .map(|order| order.id.clone())
                    .collect::<BTreeSet<_>>(),
            );
        }
        assert_eq!(found[0], found[1], "{number}");
    }
    for domain in (0..50).map(|number| format!("{number}.example")) {
        let domain = Domain::parse(&domain).unwrap();
        let (a, b) = (one.users(&domain).await, other.users(&domain).await);
        assert_eq!(a.unwrap(), b.unwrap(), "{domain}");
    }
}

#[test]
fn the_same_lines_come_to_the_same_directory_and_the_same_refusals() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let runtime = Runtime::new().unwrap();
    let config = Config {
        cases: 4,
        failure_persistence: None,
        max_shrink_iters: 30,
        ..Config::default()
    };
    let files = proptest::collection::vec(proptest::collection::vec(line(), 1_000..1_500), 2..4);
    TestRunner::new(config)
        .run(&files, |files| {
            let folder = tempfile::tempdir().unwrap();
            let sled = SledDirectory::open(folder.path()).unwrap();
            let url = server.url(&server.database());
            let settings = PostgresSettings::parse(&url, None, None).unwrap();
            runtime.block_on(async {
                let postgres = PostgresDirectory::new(Link::open(settings).await.unwrap());
                for lines in files {
                    let lines = lines.join("\n");
                    let expected = load(&sled, &lines).await;
                    prop_assert!(expected.bad_lines > 0 && !expected.warnings.is_empty());
                    prop_assert_eq!(load(&postgres, &lines).await, expected);
                    compare(&postgres, &sled).await;
                }
                Ok(())
            })
        })
        .unwrap();
}

/// Accounts with so many addresses each, and an order of each.
fn accounts(addresses: usize) -> String {
    let mut lines = String::new();
    for number in 0..500 {
        let all: Vec<_> = (0..addresses)
            .map(|which| format!("a{number}.{which}@poczta.example"))
            .collect();
        let record = serde_json::json!({
            "type": "participant", "id": account(number), "login": "l", "marketplace": "allegro-pl",
            "language": "pl", "primary": all[0], "addresses": all,
        });
        writeln!(lines, "{record}").unwrap();
        let record = serde_json::json!({
            "type": "transaction", "id": format!("order{number}"), "buyer": account(number),
            "seller": account(number + 1), "order": format!("{}", number / 2),
        });
        writeln!(lines, "{record}").unwrap();
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_to_an_import_no_node_has_at_hand_what_it_took_away() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let (database, nodes) = three_of(&server).await;
    let [one, two, three] = &nodes;
    assert_eq!(load(&*one.cache, &accounts(2)).await.bad, []);
    let id = |number: u16| ParticipantId::parse(&account(number)).unwrap();
    let second = |number: u16| Mailbox::parse(&format!("a{number}.1@poczta.example")).unwrap();
    for node in &nodes {
        for number in 0..500 {
            let found = node.cache.participant(&id(number)).await.unwrap();
            assert_eq!(found.unwrap().addresses.len(), 2);
            let owner = node.cache.owner(&second(number)).await.unwrap();
            assert_eq!(owner, Some(id(number)));
        }
    }
    let fewer = accounts(1) + "{\"type\":\"participant\",\"id\":\"account499\",\"deleted\":true}\n";
    assert_eq!(load(&*one.cache, &fewer).await.bad, []);
    for node in [two, three, one] {
        for number in 0..499 {
            let found = node.cache.participant(&id(number)).await.unwrap();
            assert_eq!(found.unwrap().addresses.len(), 1, "{number}");
            assert_eq!(node.cache.owner(&second(number)).await.unwrap(), None);
        }
        assert_eq!(node.cache.participant(&id(499)).await.unwrap(), None);
    }
    // What is so already is neither written nor told: a load of every night leaves what nodes have at hand.
    let fewer = accounts(1).replace("account499", "account498");
    let fewer: Vec<_> = fewer.lines().filter(|line| !line.contains("498")).collect();
    let told = || server.sql(&database, "select value from counters where name = 'feed'");
    let written = || {
        let sql = "select string_agg(xmin::text, ',' order by id) from (select id, xmin from participants union all select id, xmin from transactions) all_of_them";
        server.sql(&database, sql)
    };
    let before = (told(), written());
    let outcome = load(&*two.cache, &fewer.join("\n")).await;
    assert_eq!((outcome.applied, outcome.bad), (fewer.len() as u64, vec![]));
    assert_eq!((told(), written()), before);
}
