//! GIF without private metadata, also animated ([GIF89a](https://www.w3.org/Graphics/GIF/spec-gif89a.txt)).
//!
//! Images, colour tables, graphic controls, loops and ICC profiles stay. Comments, plain texts (that no viewer shows), all other application
//! extensions (XMP is one), unknown extensions, what stands between blocks and what is behind the trailer go.

use super::Walked;
use super::cursor::Cursor;

/// What starts an extension (GIF89a, 23 to 26).
const EXTENSION: u8 = 0x21;
/// What starts an image (GIF89a, 20).
const IMAGE: u8 = 0x2C;
/// The trailer (GIF89a, 27).
const TRAILER: u8 = 0x3B;
/// The label of graphic controls (GIF89a, 23).
const CONTROL: u8 = 0xF9;
/// The label of application extensions (GIF89a, 26).
const APPLICATION: u8 = 0xFF;
/// What is said of octets that end too early.
const CUT: &str = "ends before its trailer";

/// A picture's octets without private metadata.
pub(super) fn strip(octets: &[u8]) -> Walked<Vec<u8>> {
    let mut cursor = Cursor::new(octets);
    if !matches!(cursor.take(6), Some(b"GIF87a" | b"GIF89a")) {
        return Err("has no GIF signature");
    }
    let [_, _, _, _, flags, _, _] = cursor.array().ok_or(CUT)?;
    cursor.take(color_table(flags)).ok_or(CUT)?;
    let mut out = Vec::with_capacity(octets.len());
    out.extend_from_slice(cursor.since(0));
    let mut has_image = false;
    loop {
        let start = cursor.at();
        // Many writers forget the trailer, and no decoder minds where a block has just ended.
        if cursor.is_at_end() && has_image {
            return Ok(out);
        }
        match cursor.octet().ok_or(CUT)? {
            EXTENSION => extension(&mut cursor, start, &mut out)?,
            IMAGE => {
                has_image = true;
                image(&mut cursor)?;
                out.extend_from_slice(cursor.since(start));
            }
            TRAILER => {
                out.push(TRAILER);
                break;
            }
            // What stands between blocks decoders pass over.
            _ => {}
        }
    }
    if has_image {
        Ok(out)
    } else {
        Err("has no image")
    }
}

/// How long the colour table is that these flags tell of (GIF89a, 18 and 20).
const fn color_table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        3 << ((flags & 7) + 1)
    }
}

/// Reads an image behind its first octet (GIF89a, 20 to 22).
fn image(cursor: &mut Cursor<'_>) -> Walked<()> {
    let [.., flags] = cursor.array::<9>().ok_or(CUT)?;
    cursor.take(color_table(flags)).ok_or(CUT)?;
    cursor.octet().ok_or(CUT)?;
    while !block(cursor)?.is_empty() {}
    Ok(())
}

/// The next sub-block; an empty one ends them (GIF89a, 15 and 16).
fn block<'a>(cursor: &mut Cursor<'a>) -> Walked<&'a [u8]> {
    let length = cursor.octet().ok_or(CUT)?;
    cursor.take(usize::from(length)).ok_or(CUT)
}

/// Reads an extension behind its first octet, and writes it if it may stay.
fn extension(cursor: &mut Cursor<'_>, start: usize, out: &mut Vec<u8>) -> Walked<()> {
    let label = cursor.octet().ok_or(CUT)?;
    let first = block(cursor)?;
    let head = cursor.since(start);
    match (label, first) {
        (CONTROL, &[_, _, _, _]) => {
            // Its one block is all there is (GIF89a, 23): more would hide something.
            out.extend_from_slice(head);
            out.push(0);
        }
        // Loops: [Netscape's](https://web.archive.org/web/19990418091037/http://www6.uniovi.es/gifanim/gifabout.htm), also known as AnimExts'.
        (APPLICATION, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => return loops(cursor, head, out),
        // [ICC.1](https://www.color.org/specification/ICC.1-2022-05.pdf), B.5.
        (APPLICATION, b"ICCRGBG1012") => {
            while !block(cursor)?.is_empty() {}
            out.extend_from_slice(cursor.since(start));
            return Ok(());
        }
        (_, &[]) => return Ok(()),
        _ => {}
    }
    while !block(cursor)?.is_empty() {}
    Ok(())
}

/// Writes what says how often the animation is shown and how much is buffered, which are three and five octets.
fn loops(cursor: &mut Cursor<'_>, head: &[u8], out: &mut Vec<u8>) -> Walked<()> {
    let mut is_empty = true;
    loop {
        let start = cursor.at();
        match block(cursor)? {
            [] => break,
            [1, _, _] | [2, _, _, _, _] => {
                if std::mem::take(&mut is_empty) {
                    out.extend_from_slice(head);
                }
                out.extend_from_slice(cursor.since(start));
            }
            _ => {}
        }
    }
    if !is_empty {
        out.push(0);
    }
    Ok(())
}
