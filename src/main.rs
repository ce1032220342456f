//! The program: everything is in the library.
//! See `allegromail::cli` for the commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    // What is made here is its owner's alone, also what libraries make; the library itself does not rely on it, for others may use that.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    allegromail::cli::run(std::env::args_os())
}
