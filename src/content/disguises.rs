//! Links that are written so that no program takes them for links.

/// Which octets stand in a text, of those without which it holds neither links nor disguises of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs(u8);

impl Signs {
    const FULL_STOP: u8 = 1;
    /// An at sign or a colon.
    const ADDRESS: u8 = 1 << 1;
    const BRACKET: u8 = 1 << 2;
    const X: u8 = 1 << 3;
    const W: u8 = 1 << 4;
    /// Those of links and addresses.
    pub(super) const OF_LINKS: u8 = Self::FULL_STOP | Self::ADDRESS;

    /// One pass tells all of them.
    pub(super) fn of(text: &str) -> Self {
        let kinds = text.bytes().map(|octet| match octet {
            b'.' => Self::FULL_STOP,
            b'@' | b':' => Self::ADDRESS,
            b'[' | b'(' | b'{' => Self::BRACKET,
            b'x' => Self::X,
            b'w' => Self::W,
            _ => 0,
        });
        Self(kinds.fold(0, |all, kind| all | kind))
    }

    pub(super) fn any(self, kinds: u8) -> bool {
        self.0 & kinds != 0
    }
}

/// A text with its defanged links mended (`hxxps://`, `sklep[.]pl`); none if it has none.
pub(super) fn refanged(text: &str, signs: Signs) -> Option<String> {
    const DOTS: [&str; 9] = [
        "[.]", "(.)", "{.}", "[dot]", "(dot)", "[kropka]", "(kropka)", "(tecka)", "(bodka)",
    ];
    let octets = text.as_bytes();
    // Whether `wanted` stands in the text, told by an octet of it that is rare; so many stand before that one.
    let around = |octet: u8, before: usize, wanted: &[u8]| {
        memchr::memchr_iter(octet, octets).any(|at| {
            let rest = at.checked_sub(before).and_then(|from| octets.get(from..));
            rest.is_some_and(|rest| rest.starts_with(wanted))
        })
    };
    let marks = signs.any(Signs::BRACKET);
    let spaced = (signs.any(Signs::FULL_STOP) && around(b'.', 1, b" . "))
        || (signs.any(Signs::W) && around(b'w', 0, b"w w w"));
    let scheme = signs.any(Signs::X) && around(b'x', 0, b"xx");
    if !marks && !spaced && !scheme {
        return None;
    }
    let mut out = text
        .replace("hxxp", "http")
        .replace("hXXp", "http")
        .replace("w w w", "www")
        .replace("www .", "www.");
    if marks {
        for dot in DOTS {
            out = out.replace(&format!(" {dot} "), ".").replace(dot, ".");
        }
    }
    if spaced {
        for suffix in ["pl", "cz", "sk", "hu", "com", "eu"] {
            out = out.replace(&format!(" . {suffix}"), &format!(".{suffix}"));
        }
    }
    (out != text).then_some(out)
}
