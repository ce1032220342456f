//! Files that are refused, and what their refusal must say.

use super::names::names;
use super::samples::*;
use super::texts::dishonest;
use super::two_in_one::two_in_one;
use super::{Judgement, Part, judged};

fn tricks() -> Vec<(Part, &'static str)> {
    let mut all: Vec<(Part, &'static str)> = kinds();
    all.extend(names());
    all.extend(two_in_one());
    all.extend(dishonest());
    all
}

/// By their contents.
fn kinds() -> Vec<(Part, &'static str)> {
    let apk = zip_of("AndroidManifest.xml");
    vec![
        (
            (&["faktura.pdf.exe"], "application/octet-stream", exe()),
            "\"faktura.pdf.exe\" is a Windows program; attach PDF, JPEG, PNG, GIF, BMP or TIFF",
        ),
        (
            (&["faktura.pdf"], "application/pdf", exe()),
            "\"faktura.pdf\" is a Windows program under the name of a PDF document; attach",
        ),
        (
            (&["photo.jpg"], "image/jpeg", elf()),
            "\"photo.jpg\" is a Linux program (ELF) under the name of a picture",
        ),
        (
            (&["photo.jpg"], "image/jpeg", zip()),
            "a ZIP archive under the name of a picture",
        ),
        (
            (&["zdjecia.zip"], "application/zip", zip()),
            "\"zdjecia.zip\" is a ZIP archive; attach",
        ),
        ((&["a.rar"], "application/x-rar", rar()), "a RAR archive"),
        (
            (&["a.7z"], "application/x-7z-compressed", sevenzip()),
            "a 7z archive",
        ),
        ((&["a.gz"], "application/gzip", gzip()), "an archive (GZ)"),
        (
            (
                &["umowa.docx"],
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                zip_of("word/document.xml"),
            ),
            "a Word document (DOCX); save it as PDF",
        ),
        (
            (&["cennik.xlsx"], "", zip_of("xl/workbook.xml")),
            "an Excel workbook (XLSX)",
        ),
        (
            (&["x.pptx"], "", zip_of("ppt/presentation.xml")),
            "a PowerPoint presentation (PPTX)",
        ),
        (
            (&["app.pdf"], "application/pdf", apk),
            "an Android app (APK) under the name of a PDF document",
        ),
        (
            (
                &["x.jar"],
                "application/octet-stream",
                zip_of("META-INF/MANIFEST.MF"),
            ),
            "a Java program",
        ),
        (
            (&["umowa.doc"], "application/msword", ole("WordDocument")),
            "an old Word document (DOC)",
        ),
        (
            (&["cennik.pdf"], "application/pdf", ole("Workbook")),
            "an old Excel workbook (XLS) under the name of a PDF document",
        ),
        (
            (
                &["list.msg"],
                "application/vnd.ms-outlook",
                ole("__substg1.0_001A001E"),
            ),
            "an Outlook message (MSG)",
        ),
        (
            (&["x.doc"], "application/msword", ole("EncryptedPackage")),
            "an encrypted Office document",
        ),
        (
            (
                &["a.rtf"],
                "application/rtf",
                b"{\\rtf1\\ansi hello}".to_vec(),
            ),
            "a rich text (RTF); save it as PDF",
        ),
        (
            (
                &["faktura.pdf"],
                "application/pdf",
                b"{\\rtf1{\\object\\objdata}}".to_vec(),
            ),
            "a rich text (RTF) under the name of a PDF document",
        ),
        (
            (&["IMG_0001.HEIC"], "image/heic", ftyp("heic")),
            "\"IMG_0001.HEIC\" is a HEIC picture; send it as JPEG: on an iPhone",
        ),
        (
            (&["IMG_0001.jpg"], "image/jpeg", ftyp("mif1")),
            "a HEIC picture; send it as JPEG",
        ),
        (
            (&["a.avif"], "image/avif", ftyp("avif")),
            "an AVIF picture; send it as JPEG",
        ),
        (
            (&["a.webp"], "image/webp", webp()),
            "a WebP picture; send it as JPEG",
        ),
        (
            (&[], "image/webp", webp()),
            "an attachment without a name is a WebP picture",
        ),
        (
            (&["logo.png"], "image/png", webp()),
            "\"logo.png\" is a WebP picture",
        ),
        ((&["film.mp4"], "video/mp4", ftyp("isom")), "a film"),
        (
            (&["film.mov"], "video/quicktime", ftyp("qt  ")),
            "a film (MOV)",
        ),
        ((&["glos.m4a"], "audio/mp4", ftyp("M4A ")), "a sound (M4A)"),
        (
            (&["glos.amr"], "audio/amr", b"#!AMR\n\x3c\x91\0\0".to_vec()),
            "a sound (AMR)",
        ),
        (
            (
                &["glos.ogg"],
                "audio/ogg",
                b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01".to_vec(),
            ),
            "a sound (Opus)",
        ),
        (
            (&["a.iso"], "application/octet-stream", iso()),
            "an image of a disk (ISO)",
        ),
        (
            (&["faktura.pdf"], "application/octet-stream", lnk()),
            "a Windows shortcut (LNK) under the name of a PDF document",
        ),
        (
            (&["winmail.dat"], "application/ms-tnef", tnef()),
            "a winmail.dat of Outlook (TNEF); please send without Outlook's rich text format",
        ),
        (
            (&["faktura.pdf"], "application/pdf", tnef()),
            "a winmail.dat of Outlook (TNEF)",
        ),
        (
            (
                &["key.asc"],
                "application/pgp-keys",
                b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n".to_vec(),
            ),
            "a PGP key",
        ),
        (
            (
                &["key.asc"],
                "application/octet-stream",
                b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n".to_vec(),
            ),
            "a PGP key",
        ),
        (
            (
                &["jan.p12"],
                "application/x-pkcs12",
                b"\x30\x82\x0a\x01\x02\x01\x03\x30\x82".to_vec(),
            ),
            "\"jan.p12\" is a key or a certificate",
        ),
        (
            (
                &["jan.pem"],
                "application/x-pem-file",
                b"-----BEGIN CERTIFICATE-----\nMII\n".to_vec(),
            ),
            "a certificate",
        ),
        (
            (
                &["jan.cer"],
                "application/pkix-cert",
                b"\x30\x82\x03\x01\x30\x82\x02".to_vec(),
            ),
            "a key or a certificate",
        ),
        (
            (
                &["smime.p7m"],
                "application/pkcs7-mime",
                b"\x30\x80\x06\x09\x2a\x86\x48".to_vec(),
            ),
            "encrypted, or wrapped in a signature",
        ),
        (
            (
                &["msg.asc"],
                "application/octet-stream",
                b"-----BEGIN PGP MESSAGE-----\n".to_vec(),
            ),
            "an encrypted PGP message",
        ),
        (
            (
                &["a.js"],
                "application/javascript",
                b"var a = new ActiveXObject('x');".to_vec(),
            ),
            "\"a.js\" is a JavaScript program",
        ),
        (
            (
                &["a.vbs"],
                "application/octet-stream",
                b"CreateObject(\"WScript.Shell\")".to_vec(),
            ),
            "a script of Windows",
        ),
        (
            (
                &["a.bat"],
                "application/octet-stream",
                b"@echo off\r\ndel c:\\*".to_vec(),
            ),
            "a Windows batch file",
        ),
        (
            (
                &["a.ps1"],
                "application/octet-stream",
                b"Invoke-Expression 1".to_vec(),
            ),
            "a PowerShell script",
        ),
        (
            (
                &["a.hta"],
                "application/hta",
                b"<html><HTA:APPLICATION id=x></html>".to_vec(),
            ),
            "a program of Windows as a page (HTA)",
        ),
        (
            (
                &["a.sh"],
                "application/x-sh",
                b"#!/bin/sh\nrm -rf ~\n".to_vec(),
            ),
            "a script",
        ),
        (
            (
                &["a.url"],
                "application/octet-stream",
                b"[InternetShortcut]\r\nURL=file://x".to_vec(),
            ),
            "an Internet shortcut",
        ),
        (
            (
                &["a.one"],
                "application/onenote",
                b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3\0".to_vec(),
            ),
            "a OneNote notebook",
        ),
        (
            (&["a.chm"], "", b"ITSF\x03\0\0\0\x60\0\0\0".to_vec()),
            "a Windows help file (CHM)",
        ),
        (
            (&["dane.csv"], "text/csv", b"a;b\r\n1;2\r\n".to_vec()),
            "\"dane.csv\" is a table in text (CSV)",
        ),
        (
            (
                &["jan.vcf"],
                "text/vcard",
                b"BEGIN:VCARD\r\nEND:VCARD".to_vec(),
            ),
            "a contact card (VCF)",
        ),
        (
            (
                &["faktura.xml"],
                "application/xml",
                b"<?xml version='1.0'?><Faktura/>".to_vec(),
            ),
            "an XML file",
        ),
        (
            (
                &["dane.bin"],
                "application/octet-stream",
                b"\0\x01\x02\x99\x98".to_vec(),
            ),
            "a file of a kind that is not known",
        ),
        (
            (&["faktura.pdf"], "application/pdf", vec![]),
            "\"faktura.pdf\" is empty",
        ),
        (
            (
                &["faktura.pdf"],
                "application/pdf",
                b"Not a document".to_vec(),
            ),
            "a text under the name of a PDF document",
        ),
        (
            (
                &["a.psd"],
                "image/vnd.adobe.photoshop",
                b"8BPS\0\x01\0\0\0\0\0\0".to_vec(),
            ),
            "a picture (PSD)",
        ),
        (
            (
                &["a.jxl"],
                "image/jxl",
                b"\0\0\0\x0cJXL \r\n\x87\n\0\0".to_vec(),
            ),
            "a picture (JXL)",
        ),
        (
            (
                &["a.jp2"],
                "image/jp2",
                b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ".to_vec(),
            ),
            "a picture (JP2)",
        ),
        (
            (
                &["favicon.ico"],
                "image/x-icon",
                b"\0\0\x01\0\x01\0\x10\x10".to_vec(),
            ),
            "an icon (ICO)",
        ),
    ]
}

#[test]
fn tricks_are_refused_by_name_with_what_they_are() {
    let mut wrong = Vec::new();
    let tricks = tricks();
    assert!(tricks.len() >= 130, "{}", tricks.len());
    for (part, wanted) in tricks {
        match judged(&part, false) {
            Judgement::Refused(refusal) if refusal.to_string().contains(wanted) => {}
            Judgement::Refused(refusal) => wrong.push(format!("{refusal}\n    not: {wanted}")),
            other => wrong.push(format!(
                "{:?} {}: {other:?}\n    not: {wanted}",
                part.0, part.1
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
