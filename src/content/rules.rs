//! Rule files, compiled into one set, and what it finds in a letter.

mod compile;
mod evaluate;
mod examples;
mod file;
mod load;
mod search;
mod set;
mod trial;

pub use evaluate::{Findings, Hit, is_like};
pub use file::{Action, Category, Texts};
pub use set::{Problem, Problems, Rule, RuleSet};

#[cfg(test)]
mod tests;
