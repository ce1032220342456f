//! The HTTP listener: token, TLS, or not beyond this host.

use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn h157_an_http_listener_has_a_token_and_tls_or_does_not_leave_the_host() {
    let folder = folder();
    write(folder.path(), "admin.token", b"0123456789abcdef", 0o600);
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    write(folder.path(), "c.pem", made.cert.pem().as_bytes(), 0o644);
    write(
        folder.path(),
        "k.pem",
        made.signing_key.serialize_pem().as_bytes(),
        0o600,
    );
    let (token, tls) = (
        "token_file = \"admin.token\"\n",
        "tls = { certificate = \"c.pem\", key = \"k.pem\" }\n",
    );
    let (tokenless, proxy) = (
        "allow_tokenless_loopback = true\n",
        "behind_proxy = [\"10.0.0.0/8\"]\n",
    );
    let long = format!("listen = \"/{}\"\n", "x".repeat(107));
    // What an error must say; none: it holds, and the second is a word of the warning.
    let rows: &[(&[&str], Result<&str, &str>)] = &[
        (&[], Ok("")),
        (&[token], Ok("")),
        (&["listen = \"/run/admin.sock\"\n"], Ok("")),
        (&["listen = \"127.0.0.1:8025\"\n"], Err("admin.sock")),
        (&["listen = \"127.0.0.1:8025\"\n"], Err("token")),
        (&["listen = \"[::1]:8025\"\n"], Err("token")),
        (&["listen = \"127.0.0.1:8025\"\n", tls], Err("token")),
        (&["listen = \"127.0.0.1:8025\"\n", token], Ok("")),
        (
            &["listen = \"127.0.0.1:8025\"\n", tokenless],
            Ok("every program on this host"),
        ),
        (
            &["listen = \"[::1]:8025\"\n", tokenless],
            Ok("every program on this host"),
        ),
        (
            &["listen = \"[::ffff:127.0.0.1]:8025\"\n", tokenless],
            Ok("every program on this host"),
        ),
        (
            &["listen = \"0.0.0.0:8025\"\n", tokenless],
            Err("without TLS"),
        ),
        (
            &["listen = \"0.0.0.0:8025\"\n", tokenless, tls],
            Err("loopback address only"),
        ),
        (
            &["listen = \"0.0.0.0:8025\"\n", tokenless, proxy],
            Err("loopback address only"),
        ),
        (
            &["listen = \"127.0.0.1:8025\"\n", tokenless, proxy],
            Err("bring others"),
        ),
        (&["listen = \"127.0.0.1:8025\"\n", token, proxy], Ok("")),
        (
            &["listen = \"10.0.0.1:8025\"\n", token],
            Err("behind_proxy"),
        ),
        (&["listen = \"[::]:8025\"\n", token], Err("tls = ")),
        (&["listen = \"10.0.0.1:8025\"\n", token, tls], Ok("")),
        (&["listen = \"0.0.0.0:8025\"\n", token, proxy], Ok("")),
        (&["listen = \"0.0.0.0:8025\"\n", token, tls, proxy], Ok("")),
        (
            &[
                "listen = \"0.0.0.0:8025\"\n",
                token,
                "behind_proxy = [\"0.0.0.0/0\"]\n",
            ],
            Err("everybody"),
        ),
        (
            &[
                "listen = \"0.0.0.0:8025\"\n",
                token,
                "behind_proxy = [\"proxy\"]\n",
            ],
            Err("no network"),
        ),
        (&[tls], Err("take it away")),
        (&[proxy], Err("take it away")),
        (&["listen = \"\"\n"], Err("is empty")),
        (&[&long], Err("too long")),
        (
            &["hosts = [\"admin.example\", \"monitor\", \"żółw.example\"]\n"],
            Ok(""),
        ),
        (
            &["hosts = [\"admin.example:8025\"]\n"],
            Err("without a port"),
        ),
        (&["hosts = [\"*\"]\n"], Err("no domain")),
        (&["allow_tokenless_loopback = 1\n"], Err("true or false")),
    ];
    for (lines, wanted) in rows {
        let text = format!(
            "{GOOD}[policy]\ncontact = \"a@b.example\"\n[admin]\n{}",
            lines.concat()
        );
        match (load_text(folder.path(), &text), wanted) {
            (Ok(loaded), Ok(word)) => {
                let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
                assert_eq!(
                    warnings.len(),
                    usize::from(!word.is_empty()),
                    "{lines:?}: {warnings:?}"
                );
                assert!(
                    warnings.iter().all(|warning| warning.contains(word)),
                    "{warnings:?}"
                );
            }
            (Err(errors), Err(word)) => {
                assert!(
                    errors.to_string().contains(word),
                    "{lines:?}: {word}: {errors}"
                );
            }
            (Ok(_), Err(word)) => panic!("{lines:?} holds, in place of {word}"),
            (Err(errors), Ok(_)) => panic!("{lines:?}: {errors}"),
        }
    }
}
