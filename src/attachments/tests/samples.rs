//! Files as small as they can be.

/// A chunk of PNG; nobody here looks at its checksum.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    out.extend(name);
    out.extend(data);
    out.extend([0; 4]);
    out
}

pub(super) fn png() -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    out.extend(chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]));
    out.extend(chunk(b"IDAT", b"\x78\x9c\x63\x60\x60\x60\0\0\0\x04\0\x01"));
    out.extend(chunk(b"IEND", b""));
    out
}

pub(super) fn jpeg() -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    out.extend(b"\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0");
    out.extend(b"\xff\xda\0\x08\x01\x01\0\0\x3f\0PK\x03\x04\xff\0Rar\xff\xd9");
    out
}

pub(super) fn gif() -> Vec<u8> {
    let mut out = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    out.extend(b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b");
    out
}

pub(super) fn bmp() -> Vec<u8> {
    let mut out =
        b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    out.extend([0; 24]);
    out.extend([1, 2, 3, 0]);
    out
}

pub(super) fn tiff() -> Vec<u8> {
    let mut out = b"II\x2a\0\x0c\0\0\0\x01\x02\x03\x04\x03\0".to_vec();
    for (tag, value) in [(256_u16, 1_u32), (273, 8), (279, 4)] {
        out.extend(tag.to_le_bytes());
        out.extend([4, 0, 1, 0, 0, 0]);
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out
}

pub(super) fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n".to_vec()
}

pub(super) fn active_pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj\n<</OpenAction<</S/J#61vaScript/JS(app.alert\\(1\\))>>>>\nendobj\n%%EOF\n"
        .to_vec()
}

pub(super) fn exe() -> Vec<u8> {
    let mut out = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec();
    out.resize(60, 0);
    out.extend([0x80, 0, 0, 0]);
    out.extend(b"\x0e\x1f\xba\x0e\0\xb4\x09\xcd\x21\xb8\x01\x4c\xcd\x21This program cannot be run in DOS mode.\r\r\n$");
    out.resize(128, 0);
    out.extend(b"PE\0\0\x4c\x01\x03\0");
    out.resize(512, 0);
    out
}

pub(super) fn elf() -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01".to_vec();
    out.resize(128, 0);
    out
}

/// An archive with one stored file of this name.
pub(super) fn zip_of(name: &str) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let mut out = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0".to_vec();
    out.extend(length);
    out.extend([0; 2]);
    out.extend(name.as_bytes());
    out.extend(b"hi");
    let start = u32::try_from(out.len()).unwrap();
    out.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0");
    out.extend(length);
    out.extend([0; 16]);
    out.extend(name.as_bytes());
    let size = u32::try_from(out.len()).unwrap() - start;
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

pub(super) fn zip() -> Vec<u8> {
    zip_of("a.txt")
}

pub(super) fn rar() -> Vec<u8> {
    b"Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5\x0a\x01\x05\x06\0\x05\x01\x01\x80\x80\0".to_vec()
}

pub(super) fn sevenzip() -> Vec<u8> {
    b"7z\xbc\xaf\x27\x1c\0\x04\x5b\x38\xbe\xf9\x9d\0\0\0\0\0\0\0".to_vec()
}

pub(super) fn gzip() -> Vec<u8> {
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\xc8\0\0\0\0".to_vec()
}

/// A compound file that holds a stream of this name.
pub(super) fn ole(stream: &str) -> Vec<u8> {
    let mut out = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    out.resize(512 + 128, 0);
    out.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
    out.resize(2_048, 0);
    out
}

/// A file of ISO base media of a brand (ISO/IEC 14496-12 4.3).
pub(super) fn ftyp(brand: &str) -> Vec<u8> {
    let mut out = b"\0\0\0\x18ftyp".to_vec();
    out.extend(brand.as_bytes());
    out.extend(b"\0\0\0\0mif1heic\0\0\0\x08mdat");
    out
}

pub(super) fn webp() -> Vec<u8> {
    b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0".to_vec()
}

pub(super) fn iso() -> Vec<u8> {
    let mut out = vec![0; 32_768];
    out.extend(b"\x01CD001\x01\0");
    out.resize(36_864, 0);
    out
}

pub(super) fn lnk() -> Vec<u8> {
    let mut out = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46".to_vec();
    out.resize(128, 0);
    out
}

pub(super) fn tnef() -> Vec<u8> {
    b"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\0\x04\0\0\0".to_vec()
}

pub(super) fn html() -> Vec<u8> {
    b"<!DOCTYPE html><html><script>alert(1)</script></html>".to_vec()
}

pub(super) fn svg() -> Vec<u8> {
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec()
}

/// The first with the second behind it.
pub(super) fn with(mut first: Vec<u8>, second: impl AsRef<[u8]>) -> Vec<u8> {
    first.extend(second.as_ref());
    first
}
