//! The program: everything is in the library.
//! See `allegromail::cli` for the commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    allegromail::cli::run(std::env::args_os())
}
