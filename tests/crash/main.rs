//! Nothing that was acknowledged is lost: killed at random moments, killed at every named point, stopped, starved and lied to by the disk.
//!
//! The program runs as a process of its own, between a client that notes every 250 and a sink that notes every message. In the end what
//! was acknowledged must be among what was delivered or reported, and what was delivered among what was sent.
//!
//! Short by default. The long forms, each printing what it counted:
//!
//! ```text
//! ALLEGROMAIL_KILLS=1000 cargo test --release --test crash killed -- --nocapture
//! ALLEGROMAIL_KILLS=1000 cargo test --release --test crash feeds -- --nocapture
//! ALLEGROMAIL_TERMS=200  cargo test --release --test crash stopped -- --nocapture
//! ALLEGROMAIL_RELOADS=1000 cargo test --release --test crash reloads -- --nocapture
//! ALLEGROMAIL_POINTS=20  cargo test --release --test crash points -- --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and its tables are long"
)]

#[path = "../support"]
mod support {
    pub mod client;
    pub mod http;
    pub mod process;
    pub mod receiver;
}

mod center;
mod damaged;
mod documents;
mod faults;
mod full;
mod ground;
mod idle;
mod kill;
mod ledger;
mod load;
mod modes;
mod order;
mod points;
mod power;
mod recovery;
mod sink;
mod terminate;

/// A number from the environment, for the long forms.
fn asked(variable: &str, usual: usize) -> usize {
    let text = std::env::var(variable);
    text.map_or(usual, |text| text.parse().unwrap())
}

/// Numbers that look random and come again with the same seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
