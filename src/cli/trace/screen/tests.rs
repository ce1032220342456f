//! The screen, word for word.

use super::*;

/// Lines as the admin interface answers them.
fn lines(text: &str) -> Vec<TraceLine> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const ACCEPTED: &str = r#"{"at":1795514400185,"time":"2026-11-24T10:00:00.185Z","trace":"d22ebdn2q1mt8-1","id":"3f","to":"k2m9x0r7t3+cub31c122@allegromail.pl","event":"accepted","target":{"participant":{"participant":"k2m9x0r7t3","transaction":"cub31c122"}},"origin":{"participant":{"participant":"8awgqyk6a5","transaction":"cub31c122"}},"about":{"recipient":"k2m9x0r7t3+cub31c122@allegromail.pl","subject":"Rower","date":"","message_id":"<1@…>"},"sent_as":"0820mzcbtp8z@allegromail.pl","came":{"client":"203.0.113.7","protocol":"ESMTPS","octets":10240,"began":1795514400120,"ended":1795514400180,"checks":"spf=none dkim=pass","decided":"party","from":"8awgqyk6a5+cub31c122@allegromail.pl","seller":"k2m9x0r7t3","changed":["addresses masked","picture metadata removed"],"first_byte":"2026-11-24T10:00:00.120Z","end_of_data":"2026-11-24T10:00:00.180Z"}}"#;
const DEFERRED: &str = r#"{"at":1795514401100,"time":"2026-11-24T10:00:01.100Z","trace":"d22ebdn2q1mt8-1","id":"3f","to":"k2m9x0r7t3+cub31c122@allegromail.pl","event":"deferred","status":"4.4.1","text":"the receiving server cannot be reached","next":"2026-11-24T10:05:01Z","attempt":{"port":25,"delays":[0.065,0.01,0.9,0.0],"error":"Connection refused (os error 111)"}}"#;
const DELIVERED: &str = r#"{"at":1795600801100,"time":"2026-11-25T10:00:01.100Z","trace":"d22ebdn2q1mt8-1","id":"3f","to":"k2m9x0r7t3+cub31c122@allegromail.pl","event":"delivered","attempts":2,"attempt":{"port":25,"tls":"TLSv1.3","delays":[0.065,86400.01,1.25,0.3],"reply":"250 2.0.0 (host) took it as 77"}}"#;

#[test]
fn a_message_that_waits_is_told_in_one_block() {
    let told = told(&lines(&format!("{ACCEPTED}\n{DEFERRED}")));
    assert_eq!(
        told,
        "\
d22ebdn2q1mt8-1  2026-11-24T10:00:00.120Z  8awgqyk6a5+cub31c122@allegromail.pl -> k2m9x0r7t3+cub31c122@allegromail.pl  order cub31c122
  10:00:00.120Z  first byte, from 203.0.113.7 by ESMTPS
  10:00:00.180Z  end of data, 10240 octets; sender: spf=none dkim=pass
  10:00:00.185Z  accepted as 3f, by party; changed: addresses masked, picture metadata removed; <1@…> as <0820mzcbtp8z@allegromail.pl>
  10:00:01.100Z  deferred 4.4.1 the receiving server cannot be reached
    delays=0.07/0.01/0.90/0; port 25, no TLS
    error: Connection refused (os error 111)
  next: it waits until 2026-11-24T10:05:01Z: `allegromail queue retry 3f`
"
    );
}

#[test]
fn a_message_that_arrived_tells_the_servers_last_words_and_where_to_ask() {
    let told = told(&lines(&format!("{ACCEPTED}\n{DELIVERED}")));
    assert!(
        told.ends_with(
            "
  2026-11-25T10:00:01.100Z  delivered at attempt 2
    delays=0.07/86400/1.2/0.30; port 25, TLSv1.3
    server: 250 2.0.0 (host) took it as 77
  next: the next server has it: ask there for <0820mzcbtp8z@allegromail.pl>
"
        ),
        "{told}"
    );
}

#[test]
fn a_refused_message_tells_rule_and_reply_and_what_is_revealed_stands_apart() {
    let refused = r#"{"at":1795514400185,"time":"2026-11-24T10:00:00.185Z","trace":"d22ebdn2q1mt8-2","to":"k2m9x0r7t3+cub31c122@allegromail.pl","event":"refused","reason":"not-a-party","came":{"client":"203.0.113.7","protocol":"ESMTP","octets":900,"began":1795514400120,"ended":1795514400180,"checks":"spf=pass","decided":"party","first_byte":"2026-11-24T10:00:00.120Z","end_of_data":"2026-11-24T10:00:00.180Z"},"said":"(address) is no party of the order.","revealed":{"helo":"mx.poczta.example","from":"ola@poczta.example","said":"ola@poczta.example is no party of the order."}}"#;
    assert_eq!(
        told(&lines(refused)),
        "\
d22ebdn2q1mt8-2  2026-11-24T10:00:00.120Z  - -> k2m9x0r7t3+cub31c122@allegromail.pl  order cub31c122
  10:00:00.120Z  first byte, from 203.0.113.7 by ESMTP
  10:00:00.180Z  end of data, 900 octets; sender: spf=pass
  10:00:00.185Z  refused not-a-party, by the rule \"party\": (address) is no party of the order.
    real EHLO: mx.poczta.example
    real From: ola@poczta.example
    real said: ola@poczta.example is no party of the order.
  next: nothing is here; the writer's server has the reply. What helps against not-a-party: docs/interface.md#replies-and-reasons; what would be answered now: `allegromail explain --from ADDRESS --to k2m9x0r7t3+cub31c122@allegromail.pl`
"
    );
}

#[test]
fn recipients_of_one_transaction_have_a_block_each() {
    let other = ACCEPTED.replace("k2m9x0r7t3+cub31c122@", "5zz8c1w4mn+other1@");
    let told = told(&lines(&format!("{ACCEPTED}\n{other}\n{DEFERRED}")));
    let heads: Vec<&str> = told.lines().filter(|line| line.contains(" -> ")).collect();
    assert_eq!(heads.len(), 2, "{told}");
    assert!(
        heads[1].ends_with("5zz8c1w4mn+other1@allegromail.pl  order other1"),
        "{told}"
    );
}

#[test]
fn lines_of_the_version_before_are_told_as_they_are() {
    let old = r#"{"at":1795514400185,"trace":"d22ebdn2q1mt8-3","to":"-","event":"refused","reason":"relay-denied"}"#;
    let told = told(&lines(old));
    assert!(told.contains("refused relay-denied\n"), "{told}");
}
