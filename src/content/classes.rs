//! Words that no phrase tells apart are one symbol: most entries of a list are choices of the same terms and of no others. So terms have few choices,
//! and what is read of a set while a letter is looked through is small enough to stay near.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::bits::Bits;
use super::terms::{TermId, Terms};
use super::words::Symbol;

/// Of each symbol the one that stands for it from now on; those that are seen most often come first. Symbols of `apart` stay by themselves, and the first
/// `fixed` keep their numbers. `seen` tells how often each is seen.
pub(super) fn classes(terms: &Terms, apart: &Bits, fixed: usize, seen: &[u32]) -> Vec<Symbol> {
    let mut of_symbol: Vec<Vec<TermId>> = vec![Vec::new(); seen.len()];
    for (term, id) in terms.added().zip(0..) {
        for symbol in term {
            let list = of_symbol.get_mut(*symbol as usize);
            list.into_iter().for_each(|list| list.push(id));
        }
    }
    // Of each class: how often it is seen.
    let mut weights: Vec<u32> = Vec::new();
    let mut by_terms: HashMap<&[TermId], usize> = HashMap::new();
    let mut class_of = Vec::new();
    for ((own, symbol), seen) in of_symbol.iter().zip(0..).zip(seen) {
        let fresh = weights.len();
        let class = match apart.has(symbol) {
            true => fresh,
            false => *by_terms.entry(own.as_slice()).or_insert(fresh),
        };
        if class == fresh {
            weights.push(0);
        }
        if let Some(weight) = weights.get_mut(class) {
            *weight = weight.saturating_add(*seen);
        }
        class_of.push(class);
    }
    let mut order: Vec<(usize, u32)> = weights.into_iter().enumerate().collect();
    order.sort_by_key(|(class, weight)| {
        (
            *class >= fixed,
            Reverse((*class >= fixed).then_some(*weight)),
        )
    });
    let mut numbers = vec![0; order.len()];
    for ((class, _), number) in order.into_iter().zip(0..) {
        if let Some(place) = numbers.get_mut(class) {
            *place = number;
        }
    }
    let number = |class| numbers.get(class).copied().unwrap_or_default();
    class_of.into_iter().map(number).collect()
}
