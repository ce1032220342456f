//! `[handover]`.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::secrets;
use super::web_address::web_address;
use crate::config::checked::Handover;
use crate::config::diagnostics::Diagnostics;
use crate::config::reader::Section;
use crate::config::value::{self, path};

/// The longest wait: bounces of what is released must still find their message.
const LONGEST: Duration = Duration::from_secs(10 * 86_400);

/// `[handover]`.
pub(super) fn handover(
    section: &Section<'_>,
    data_dir: Option<&Path>,
    folder: &Path,
    log: &mut Diagnostics<'_>,
) -> Option<Handover> {
    let target = section.text("folder", log, |text| {
        let target = path(folder)(text)?;
        match data_dir.is_some_and(|data_dir| plain(&target).starts_with(plain(data_dir))) {
            true => Err(format!(
                "{text:?} lies within data_dir, which is the server's own; without this key documents lie there, until they are said to be taken"
            )),
            false => Ok(target),
        }
    });
    let url = section.text("url", log, |text| {
        web_address(text, "documents and the token")
    });
    let token = match section.get("token_file", log) {
        None => Some(None),
        Some(found) => secrets::token(&found, folder, log).map(Some),
    };
    let give_up = section.text("give_up", log, |text| {
        let wait = value::duration(text)?;
        (wait <= LONGEST)
            .then_some(wait)
            .ok_or_else(|| format!("{text:?} is too long; 10d is the longest"))
    });
    let max_bytes = section.size("max_bytes", log);
    if let (Some(Some(_)), None, Some(at)) = (&token, &url, section.position("token_file")) {
        let text = "is shown to nobody: there is no handover.url";
        log.warn(Some(at), "handover.token_file", text);
    }
    Some(Handover {
        folder: target,
        url,
        token: token?,
        give_up: give_up?,
        max_bytes: max_bytes? as u64,
    })
}

/// A path without what leads nowhere; of one that is there, without links.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let absolute = std::path::absolute(&plain).unwrap_or(plain);
    absolute.canonicalize().unwrap_or(absolute)
}
