//! The portal on a socket, over an archive on a disk, with accounts in memory and an outbox that does what its script says.

mod contract;
mod desk;
mod documented;
mod feed;
mod matrix;
mod reading;
mod sessions;
mod settings;
mod signed;
mod writing;

use desk::*;
