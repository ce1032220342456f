//! The portal on a socket, over an archive on a disk, with accounts in memory and an outbox that does what its script says.

mod desk;
mod feed;
mod reading;
mod writing;

use desk::*;
