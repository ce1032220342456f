//! Files of ours: who may read them, and what it means when the system does not let us at them.
//!
//! Everything under `data_dir` is its owner's alone, 0600 in 0700, whatever umask the process was started with. An error of the system (a full disk, one
//! that may not be written to, no permission) says nothing about what is in a file: it is never taken for damage, and each has its own
//! remedy.

mod fault;
mod private;
mod room;

pub use fault::{Fault, told};
pub use private::{Mended, folder, is_open_to_all, mend, new, owner};
pub use room::room;

#[cfg(test)]
mod tests;
