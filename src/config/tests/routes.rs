//! Routes that lead back to us, and their neighbours.

use super::*;

/// The example with its route set.
fn with_route(listen: &str, more: &str, host: &str, port: u16) -> String {
    format!(
        "hostname = \"mx.allegromail.pl\"\n[smtp]\nlisten = [{listen}]\n{more}[[domain]]\nname = \"allegromail.pl\"\naliases = [\"user.allegrogroup.pl\"]\n\
         [secrets]\nkey_file = \"secret.key\"\n[[delivery.route]]\ndomain = \"poczta.example\"\nhost = \"smarthost.example\"\n\
         [[delivery.route]]\ndomain = \"*\"\nhost = \"{host}\"\nport = {port}\n"
    )
}

#[test]
fn h182_a_route_that_leads_back_to_us_is_an_error_and_its_neighbours_are_none() {
    let folder = folder();
    let any = "\"[::]:25\"";
    let proxied = "proxy_listen = [\"127.0.0.1:10025\"]\nproxy_from = [\"127.0.0.1\"]\n";
    for (listen, more, host, port, circle) in [
        (any, "", "127.0.0.1", 25, true),
        (any, "", "127.0.0.9", 25, true),
        (any, "", "::1", 25, true),
        (any, "", "::ffff:127.0.0.1", 25, true),
        (any, "", "0.0.0.0", 25, true),
        (any, "", "::", 25, true),
        (any, "", "localhost", 25, true),
        (any, "", "LocalHost", 25, true),
        (any, "", "mail.localhost", 25, true),
        (any, "", "mx.allegromail.pl", 25, true),
        (any, "", "MX.Allegromail.PL", 25, true),
        (any, "", "allegromail.pl", 25, true),
        (any, "", "user.allegrogroup.pl", 25, true),
        ("\"0.0.0.0:25\"", "", "127.0.0.1", 25, true),
        ("\"127.0.0.1:25\"", "", "localhost", 25, true),
        ("\"[::1]:25\"", "", "localhost", 25, true),
        (
            "\"192.0.2.7:25\", \"127.0.0.1:2525\"",
            "",
            "127.0.0.1",
            2525,
            true,
        ),
        ("\"192.0.2.7:25\"", "", "192.0.2.7", 25, true),
        ("\"192.0.2.7:2525\"", "", "mx.allegromail.pl", 25, true),
        ("\"192.0.2.7:2525\"", "", "mx.allegromail.pl", 2525, true),
        (any, proxied, "127.0.0.1", 10025, true),
        (any, proxied, "localhost", 10025, true),
        (any, proxied, "mx.allegromail.pl", 10025, true),
        // Another server of this machine: on another port, or at the same port of another address.
        (any, "", "127.0.0.1", 10025, false),
        (any, "", "localhost", 587, false),
        (any, "", "mx.allegromail.pl", 10025, false),
        ("\"192.0.2.7:25\"", "", "127.0.0.1", 25, false),
        ("\"192.0.2.7:25\"", "", "localhost", 25, false),
        ("\"192.0.2.7:25\"", "", "192.0.2.8", 25, false),
        ("\"127.0.0.1:0\"", "", "127.0.0.1", 25, false),
        // Not of this machine.
        (any, "", "192.0.2.1", 25, false),
        (any, "", "smtp.allegromail.pl", 25, false),
        (any, "", "smarthost.example", 25, false),
    ] {
        let text = with_route(listen, more, host, port);
        let told = load_text(folder.path(), &text).err();
        let told: Vec<_> = told.into_iter().flat_map(|errors| errors.0).collect();
        assert_eq!(
            told.len(),
            usize::from(circle),
            "{listen} {host} {port}: {told:?}"
        );
        for problem in told {
            let line = text
                .lines()
                .position(|line| line.contains("domain = \"*\""));
            assert_eq!(problem.key, "delivery.route.host");
            assert_eq!(problem.line, line, "the heading above it");
            assert!(
                problem.message.contains("in a circle"),
                "{}",
                problem.message
            );
        }
    }
}
