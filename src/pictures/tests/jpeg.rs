//! Tests of JPEG by tables.

use std::slice;

use super::super::exif::{ARTIST, COPYRIGHT};
use super::super::*;
use super::{Cases, exif, jpeg, segment, turned};

/// JFIF with a density.
const JFIF: &[u8] = b"JFIF\0\x01\x02\x01\0\x48\0\x48\0\0";

/// Strips each case's segments and expects those that stay, whatever is behind the end; a second time nothing changes.
fn check(cases: Cases<'_, Vec<u8>>) {
    for (name, before, stays) in cases {
        let new = jpeg(&stays, &[], b"");
        for behind in [b"".as_slice(), &[0; 100], b"\xFF\xD8\xFF\xD9"] {
            let octets = jpeg(&before, &[], behind);
            let stripped = strip(Kind::Jpeg, &octets, true).unwrap();
            assert_eq!(stripped.octets(), new, "{name}");
            assert_eq!(
                matches!(stripped, Stripped::Kept(_)),
                octets == new,
                "{name}"
            );
        }
        assert_eq!(
            strip(Kind::Jpeg, &new, true),
            Ok(Stripped::Kept(&new)),
            "{name} again"
        );
    }
}

#[test]
fn needed_segments_stay() {
    let jfif = segment(0xE0, JFIF);
    let adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02");
    let thumbnail = segment(0xE0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01abc");
    let transform = segment(0xE8, b"mrfx\x01");
    let irb = segment(0xED, b"Photoshop 3.0\0");
    check(vec![
        ("nothing", vec![], vec![]),
        ("JFIF", vec![jfif.clone()], vec![jfif.clone()]),
        (
            "JFIF twice",
            vec![jfif.clone(), jfif.clone()],
            vec![jfif.clone()],
        ),
        ("a thumbnail in JFIF", vec![thumbnail], vec![jfif.clone()]),
        (
            "JFXX",
            vec![jfif.clone(), segment(0xE0, b"JFXX\0\x10abc")],
            vec![jfif],
        ),
        ("Adobe", vec![adobe.clone()], vec![adobe.clone()]),
        (
            "a long Adobe",
            vec![segment(0xEE, b"Adobe\0\x64\0\0\0\0\x02hidden")],
            vec![adobe],
        ),
        (
            "a colour transform",
            vec![transform.clone()],
            vec![transform],
        ),
        (
            "XMP",
            vec![segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")],
            vec![],
        ),
        (
            "comment, IPTC, C2PA",
            vec![segment(0xFE, b"me"), irb, segment(0xEB, b"JP")],
            vec![],
        ),
        (
            "MPF, gain map",
            vec![segment(0xE2, b"MPF\0"), segment(0xE2, b"urn:iso:std\0")],
            vec![],
        ),
        ("fill octets", vec![b"\xFF\xFF".to_vec()], vec![]),
        (
            "what is no segment",
            vec![b"hidden\xFF\0\xFF\x01".to_vec()],
            vec![],
        ),
    ]);
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    let late = [segment(0xFE, b"late"), segment(0xDC, &[0, 1]), scan];
    let old = jpeg(&[], &late, b"");
    let new = jpeg(&[], &late[1..], b"");
    assert_eq!(strip(Kind::Jpeg, &old, false).unwrap().octets(), new);
}

#[test]
fn of_exif_stays_orientation_resolution_and_copyright() {
    let jfif = segment(0xE0, JFIF);
    let no_unit = segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    let model = (0x0110, 2, b"Phone 9\0".to_vec());
    let texts = [
        (ARTIST, 2, b"Jane\0".to_vec()),
        (COPYRIGHT, 2, b"(c) Jane\0".to_vec()),
    ];
    let resolution = |x: u8, y: u8, below: u8| {
        let fraction = |above, below| vec![0, 0, 0, above, 0, 0, 0, below];
        let unit = (0x0128, 3, vec![0, 2]);
        vec![
            (0x011A, 5, fraction(x, 1)),
            (0x011B, 5, fraction(y, below)),
            unit,
        ]
    };
    let (fine, coarse) = (resolution(200, 200, 1), resolution(72, 144, 2));
    let all = [vec![turned(6), model.clone()], fine.clone(), texts.to_vec()].concat();
    let kept = [vec![turned(6)], fine.clone(), texts.to_vec()].concat();
    let no_texts = [vec![turned(6)], fine.clone()].concat();
    check(vec![
        ("upright", vec![exif(&[turned(1)])], vec![]),
        ("turned", vec![exif(&[turned(6)])], vec![exif(&[turned(6)])]),
        ("turned too far", vec![exif(&[turned(9)])], vec![]),
        ("a model", vec![exif(slice::from_ref(&model))], vec![]),
        (
            "turned, a model",
            vec![exif(&[turned(8), model.clone()])],
            vec![exif(&[turned(8)])],
        ),
        (
            "Exif twice",
            vec![exif(&[model]), exif(&[turned(3)])],
            vec![exif(&[turned(3)])],
        ),
        ("all of Exif", vec![exif(&all)], vec![exif(&kept)]),
        (
            "blank artist",
            vec![exif(&[(ARTIST, 2, b"     \0".to_vec())])],
            vec![],
        ),
        (
            "two resolutions",
            vec![jfif.clone(), exif(&fine)],
            vec![jfif],
        ),
        (
            "no unit in JFIF",
            vec![no_unit.clone(), exif(&fine)],
            vec![no_unit, exif(&fine)],
        ),
        ("no true resolution", vec![exif(&coarse)], vec![]),
        ("no Exif", vec![segment(0xE1, b"Exif\0\0nothing")], vec![]),
    ]);
    let old = jpeg(&[exif(&all)], &[], b"");
    let new = jpeg(&[exif(&no_texts)], &[], b"");
    assert_eq!(strip(Kind::Jpeg, &old, false).unwrap().octets(), new);
}

#[test]
fn icc_profiles_stay() {
    let mut whole = vec![7; 300];
    whole[..4].copy_from_slice(&300_u32.to_be_bytes());
    whole[36..40].copy_from_slice(b"acsp");
    let icc = |number, of, piece: &[u8]| {
        segment(0xE2, &[b"ICC_PROFILE\0", &[number, of][..], piece].concat())
    };
    let one = icc(1, 1, &whole);
    let (first, second) = (icc(1, 2, &whole[..99]), icc(2, 2, &whole[99..]));
    check(vec![
        ("a profile", vec![one.clone()], vec![one.clone()]),
        (
            "two pieces",
            vec![first.clone(), second.clone()],
            vec![first.clone(), second.clone()],
        ),
        ("mixed pieces", vec![second, first], vec![one.clone()]),
        (
            "a profile twice",
            vec![one.clone(), one.clone()],
            vec![one.clone()],
        ),
        (
            "a tail in it",
            vec![icc(1, 1, &[&whole[..], b"hidden"].concat())],
            vec![one],
        ),
        ("half a profile", vec![icc(1, 2, &whole)], vec![]),
        ("no profile", vec![icc(1, 1, &[0; 200])], vec![]),
    ]);
}
