//! Files that other people's programs wrote: the six kinds pass as what they are, everything else is refused with its own name.
//!
//! `attachments/make.py` makes them and says how each is judged.

use std::fs;

use allegromail::attachments::{Declared, Judgement, judge};
use serde_json::Value;

use super::pictures::{have_modules, python};
use crate::support::programs::have;

/// What makes the files.
const PROGRAMS: [&str; 32] = [
    "7zz",
    "arj",
    "c44",
    "cjpeg",
    "dpkg-deb",
    "genisoimage",
    "gm",
    "gpg",
    "gpgconf",
    "gs",
    "gst-launch-1.0",
    "heif-enc",
    "identify",
    "jar",
    "javac",
    "objcopy",
    "openssl",
    "pdftocairo",
    "pdftoppm",
    "pdftops",
    "pdfunite",
    "php",
    "qemu-img",
    "qpdf",
    "rsvg-convert",
    "ruby",
    "sox",
    "tar",
    "tiff2pdf",
    "tiffcp",
    "zip",
    "zstd",
];

const MODULES: &str =
    "docx, ebooklib, img2pdf, numpy, odf, openpyxl, pikepdf, PIL, reportlab, xlsxwriter, xlwt";

/// Why a file is judged otherwise than was said; nothing where it is not.
fn wrong(case: &Value, declared: &str, octets: &[u8]) -> Option<String> {
    let names = [case["name"].as_str().unwrap()];
    let declared = Declared {
        essence: declared,
        in_report: false,
        names: &names,
    };
    let (want, judgement) = (case["want"].as_str().unwrap(), judge(&declared, octets));
    let good = match &judgement {
        Judgement::Allowed {
            kind,
            corrected,
            is_active,
        } => {
            let right = kind.media_type();
            want == "allowed"
                && case["kind"] == right
                && case["active"] == *is_active
                && *corrected == Some(right).filter(|right| *right != declared.essence)
        }
        Judgement::Signature => want == "signature",
        Judgement::Refused(refusal) => refusal.to_string().contains(want),
        Judgement::Text => false,
    };
    (!good).then(|| {
        let told = match judgement {
            Judgement::Refused(refusal) => refusal.to_string(),
            other => format!("{other:?}"),
        };
        format!("{case} as {}: {told}\n", declared.essence)
    })
}

#[test]
fn files_of_many_programs_are_told_by_their_contents() {
    if !have(&PROGRAMS) || !have_modules(MODULES) {
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    print!("{}", python("attachments/make.py", &[folder.path()]));
    let list = fs::read(folder.path().join("want.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&list).unwrap();
    let mut failures = String::new();
    for case in &cases {
        let octets = fs::read(folder.path().join(case["file"].as_str().unwrap())).unwrap();
        // What may pass passes under its own type too.
        let types = [Some(&case["type"]), case.get("kind")];
        for declared in types.into_iter().flatten().filter_map(Value::as_str) {
            failures.extend(wrong(case, declared, &octets));
        }
    }
    assert!(cases.len() >= 100, "only {} files", cases.len());
    assert!(failures.is_empty(), "{failures}");
}
