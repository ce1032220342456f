//! The portal on a socket, over an archive on a disk, with accounts in memory and an outbox that does what its script says.

mod desk;
mod feed;
mod matrix;
mod reading;
mod signed;
mod writing;

use desk::*;
