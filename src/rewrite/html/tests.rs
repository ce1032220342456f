//! What a browser shows is masked, however the source writes it.

use super::*;
use crate::mail::{Domain, Mailbox};
use crate::message::html::parts_lines;

const SHOWN: &str = "8awgqyk6a5@allegromail.pl";

fn masked_by(addresses: &[&str], text: &str) -> String {
    let addresses: Vec<Mailbox> = addresses
        .iter()
        .map(|text| Mailbox::parse(text).unwrap())
        .collect();
    let masker = Masker::new(&addresses, SHOWN);
    let shown = Domain::parse("allegromail.pl").unwrap();
    let ids = Ids {
        masker: &masker,
        quoted: &masker,
        shown: &shown,
        events: None,
        attachments: None,
    };
    mask(text, &ids).unwrap_or_else(|| text.to_owned())
}

fn masked(text: &str) -> String {
    masked_by(&["jan@poczta.example", "o'malley@rowery.example"], text)
}

/// A browser takes two octets for one line end: neither of them goes with what stands before it, and neither stays alone.
#[test]
fn line_ends_stay_whole_beside_what_is_masked() {
    for text in [
        "jan@poczta<wbr>.example\r\n",
        "jan<!-- x --!>@poczta.example\r\n<p>x</p>\r\n",
        "jan@<b>poczta.example\r\n</b>",
        "a\r\njan@poczta<wbr>.example\r\njan<b></b>@poczta.example\r\n\r\n",
        "&ltjan@poczta<i>.example\r\n</i>&gt;\r\n",
    ] {
        let masked = masked(text);
        assert!(masked.contains(SHOWN), "{masked:?}");
        let ends = masked.matches("\r\n").count();
        assert_eq!(ends, text.matches("\r\n").count(), "{masked:?}");
        assert_eq!(masked.matches(['\r', '\n']).count(), 2 * ends, "{masked:?}");
    }
}

#[test]
fn h184_text_is_masked_as_a_browser_shows_it() {
    let filler = "x".repeat(600);
    let comment = "-".repeat(5_000);
    for (text, want) in [
        (
            "<p>jan@poczta.example</p>".to_owned(),
            format!("<p>{SHOWN}</p>"),
        ),
        (
            "a&nbspjan@poczta.example".to_owned(),
            format!("a&nbsp;{SHOWN}"),
        ),
        (
            "&ltjan@poczta.example&gt".to_owned(),
            format!("&lt;{SHOWN}&gt;"),
        ),
        ("o&apos;malley@rowery.example".to_owned(), SHOWN.to_owned()),
        (
            "o&#39malley&commat;rowery&period;example".to_owned(),
            SHOWN.to_owned(),
        ),
        (
            "jan&#00000000000064;poczta.example".to_owned(),
            SHOWN.to_owned(),
        ),
        (
            "jan<a@b>@poczta.example".to_owned(),
            format!("{SHOWN}<a@b>"),
        ),
        (
            "jan<!-- x --!>@poczta<!>.example".to_owned(),
            format!("{SHOWN}<!-- x --!><!>"),
        ),
        (
            "jan<b title=\">\">@poczta</b>.example".to_owned(),
            format!("{SHOWN}<b title=\">\"></b>"),
        ),
        (
            format!("jan<b title='{filler}'>@</b>poczta.example"),
            format!("{SHOWN}<b title='{filler}'></b>"),
        ),
        (
            format!("jan@<!--{comment}-->poczta.example"),
            format!("{SHOWN}<!--{comment}-->"),
        ),
        ("jan&Tab;@poczta.example".to_owned(), SHOWN.to_owned()),
        ("jan&NewLine;@poczta.example".to_owned(), SHOWN.to_owned()),
        (
            "jan&InvisibleComma;@&af;poczta.example".to_owned(),
            SHOWN.to_owned(),
        ),
        ("&jscr;an@poczta.example".to_owned(), SHOWN.to_owned()),
        (
            "jan&shy;@&zwnj;poczta&ZeroWidthSpace;.example!".to_owned(),
            format!("{SHOWN}!"),
        ),
        (
            "<td>jan@</td><td>poczta.example</td>".to_owned(),
            format!("<td>{SHOWN}</td><td></td>"),
        ),
    ] {
        assert_eq!(masked(&text), want);
    }
}

#[test]
fn h184_values_and_what_stands_in_them_are_masked() {
    for (text, want) in [
        (
            "<a href=\"mailto:jan@\tpoczta.exam\r\nple\">x",
            format!("<a href=\"mailto:{SHOWN}\">x"),
        ),
        (
            "<a href=mailto:jan&commat;poczta.example>x",
            format!("<a href=\"mailto:{SHOWN}\">x"),
        ),
        (
            "<a title='a > jan@poczta.example'>",
            format!("<a title='a > {SHOWN}'>"),
        ),
        (
            "<a x=\"&quot;jan@poczta.example&quot;\">",
            format!("<a x=\"&quot;{SHOWN}&quot;\">"),
        ),
        (
            "<iframe srcdoc=\"&lt;p>jan&lt;b>@poczta.example&lt;/b>\">",
            format!("<iframe srcdoc=\"<p>{SHOWN}<b></b>\">"),
        ),
        (
            "<!--[if mso]><p>jan<b>@poczta.example</b></p><![endif]-->",
            format!("<!--[if mso]><p>{SHOWN}<b></b></p><![endif]-->"),
        ),
        (
            "<style>a:after { content: 'jan\\40 poczta.\\\r\nexample' }</style>",
            format!("<style>a:after {{ content: '{SHOWN}' }}</style>"),
        ),
    ] {
        assert_eq!(masked(text), want, "{text}");
    }
}

#[test]
fn h184_documents_in_links_are_masked() {
    use data_encoding::BASE64;
    let wide: String = "\u{feff}jan@poczta.example"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .map(|octet| format!("%{octet:02x}"))
        .collect();
    for link in [
        "data:text/html,<p>jan%0A@poczta.example</p>".to_owned(),
        format!("data:text/plain;charset=utf-16,{wide}"),
        format!(
            "DATA:text/html;base64,{}",
            BASE64.encode(b"jan<b>@poczta.example</b>")
        ),
    ] {
        let out = masked(&format!("<a href='{link}'>x</a>"));
        let data = out
            .split("base64,")
            .nth(1)
            .and_then(|rest| rest.split('\'').next())
            .unwrap();
        let text = String::from_utf8(BASE64.decode(data.as_bytes()).unwrap()).unwrap();
        assert!(
            text.contains(SHOWN) && !text.contains("poczta"),
            "{link}: {text}"
        );
    }
    let picture = "<img src=\"data:image/png;base64,iVBORw0KGgo=\" alt=\"@poczta.example\">";
    assert_eq!(masked(picture), picture);
}

#[test]
fn what_holds_nothing_stays_to_the_octet() {
    for text in [
        "<p>a &amp b&nbsp<br>c</P>\r\n<a href=x>@media</a>",
        "<style>@page { margin: 0 }</style>\r\n<p>bojan@poczta.example</p>",
        "<p>jan@poczta.example.com</p>",
        "<a href='https://poczta.example/%40'>",
    ] {
        assert_eq!(masked(text), text);
    }
}

#[test]
fn elements_that_part_lines_are_found() {
    for name in ["address", "td", "ul", "h6"] {
        assert!(parts_lines(name.as_bytes()), "{name}");
    }
    for name in ["a", "span", "tdx", ""] {
        assert!(!parts_lines(name.as_bytes()), "{name}");
    }
}
