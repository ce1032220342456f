//! Two files in one.

use super::super::Kind;
use super::samples::*;
use super::{Judgement, Part, judged};

/// By what is in them or behind them.
pub(super) fn two_in_one() -> Vec<(Part, &'static str)> {
    vec![
        (
            (&["a.jpg"], "image/jpeg", with(jpeg(), zip())),
            "a JPEG picture with a ZIP archive in it or behind it",
        ),
        (
            (
                &["a.gif"],
                "image/gif",
                with(gif(), zip_of("META-INF/MANIFEST.MF")),
            ),
            "a GIF picture with a ZIP archive",
        ),
        (
            (&["a.gif"], "image/gif", with(gif(), rar())),
            "a GIF picture with a RAR archive",
        ),
        (
            (&["a.png"], "image/png", with(png(), html())),
            "a PNG picture with an HTML page",
        ),
        (
            (&["a.png"], "image/png", with(png(), sevenzip())),
            "with a 7z archive",
        ),
        (
            (&["a.bmp"], "image/bmp", with(bmp(), exe())),
            "a BMP picture with a Windows program",
        ),
        (
            (&["a.tif"], "image/tiff", with(tiff(), zip())),
            "a TIFF picture with a ZIP archive",
        ),
        (
            (&["a.tif"], "image/tiff", with(tiff(), elf())),
            "a TIFF picture with a Linux program",
        ),
        (
            (&["a.pdf"], "application/pdf", with(pdf(), zip())),
            "a PDF document with a ZIP archive",
        ),
        (
            (
                &["a.pdf"],
                "application/pdf",
                with(with(pdf(), rar()), b"\n%%EOF"),
            ),
            "a PDF document with a RAR archive",
        ),
        (
            (&["a.pdf"], "application/pdf", with(pdf(), html())),
            "a PDF document with an HTML page",
        ),
        (
            (&["a.pdf"], "application/pdf", with(pdf(), exe())),
            "a PDF document with a Windows program",
        ),
        (
            (
                &["a.pdf"],
                "application/pdf",
                b"%PDF-1.4 <script>alert(1)</script>\n1 0 obj\nendobj\n%%EOF".to_vec(),
            ),
            "a PDF document with an HTML page",
        ),
        (
            (&["a.pdf"], "application/pdf", with(html(), pdf())),
            "an HTML page under the name of a PDF document",
        ),
        (
            (&["a.pdf"], "application/pdf", with(exe(), pdf())),
            "a Windows program under the name of a PDF document",
        ),
        (
            (&["a.pdf"], "application/pdf", with(zip(), pdf())),
            "a ZIP archive under the name of a PDF document",
        ),
        (
            (
                &["a.pdf"],
                "application/pdf",
                with(b"hello\n".to_vec(), pdf()),
            ),
            "a PDF document behind something else",
        ),
        (
            (
                &["a.jpg"],
                "image/jpeg",
                with(
                    b"\xff\xd8\xff\xfe\0\x20%PDF-1.4\nxxxxxxxxxxxxxxxxxxxxx".to_vec(),
                    jpeg(),
                ),
            ),
            "a JPEG picture with a PDF document",
        ),
        (
            (&["a.gif"], "image/gif", b"GIF89a=1;alert(1);\0\0".to_vec()),
            "begins as a GIF picture",
        ),
        (
            (
                &["a.gif"],
                "image/gif",
                with(b"GIF89a/*\x01\0\0\0\0\x2c".to_vec(), b"*/=1;alert(1)"),
            ),
            "begins as a GIF picture",
        ),
        (
            (
                &["a.bmp"],
                "image/bmp",
                with(
                    b"BM/*\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0"
                        .to_vec(),
                    b"*/=1;alert(1)",
                ),
            ),
            "begins as a BMP picture",
        ),
        (
            (
                &["a.jpg"],
                "image/jpeg",
                with(b"\xff\xd8\xff\xe0/*JFIF\0".to_vec(), b"*/=1;alert(1)"),
            ),
            "begins as a JPEG picture",
        ),
        (
            (
                &["a.png"],
                "image/png",
                with(png(), with(b"\0\0junk".to_vec(), exe())),
            ),
            "with a Windows program",
        ),
        (
            (&["a.png"], "image/png", with(png(), gzip())),
            "with a GZIP archive",
        ),
        (
            (&["a.png"], "image/png", with(png(), b"#!/bin/sh\nid\n")),
            "with a script",
        ),
        (
            (
                &["a.jpg"],
                "image/jpeg",
                with(jpeg(), with(b"padding".to_vec(), &zip()[..40])),
            ),
            "with a ZIP archive",
        ),
        (
            (&["a.png"], "image/png", with(png(), lnk())),
            "with a Windows shortcut (LNK)",
        ),
        (
            (&["a.png"], "image/png", with(png(), &iso()[png().len()..])),
            "with an image of a disk (ISO)",
        ),
    ]
}

#[test]
fn a_film_of_octets_by_chance_is_no_second_file() {
    // Signatures of two to four octets all over the data of a scan and behind the picture.
    let chance =
        b"PK\x03\x04\xff\x00MZ\x1f\x8bBZhPK\x05\x06\x00\x00<html%%EOF\xff\xd0Rar!7z".repeat(2_000);
    let mut picture = jpeg();
    let end = picture.len() - 2;
    picture.splice(end..end, chance.iter().copied());
    picture.extend(b"\0\0\0\x18ftypisom");
    picture.extend(&chance);
    let judgement = judged(&(&["a.jpg"], "image/jpeg", picture), false);
    assert!(
        matches!(
            judgement,
            Judgement::Allowed {
                kind: Kind::Jpeg,
                ..
            }
        ),
        "{judgement:?}"
    );
}
