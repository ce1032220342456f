//! The folder of the log: which segments it has, and how its names become durable.

use std::fs::File;
use std::io;
use std::path::Path;

/// The name of a segment.
pub(super) fn name(number: u32) -> String {
    format!("{number:08}.seg")
}

/// The numbers of all segments in `dir`, ascending.
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let file_name = entry?.file_name();
        let stem = file_name
            .to_str()
            .and_then(|text| text.strip_suffix(".seg"));
        numbers.extend(
            stem.filter(|stem| stem.len() == 8)
                .and_then(|stem| stem.parse::<u32>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes names in a folder durable.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
