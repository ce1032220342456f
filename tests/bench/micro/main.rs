//! What each step of a message costs by itself: `cargo bench`, or `cargo bench -- gate` for the benches of that name.
//!
//! Medians of a quiet machine are what to compare; the steps together are less than a message costs, for the system's part is not in them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench may stop by panicking"
)]

mod contents;
mod durable;
mod pure;
mod sample;

fn main() {
    divan::main();
}
