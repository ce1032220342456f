//! Tricks with names, with two files in one, and with texts, each with what the refusal must say.

use super::Part;
use super::samples::*;

/// By their names and types.
pub(super) fn names() -> Vec<(Part, &'static str)> {
    vec![
        (
            (&["photo.jpg.scr"], "image/jpeg", jpeg()),
            "\"photo.jpg.scr\" is a JPEG picture under the name of a Windows program",
        ),
        (
            (&["faktura.pdf          .exe"], "application/pdf", pdf()),
            "a PDF document under the name of a Windows program",
        ),
        (
            (&["faktura.exe."], "application/pdf", pdf()),
            "a PDF document under the name of a Windows program",
        ),
        (
            (&["faktura.exe "], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (&["faktura.pdf:x.exe"], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (&["x.exe:faktura.pdf"], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (&["x.exe::$DATA"], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (&["faktura\u{ff0e}exe"], "application/pdf", pdf()),
            "\"faktura\\u{ff0e}exe\" is a PDF document under the name of a Windows program",
        ),
        (
            (&["faktura\u{2024}exe"], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (&["faktura\u{3002}exe"], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (
                &["faktura.\u{ff45}\u{ff58}\u{ff45}"],
                "application/pdf",
                pdf(),
            ),
            "under the name of a Windows program",
        ),
        (
            (&["faktura.e\u{200b}xe"], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (&["faktura.ex\u{ad}e"], "application/pdf", pdf()),
            "under the name of a Windows program",
        ),
        (
            (
                &["faktura\u{202e}fdp.exe"],
                "application/octet-stream",
                exe(),
            ),
            "\"faktura\\u{202e}fdp.exe\" is a Windows program whose name turns the order of its letters",
        ),
        (
            (&["faktura\u{202e}gpj.pdf"], "application/pdf", pdf()),
            "\"faktura\\u{202e}gpj.pdf\" is a PDF document whose name turns the order",
        ),
        (
            (&["a\u{2067}b.pdf"], "application/pdf", pdf()),
            "turns the order",
        ),
        (
            (&["faktura.exe\0.pdf"], "application/pdf", pdf()),
            "\"faktura.exe\\u{0}.pdf\" is a PDF document whose name holds control characters",
        ),
        (
            (&["a\u{1b}[2J.pdf"], "application/pdf", pdf()),
            "control characters",
        ),
        (
            (
                &["faktura.{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}"],
                "application/pdf",
                pdf(),
            ),
            "a program of Windows by its class",
        ),
        (
            (&["faktura.pdf", "faktura.exe"], "application/pdf", pdf()),
            "\"faktura.pdf\" carries a second name, \"faktura.exe\", that does not fit the first; it is a PDF document",
        ),
        (
            (&["a.html", "a.png"], "image/png", png()),
            "carries a second name",
        ),
        (
            (&["a.txt"], "image/png", png()),
            "a PNG picture under the name of a text",
        ),
        (
            (&["a.html"], "image/gif", gif()),
            "a GIF picture under the name of an HTML page",
        ),
        (
            (&["a.svg"], "image/png", png()),
            "a PNG picture under the name of an SVG drawing",
        ),
        (
            (&["a.js"], "image/gif", gif()),
            "a GIF picture under the name of a JavaScript program",
        ),
        (
            (&["a.hta"], "image/bmp", bmp()),
            "a BMP picture under the name of a script of Windows",
        ),
        (
            (&["faktura.doc"], "application/pdf", pdf()),
            "a PDF document under the name of a document of an office program",
        ),
        (
            (&["faktura.zip"], "application/pdf", pdf()),
            "a PDF document under the name of an archive",
        ),
        (
            (&["..\\..\\x.bat"], "image/png", png()),
            "a PNG picture under the name of a Windows batch file",
        ),
        (
            (&["a.png"], "text/html", png()),
            "\"a.png\" is a PNG picture declared as text/html; attach it as what it is",
        ),
        (
            (&["a.png"], "image/svg+xml", png()),
            "a PNG picture declared as image/svg+xml",
        ),
        (
            (&["a.pdf"], "text/plain", pdf()),
            "a PDF document declared as text/plain",
        ),
        (
            (&["a.jpg"], "application/x-msdownload", jpeg()),
            "a JPEG picture declared as application/x-msdownload",
        ),
        (
            (&["a.pdf"], "message/rfc822", pdf()),
            "a PDF document declared as message/rfc822",
        ),
        (
            (&["a.png"], "image/png", html()),
            "an HTML page under the name of a picture",
        ),
        (
            (&["a.png"], "image/png", svg()),
            "an SVG drawing under the name of a picture",
        ),
    ]
}

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

/// Under the type of a text.
pub(super) fn texts() -> Vec<(Part, &'static str)> {
    let hello = || b"hello\r\n".to_vec();
    vec![
        (
            (
                &["klucz.asc"],
                "text/plain",
                b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n".to_vec(),
            ),
            "\"klucz.asc\" is a PGP key; attach",
        ),
        (
            (&["umowa.doc"], "text/plain", hello()),
            "a text under the name of a document of an office program",
        ),
        (
            (&[], "text/plain", ole("__substg1.0_001A001E")),
            "an Outlook message (MSG) declared as text/plain",
        ),
        (
            (&["a.exe"], "text/plain", hello()),
            "\"a.exe\" is a text under the name of a Windows program",
        ),
        (
            (&["a.js"], "text/plain", hello()),
            "a text under the name of a JavaScript program",
        ),
        (
            (&["a.html"], "text/plain", html()),
            "an HTML page declared as text/plain",
        ),
        (
            (&["a.svg"], "text/plain", svg()),
            "an SVG drawing declared as text/plain",
        ),
        (
            (&["a.svg"], "text/html", svg()),
            "an SVG drawing declared as text/html",
        ),
        (
            (&["a.pdf"], "text/html", html()),
            "an HTML page under the name of a PDF document",
        ),
        (
            (&["a.txt"], "text/plain", exe()),
            "\"a.txt\" is a Windows program declared as text/plain",
        ),
        (
            (&[], "text/plain", zip()),
            "a ZIP archive declared as text/plain",
        ),
        (
            (&[], "text/html", jpeg()),
            "a JPEG picture declared as text/html",
        ),
        (
            (&["invite.ics"], "text/calendar", pdf()),
            "a PDF document declared as text/calendar",
        ),
        (
            (&["a.txt", "a.hta"], "text/plain", hello()),
            "\"a.txt\" carries a second name, \"a.hta\"",
        ),
        (
            (&["a.eml"], "message/rfc822", zip()),
            "a ZIP archive declared as message/rfc822",
        ),
        (
            (&["a.bat"], "message/rfc822", hello()),
            "under the name of a Windows batch file",
        ),
        (
            (&["a\u{202e}txt.exe"], "text/plain", hello()),
            "turns the order of its letters",
        ),
        (
            (&[], "text/plain", tnef()),
            "a winmail.dat of Outlook (TNEF)",
        ),
        (
            (&[], "text/plain", gzip()),
            "an archive (GZ) declared as text/plain",
        ),
    ]
}
