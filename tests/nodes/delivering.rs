//! Relays that keep their mail together on a shard: what one of them has taken the others deliver.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use allegromail::admin;
use allegromail::config::HttpListen;
use allegromail::scripted::session::Received;

use super::standbys::Pair;
use crate::support::dialogue::Dialogue;
use crate::support::postgres::Postgres;
use crate::support::process::{Server, free_port};
use crate::support::stage::*;

/// How long a takeover may take here: what is judged is that it comes.
const TAKEOVER: Duration = Duration::from_secs(120);

/// What the nodes have together.
struct Ground {
    directory: Arc<Postgres>,
    database: String,
    pair: Pair,
    shard: String,
}

impl Ground {
    fn start() -> Option<Self> {
        let directory = Postgres::shared()?;
        let pair = Pair::start()?;
        Some(Self {
            database: directory.database(),
            shard: pair.primary.database(),
            directory,
            pair,
        })
    }

    fn node(&self, name: &str) -> Setup {
        let shard = self.pair.primary.url(&self.shard);
        Setup::default()
            .key("directory", "engine = \"postgres\"")
            .key(
                "directory",
                &format!("url = \"{}\"", self.directory.url(&self.database)),
            )
            .key("cluster", &format!("node = \"{name}\""))
            .key("delivery", "retry = \"1s*100\"")
            .key("spool", "engine = \"postgres\"")
            .key("spool", &format!("shards = [\"{shard}\"]"))
    }
}

/// Sends until it is taken: leases come a moment after the start.
async fn taken(stage: &Stage) {
    until("mail is taken", async || {
        let answer = stage.send(JAN, SELLER).await;
        answer.0.starts_with("250").then_some(())
    })
    .await;
}

async fn adopted(stage: &Stage) -> Received {
    let arrived = tokio::time::timeout(TAKEOVER, stage.sink.next()).await;
    arrived.expect("nobody took it over")
}

/// Whether a dump has a text, as it is or as the hexadecimal digits that bytes are dumped as.
fn has(dump: &str, text: &str) -> bool {
    dump.contains(text) || dump.contains(&data_encoding::HEXLOWER.encode(text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_of_a_node_that_is_killed_is_delivered_by_another_and_the_shard_knows_no_address() {
    let Some(ground) = Ground::start() else {
        return;
    };
    let one = Box::pin(ground.node("mx1").start()).await;
    taken(&one).await;
    assert_eq!(one.arrival().await.recipients, [BIURO]);
    // Another one, whose way out leads nowhere.
    let second = one.config.with_file_name("second.toml");
    let text = fs::read_to_string(&one.config).unwrap();
    let port = one.sink.address().port();
    let text = text
        .replace("node = \"mx1\"", "node = \"mx2\"")
        .replace("data_dir = \"data\"", "data_dir = \"second\"")
        .replace(
            &format!("port = {port}\ntls"),
            &format!("port = {}\ntls", free_port()),
        );
    fs::write(&second, text).unwrap();
    let two = Server::start(&second);
    until("the other node takes mail", async || {
        let mut dialogue = Dialogue::greeted(two.smtp).await;
        let answer = dialogue
            .send(JAN, &[SELLER], &message(JAN, SELLER, ""))
            .await;
        answer.0.starts_with("250").then_some(())
    })
    .await;
    until("it is put off", async || {
        two.log().contains("event=\"deferred\"").then_some(())
    })
    .await;
    let dump = ground.pair.primary.dump(&ground.shard, &[]);
    assert!(has(&dump, "k2m9x0r7t3"), "nothing was written there");
    for address in [JAN, BIURO, SPRZEDAZ] {
        assert!(!has(&dump, address), "{address} stands on the shard");
    }
    one.nothing_arrived().await;
    two.kill();
    assert_eq!(adopted(&one).await.recipients, [BIURO]);
    one.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_stopped_hands_its_mail_over() {
    let Some(ground) = Ground::start() else {
        return;
    };
    let one = Box::pin(ground.node("mx1").start()).await;
    taken(&one).await;
    one.arrival().await;
    let nowhere = Setup {
        next_hop: Some(free_port()),
        ..ground.node("mx2")
    };
    let two = Box::pin(nowhere.start()).await;
    taken(&two).await;
    two.deferred().await;
    let _folder = two.stop().await;
    assert_eq!(adopted(&one).await.recipients, [BIURO]);
    one.drained().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_only_shard_is_away_mail_is_answered_451_and_the_node_is_not_ready() {
    let Some(ground) = Ground::start() else {
        return;
    };
    let one = Box::pin(ground.node("mx1").start()).await;
    taken(&one).await;
    one.arrival().await;
    let ready = async || {
        let place = HttpListen::Tcp(one.relay.admin.parse().unwrap());
        let said: Result<serde_json::Value, _> = admin::Client::at(place).get("/readyz").await;
        said.unwrap_err().to_string()
    };
    let said = ready().await;
    assert!(!said.contains("shard 0"), "{said}");
    ground.pair.primary.stop();
    until("it is found to be away", async || {
        ready().await.contains("shard 0").then_some(())
    })
    .await;
    one.send(JAN, SELLER).await.assert("451 4.3.0");
    ground.pair.primary.begin();
    let again = tokio::time::timeout(TAKEOVER, async {
        while !one.send(JAN, SELLER).await.0.starts_with("250") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    again.await.expect("the shard is there again");
    assert_eq!(one.arrival().await.recipients, [BIURO]);
}
