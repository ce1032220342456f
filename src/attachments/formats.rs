//! Formats by the names that people know them by.

use file_format::{FileFormat, Kind as Sort};

use super::found::{Found, Group, KEY, UNKNOWN};

/// A format that is no text, in words.
pub(super) fn found(format: FileFormat) -> Found {
    known(format).map_or_else(
        || Found {
            format: Some(format),
            is_weak: is_weak(format),
            ..sort(format)
        },
        |(group, words)| Found {
            is_weak: is_weak(format),
            ..Found::new(group, words)
        },
    )
}

/// Whether two octets tell it.
const fn is_weak(format: FileFormat) -> bool {
    matches!(
        format,
        FileFormat::MsDosExecutable
            | FileFormat::Cpio
            | FileFormat::UnixCompress
            | FileFormat::Bzip
            | FileFormat::CommonObjectFileFormat
            | FileFormat::ArchivedByRobertJung
            | FileFormat::DerCertificate
            | FileFormat::SmallWebFormat
            | FileFormat::Postscript
            | FileFormat::JpegXl
    )
}

/// The words for a format that many people have.
const fn known(format: FileFormat) -> Option<(Group, &'static str)> {
    Some(match format {
        FileFormat::PortableExecutable
        | FileFormat::NewExecutable
        | FileFormat::LinearExecutable => (Group::Program, "a Windows program"),
        FileFormat::MsDosExecutable => (Group::Program, "a DOS or Windows program"),
        FileFormat::DynamicLinkLibrary => (Group::Program, "a Windows program (DLL)"),
        FileFormat::MicrosoftSoftwareInstaller => (Group::Program, "a Windows installer (MSI)"),
        FileFormat::WindowsShortcut => (Group::Program, "a Windows shortcut (LNK)"),
        FileFormat::MicrosoftCompiledHtmlHelp => (Group::Program, "a Windows help file (CHM)"),
        FileFormat::ExecutableAndLinkableFormat => (Group::Program, "a Linux program (ELF)"),
        FileFormat::MachO => (Group::Program, "a macOS program"),
        FileFormat::JavaClass => (Group::Program, "a Java program"),
        FileFormat::MicrosoftWordDocument => (Group::Document, "an old Word document (DOC)"),
        FileFormat::MicrosoftExcelSpreadsheet => (Group::Document, "an old Excel workbook (XLS)"),
        FileFormat::MicrosoftPowerpointPresentation => {
            (Group::Document, "an old PowerPoint presentation (PPT)")
        }
        FileFormat::RichTextFormat => (Group::Document, "a rich text (RTF)"),
        FileFormat::Postscript | FileFormat::EncapsulatedPostscript => {
            (Group::Document, "a PostScript document")
        }
        FileFormat::Zip => (Group::Archive, "a ZIP archive"),
        FileFormat::RoshalArchive => (Group::Archive, "a RAR archive"),
        FileFormat::SevenZip => (Group::Archive, "a 7z archive"),
        FileFormat::Iso9660 => (Group::Archive, "an image of a disk (ISO)"),
        _ => return picture(format),
    })
}

/// The words for pictures, and for what is neither.
const fn picture(format: FileFormat) -> Option<(Group, &'static str)> {
    Some(match format {
        FileFormat::Webp => (Group::Picture, "a WebP picture"),
        FileFormat::HighEfficiencyImageCoding
        | FileFormat::HighEfficiencyImageCodingSequence
        | FileFormat::HighEfficiencyImageFileFormat
        | FileFormat::HighEfficiencyImageFileFormatSequence => (Group::Picture, "a HEIC picture"),
        FileFormat::Av1ImageFileFormat | FileFormat::Av1ImageFileFormatSequence => {
            (Group::Picture, "an AVIF picture")
        }
        FileFormat::WindowsIcon => (Group::Picture, "an icon (ICO)"),
        // What is one of the six was told before, by more than its signature.
        FileFormat::PortableDocumentFormat => (Group::Other, "a file that only begins as a PDF"),
        FileFormat::GraphicsInterchangeFormat => {
            (Group::Other, "a file that only begins as a GIF picture")
        }
        FileFormat::PortableNetworkGraphics | FileFormat::AnimatedPortableNetworkGraphics => {
            (Group::Other, "a file that only begins as a PNG picture")
        }
        FileFormat::JointPhotographicExpertsGroup => {
            (Group::Other, "a file that only begins as a JPEG picture")
        }
        FileFormat::WindowsBitmap => (Group::Other, "a file that only begins as a BMP picture"),
        FileFormat::TagImageFileFormat => {
            (Group::Other, "a file that only begins as a TIFF picture")
        }
        FileFormat::CanonRaw2
        | FileFormat::CanonRaw3
        | FileFormat::NikonElectronicFile
        | FileFormat::SonyAlphaRaw
        | FileFormat::OlympusRawFormat
        | FileFormat::PanasonicRaw
        | FileFormat::FujifilmRaw => (Group::Picture, "a raw picture of a camera"),
        FileFormat::AdvancedSystemsFormat => (Group::Media, "a film or a sound (WMV, WMA)"),
        FileFormat::Mpeg4Part14 => (Group::Media, "a film (MP4)"),
        FileFormat::DerCertificate => (Group::Key, KEY),
        FileFormat::PersonalStorageTable => (Group::Message, "a mailbox of Outlook (PST)"),
        FileFormat::ArbitraryBinaryData => (Group::Other, UNKNOWN),
        _ => return None,
    })
}

/// The words for a format by what sort it is.
const fn sort(format: FileFormat) -> Found {
    match format.kind() {
        Sort::Archive | Sort::Compressed => Found::new(Group::Archive, "an archive"),
        Sort::Disk | Sort::Rom => Found::new(Group::Archive, "an image of a disk"),
        Sort::Package => Found::new(Group::Program, "a package of programs"),
        Sort::Executable => Found::new(Group::Program, "a program"),
        Sort::Document | Sort::Formula | Sort::Diagram => Found::new(Group::Document, "a document"),
        Sort::Spreadsheet => Found::new(Group::Document, "a table"),
        Sort::Presentation => Found::new(Group::Document, "a presentation"),
        Sort::Ebook => Found::new(Group::Document, "an e-book"),
        Sort::Image => Found::new(Group::Picture, "a picture"),
        Sort::Model => Found::new(Group::Other, "a model"),
        Sort::Audio => Found::new(Group::Media, "a sound"),
        Sort::Video => Found::new(Group::Media, "a film"),
        Sort::Font => Found::new(Group::Other, "a font"),
        Sort::Database => Found::new(Group::Other, "a database"),
        _ => Found::new(Group::Other, "a file"),
    }
}
