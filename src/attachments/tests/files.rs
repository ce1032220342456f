//! Files of the six kinds, which pass.

use super::super::Kind;
use super::samples::*;
use super::{Judgement, Part, judged};

/// Files of the six kinds, what they are, and whether their type is corrected.
fn files() -> Vec<(Part, Kind, bool)> {
    let mut film = jpeg();
    film.extend(ftyp("isom"));
    let mut two = jpeg();
    two.extend(jpeg());
    vec![
        ((&[], "image/png", png()), Kind::Png, false),
        ((&["image001.png"], "image/png", png()), Kind::Png, false),
        (
            (&["IMG_1234.JPG"], "application/octet-stream", jpeg()),
            Kind::Jpeg,
            true,
        ),
        (
            (&["FV_12_2026.pdf"], "application/octet-stream", pdf()),
            Kind::Pdf,
            true,
        ),
        (
            (&["FV_12_2026.pdf"], "application/x-pdf", pdf()),
            Kind::Pdf,
            true,
        ),
        ((&["FV_12_2026.pdf"], "text/pdf", pdf()), Kind::Pdf, true),
        (
            (&["FV_12_2026.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["Faktura nr 12.2026"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["faktura.12.2026"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["faktura"], "application/octet-stream", pdf()),
            Kind::Pdf,
            true,
        ),
        ((&["scan.PDF"], "application/pdf", pdf()), Kind::Pdf, false),
        (
            (&["photo.jpeg.jpg"], "image/jpeg", jpeg()),
            Kind::Jpeg,
            false,
        ),
        ((&["logo.png"], "image/png", jpeg()), Kind::Jpeg, true),
        ((&["zdjęcie.jpg"], "image/jpeg", jpeg()), Kind::Jpeg, false),
        (
            (&["zdje\u{328}cie.jpg"], "image/jpeg", jpeg()),
            Kind::Jpeg,
            false,
        ),
        (
            (&[" skan 1.pdf "], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["invoice.pdf.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["invoice.pdf."], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        ((&["mapa.tif"], "image/tiff", tiff()), Kind::Tiff, false),
        ((&["a.jfif"], "image/jpeg", jpeg()), Kind::Jpeg, false),
        ((&["a.jpe"], "image/pjpeg", jpeg()), Kind::Jpeg, true),
        ((&["a.dib"], "image/x-ms-bmp", bmp()), Kind::Bmp, true),
        ((&["a.bmp"], "image/bmp", bmp()), Kind::Bmp, false),
        ((&["a.gif"], "image/gif", gif()), Kind::Gif, false),
        ((&[""], "image/gif", gif()), Kind::Gif, false),
        ((&["  "], "", gif()), Kind::Gif, true),
        ((&[], "", pdf()), Kind::Pdf, true),
        (
            (&["dok.v1.2.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["www.sklep.com.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["faktura sklep.pl"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["faktura_allegro.cz"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["invoice.exe.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["Kowalski Sp. z o.o"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["Kowalski S.A. oferta"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["C:\\fakepath\\x.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["/home/jan/x.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["Faktura 12/2026.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["Faktura 12/12/2026"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["Re: oferta.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (
                &["Zrzut ekranu 2026-01-02 12:30:45.png"],
                "image/png",
                png(),
            ),
            Kind::Png,
            false,
        ),
        (
            (
                &["Screenshot 2024-01-01 at 1.23.45\u{202f}PM.png"],
                "image/png",
                png(),
            ),
            Kind::Png,
            false,
        ),
        (
            (&["\u{200e}WhatsApp Image 2026.jpg"], "image/jpeg", jpeg()),
            Kind::Jpeg,
            false,
        ),
        ((&["תמונה.jpg"], "image/jpeg", jpeg()), Kind::Jpeg, false),
        ((&["фото.jpg"], "image/jpeg", jpeg()), Kind::Jpeg, false),
        (
            (&["\u{1f468}\u{200d}\u{1f469}.jpg"], "image/jpeg", jpeg()),
            Kind::Jpeg,
            false,
        ),
        (
            (
                &["faktura_ą.pdf", "faktura_?.pdf"],
                "application/pdf",
                pdf(),
            ),
            Kind::Pdf,
            false,
        ),
        (
            (&["faktura.pdf", "faktura.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["faktura.pdf", "faktura"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["zdjecie.jpg", "zdjecie.jpeg"], "image/jpeg", jpeg()),
            Kind::Jpeg,
            false,
        ),
        (
            (&["skan.jpg", "skan.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["bardzo dluga nazwa\tpliku.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        (
            (&["za\u{9c}wiadczenie.pdf"], "application/pdf", pdf()),
            Kind::Pdf,
            false,
        ),
        ((&["IMG_1.HEIC"], "image/heic", jpeg()), Kind::Jpeg, true),
        ((&["logo.webp"], "image/webp", png()), Kind::Png, true),
        ((&["IMG.MP.jpg"], "image/jpeg", film), Kind::Jpeg, false),
        ((&["HDR.jpg"], "image/jpeg", two), Kind::Jpeg, false),
        (
            (&["a.jpg"], "image/jpeg", with(jpeg(), b"\0\0\0\0")),
            Kind::Jpeg,
            false,
        ),
        (
            (&["a.png"], "image/png", with(png(), b"\r\n")),
            Kind::Png,
            false,
        ),
        (
            (
                &["a.jpg"],
                "image/jpeg",
                with(jpeg(), b"SEFHk\0\0\0\x01\0\0\0SEFT"),
            ),
            Kind::Jpeg,
            false,
        ),
        (
            (&["a.jpg"], "image/jpeg", jpeg()[..40].to_vec()),
            Kind::Jpeg,
            false,
        ),
        (
            (
                &["a.pdf"],
                "application/pdf",
                with(b"\xef\xbb\xbf".to_vec(), pdf()),
            ),
            Kind::Pdf,
            false,
        ),
        (
            (
                &["a.pdf"],
                "application/pdf",
                with(b"\r\n\r\n ".to_vec(), pdf()),
            ),
            Kind::Pdf,
            false,
        ),
        (
            (&["a.pdf"], "application/pdf", with(pdf(), b"\0\0\0\0\n")),
            Kind::Pdf,
            false,
        ),
        (
            (
                &["a.pdf"],
                "application/pdf",
                with(pdf(), b"<!-- 0.3 s -->"),
            ),
            Kind::Pdf,
            false,
        ),
        (
            (&["a.pdf"], "application/pdf", with(pdf(), pdf())),
            Kind::Pdf,
            false,
        ),
        ((&["a.pdf"], "application/msword", pdf()), Kind::Pdf, true),
        (
            (
                &["a.jpg"],
                "image/jpeg",
                with(jpeg(), b"<?xml version='1.0'?><camera/>"),
            ),
            Kind::Jpeg,
            false,
        ),
        ((&["a.jpg"], "application/pdf", pdf()), Kind::Pdf, false),
        (
            (
                &["a.tif"],
                "image/tiff",
                with(tiff(), b"maker notes of a camera"),
            ),
            Kind::Tiff,
            false,
        ),
        ((&["a.pdf"], "image/jpg", jpeg()), Kind::Jpeg, true),
    ]
}

#[test]
fn files_of_the_six_kinds_pass() {
    let mut wrong = Vec::new();
    for (part, kind, corrects) in files() {
        let passed = Judgement::Allowed {
            kind,
            corrected: corrects.then_some(kind.media_type()),
            is_active: false,
        };
        let judgement = judged(&part, false);
        if judgement != passed {
            wrong.push(format!("{:?} {}: {judgement:?}", part.0, part.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_pdf_that_acts_passes_and_is_counted() {
    let passed = judged(&(&["a.pdf"], "application/pdf", active_pdf()), false);
    assert!(
        matches!(
            passed,
            Judgement::Allowed {
                is_active: true,
                ..
            }
        ),
        "{passed:?}"
    );
}
