//! Several nodes over one database: what one changed the others do not use any more, and what happens once happens once.

use std::sync::Arc;
use std::time::Duration;

use allegromail::directory::{
    AccountStatus, Brought, CachedDirectory, Change, Directory, Follower, Link, MessageRecord,
    NodeFacts, Participant, PostgresDirectory, PostgresPolicies, PostgresRecords, PostgresSettings,
    PostgresState, State,
};
use allegromail::mail::{Domain, Mailbox, QueueId, Timestamp};
use allegromail::masking::ParticipantId;
use tokio_util::sync::CancellationToken;

use crate::support::postgres::Postgres;

/// What of a node is asked here.
pub(super) struct Node {
    pub(super) link: Arc<Link>,
    pub(super) cache: Arc<CachedDirectory>,
    state: PostgresState,
    /// Ends its look at the feed.
    follows: CancellationToken,
}

impl Node {
    async fn start(url: &str, name: &str) -> Self {
        let settings = PostgresSettings::parse(url, None, None).unwrap();
        let link = Link::open(settings).await.unwrap();
        let directory = Arc::new(PostgresDirectory::new(link.clone()));
        let cache = Arc::new(CachedDirectory::of_many(directory.clone(), 1_000));
        let facts = NodeFacts {
            name: name.to_owned(),
            ..NodeFacts::default()
        };
        link.tell_node(&facts).await.unwrap();
        let follower = Follower::new(link.clone(), name.to_owned(), cache.clone());
        let follows = CancellationToken::new();
        tokio::spawn(follower.await.unwrap().run((), follows.clone()));
        Self {
            state: PostgresState::new(link.clone(), name),
            link,
            cache,
            follows,
        }
    }

    async fn addresses(&self) -> usize {
        let found = self.cache.participant(&"jan".parse().unwrap()).await;
        found.unwrap().unwrap().addresses.len()
    }
}

fn jan(addresses: &[&str]) -> Change {
    let mailbox = |text: &&str| Mailbox::parse(text).unwrap();
    Change::PutParticipant(Participant {
        id: "jan".parse().unwrap(),
        login: "jan".into(),
        marketplace: "allegro-pl".into(),
        language: "pl".into(),
        primary: mailbox(&addresses[0]),
        addresses: addresses.iter().map(mailbox).collect(),
        status: AccountStatus::Active,
        business: false,
    })
}

const BOTH: &[&str] = &["jan@poczta.example", "jan@praca.example"];
const ONE: &[&str] = &["jan@poczta.example"];

/// Three nodes that all have the account at hand.
async fn three(server: &Postgres) -> [Node; 3] {
    three_of(server).await.1
}

/// The same, with the name of their database.
pub(super) async fn three_of(server: &Postgres) -> (String, [Node; 3]) {
    let database = server.database();
    let url = server.url(&database);
    let (one, two, three) = tokio::join!(
        Box::pin(Node::start(&url, "mx1")),
        Box::pin(Node::start(&url, "mx2")),
        Box::pin(Node::start(&url, "mx3"))
    );
    let applied = one.cache.apply(vec![jan(BOTH)]).await.unwrap();
    assert_eq!(applied, [Ok(())]);
    let nodes = [one, two, three];
    for node in &nodes {
        while !node.cache.is_believed() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(node.addresses().await, 2);
    }
    (database, nodes)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_to_a_removal_no_node_has_the_address_at_hand() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let [one, two, three] = three(&server).await;
    for turn in 0..10 {
        one.cache.apply(vec![jan(&[BOTH[turn % 2]])]).await.unwrap();
        for node in [&one, &two, &three] {
            assert_eq!(node.addresses().await, 1);
        }
        two.cache.apply(vec![jan(BOTH)]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_hears_nothing_uses_nothing_and_is_not_waited_for() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let [one, two, three] = three(&server).await;
    three.follows.cancel();
    // What it has at hand is used for a while yet, so it is waited for.
    let begun = std::time::Instant::now();
    one.cache.apply(vec![jan(ONE)]).await.unwrap();
    assert!(
        begun.elapsed() > Duration::from_millis(500),
        "not waited for"
    );
    assert_eq!(three.addresses().await, 1, "what it had at hand");
    assert!(!three.cache.is_believed());
    assert_eq!(two.addresses().await, 1);
    let alive: Vec<_> = one.link.nodes().await.unwrap();
    let alive: Vec<_> = alive
        .iter()
        .map(|node| (&*node.facts.name, node.is_alive()))
        .collect();
    assert_eq!(alive, [("mx1", true), ("mx2", true), ("mx3", false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_that_ask_at_once_one_has_the_right_and_one_that_is_let_go_is_another_s() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let nodes = three(&server).await;
    for turn in 0..20_u8 {
        let mark = (20_000, [turn; 16]);
        let tasks: Vec<_> = (0..12)
            .map(|number| {
                let state = nodes[number % 3].state.clone();
                tokio::spawn(async move { (number % 3, state.claim(mark).await.unwrap()) })
            })
            .collect();
        let mut won = Vec::new();
        for task in tasks {
            let (node, has) = task.await.unwrap();
            won.extend(has.then_some(node));
        }
        assert_eq!(won.len(), 1, "{won:?}");
        let (winner, other) = (&nodes[won[0]].state, &nodes[(won[0] + 1) % 3].state);
        assert!(other.is_marked(mark).await.unwrap(), "it is about to be");
        // Another cannot let it go.
        other.release(mark);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!other.claim(mark).await.unwrap());
        if turn % 2 == 0 {
            winner.mark(mark).await.unwrap();
            winner.release(mark);
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(!other.claim(mark).await.unwrap(), "it was done");
        } else {
            winner.release(mark);
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert!(other.claim(mark).await.unwrap(), "nothing came of it");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_nodes_add_to_a_pair_at_once_is_all_there() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let nodes = three(&server).await;
    let (jan, shop): (ParticipantId, ParticipantId) =
        ("jan".parse().unwrap(), "shop".parse().unwrap());
    let tasks: Vec<_> = (0..30_usize)
        .map(|number| {
            let (state, jan, shop) = (nodes[number % 3].state.clone(), jan.clone(), shop.clone());
            let brought = Brought {
                addresses: [number as u64].into_iter().collect(),
                ..Brought::default()
            };
            tokio::spawn(async move {
                let added = state.bring((&jan, &shop), 1, Timestamp(5), &brought);
                added.await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let all = nodes[0]
        .state
        .brought(&jan, &shop, Timestamp(0))
        .await
        .unwrap();
    assert_eq!(all[0].1.addresses.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_nobody_is_unknown_and_it_is_found_again() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let [one, ..] = three(&server).await;
    server.stop();
    let nobody = "nobody".parse().unwrap();
    for _ in 0..20 {
        assert!(one.cache.participant(&nobody).await.is_err());
        assert!(one.state.is_marked((1, [1; 16])).await.is_err());
    }
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert!(
        one.cache
            .participant(&"jan".parse().unwrap())
            .await
            .is_err()
    );
    server.begin();
    let begun = std::time::Instant::now();
    while one.cache.participant(&nobody).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(one.cache.participant(&nobody).await.unwrap(), None);
    while !one.cache.is_believed() {
        assert!(begun.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_node_has_told_stays_told_where_it_says_nothing_of_it() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let settings = PostgresSettings::parse(&server.url(&server.database()), None, None).unwrap();
    let link = Link::open(settings).await.unwrap();
    let whole = NodeFacts {
        name: "mx1".to_owned(),
        region: "waw".to_owned(),
        version: "1".to_owned(),
        allowlist: "a1".to_owned(),
        rules: "r1".to_owned(),
        config: "c1".to_owned(),
        keys: "secrets 1".to_owned(),
    };
    let slot = link.tell_node(&whole).await.unwrap();
    // As a command does that has read the configuration alone.
    let part = NodeFacts {
        name: "mx1".to_owned(),
        config: "c2".to_owned(),
        ..NodeFacts::default()
    };
    assert_eq!(link.tell_node(&part).await.unwrap(), slot);
    let nodes = link.nodes().await.unwrap();
    let expected = NodeFacts {
        region: String::new(),
        version: String::new(),
        config: "c2".to_owned(),
        ..whole
    };
    assert_eq!(nodes[0].facts, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_found_by_their_number_until_their_day_is_forgotten() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let settings = PostgresSettings::parse(&server.url(&server.database()), None, None).unwrap();
    let records = PostgresRecords::new(Link::open(settings).await.unwrap());
    // The last node's numbers are the largest that there are.
    let record = |id: u64, day: u16| MessageRecord {
        id: QueueId(id),
        day,
        line: format!("{{\"id\": {id}, \"to\": \"ż\"}}"),
    };
    let all = [record(1, 10), record(2, 11), record(u64::MAX, 12)];
    records.write(&all).await.unwrap();
    // Told again after a crash: the first one stays.
    records
        .write(&[MessageRecord {
            line: "{}".to_owned(),
            ..record(2, 11)
        }])
        .await
        .unwrap();
    for record in &all {
        let found = records.find(record.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&record.line));
    }
    assert_eq!(records.find(QueueId(3)).await.unwrap(), None);
    assert!(!records.forget(12).await.unwrap());
    assert_eq!(records.find(QueueId(2)).await.unwrap(), None);
    assert!(records.find(QueueId(u64::MAX)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_policies_of_a_domain_the_later_one_stays_until_its_end() {
    let Some(server) = Postgres::shared() else {
        return;
    };
    let settings = PostgresSettings::parse(&server.url(&server.database()), None, None).unwrap();
    let policies = PostgresPolicies::new(Link::open(settings).await.unwrap());
    let domain = Domain::parse("poczta.example").unwrap();
    let keep = async |record: &str, fetched: u64| {
        let times = (Timestamp(fetched), Timestamp(fetched + 100));
        policies.keep(&domain, record, times).await.unwrap();
        policies.find(&domain).await.unwrap().unwrap()
    };
    assert_eq!(policies.find(&domain).await.unwrap(), None);
    assert_eq!(keep("first", 10).await, "first");
    assert_eq!(keep("late", 9).await, "first");
    assert_eq!(keep("second", 11).await, "second");
    policies.forget(Timestamp(111)).await.unwrap();
    assert!(policies.find(&domain).await.unwrap().is_some());
    policies.forget(Timestamp(112)).await.unwrap();
    assert_eq!(policies.find(&domain).await.unwrap(), None);
}
