//! The program: everything is in the library.
//! See `allegromail::cli` for the commands.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// How glibc is told from which size on a buffer is given back when it is freed
/// ([mallopt(3)](https://man7.org/linux/man-pages/man3/mallopt.3.html), `M_MMAP_THRESHOLD`).
const THRESHOLD: &str = "MALLOC_MMAP_THRESHOLD_";
/// 8 MiB: smaller ones are used again all the time.
const BYTES: &str = "8388608";

fn main() -> ExitCode {
    // What is made here is its owner's alone, also what libraries make; the library itself does not rely on it, for others may use that.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    if std::env::var_os(THRESHOLD).is_none() && allegromail::cli::is_serve(std::env::args_os()) {
        start_again();
    }
    allegromail::cli::run(std::env::args_os())
}

/// Becomes the same program with the size fixed. Left alone, it grows with every large message that is freed, up to 32 MiB, and each thread then keeps
/// several such buffers: more than all messages together may take. It can be set only before the program starts. Returns where that cannot be done:
/// then memory is more, and nothing else is lost.
fn start_again() {
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let arguments = std::env::args_os().skip(1);
    let _failed = Command::new(program)
        .args(arguments)
        .env(THRESHOLD, BYTES)
        .exec();
}
