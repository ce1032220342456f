//! A start tag: the attributes that say what is shown of it, and where a link leads.

/// Those that are read.
const TELLING: [&str; 9] = [
    "alt", "cite", "class", "hidden", "href", "id", "start", "style", "type",
];

/// Classes of the blockquotes that mail programs make, beside `type="cite"`.
const CITED: [&str; 5] = [
    "gmail_quote",
    "yahoo_quoted",
    "protonmail_quote",
    "gmx_quote",
    "iosymail",
];

/// A start tag under way.
#[derive(Default)]
pub(super) struct Tag {
    name: Vec<u8>,
    /// Those of [`TELLING`], each as it stands there first.
    attributes: Vec<(&'static str, String)>,
    /// Whether the attribute that was named last is the last of them.
    reads: bool,
}

impl Tag {
    pub(super) fn begin(&mut self, name: &[u8]) {
        self.name.clear();
        self.name.extend_from_slice(name);
        self.attributes.clear();
        self.reads = false;
    }

    pub(super) fn attribute(&mut self, name: &[u8]) {
        let known = TELLING.iter().find(|known| known.as_bytes() == name);
        // Of two with the same name a browser takes the first.
        let known = known.filter(|known| self.value(known).is_none());
        self.reads = known.is_some();
        self.attributes
            .extend(known.map(|known| (*known, String::new())));
    }

    pub(super) fn attribute_value(&mut self, value: &[u8]) {
        let last = self.attributes.last_mut().filter(|_| self.reads);
        if let Some((_, text)) = last {
            text.push_str(&String::from_utf8_lossy(value));
        }
    }

    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a property in the element's own style, in small letters and without blanks around it.
    fn property(&self, name: &str) -> Option<String> {
        let rules = self.value("style")?.split(';');
        let rules = rules.filter_map(|rule| rule.split_once(':'));
        let mut values = rules.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        // The last one counts.
        let (_, value) = values.next_back()?;
        let value = value.trim().to_ascii_lowercase();
        let bare = value.trim_end_matches("!important").trim_end();
        Some(bare.to_owned())
    }

    fn has_class(&self, wanted: &str) -> bool {
        let classes = self.value("class").unwrap_or_default();
        let mut classes = classes.split_ascii_whitespace();
        classes.any(|class| class.eq_ignore_ascii_case(wanted))
    }

    /// Whether nobody sees it: what hides a preheader. Sizes of letters hide nothing, for what is inside may have its own.
    pub(super) fn is_hidden(&self) -> bool {
        let is =
            |name: &str, wanted: &str| self.property(name).is_some_and(|value| value == wanted);
        let is_zero = |name: &str| {
            let value = self.property(name);
            value.is_some_and(|value| matches!(value.trim_end_matches("px"), "0" | "0.0" | "0%"))
        };
        self.value("hidden").is_some()
            || is("display", "none")
            || is("visibility", "hidden")
            || is_zero("opacity")
            || is_zero("max-height") && is("overflow", "hidden")
    }

    /// Whether a paragraph has no empty line around it: Word's, and those whose style says so.
    pub(super) fn is_set_close(&self) -> bool {
        const CLOSE: [&str; 4] = [
            "MsoNormal",
            "MsoPlainText",
            "MsoListParagraph",
            "elementToProof",
        ];
        let zero = |value: String| {
            let mut sizes = value.split_ascii_whitespace();
            let is_zero = |size: &str| size.trim_matches(|c: char| c.is_ascii_alphabetic()) == "0";
            // Above and, where there are several, below.
            let above = sizes.next().is_some_and(is_zero);
            above && sizes.nth(1).is_none_or(is_zero)
        };
        CLOSE.iter().any(|class| self.has_class(class))
            || self.property("margin").is_some_and(zero)
            || ["margin-top", "margin-bottom"]
                .iter()
                .all(|name| self.property(name).is_some_and(zero))
    }

    /// Whether a blockquote is one that a mail program made of what is answered.
    pub(super) fn is_cited(&self) -> bool {
        let kind = self.value("type").unwrap_or_default();
        let cite = self.value("cite").unwrap_or_default();
        kind.eq_ignore_ascii_case("cite")
            || cite.starts_with("mid:")
            || CITED.iter().any(|class| self.has_class(class))
            || self
                .value("id")
                .is_some_and(|id| id.eq_ignore_ascii_case("isReplyContent"))
    }

    /// Whether a blockquote is what Gmail makes of words that its writer indents.
    pub(super) fn is_indent(&self) -> bool {
        let border = self
            .property("border")
            .or_else(|| self.property("border-width"));
        let bare = border.is_some_and(|value| value.starts_with("none") || value.starts_with('0'));
        !self.is_cited() && bare && self.property("border-left").is_none()
    }

    /// Where a link leads, if that is a page, an address or a number.
    pub(super) fn target(&self) -> Option<String> {
        const SHOWN: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];
        // As browsers read it (URL Standard 4.4).
        let href = self.value("href")?.trim_matches(|c: char| c <= ' ');
        let lower = href
            .get(..href.len().min(8))
            .unwrap_or(href)
            .to_ascii_lowercase();
        if !SHOWN.iter().any(|scheme| lower.starts_with(scheme)) {
            return None;
        }
        let mut target = String::with_capacity(href.len());
        for c in href.chars() {
            match c {
                '\t' | '\r' | '\n' => {}
                // It stands between angle brackets.
                ' ' => target.push_str("%20"),
                '<' => target.push_str("%3C"),
                '>' => target.push_str("%3E"),
                _ => target.push(c),
            }
        }
        Some(target)
    }
}

/// Whether a link shows where it leads.
pub(super) fn same(target: &str, shown: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim();
        let schemes = ["https://", "http://", "mailto:", "tel:"].iter();
        let inner = schemes
            .filter_map(|scheme| text.strip_prefix(scheme))
            .next();
        let inner = inner.unwrap_or(text).trim_end_matches('/');
        inner.replace("%20", "").replace([' ', '\u{a0}'], "")
    };
    bare(target) == bare(shown)
}
