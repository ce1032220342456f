//! The command line: one file per command (docs/interface.md#commands).
//!
//! This file knows the words of the command line and nothing else. Results go to standard output, everything about them to standard
//! error, and the exit code says how it went.

mod allowlist;
mod center;
mod config;
mod demo;
mod dkim;
mod dns;
mod doctor;
mod exit;
mod explain;
mod generate;
mod import;
mod mask;
mod migrate;
mod nodes;
mod progress;
mod queue;
mod reload;
mod rules;
mod serve;
mod tokens;
mod trace;
mod unmask;

use std::ffi::OsString;
use std::future::Future;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub use exit::Exit;

use crate::config::{ConfigErrors, LoadedConfig};
use crate::mail::Mailbox;
use crate::masking::{ParticipantId, TransactionId};
use crate::observe;

/// A masked-mail relay: buyers and sellers write to each other without learning each other's address.
// The words in this file that stand behind three slashes are what --help prints. Notes for whoever changes it stand behind two.
#[derive(Debug, Parser)]
#[command(name = "allegromail", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    shared: Shared,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Shared {
    /// The configuration file [default: allegromail.toml here, then in /etc/allegromail]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print data as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the main job on loopback: real SMTP, a temporary folder, nothing to set up
    Demo {
        /// Leave the relay running and print its ports
        #[arg(long)]
        keep: bool,
    },
    /// Run the relay in the foreground
    Serve {
        /// How log lines look
        #[arg(long, value_enum, default_value = "text")]
        log: LogFormat,
    },
    /// Load participants and transactions from a file of JSON lines
    Import {
        /// One JSON object a line; `-` is standard input
        data: PathBuf,
    },
    /// Print the decision that the server would make, with the rules that led to it
    Explain {
        /// The visible From
        #[arg(long, value_name = "ADDRESS")]
        from: Mailbox,
        /// The recipient
        #[arg(long, value_name = "MASKED")]
        to: Mailbox,
        /// The envelope sender, `<>` for the null sender; without it the visible From
        #[arg(long, value_name = "ADDRESS")]
        mail_from: Option<String>,
        /// The client's address; without it the sender's proof is taken for given
        #[arg(long)]
        ip: Option<IpAddr>,
        /// What the client calls itself
        #[arg(long, value_name = "NAME")]
        helo: Option<String>,
        /// The message; line ends may be LF
        #[arg(long, value_name = "FILE")]
        message: Option<PathBuf>,
    },
    /// Print the masked address of a participant
    Mask {
        /// The participant's id
        participant: ParticipantId,
        /// The transaction's id
        transaction: Option<TransactionId>,
    },
    /// Print who is behind a masked address
    Unmask {
        /// A masked address
        address: String,
    },
    /// What waits for delivery
    Queue {
        #[command(subcommand)]
        command: queue::Command,
    },
    /// Print the life of a message, from the first byte to the last outcome
    Trace {
        #[command(flatten)]
        asked: trace::Asked,
    },
    /// The configuration
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Look at everything that a server needs, and say what to do about each fault
    Doctor,
    /// Signing keys
    Dkim {
        #[command(subcommand)]
        command: dkim::Command,
    },
    /// What the DNS publishes of our domains
    Dns {
        #[command(subcommand)]
        command: dns::Command,
    },
    /// Rules on contents
    Rules {
        #[command(subcommand)]
        command: rules::Command,
    },
    /// The couriers' allowlist
    Allowlist {
        #[command(subcommand)]
        command: allowlist::Command,
    },
    /// Have the running server read again allowlist, rules, keys, certificates and trust roots
    Reload,
    /// Man pages and completions
    Generate {
        #[command(subcommand)]
        command: generate::Command,
    },
    /// The archive of the Message Center
    Center {
        #[command(subcommand)]
        command: center::Command,
    },
    /// The nodes over one database, and where they differ
    Nodes,
    /// Move what this machine has kept to the database of many nodes
    Migrate {
        /// Only say what would be moved, and what stands in the way
        #[arg(long)]
        dry_run: bool,
    },
    /// Tokens with which couriers ask about orders, and participants use the Message Center
    Tokens {
        #[command(subcommand)]
        command: tokens::Command,
    },
}

/// How log lines look.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

impl From<LogFormat> for observe::Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

/// Runs the program with these arguments, the first being its name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => dispatch(arguments).into(),
        Err(error) => {
            // Help and version are no errors; where output is closed there is nobody to tell.
            let _ = error.print();
            if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            }
        }
    }
}

/// Whether these arguments, the first being the program's name, run the server, wherever the options of all commands stand.
pub fn is_serve(arguments: impl IntoIterator<Item = OsString>) -> bool {
    Arguments::try_parse_from(arguments)
        .is_ok_and(|arguments| matches!(arguments.command, Command::Serve { .. }))
}

/// From words to the command. The configuration is read here, once, for all that cannot do without one: 78 and every problem of the file
/// where it does not hold.
fn dispatch(arguments: Arguments) -> Exit {
    let Shared { config: path, json } = arguments.shared;
    let load = || crate::config::find(path.as_deref()).and_then(|path| crate::config::load(&path));
    let loaded = |run: &dyn Fn(LoadedConfig) -> Exit| match load() {
        Ok(loaded) => run(loaded),
        Err(errors) => wrong_configuration(&errors),
    };
    match arguments.command {
        // Before anybody has written a configuration: it brings its own.
        Command::Demo { keep } => demo::run(keep),
        Command::Serve { log } => loaded(&|loaded| serve::run(loaded, log.into())),
        Command::Import { data } => loaded(&|loaded| import::run(&loaded.config, &data, json)),
        Command::Explain {
            from,
            mail_from,
            to,
            ip,
            helo,
            message,
        } => {
            let asked = explain::Arguments {
                from,
                mail_from,
                to,
                ip,
                helo,
                message,
                json,
            };
            loaded(&|loaded| explain::run(loaded.config, asked.clone()))
        }
        Command::Mask {
            participant,
            transaction,
        } => loaded(&|loaded| mask::run(&loaded.config, &participant, transaction.as_ref(), json)),
        Command::Unmask { address } => {
            loaded(&|loaded| unmask::run(&loaded.config, &address, json))
        }
        Command::Queue { command } => loaded(&|loaded| queue::run(&loaded.config, &command, json)),
        Command::Reload => loaded(&|loaded| block_on(reload::run(&loaded.config, json))),
        Command::Nodes => loaded(&|loaded| block_on(nodes::run(&loaded.config, json))),
        Command::Migrate { dry_run } => {
            loaded(&|loaded| block_on(migrate::run(&loaded.config, dry_run, json)))
        }
        Command::Center { command } => {
            loaded(&|loaded| center::run(&loaded.config, &command, json))
        }
        Command::Tokens { command } => {
            loaded(&|loaded| tokens::run(&loaded.config, &command, json))
        }
        Command::Trace { asked } => loaded(&|loaded| trace::run(&loaded.config, &asked, json)),
        // Keys are made before a configuration can name them.
        Command::Dkim { command } => {
            let file = crate::config::find(path.as_deref()).ok();
            let config = load().ok().map(|loaded| loaded.config);
            dkim::run(&command, file.as_deref(), config.as_ref(), json)
        }
        Command::Dns { command } => loaded(&|loaded| dns::run(&command, &loaded.config, json)),
        // What is wrong may be the configuration itself.
        Command::Doctor => doctor::run(path.as_deref(), json),
        Command::Generate { command } => generate::run(&command, Arguments::command()),
        // Rules are tried where they are written, often on a machine without a configuration.
        Command::Rules { command } => rules::run(&command, path.as_deref(), json),
        // These two take the path and not the configuration: what they are asked about may be the fault in it.
        Command::Config { command } => config::run(&command, path.as_deref(), json),
        Command::Allowlist { command } => allowlist::run(&command, path.as_deref(), json),
    }
}

/// Tells every problem of a configuration, and what to do next.
fn wrong_configuration(errors: &ConfigErrors) -> Exit {
    eprintln!("{errors}");
    // Where there is no file, the problem names the command that makes one.
    if !errors.to_string().contains("`allegromail ") {
        eprintln!("mend it, then `allegromail config check`");
    }
    Exit::Configuration
}

/// A number and the noun for it: `1 bad line`, `2 bad lines`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How long work on blocking threads may take after a command has ended: a flush of the history or an export, at most.
const LAST_WORK: std::time::Duration = std::time::Duration::from_secs(2);

/// Runs a command's asynchronous part, on a runtime of its own. Only here is one made, so that nothing beneath the commands can block on
/// another.
fn block_on(work: impl Future<Output = Exit>) -> Exit {
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // What still runs on a blocking thread must not keep the process from ending.
            runtime.shutdown_timeout(LAST_WORK);
            exit
        }
        Err(error) => {
            eprintln!("allegromail: cannot start the async runtime: {error}");
            Exit::Temporary
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_serve;

    #[test]
    fn serve_is_recognised_before_and_behind_options() {
        let serves = |line: &str| is_serve(line.split(' ').map(Into::into));
        for line in [
            "allegromail serve",
            "allegromail serve --log json --config x.toml",
            "allegromail --config x.toml serve",
            "allegromail --json --config=serve serve",
        ] {
            assert!(serves(line), "{line}");
        }
        for line in [
            "allegromail demo",
            "allegromail --config serve config check",
            "allegromail serve --unknown",
            "allegromail trace serve",
            "allegromail",
        ] {
            assert!(!serves(line), "{line}");
        }
    }
}
