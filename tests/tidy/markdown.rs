//! Markdown as text: sections, rows of tables, headings and their anchors, links.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The text of `heading` up to the next heading of its level or above; empty if there is none.
pub(crate) fn section<'t>(page: &'t str, heading: &str) -> &'t str {
    let level = heading.split(' ').next().unwrap().len();
    let Some(start) = page.find(&format!("\n{heading}\n")) else {
        return "";
    };
    let text = &page[start + 1..];
    let mut at = heading.len();
    for line in text[heading.len()..].split_inclusive('\n') {
        let marks = line.len() - line.trim_start_matches('#').len();
        if (1..=level).contains(&marks) {
            break;
        }
        at += line.len();
    }
    &text[..at]
}

/// The cells of every row of the tables in `text`, heads left out.
pub(crate) fn rows(text: &str) -> Vec<Vec<&str>> {
    let mut rows: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        let Some(inner) = line.strip_prefix('|').and_then(|l| l.strip_suffix('|')) else {
            continue;
        };
        let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
        if cells.iter().all(|cell| cell.starts_with("---")) {
            rows.pop();
        } else {
            rows.push(cells);
        }
    }
    rows
}

/// What stands in backticks.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Lines outside of fences, numbered from 1.
fn lines(page: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (at, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.push((at + 1, line));
        }
    }
    found
}

/// Every anchor of a page: those that GitHub makes of headings, and those written as `<a id="…">`.
pub(crate) fn anchors(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, line) in lines(page) {
        let title = line.trim_start_matches('#');
        if title.len() < line.len() && title.starts_with(' ') {
            let slug = slug(title);
            // The second of two equal headings has a number.
            let numbered = (1..).map(|number| format!("{slug}-{number}"));
            let mut names = std::iter::once(slug.clone()).chain(numbered);
            found.insert(names.find(|name| !found.contains(name)).unwrap());
        }
        for start in ["<a id=\"", "<a name=\""] {
            let named = line.split(start).skip(1);
            found.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
    found
}

/// A heading's anchor as GitHub makes it: lower case, hyphens for spaces, and nothing but letters, digits, hyphens and underscores.
fn slug(title: &str) -> String {
    // Of a link the text is shown.
    let mut shown = String::new();
    let mut rest = title.trim();
    while let Some((before, after)) = rest.split_once("](") {
        shown.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    shown.push_str(rest);
    shown
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Line and target of every link: `[text](target)` and `[name]: target`. Code is no link.
fn links(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in lines(page) {
        let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        let inline = text.split("](").skip(1);
        found.extend(inline.filter_map(|rest| Some((number, target(rest.split_once(')')?.0)))));
        if text.starts_with('[')
            && let Some((_, rest)) = text.split_once("]: ")
        {
            found.push((number, target(rest)));
        }
    }
    found
}

/// A target without its title.
fn target(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.trim_matches(['<', '>']).to_owned()
}

/// What is wrong with the links of the page at `path`.
pub(crate) fn dead_links(root: &Path, path: &str) -> Vec<String> {
    let page = fs::read_to_string(root.join(path)).unwrap();
    let mut dead = Vec::new();
    for (number, target) in links(&page) {
        if target.starts_with("https://") || target.starts_with("mailto:") {
            continue;
        }
        let (file, anchor) = match target.split_once('#') {
            Some((file, anchor)) => (file, Some(anchor)),
            None => (target.as_str(), None),
        };
        let folder = Path::new(path).parent().unwrap();
        let file = if file.is_empty() {
            root.join(path)
        } else {
            root.join(folder).join(file)
        };
        if !file.exists() {
            dead.push(format!("{path}:{number}: {target}: there is no such file"));
        } else if let Some(anchor) = anchor
            && !anchors(&fs::read_to_string(&file).unwrap()).contains(anchor)
        {
            dead.push(format!(
                "{path}:{number}: {target}: there is no such anchor"
            ));
        }
    }
    dead
}

#[test]
fn sections_rows_anchors_and_links_are_found() {
    let page = "# A\n\n## The `[smtp]` keys\n\n| key | default |\n| --- | --- |\n| `a` | 1 |\n\n### B_c\n\nx\n\n```sh\n# no heading\n```\n## B_c\n\n[t](#b_c) `[c](d)`\n";
    assert!(section(page, "## The `[smtp]` keys").contains("### B_c"));
    assert_eq!(section(page, "### B_c"), "### B_c\n\nx\n\n```sh\n");
    assert_eq!(rows(page), [["`a`", "1"]]);
    let wanted = ["a", "b_c", "b_c-1", "the-smtp-keys"].map(str::to_owned);
    assert_eq!(anchors(page), BTreeSet::from(wanted));
    assert_eq!(links(page), [(18, "#b_c".to_owned())]);
}
