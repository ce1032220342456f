//! `allegromail dkim`: new signing keys, and the records that the DNS must publish for them.
//! A key file is never written over: a lost private key costs a rotation, an overwritten one costs every queued signature.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::Exit;
use crate::config::{Config, Dkim};
use crate::files;
use crate::mail::Domain;
use crate::signing::{self, KeyKind};

/// The longest string of a TXT record (RFC 1035 3.3).
const TXT_STRING: usize = 255;

/// What can be done with signing keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an RSA and an Ed25519 key, and print their DNS records and their place in the configuration
    Generate {
        /// The masked domain that will sign with them; may be left out where the configuration has only one
        #[arg(long)]
        domain: Option<Domain>,
        /// The selector of the RSA key; take a new one at every rotation
        #[arg(long, default_value = "s1")]
        selector: String,
        /// The selector of the Ed25519 key
        #[arg(long, default_value = "s2")]
        ed25519_selector: String,
        /// Where the key files go; without it certs/dkim beside the configuration file
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// Where the keys go unless it is said, from the folder of the configuration file.
const FOLDER: &str = "certs/dkim";

/// Runs the command. Where there is a configuration `file`, keys go beside it; where it could be read, its domains and their keys are known: new
/// ones stand beside them.
pub(super) fn run(
    command: &Command,
    file: Option<&Path>,
    config: Option<&Config>,
    json: bool,
) -> Exit {
    let Command::Generate {
        domain,
        selector,
        ed25519_selector,
        folder,
    } = command;
    let domain = match domain_of(domain.as_ref(), file, config) {
        Ok(domain) => domain,
        Err(message) => {
            eprintln!("allegromail: {message}");
            return Exit::Usage;
        }
    };
    let home = file.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let folder = &folder.clone().unwrap_or_else(|| home.join(FOLDER));
    let dkim = Dkim {
        rsa: Some((selector.clone(), folder.join(format!("{selector}.rsa.pem")))),
        ed25519: Some((
            ed25519_selector.clone(),
            folder.join(format!("{ed25519_selector}.ed25519.pem")),
        )),
        sign: true,
    };
    let known = config
        .into_iter()
        .flat_map(|config| &config.domains)
        .find(|known| known.masked.name == domain)
        .map(|known| known.dkim.as_slice())
        .unwrap_or_default();
    // A selector that is in use would have two keys under one name, and the signatures of one of them fail.
    let mut taken = known
        .iter()
        .flat_map(|table| [&table.rsa, &table.ed25519])
        .flatten();
    if let Some((taken, _)) =
        taken.find(|(taken, _)| taken == selector || taken == ed25519_selector)
    {
        eprintln!(
            "allegromail: {domain} has a key under {taken} already; take new selectors, as {}",
            with_selectors(&domain)
        );
        return Exit::Usage;
    }
    if !is_selector(selector) || !is_selector(ed25519_selector) || selector == ed25519_selector {
        eprintln!(
            "allegromail: selectors are two different labels of letters, digits and hyphens, as {}",
            with_selectors(&domain)
        );
        return Exit::Usage;
    }
    match generate(&dkim).and_then(|()| {
        signing::public_keys(&domain, std::slice::from_ref(&dkim))
            .map_err(|error| error.to_string())
    }) {
        Ok(keys) if json => {
            let records: Vec<_> = keys
                .iter()
                .map(|key| serde_json::json!({ "name": key.name, "record": key.record }))
                .collect();
            println!("{}", serde_json::Value::from(records));
            Exit::Done
        }
        Ok(keys) => {
            if let Some(owner) = server_user(config) {
                println!(
                    "; root has made them, and the server has to read them: chown -R {owner} {}",
                    folder.display()
                );
            }
            println!("; publish these records:");
            keys.iter()
                .for_each(|key| println!("{}. IN TXT {}", key.name, quoted(&key.record)));
            print_configuration(known, &named_from(home, dkim));
            Exit::Done
        }
        Err(error) => {
            eprintln!("allegromail: {error}; as {}", with_selectors(&domain));
            Exit::BadData
        }
    }
}

/// To whom the keys have to be given: where root runs this, and the server runs as another user.
fn server_user(config: Option<&Config>) -> Option<String> {
    let owner = files::owner(&config?.data_dir).ok()?;
    (rustix::process::geteuid().is_root() && owner != 0).then(|| files::id_or_name(owner))
}

/// The command with selectors that say when they were made, which no earlier key has.
fn with_selectors(domain: &Domain) -> String {
    format!("`allegromail dkim generate --domain {domain} --selector s3 --ed25519-selector s4`")
}

/// The domain that was named, or the only one that there is.
fn domain_of(
    named: Option<&Domain>,
    file: Option<&Path>,
    config: Option<&Config>,
) -> Result<Domain, String> {
    let known: Vec<&Domain> = config
        .into_iter()
        .flat_map(|config| &config.domains)
        .map(|domain| &domain.masked.name)
        .collect();
    let list = known
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let file = file.map_or_else(String::new, |file| file.display().to_string());
    match (named, known.as_slice()) {
        (Some(named), []) => Ok(named.clone()),
        (Some(named), known) => {
            if !known.contains(&named) {
                eprintln!("allegromail: note that {named} is no domain of {file}; it has {list}");
            }
            Ok(named.clone())
        }
        (None, [only]) => Ok((*only).clone()),
        (None, []) if file.is_empty() => Err(
            "which domain will sign? There is no configuration that says it; name it: `allegromail dkim generate --domain DOMAIN`".to_owned(),
        ),
        (None, []) => Err(format!(
            "which domain will sign? {file} does not hold (`allegromail config check` says why); name it: `allegromail dkim generate --domain DOMAIN`"
        )),
        (None, _) => Err(format!(
            "which domain will sign? {file} has {list}; name one: `allegromail dkim generate --domain DOMAIN`"
        )),
    }
}

/// The keys with their files as the configuration in the folder `home` names them: below it from there, else from the root.
fn named_from(home: &Path, dkim: Dkim) -> Dkim {
    let path = |path: PathBuf| {
        let from_root = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let whole = from_root(&path);
        // Of the configuration of the current directory the parent is empty.
        let home = from_root(if home.as_os_str().is_empty() {
            Path::new(".")
        } else {
            home
        });
        whole
            .strip_prefix(&home)
            .map_or_else(|_| whole.clone(), Path::to_owned)
    };
    Dkim {
        rsa: dkim.rsa.map(|(selector, file)| (selector, path(file))),
        ed25519: dkim.ed25519.map(|(selector, file)| (selector, path(file))),
        sign: dkim.sign,
    }
}

/// One label of a host name (RFC 6376 3.1 allows several; one fits in a file name and in the DNS without thought).
fn is_selector(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=63).contains(&text.len()) && plain && !text.starts_with('-') && !text.ends_with('-')
}

/// Makes both keys and writes them. All is looked at before the first is made, so that a refusal leaves nothing behind.
fn generate(dkim: &Dkim) -> Result<(), String> {
    let files = [(&dkim.rsa, KeyKind::Rsa), (&dkim.ed25519, KeyKind::Ed25519)];
    let files: Vec<_> = files
        .into_iter()
        .filter_map(|(key, kind)| key.as_ref().map(|(_, path)| (path, kind)))
        .collect();
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(format!(
            "{} is there already; take another selector, or move it away",
            path.display()
        ));
    }
    for (path, kind) in files {
        let pem = signing::generate(kind).ok_or("the system gives no randomness")?;
        write(path, &pem).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// Writes one key, for its owner's eyes only from the first byte on, and on disk before its record is printed.
fn write(path: &Path, pem: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()
}

/// A TXT record's text as a zone file holds it: strings of at most 255 bytes. A 2048-bit key does not fit into one.
fn quoted(record: &str) -> String {
    let strings = record.as_bytes().chunks(TXT_STRING);
    let strings: Vec<String> = strings
        .map(|chunk| format!("\"{}\"", String::from_utf8_lossy(chunk)))
        .collect();
    strings.join(" ")
}

/// What the configuration is to say: at once without other keys; in three steps beside some. The lines are comments of a zone file, so that the
/// whole output can be put into one.
fn print_configuration(known: &[Dkim], new: &Dkim) {
    if known.is_empty() {
        println!(
            "; wait until they are there, then set the keys in its [[domain]], restart, and have `allegromail dns check` compare:"
        );
        println!("; dkim = {{ {} }}", table(new));
        return;
    }
    let tables = |known_sign: &str, new_sign: &str| {
        let known = known
            .iter()
            .map(|known| format!("{{ {}{known_sign} }}", table(known)));
        let all: Vec<String> = known
            .chain([format!("{{ {}{new_sign} }}", table(new))])
            .collect();
        format!("dkim = [{}]", all.join(", "))
    };
    println!(
        "; 1. put them beside the keys that sign, and restart; `allegromail dns check` says when the records are there:"
    );
    println!("; {}", tables("", ", sign = false"));
    println!(
        "; 2. then let them sign, restart, and leave the old ones published for a week, since mail under way carries their signatures:"
    );
    println!("; {}", tables(", sign = false", ""));
    println!(
        "; 3. then take the old ones away, here and in the DNS, and restart: dkim = {{ {} }}",
        table(new)
    );
}

/// The keys of one inline table, without its braces: `sign` may follow.
fn table(dkim: &Dkim) -> String {
    let mut keys = Vec::new();
    if let Some((selector, path)) = &dkim.rsa {
        keys.push(format!("selector = \"{selector}\", rsa_key = {path:?}"));
    }
    if let Some((selector, path)) = &dkim.ed25519 {
        keys.push(format!(
            "ed25519_selector = \"{selector}\", ed25519_key = {path:?}"
        ));
    }
    keys.join(", ")
}
