//! How the database is reached: `[directory] url` and the files beside it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(5);

/// How the database is reached.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    pub(super) config: Config,
    pub(super) password_file: Option<PathBuf>,
    /// Roots of its certificate; none: the public ones.
    pub(super) roots: Option<PathBuf>,
}

impl PostgresSettings {
    /// Reads libpq's keywords (`host=a,b dbname=allegromail user=allegromail`) or a URL. The password stands in `password_file` alone; `roots` is a PEM file
    /// of roots, for the server's certificate.
    ///
    /// # Errors
    /// A sentence about what is wrong with `url`. It quotes none of it: a password may stand there.
    pub fn parse(
        url: &str,
        password_file: Option<PathBuf>,
        roots: Option<PathBuf>,
    ) -> Result<Self, String> {
        let config = Config::from_str(url);
        let mut config = config.map_err(|error| {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            format!("these are no keywords of libpq ({why}); write \"host=db1,db2 dbname=allegromail user=allegromail\"")
        })?;
        if config.get_password().is_some() {
            return Err("a password stands in it, where everybody sees it who sees the file; write it into a file of its own, and name that as password_file".to_owned());
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(
                "it names no host; write host=db1, or host=/run/postgresql for a socket".to_owned(),
            );
        }
        if config.get_user().is_none() {
            return Err("it names no user; write user=allegromail".to_owned());
        }
        config.ssl_mode(ssl_mode(&config)?);
        // A copy that only reads would answer, and take no change.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("allegromail");
        }
        Ok(Self {
            config,
            password_file,
            roots,
        })
    }

    pub(super) fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    pub(super) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.user())
    }
}

/// Whether TLS is spoken: always, and with the certificate and the name checked, but on this machine.
fn ssl_mode(config: &Config) -> Result<SslMode, String> {
    let is_loopback = |name: &str| {
        let address = name.parse::<IpAddr>();
        address.map_or(name == "localhost", |address| address.is_loopback())
    };
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => is_loopback(name),
        Host::Unix(_) => true,
    });
    let addresses = config.get_hostaddrs().iter().map(IpAddr::is_loopback);
    let is_local: Vec<bool> = hosts.chain(addresses).collect();
    match config.get_ssl_mode() {
        SslMode::Require => Ok(SslMode::Require),
        _ if is_local.iter().all(|is_local| *is_local) => Ok(SslMode::Disable),
        SslMode::Disable => Err("sslmode=disable is for a socket or a loopback address; leave it out, and the server's certificate is checked (sslrootcert names its root)".to_owned()),
        _ if is_local.iter().any(|is_local| *is_local) => Err("some hosts are on this machine and some are not; name either, or add sslmode=require".to_owned()),
        _ => Ok(SslMode::Require),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        let settings = PostgresSettings::parse(url, None, None)?;
        Ok(settings.config.get_ssl_mode())
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_plain() {
        for (hosts, wanted) in [
            ("host=127.0.0.1", SslMode::Disable),
            ("host=::1,localhost", SslMode::Disable),
            ("host=/run/postgresql", SslMode::Disable),
            ("host=127.0.0.1 sslmode=require", SslMode::Require),
            ("host=10.0.0.5", SslMode::Require),
            (
                "host=db1.example,db2.example port=5432,5433",
                SslMode::Require,
            ),
            ("host=db1.example sslmode=prefer", SslMode::Require),
        ] {
            assert_eq!(
                mode(&format!("{hosts} user=a dbname=b")),
                Ok(wanted),
                "{hosts}"
            );
        }
        for hosts in [
            "host=db1.example sslmode=disable",
            "host=127.0.0.1,db1.example",
            "host=localhost hostaddr=10.0.0.5",
            "host=/run/postgresql,db1.example",
        ] {
            assert!(mode(&format!("{hosts} user=a")).is_err(), "{hosts}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for url in [
            "host=127.0.0.1 user=a password=hunter2",
            "postgresql://a:hunter2@127.0.0.1/b",
            "host=127.0.0.1 user=a password=hunter2 nonsense=1",
            "host=127.0.0.1 user=a password='hunter2",
        ] {
            let error = PostgresSettings::parse(url, None, None).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let without = PostgresSettings::parse("host=127.0.0.1 user=a", None, None).unwrap();
        assert_eq!((without.user(), without.database()), ("a", "a"));
    }
}
