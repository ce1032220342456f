//! Return paths that are wrapped around an address.

use super::*;

#[test]
fn return_paths_are_undressed() {
    for (path, want) in [
        (
            "prvs=1234abcdef=jan@poczta.example",
            vec!["jan@poczta.example", "1234abcdef@poczta.example"],
        ),
        (
            "SRS0=HHH=TT=poczta.example=jan@fwd.example",
            vec!["jan@poczta.example"],
        ),
        (
            "srs0+HHH=TT=poczta.example=jan@fwd.example",
            vec!["jan@poczta.example"],
        ),
        (
            "SRS1=HHH=a.example==HHH=TT=poczta.example=jan@fwd.example",
            vec!["jan@poczta.example"],
        ),
        ("jan@poczta.example", vec![]),
        ("SRS0=broken@fwd.example", vec![]),
    ] {
        let want: Vec<Mailbox> = want.iter().map(|text| mailbox(text)).collect();
        assert_eq!(originals(&mailbox(path)), want, "{path}");
    }
}
