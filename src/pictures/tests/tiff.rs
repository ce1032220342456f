//! Tests of TIFF by tables.

use super::super::tiff_read::Order;
use super::super::*;
use super::{picture, segment};

/// An entry: tag, type, how many values, and their octets.
type Entry = (u16, u16, u32, Vec<u8>);

/// What of a directory an entry needs where its values stand elsewhere.
fn number(tag: u16, number: u32) -> Entry {
    (tag, 4, 1, number.to_be_bytes().to_vec())
}

/// The entries of a picture of one unpacked row of four pixels, whose strip is at that offset.
fn needed(strip: u32) -> Vec<Entry> {
    vec![
        number(256, 4),
        number(257, 1),
        number(258, 8),
        number(259, 1),
        number(262, 1),
        number(273, strip),
        number(279, 4),
    ]
}

/// A directory at an offset, with values behind it; they go on where it ends.
fn directory(at: u32, entries: &[Entry], room: usize, next: u32) -> Vec<u8> {
    let order = Order::Big;
    let mut out = order.u16(u16::try_from(entries.len()).unwrap()).to_vec();
    let mut values: Vec<u8> = Vec::new();
    let behind = at + 6 + 12 * u32::try_from(room).unwrap();
    for (tag, kind, count, value) in entries {
        out.extend([order.u16(*tag), order.u16(*kind)].concat());
        out.extend(order.u32(*count));
        if value.len() <= 4 {
            out.extend(value.iter().copied().chain([0; 4]).take(4));
        } else {
            out.extend(order.u32(behind + u32::try_from(values.len()).unwrap()));
            values.extend(value);
        }
    }
    out.extend(order.u32(next));
    out.resize(out.len() + 12 * (room - entries.len()), 0);
    out.extend(values);
    out
}

/// A TIFF of one directory behind a strip of four pixels.
fn tiff(entries: &[Entry], room: usize, behind: &[u8]) -> Vec<u8> {
    [
        b"MM\0*\0\0\0\x0CROWS",
        &directory(12, entries, room, 0)[..],
        behind,
    ]
    .concat()
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn of_a_tiff_stays_what_is_needed() {
    let with = |more: &[Entry]| [needed(8), more.to_vec()].concat();
    let text = |tag, text: &str| {
        (
            tag,
            2,
            u32::try_from(text.len()).unwrap(),
            text.as_bytes().to_vec(),
        )
    };
    let mut profile = vec![1; 128];
    profile[..4].copy_from_slice(&128_u32.to_be_bytes());
    profile[36..40].copy_from_slice(b"acsp");
    let profile: Entry = (34675, 7, 128, profile);
    let fine: Entry = (282, 5, 1, vec![0, 0, 1, 44, 0, 0, 0, 1]);
    let artist = text(315, "Jane Doe\0");
    let cases: Vec<(&str, Vec<Entry>, Vec<Entry>)> = vec![
        ("nothing", vec![], vec![]),
        (
            "what may stay",
            vec![
                number(274, 6),
                fine.clone(),
                profile.clone(),
                artist.clone(),
            ],
            vec![number(274, 6), fine, profile, artist],
        ),
        (
            "texts inside",
            vec![text(270, "me\0"), text(271, "us\0"), text(305, "sw\0")],
            vec![],
        ),
        (
            "Exif, GPS, IPTC, private",
            vec![
                number(34665, 0xFFFF_FFFF),
                number(34853, 8),
                (33723, 7, 3, b"iii".to_vec()),
                number(65000, 7),
            ],
            vec![],
        ),
        ("a wrong type", vec![text(297, "me\0")], vec![]),
        ("no profile", vec![(34675, 7, 3, b"abc".to_vec())], vec![]),
        (
            "room in an entry",
            vec![(297, 3, 1, b"\0\x01me".to_vec())],
            vec![(297, 3, 1, b"\0\x01".to_vec())],
        ),
        (
            "a tag twice",
            vec![number(274, 6), number(274, 7)],
            vec![number(274, 6)],
        ),
    ];
    for (name, more, stays) in cases {
        let (old, new) = (tiff(&with(&more), 12, b""), tiff(&with(&stays), 12, b""));
        let stripped = strip(Kind::Tiff, &old, true).unwrap();
        let end = stripped.octets().len();
        assert_eq!(stripped.octets(), &new[..end], "{name}");
        assert!(new[end..].iter().all(|&octet| octet == 0), "{name}");
        assert_eq!(
            strip(Kind::Tiff, stripped.octets(), true),
            Ok(Stripped::Kept(stripped.octets())),
            "{name} again"
        );
    }
    let clean = tiff(&needed(8), 7, b"");
    assert_eq!(strip(Kind::Tiff, &clean, true), Ok(Stripped::Kept(&clean)));
    assert_eq!(
        strip(Kind::Tiff, &tiff(&needed(8), 7, b"behind"), true)
            .unwrap()
            .octets(),
        clean
    );
    let padded = tiff(&needed(8), 7, &[0; 3]);
    assert_eq!(
        strip(Kind::Tiff, &padded, true),
        Ok(Stripped::Kept(&padded))
    );
    let named = tiff(&with(&[text(33432, "(c) Jane\0")]), 8, b"");
    assert_eq!(
        strip(Kind::Tiff, &named, false).unwrap().octets()[..102],
        tiff(&needed(8), 7, b"")[..102]
    );
}

#[test]
fn previews_go_and_pages_stay() {
    let page = |width| [vec![number(254, width)], needed(8)].concat();
    let small = [
        vec![number(254, 1), number(256, 2)],
        needed(8)[1..].to_vec(),
    ]
    .concat();
    let second = |entries: &[Entry], next| directory(118, entries, entries.len(), next);
    let file = |next, second: &[u8]| {
        [
            b"MM\0*\0\0\0\x0CROWS",
            &directory(12, &page(0), 8, next)[..],
            &[0; 4],
            second,
        ]
        .concat()
    };
    let old = file(118, &second(&small, 0));
    let new = strip(Kind::Tiff, &old, true).unwrap();
    assert_eq!(new.octets(), &file(0, b"")[..114]);
    let pages = file(118, &second(&page(2), 0));
    assert_eq!(strip(Kind::Tiff, &pages, true), Ok(Stripped::Kept(&pages)));
    let looped = file(118, &second(&page(2), 12));
    assert_eq!(
        strip(Kind::Tiff, &looped, true).unwrap_err().why,
        "has directories that lie in each other"
    );
}

#[test]
fn what_cannot_be_followed_is_broken() {
    let without = |tag| {
        needed(8)
            .into_iter()
            .filter(|entry| entry.0 != tag)
            .collect::<Vec<_>>()
    };
    let with = |entry: Entry| [without(entry.0), vec![entry]].concat();
    let cases = [
        (
            "is a BigTIFF, which is not read",
            b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10".to_vec(),
        ),
        ("has a first page without size", tiff(&without(256), 7, b"")),
        ("has a page without pixels", tiff(&without(273), 7, b"")),
        (
            "has pixels outside of it",
            tiff(&with(number(279, 400)), 7, b""),
        ),
        (
            "has values outside of it",
            tiff(&with((258, 3, 3, vec![])), 7, b""),
        ),
        (
            "is a camera's raw data or packed in an unknown way",
            tiff(&with(number(259, 34713)), 7, b""),
        ),
        (
            "is a camera's raw data or packed in an unknown way",
            tiff(&with(number(262, 32803)), 7, b""),
        ),
        (
            "has a directory in its pixels or values",
            tiff(&with(number(273, 14)), 7, b""),
        ),
    ];
    for (why, mut octets) in cases {
        if why == "has values outside of it" {
            // The offset of the last entry's values.
            let end = octets.len() - 4;
            octets[end - 4..end].copy_from_slice(&u32::MAX.to_be_bytes());
        }
        assert_eq!(
            strip(Kind::Tiff, &octets, true).map_err(|broken| broken.why),
            Err(why)
        );
    }
}

#[test]
fn jpegs_in_strips_lose_their_metadata_in_place() {
    let jpeg = |body: &[u8], hidden: &[u8]| {
        [
            b"\xFF\xD8",
            &segment(0xE1, body)[..],
            &picture()[..],
            b"\xFF\xD9",
            hidden,
        ]
        .concat()
    };
    let file = |jpeg: &[u8]| {
        let at = 12 + u32::try_from(jpeg.len()).unwrap() - 4;
        let mut entries = needed(8);
        entries[3] = number(259, 7);
        entries[6] = number(279, u32::try_from(jpeg.len()).unwrap());
        [
            b"MM\0*",
            &at.to_be_bytes()[..],
            jpeg,
            &directory(at, &entries, 7, 0),
        ]
        .concat()
    };
    let (old, new) = (
        file(&jpeg(b"Exif\0\0Jane", b"behind")),
        file(&jpeg(&[0; 10], &[0; 6])),
    );
    assert_eq!(strip(Kind::Tiff, &old, true).unwrap().octets(), new);
    assert_eq!(strip(Kind::Tiff, &new, true), Ok(Stripped::Kept(&new)));
}

#[test]
fn strips_of_unknown_length_stay_as_far_as_they_are_needed() {
    let change = |changes: &[Entry], drop: &[u16]| -> Vec<u8> {
        let mut entries = needed(8);
        entries
            .retain(|entry| !drop.contains(&entry.0) && changes.iter().all(|new| new.0 != entry.0));
        entries.extend_from_slice(changes);
        entries.sort();
        tiff(&entries, entries.len(), b"")
    };
    let whole = [
        ("no length", change(&[], &[279])),
        ("too short a length", change(&[number(279, 3)], &[])),
        (
            "a fifth row that is not there",
            change(&[number(278, 5)], &[279]),
        ),
        (
            "samples of their own size",
            change(&[(258, 3, 2, vec![0, 4, 0, 4]), number(277, 2)], &[279]),
        ),
    ];
    for (name, octets) in whole {
        assert_eq!(
            strip(Kind::Tiff, &octets, true),
            Ok(Stripped::Kept(&octets)),
            "{name}"
        );
    }
    let packed = change(&[number(259, 5)], &[279]);
    assert_eq!(
        strip(Kind::Tiff, &packed, true).unwrap_err().why,
        "has strips without length"
    );
    // Half of the samples of colours are left out: what is behind the strip is not the strip's.
    let ycbcr = change(&[number(262, 6), number(279, 2)], &[]);
    assert_eq!(
        &strip(Kind::Tiff, &ycbcr, true).unwrap().octets()[8..12],
        b"RO\0\0"
    );
}
