//! Names and types that claim what a file is not.

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
