//! One target under libFuzzer: the one that `ALLEGROMAIL_FUZZ_TARGET` names.
#![no_main]

#[path = "../../targets.rs"]
mod targets;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("ALLEGROMAIL_FUZZ_TARGET").unwrap_or_default();
    let found = targets::TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no target {name:?}")).1
});

fuzz_target!(|octets: &[u8]| TARGET(octets));
