//! What an address stands for, and that nothing tells why it stands for nothing.

use super::answer::find;
use super::asked::Asked;
use super::*;

async fn state(directory: &Noted, address: &str) -> Result<Option<OrderState>, Unavailable> {
    let asked = Asked::parse(address).unwrap();
    let found = find(directory, &domains(), &asked).await?;
    Ok(found.map(|found| found.state))
}

#[tokio::test]
async fn every_address_costs_the_same_look_ups() {
    let directory = Noted::default();
    for (address, wanted) in [(ORDER, OrderState::Order), (CLOSED, OrderState::Closed)] {
        assert_eq!(state(&directory, address).await.unwrap(), Some(wanted));
        assert_eq!(directory.asked(), ["mask", "participant", "transaction"]);
    }
    for address in UNKNOWN {
        assert_eq!(state(&directory, address).await.unwrap(), None, "{address}");
        assert_eq!(
            directory.asked(),
            ["mask", "participant", "transaction"],
            "{address}"
        );
    }
}

#[tokio::test]
async fn a_mask_for_one_counterparty_stands_for_orders_with_that_one_only() {
    let directory = Noted::default();
    for (mask, wanted) in [("forseller", Some(OrderState::Order)), ("forola", None)] {
        let address = format!("{mask}+cub31c122@allegromail.pl");
        assert_eq!(state(&directory, &address).await.unwrap(), wanted, "{mask}");
    }
}

#[tokio::test]
async fn an_address_is_read_in_any_case_and_alias_and_nothing_else_is_one() {
    let directory = Noted::default();
    for address in [
        "8AWGQYK6A5+CUB31C122@ALLEGROMAIL.PL",
        "8awgqyk6a5+cub31c122@User.AllegroGroup.pl",
        "8awgqyk6a5 cub31c122@allegromail.pl",
        "k2m9x0r7t3+cub31c122@allegromail.pl",
    ] {
        let found = state(&directory, address).await.unwrap();
        assert_eq!(found, Some(OrderState::Order), "{address}");
    }
    for (junk, words) in [
        ("8awgqyk6a5@allegromail.pl", "plus sign"),
        ("postmaster@allegromail.pl", "plus sign"),
        ("8awgqyk6a5+@allegromail.pl", "letters and digits"),
        ("+cub31c122@allegromail.pl", "letters and digits"),
        ("a+b+c@allegromail.pl", "letters and digits"),
        ("b-00000+x@allegromail.pl", "letters and digits"),
        ("8awgqyk6a5+cub31c122", "cannot be read"),
        ("8awgqyk6a5+cub31c122@", "cannot be read"),
        ("8awgqyk6a5+cub31c122@a@allegromail.pl", "cannot be read"),
        (" 8awgqyk6a5+cub31c122@allegromail.pl", "letters and digits"),
        ("", "cannot be read"),
    ] {
        let error = Asked::parse(junk).unwrap_err();
        assert_eq!(error.status, 422, "{junk}");
        assert!(error.error.contains(words), "{junk}: {}", error.error);
    }
    assert!(directory.asked().len() == 12, "junk is not looked for");
}

#[tokio::test]
async fn a_directory_that_is_silent_makes_nobody_unknown() {
    let directory = Noted::default();
    directory.silent.store(true, Ordering::SeqCst);
    for address in UNKNOWN.iter().chain(&[ORDER, CLOSED]) {
        assert!(state(&directory, address).await.is_err(), "{address}");
    }
}
