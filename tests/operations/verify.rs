//! Carriers ask whether an address stands for an order: who is answered, what, and what nobody learns.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::http;
use crate::support::process::{Server, finished, free_port};
use crate::support::stage::{BUYER, SELLER, Setup};

/// A folder with accounts, an allowlist of its own, and a configuration whose `[verify]` listens at the port.
pub async fn installed(budget: &str) -> (tempfile::TempDir, String, u16) {
    let port = free_port();
    let stage = Setup::default()
        .key("admin", &format!("listen = \"127.0.0.1:{}\"", free_port()))
        .key("verify", &format!("listen = \"127.0.0.1:{port}\""))
        .key("verify", &format!("unknown_per_token = \"{budget}\""))
        .start()
        .await;
    let config = stage.config.to_string_lossy().into_owned();
    let folder = stage.stop().await;
    let text = fs::read_to_string(&config).unwrap();
    let (head, rest) = text.split_once("[allowlist]\npath = ").unwrap();
    let (_, tail) = rest.split_once('\n').unwrap();
    let text = format!("{head}[allowlist]\npath = \"couriers.txt\"\n{tail}");
    fs::write(&config, text).unwrap();
    allow(folder.path(), &["@inpost.pl", "@dhl.com", "@dpd.com.pl"]);
    (folder, config, port)
}

/// Writes the allowlist.
pub fn allow(folder: &Path, entries: &[&str]) {
    fs::write(folder.join("couriers.txt"), entries.join("\n") + "\n").unwrap();
}

/// Runs a command on the configuration; it must succeed. What it printed.
#[track_caller]
pub fn command(config: &str, words: &[&str]) -> String {
    let (code, out, errors) = finished(&[words, &["--config", config]].concat());
    assert_eq!(code, 0, "{words:?}: {out}{errors}");
    out
}

/// Makes a token: its id and its text.
pub fn token(config: &str, entry: &str) -> (String, String) {
    let made = command(config, &["tokens", "create", entry, "--json"]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    assert_eq!(text("entry"), entry);
    (text("id"), text("token"))
}

/// An answer: status, head without its date, and body.
pub type Heard = (u16, String, String);

/// Sends a request with these fields in its head.
pub fn send(port: u16, line: &str, fields: &str, body: &str) -> Heard {
    let head = format!(
        "{line} HTTP/1.1\r\nHost: localhost\r\n{fields}Content-Length: {}\r\n",
        body.len()
    );
    let answer = http::exchange(("127.0.0.1", port), &head, body.as_bytes()).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.lines().filter(|line| !line.starts_with("date:"));
    (status, head.collect::<Vec<_>>().join("\n"), body.to_owned())
}

/// A field with a token.
pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Asks about one address, with these fields.
fn get(port: u16, fields: &str, address: &str) -> Heard {
    let address: String = address
        .bytes()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'@' => char::from(octet).to_string(),
            _ => format!("%{octet:02X}"),
        })
        .collect();
    send(
        port,
        &format!("GET /v1/verify?address={address}"),
        fields,
        "",
    )
}

/// Asks about several.
fn post(port: u16, fields: &str, addresses: &[&str]) -> Heard {
    let fields = format!("{fields}Content-Type: application/json\r\n");
    let body = json!({ "addresses": addresses }).to_string();
    send(port, "POST /v1/verify", &fields, &body)
}

/// What each address is answered with a good token: the result, or a status that is none.
const ADDRESSES: &[(&str, Result<&str, u16>)] = &[
    (BUYER, Ok("order")),
    (SELLER, Ok("order")),
    ("8awgqyk6a5+cub31c122@user.allegrogroup.pl", Ok("order")),
    ("8AWGQYK6A5+CUB31C122@Allegromail.PL", Ok("order")),
    ("5zz8c1w4mn+other1@allegromail.com", Ok("order")),
    ("8awgqyk6a5+closed1@allegromail.pl", Ok("closed")),
    ("8AWGQYK6A5+closed1@USER.allegrogroup.pl", Ok("closed")),
    ("8awgqyk6a5+other1@allegromail.pl", Ok("unknown")),
    ("8awgqyk6a5+nosuch@allegromail.pl", Ok("unknown")),
    ("nobody+cub31c122@allegromail.pl", Ok("unknown")),
    ("nobody+nosuch@allegromail.pl", Ok("unknown")),
    ("sleepy+sleepy1@allegromail.pl", Ok("unknown")),
    ("8awgqyk6a5+cub31c122@elsewhere.example", Ok("unknown")),
    ("8AWGQYK6A5+NoSuch@user.allegrogroup.pl", Ok("unknown")),
    ("postmaster+cub31c122@allegromail.pl", Ok("unknown")),
    ("8awgqyk6a5@allegromail.pl", Err(422)),
    ("nobody@allegromail.pl", Err(422)),
    ("jan@poczta.example", Err(422)),
    ("postmaster@allegromail.pl", Err(422)),
    ("a+b+c@allegromail.pl", Err(422)),
    ("8awgqyk6a5+cub31c122", Err(422)),
    ("\"quoted part\"+x@allegromail.pl", Err(422)),
    ("x\r\n", Err(422)),
    ("", Err(422)),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_matrix_of_tokens_and_addresses() {
    let (folder, config, port) = installed("1000/1h").await;
    let server = Server::start(config.as_ref());
    let (_, right) = token(&config, "@inpost.pl");
    let (_, other) = token(&config, "@dhl.com");
    let (revoked_id, revoked) = token(&config, "@inpost.pl");
    let (_, removed) = token(&config, "@dpd.com.pl");
    for good in [&right, &other, &revoked, &removed] {
        assert_eq!(get(port, &bearer(good), BUYER).0, 200);
    }
    command(&config, &["tokens", "revoke", &revoked_id]);
    allow(folder.path(), &["@inpost.pl", "@dhl.com"]);
    command(&config, &["allowlist", "reload"]);
    let wrong = format!("{}{}", &right[..right.len() - 4], "0000");
    let bad = [
        ("no token", String::new()),
        ("malformed", "Authorization: Bearer\r\n".to_owned()),
        ("malformed", bearer("junk")),
        ("malformed", bearer("amv_")),
        ("malformed", format!("Authorization: Basic {right}\r\n")),
        ("malformed", format!("Authorization: {right}\r\n")),
        ("twice", bearer(&right) + &bearer(&right)),
        ("wrong", bearer(&wrong)),
        ("wrong", bearer(&revoked_id)),
        (
            "another's secret",
            bearer(&format!("{}{}", &right[..17], &other[17..])),
        ),
        ("revoked", bearer(&revoked)),
        ("entry removed", bearer(&removed)),
    ];
    let one = get(port, "", BUYER);
    assert_eq!(one.0, 401);
    assert!(one.1.contains("www-authenticate: Bearer"), "{}", one.1);
    for (address, _) in ADDRESSES {
        for (what, fields) in &bad {
            assert_eq!(get(port, fields, address), one, "{what}, {address}");
            assert_eq!(post(port, fields, &[address]), one, "{what}, {address}");
        }
    }
    let (mut unknown, mut lower) = (BTreeSet::new(), BTreeSet::new());
    for token in [&right, &other] {
        for (address, wanted) in ADDRESSES {
            let heard = get(port, &bearer(token), address);
            let batch = post(port, &bearer(token), &[BUYER, address]);
            let status = wanted.err().unwrap_or(200);
            assert_eq!(
                (heard.0, batch.0),
                (status, status),
                "{address}: {}",
                heard.2
            );
            assert!(heard.1.contains("cache-control: no-store"), "{}", heard.1);
            let body: Value = serde_json::from_str(&heard.2).unwrap();
            let Ok(result) = wanted else {
                assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
                continue;
            };
            let marketplace = match (*result, address.ends_with(".com")) {
                ("unknown", _) => Value::Null,
                (_, true) => "allegro-cz".into(),
                (_, false) => "allegro-pl".into(),
            };
            let own = address.to_ascii_lowercase();
            let said = json!({"address": own, "result": result, "marketplace": marketplace});
            assert_eq!(body, said);
            let batch: Value = serde_json::from_str(&batch.2).unwrap();
            assert_eq!(
                (&batch["results"][0]["address"], &batch["results"][1]),
                (&BUYER.into(), &said)
            );
            // Nothing but the address tells one that is unknown from another.
            if *result == "unknown" {
                let head = heard.1.replace(&format!("{}", heard.2.len()), "LENGTH");
                unknown.insert((head, heard.2.replace(&own, "ADDRESS")));
            }
            lower.insert(own);
        }
    }
    assert_eq!(unknown.len(), 1, "{unknown:#?}");
    assert!(lower.len() > 10);
    assert_eq!(
        get(port, &format!("{}Host: x\r\n", bearer(&right)), BUYER).0,
        400
    );
    // As curl sends it where nobody has escaped the plus sign.
    let plain = send(
        port,
        &format!("GET /v1/verify?address={BUYER}"),
        &bearer(&right),
        "",
    );
    assert!(plain.0 == 200 && plain.2.contains("\"order\""), "{plain:?}");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_holders_enumeration_ends_at_the_budget() {
    // A period within which nothing comes back, however long the test takes.
    let (_folder, config, port) = installed("40/3650d").await;
    let server = Server::start(config.as_ref());
    let (id, own) = token(&config, "@inpost.pl");
    let (_, other) = token(&config, "@inpost.pl");
    let fields = bearer(&own);
    let (mut answered, mut refused) = (0, BTreeSet::new());
    for number in 0..200 {
        let heard = get(
            port,
            &fields,
            &format!("8awgqyk6a5+try{number}@allegromail.pl"),
        );
        match heard.0 {
            200 => answered += 1,
            status => {
                assert_eq!(status, 429);
                let retry = heard
                    .1
                    .lines()
                    .find_map(|line| line.strip_prefix("retry-after: "));
                assert!(retry.unwrap().parse::<u64>().unwrap() > 0);
                let head = heard
                    .1
                    .lines()
                    .filter(|line| !line.starts_with("retry-after"));
                refused.insert((head.collect::<String>(), heard.2));
            }
        }
    }
    assert_eq!((answered, refused.len()), (40, 1));
    // What stands for an order is refused in the same words.
    for address in [BUYER, "8awgqyk6a5+closed1@allegromail.pl"] {
        assert_eq!(get(port, &fields, address).0, 429, "{address}");
        assert_eq!(post(port, &fields, &[address]).0, 429, "{address}");
    }
    assert_eq!(
        get(port, &bearer(&other), BUYER).0,
        200,
        "each token has its own"
    );
    let told = server.log();
    let told: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("verify_budget_spent"))
        .collect();
    assert!(
        told.len() == 1 && told[0].contains(&id) && told[0].contains("@inpost.pl"),
        "{told:?}"
    );
    let metrics = http::get(server.admin, "/metrics");
    for line in [
        "allegromail_verify_questions_total{result=\"unknown\"} 40",
        "allegromail_verify_questions_total{result=\"order\"} 1",
        "allegromail_verify_refused_total{cause=\"budget\"} 164",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_about_orders_are_traced_by_the_address() {
    let (_folder, config, port) = installed("1000/1h").await;
    let server = Server::start(config.as_ref());
    let (id, own) = token(&config, "@inpost.pl");
    for _ in 0..30 {
        for address in [
            BUYER,
            "8AWGQYK6A5+cub31c122@user.allegrogroup.pl",
            "8awgqyk6a5+nosuch@allegromail.pl",
        ] {
            assert_eq!(get(port, &bearer(&own), address).0, 200);
        }
    }
    let told: Value = serde_json::from_str(&command(&config, &["trace", BUYER, "--json"])).unwrap();
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    let line = &told[0];
    assert_eq!(
        (&line["event"], &line["to"]),
        (&"verified".into(), &BUYER.into())
    );
    assert_eq!(
        (&line["entry"], &line["token"], &line["result"]),
        (&"@inpost.pl".into(), &id.as_str().into(), &"order".into())
    );
    let text = command(&config, &["trace", BUYER]);
    assert!(
        text.contains(&format!("verified by @inpost.pl (token {id}): order")),
        "{text}"
    );
    let unknown = [
        "trace",
        "8awgqyk6a5+nosuch@allegromail.pl",
        "--config",
        &config,
    ];
    assert_eq!(finished(&unknown).0, 65);
    server.stop();
    // The same from the files.
    assert_eq!(command(&config, &["trace", BUYER]), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_was_never_loaded_makes_nothing_unknown() {
    let (folder, config, port) = installed("3/3650d").await;
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("data_dir = \"data\"", "data_dir = \"fresh\""),
    )
    .unwrap();
    let server = Server::start(config.as_ref());
    let (_, own) = token(&config, "@inpost.pl");
    let fields = bearer(&own);
    let guess = "8awgqyk6a5+nosuch@allegromail.pl";
    for _ in 0..10 {
        for address in [BUYER, guess] {
            let heard = get(port, &fields, address);
            assert_eq!(heard.0, 503, "{}", heard.2);
            assert!(!heard.2.contains("fresh"), "{}", heard.2);
            assert_eq!(post(port, &fields, &[address, BUYER]).0, 503);
        }
    }
    let data = folder.path().join("data.ndjson");
    fs::write(&data, crate::support::stage::ACCOUNTS).unwrap();
    command(&config, &["import", &data.to_string_lossy()]);
    assert!(get(port, &fields, BUYER).2.contains("\"order\""));
    for _ in 0..3 {
        assert_eq!(get(port, &fields, guess).0, 200);
    }
    assert_eq!(get(port, &fields, guess).0, 429);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_of_the_operators_is_there_and_neither_token_opens_the_other() {
    let (_folder, config, port) = installed("1000/1h").await;
    let server = Server::start(config.as_ref());
    let (_, own) = token(&config, "@inpost.pl");
    let described = |place, fields: &str| {
        let head = format!("GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n{fields}");
        let answer = http::exchange(place, &head, b"").unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str::<Value>(body).unwrap_or(Value::Null)
    };
    let admin = described(server.admin, "");
    let paths = admin["paths"].as_object().unwrap();
    assert!(paths.len() > 15 && paths.contains_key("/v1/tokens"));
    for (path, methods) in paths {
        let path = path
            .replace("{id}", "8awgqyk6a5")
            .replace("{mask}", "8awgqyk6a5");
        for method in methods.as_object().unwrap().keys() {
            let line = format!("{} {path}", method.to_uppercase());
            let heard = send(port, &line, &bearer(&own), "");
            assert_eq!(heard.0, 404, "{line}: {}", heard.2);
            assert!(!heard.2.contains("poczta.example"), "{line}");
            assert_eq!(send(port, &line, "", "").0, 401, "{line}");
        }
    }
    let here = described(([127, 0, 0, 1], port).into(), &bearer(&own));
    let paths: Vec<&String> = here["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/v1/verify"]);
    let methods: Vec<&String> = here["paths"]["/v1/verify"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(methods, ["get", "post"]);
    assert_eq!(
        here["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
    assert_eq!(
        described(([127, 0, 0, 1], port).into(), "")["paths"],
        Value::Null
    );
    assert_eq!(send(port, "DELETE /v1/verify", &bearer(&own), "").0, 405);
    let evil = "GET /v1/verify HTTP/1.1\r\nHost: evil.example\r\n";
    let heard = http::exchange(("127.0.0.1", port), evil, b"").unwrap();
    assert!(heard.starts_with(b"HTTP/1.1 421 "));
    server.stop();
}
