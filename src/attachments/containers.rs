//! What containers of other files hold, told by the names within them: documents of office programs, apps, messages.
//!
//! Names stand uncompressed in both containers; so they are looked for as they are. All of these files are refused: a name found by chance would cost a word.

use memchr::memmem;

use super::found::{Found, Group};

/// Names in a ZIP archive, or a first entry without compression and what it says (APPNOTE 4.3.12, OPC, ODF 1.3 part 2 3.3, EPUB OCF).
const ZIPPED: [(&[u8], Group, &str); 15] = [
    (
        b"mimetypeapplication/vnd.oasis.opendocument.text",
        Group::Document,
        "an OpenDocument text (ODT)",
    ),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        Group::Document,
        "an OpenDocument table (ODS)",
    ),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.presentation",
        Group::Document,
        "an OpenDocument presentation (ODP)",
    ),
    (
        b"mimetypeapplication/vnd.oasis.opendocument.",
        Group::Document,
        "an OpenDocument file",
    ),
    (
        b"mimetypeapplication/epub+zip",
        Group::Document,
        "an e-book (EPUB)",
    ),
    (b"word/document", Group::Document, "a Word document (DOCX)"),
    (b"xl/workbook", Group::Document, "an Excel workbook (XLSX)"),
    (
        b"ppt/presentation",
        Group::Document,
        "a PowerPoint presentation (PPTX)",
    ),
    (b"visio/document", Group::Document, "a Visio drawing (VSDX)"),
    (b".fdseq", Group::Document, "an XPS document"),
    (
        b"Index/Document.iwa",
        Group::Document,
        "a document of Apple's Pages, Numbers or Keynote",
    ),
    (
        b"AndroidManifest.xml",
        Group::Program,
        "an Android app (APK)",
    ),
    (
        b"AppxManifest.xml",
        Group::Program,
        "a Windows installer (APPX)",
    ),
    (b".app/Info.plist", Group::Program, "an iPhone app (IPA)"),
    (b"META-INF/MANIFEST.MF", Group::Program, "a Java program"),
];

/// A ZIP archive by what it holds.
pub(super) fn zip(contents: &[u8]) -> Found {
    let found = ZIPPED
        .iter()
        .find(|(name, _, _)| memmem::find(contents, name).is_some());
    match found {
        Some((_, group, words)) => Found::new(*group, words),
        None => Found::new(Group::Archive, "a ZIP archive"),
    }
}

/// A compound file by the names of its streams, which are UTF-16 (MS-CFB 2.6.1): most writers leave the class of the root empty.
pub(super) fn compound(contents: &[u8]) -> Found {
    let streams: [(&[u8], Found); 6] = [
        (
            b"_\0_\0s\0u\0b\0s\0t\0g\x001\0.\x000\0",
            Found::new(Group::Message, "an Outlook message (MSG)"),
        ),
        (
            b"W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0",
            Found::new(Group::Document, "an old Word document (DOC)"),
        ),
        (
            b"W\0o\0r\0k\0b\0o\0o\0k\0",
            Found::new(Group::Document, "an old Excel workbook (XLS)"),
        ),
        (
            b"P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0 \0D\0o\0c\0u\0m\0e\0n\0t\0",
            Found::new(Group::Document, "an old PowerPoint presentation (PPT)"),
        ),
        (
            b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0",
            Found::new(Group::Document, "an encrypted Office document"),
        ),
        (
            b"@H\0",
            Found::new(Group::Program, "a Windows installer (MSI)"),
        ),
    ];
    let found = streams
        .into_iter()
        .find(|(name, _)| memmem::find(contents, name).is_some());
    found.map_or(
        Found::new(Group::Document, "an old Office document (OLE)"),
        |(_, found)| found,
    )
}
