//! `allegromail generate`: man pages and completions, from the words that the command line is read by.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap_complete::Shell;

use super::Exit;

/// What can be made.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a man page of each command into a folder
    Man {
        /// The folder, which is made
        folder: PathBuf,
    },
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Runs the command; `program` is the whole command line.
pub(super) fn run(command: &Command, mut program: clap::Command) -> Exit {
    match command {
        Command::Man { folder } => match man(folder, program) {
            Ok(pages) => {
                println!(
                    "{} in {}",
                    super::count(pages, "page", "pages"),
                    folder.display()
                );
                Exit::Done
            }
            Err(error) => {
                eprintln!(
                    "allegromail: {}: {error}; name a folder that you may write to: `allegromail generate man FOLDER`",
                    folder.display()
                );
                Exit::Temporary
            }
        },
        Command::Completions { shell } => {
            let name = program.get_name().to_owned();
            clap_complete::generate(*shell, &mut program, name, &mut io::stdout());
            Exit::Done
        }
    }
}

/// Writes a page of the program and of each command, and says how many are there.
fn man(folder: &Path, program: clap::Command) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(program, folder)?;
    Ok(fs::read_dir(folder)?.count())
}
