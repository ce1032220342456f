//! TLS on the way out: who is believed, and what becomes of a connection that waits.

use allegromail::config::{Route, RouteDomain, RouteTls};

use crate::support::authority::{Authority, Chain};
use crate::support::peer::{Peer, Step, envelope, hear, say};
use crate::support::stage::{BIURO, BUYER, Setup};
use crate::support::way_out::{Field, MESSAGE, ONE_HOST, WayOut, short, tls_peer};

/// A route to `mx.poczta.example` that wants TLS.
async fn routed(peer: &Peer, authority: Option<&Authority>) -> WayOut {
    let mut field = Field::new(1);
    field.settings.routes = vec![Route {
        domain: RouteDomain::Every,
        host: "mx.poczta.example".to_owned(),
        port: peer.port,
        tls: RouteTls::Required,
    }];
    if let Some(authority) = authority {
        let path = field.settings.policies.with_extension("pem");
        authority.write(&path);
        field.settings.ca_file = Some(path);
    }
    field.start(ONE_HOST).await
}

#[tokio::test(flavor = "multi_thread")]
async fn h048_a_route_that_requires_tls_wants_the_name_from_a_known_root() {
    let authority = Authority::new();
    let of = |host: &str| authority.certify(host).acceptor();
    for (name, acceptor, known, wanted) in [
        ("known", of("mx.poczta.example"), true, "delivered"),
        (
            "unknown root",
            of("mx.poczta.example"),
            false,
            "deferred 4.7.5",
        ),
        (
            "another name",
            of("mx.evil.example"),
            true,
            "deferred 4.7.5",
        ),
        (
            "signed by nobody",
            Chain::of_nobody("mx.poczta.example").acceptor(),
            true,
            "deferred 4.7.5",
        ),
    ] {
        let peer = tls_peer(vec![], acceptor).await;
        let out = routed(&peer, known.then_some(&authority)).await;
        assert_eq!(short(&out.send().await), wanted, "{name}");
        let arrived = usize::from(wanted == "delivered");
        assert_eq!(peer.seen().messages.len(), arrived, "{name}");
        assert!(
            peer.seen()
                .lines
                .iter()
                .filter(|line| line.starts_with("MAIL"))
                .count()
                == arrived,
            "{name}: nothing is said in clear text"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h136_a_421_on_a_connection_that_waits_costs_no_attempt_also_over_tls() {
    let secured = [
        vec![say("220 peer")],
        hear("EHLO", "250-peer\r\n250 STARTTLS"),
        hear("STARTTLS", "220 go on"),
        vec![Step::Tls],
        hear("EHLO", "250 peer"),
        envelope(),
        vec![Step::Message, say("250 one")],
    ]
    .concat();
    for (name, then, connections) in [
        (
            "says 421",
            vec![say("421 4.4.2 idle too long"), Step::Hold],
            2,
        ),
        ("closes", vec![], 2),
        ("resets", vec![Step::Reset], 2),
        (
            "waits",
            [envelope(), vec![Step::Message, say("250 two")]].concat(),
            1,
        ),
    ] {
        let script = [secured.clone(), then].concat();
        let peer = tls_peer(vec![script], Chain::of_nobody("a").acceptor()).await;
        let out = WayOut::to(&peer).await;
        for _ in 0..2 {
            let outcome = out.deliver("jan@poczta.example", MESSAGE.as_bytes()).await;
            assert_eq!(short(&outcome), "delivered", "{name}: {outcome:?}");
        }
        assert_eq!(peer.seen().messages.len(), 2, "{name}");
        assert_eq!(peer.seen().connections, connections, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_roots_are_read_again_and_a_broken_file_changes_nothing() {
    let (known, other) = (Authority::new(), Authority::new());
    let peer = tls_peer(vec![], known.certify("mx.poczta.example").acceptor()).await;
    let out = routed(&peer, Some(&known)).await;
    let file = out.folder.path().join("mta-sts.pem");
    for broken in ["rubbish", ""] {
        std::fs::write(&file, broken).unwrap();
        let error = out.delivery.reload().unwrap_err().to_string();
        assert!(
            error.contains("mta-sts.pem") && error.contains("PEM"),
            "{error}"
        );
    }
    assert_eq!(short(&out.send().await), "delivered", "by the old roots");
    // The connection that waits was believed by a root that is gone.
    other.write(&file);
    out.delivery.reload().unwrap();
    assert_eq!(short(&out.send().await), "deferred 4.7.5");
    known.write(&file);
    out.delivery.reload().unwrap();
    assert_eq!(short(&out.send().await), "delivered");
    assert_eq!(peer.seen().messages.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_of_the_relay_reads_the_trust_roots() {
    let (known, other) = (Authority::new(), Authority::new());
    let peer = tls_peer(vec![], known.certify("127.0.0.2").acceptor()).await;
    let folder = tempfile::TempDir::with_prefix("allegromail-test-").unwrap();
    let file = folder.path().join("roots.pem");
    other.write(&file);
    let routes = format!(
        "[[delivery.route]]\ndomain = \"poczta.example\"\nhost = \"127.0.0.2\"\nport = {}\ntls = \"required\"\n",
        peer.port
    );
    let setup = Setup {
        routes,
        ..Setup::default()
    };
    let ca_file = format!("ca_file = {file:?}");
    let stage = setup.key("delivery", &ca_file).start().await;
    stage.send(BIURO, BUYER).await.assert("250");
    stage.deferred().await;
    known.write(&file);
    stage.relay.reload();
    stage.relay.queue().retry_now();
    stage.drained().await;
    assert_eq!(peer.seen().messages.len(), 1);
}
