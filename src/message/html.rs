//! The tokens of a document in HTML, as a browser takes it apart ([HTML Standard, 13.2.5](https://html.spec.whatwg.org/#tokenization)), by `html5gum`.

use std::convert::Infallible;
use std::ops::Range;

use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, ForwardingEmitter, Span, Tokenizer};

/// What the text of scripts, style sheets and their like is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawText {
    /// Text, up to the end tag: as a browser takes it.
    AsText,
    /// HTML like all other: what stands in it is seen, whatever a program makes of the element.
    AsHtml,
}

/// Calls `hear` with each token of `text`, in order, and its place in octets. A start tag comes in several: its name, its attributes, its end.
pub(crate) fn tokens(
    text: &str,
    raw: RawText,
    mut hear: impl FnMut(&CallbackEvent<'_>, Range<usize>),
) {
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| {
        hear(&event, span.start..span.end);
        None::<Infallible>
    });
    emitter.naively_switch_states(raw == RawText::AsText);
    let Ok(()) = Tokenizer::new_with_emitter(text, Forgiving(emitter)).finish();
}

/// A text without tags, with its references decoded.
pub(crate) fn text(source: &str) -> String {
    let mut text = String::new();
    tokens(source, RawText::AsText, |event, _| {
        if let CallbackEvent::String { value } = event {
            text.push_str(&String::from_utf8_lossy(value));
        }
    });
    text
}

/// Elements that end a line for a reader, sorted; any other stands in one, and so does what nobody knows.
const PARTING: [&[u8]; 46] = [
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"body",
    b"br",
    b"button",
    b"caption",
    b"center",
    b"dd",
    b"details",
    b"dialog",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"header",
    b"hr",
    b"html",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"option",
    b"p",
    b"pre",
    b"section",
    b"table",
    b"tbody",
    b"td",
    b"th",
    b"thead",
    b"title",
    b"tr",
    b"ul",
];

/// Whether an element of this name, in small letters, ends a line for a reader.
pub(crate) fn parts_lines(name: &[u8]) -> bool {
    PARTING.binary_search(&name).is_ok()
}

/// Nobody asks for the faults of a document. Without them not each of its characters is looked at.
struct Forgiving<F: Callback<Infallible, usize>>(CallbackEmitter<F, Infallible, usize>);

impl<F: Callback<Infallible, usize>> ForwardingEmitter for Forgiving<F> {
    type Token = Infallible;

    fn inner(&mut self) -> &mut impl Emitter<Token = Infallible> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}
