//! Reading the rules on contents from their folders.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::Sources;
use crate::content::{Problem, Problems, RuleSet};
use crate::files::{self, SetFile};

/// Sets of rules that are read together.
pub(super) struct Rules {
    /// Those that decide.
    pub(super) rules: Arc<RuleSet>,
    /// Those that are asked beside them.
    pub(super) shadow: Option<Arc<RuleSet>>,
    /// What both were read from; none of a set that is compiled in.
    pub(super) files: [Option<Vec<SetFile>>; 2],
}

/// Reads the sets that `sources` name.
pub(super) fn read(sources: &Sources) -> Result<Rules, Problems> {
    let files = |folder: Option<&Path>| folder.map(folder_files).transpose();
    compile([
        files(sources.rules.as_deref())?,
        files(sources.shadow.as_deref())?,
    ])
}

/// The sets that these files make.
pub(super) fn compile(files: [Option<Vec<SetFile>>; 2]) -> Result<Rules, Problems> {
    let [rules, shadow] = &files;
    let parsed = |files: &Vec<SetFile>| parse(files).map(Arc::new);
    Ok(Rules {
        rules: rules.as_ref().map_or_else(|| SHIPPED.clone(), parsed)?,
        shadow: shadow.as_ref().map(parsed).transpose()?,
        files,
    })
}

/// The set that is compiled in is always the same, and its examples take a moment.
static SHIPPED: LazyLock<Result<Arc<RuleSet>, Problems>> =
    LazyLock::new(|| RuleSet::shipped().map(Arc::new));

/// Reads a set from the `*.toml` of a folder.
///
/// # Errors
/// Everything that is wrong with files, rules and examples.
pub fn load_rules(folder: &Path) -> Result<RuleSet, Problems> {
    parse(&folder_files(folder)?)
}

fn folder_files(folder: &Path) -> Result<Vec<SetFile>, Problems> {
    files::read_set(folder, "toml").map_err(|error| {
        Problems(vec![problem(
            error.path.display().to_string(),
            error.message,
        )])
    })
}

fn problem(file: String, message: String) -> Problem {
    Problem {
        file,
        rule: String::new(),
        message,
    }
}

fn parse(files: &[SetFile]) -> Result<RuleSet, Problems> {
    let mut texts = Vec::new();
    for file in files {
        let text = std::str::from_utf8(&file.octets).map_err(|_| {
            let message = "is not UTF-8; save it in that encoding (iconv -t UTF-8)";
            let shown = file.path.display().to_string();
            Problems(vec![problem(shown, message.to_owned())])
        })?;
        let name = file.path.file_name().unwrap_or_default();
        texts.push((name.to_string_lossy().into_owned(), text.to_owned()));
    }
    RuleSet::parse(texts)
}
