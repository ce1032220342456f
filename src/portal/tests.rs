//! The portal on a socket, over an archive on a disk, with accounts in memory and an outbox that does what its script says.

mod client;
mod contract;
mod desk;
mod documented;
mod failures;
mod feed;
mod matrix;
mod messages;
mod sessions;
mod settings;
mod signed;
mod threads;
mod writing;

use client::*;
use desk::*;
