//! What is called unambiguous is read alike: by the views of its source, and by a browser's parser.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::*;
use crate::mail::Domain;
use crate::masking::MaskedDomains;
use crate::rewrite::gate::sightings::Observer;
use crate::rewrite::gate::{Gate, Needles, documents};

/// Of what documents are put together: what is plain, often; what readers could take differently, seldom.
const PLAIN: &[&str] = &[
    "row",
    "ery",
    ".pl",
    "rowery.pl",
    "sklep",
    ".",
    "p",
    "l",
    " ",
    " ",
    "\r\n",
    "\n ",
    "<b>",
    "</b>",
    "<i>",
    "<p>",
    "</p>",
    "<br>",
    "<br/>",
    "<td width=\"20\">",
    "</td>",
    "&nbsp;",
    "&#322;",
    "&oacute;",
    "&amp;",
    "&shy;",
    "&#8203;",
    "&ndash;",
    "&hellip;",
    "<!-- x -->",
    "<!-- rowery.pl -->",
    "<a href=\"https://rowery.pl/?a=b&amp;c=d\">",
    "</a>",
    "<img alt=\"row\" src=\"cid:a@b\">",
    "ż",
    "ó",
    "-",
    "_",
    "<span style=\"color: red\">",
    "</span>",
    "<a title='rowery.pl'>",
    "&lt;x&gt;",
    "&gt;",
    "&quot;",
    "&#39;",
    "> ",
    "e",
    "2",
    "20",
    "ad",
    "<td width=20>",
    "<a href=\"ro\nwery.pl\">",
    "<font face=\"&quot;Open Sans&quot;\">",
    "<a title=\"row&#101;ry&#46;pl\">",
    "<a title=\"%72owery%2epl\">",
    "&#112;",
    "&period;",
    "&#46;pl",
];
const ODD: &[&str] = &[
    "<",
    ">",
    "&",
    "&lt;",
    "&lt;b ",
    "&#x3c;b&#x3e;",
    "\"",
    "'",
    "=",
    "%",
    "%3c",
    "=3c",
    "%22",
    "\\",
    "\\2e ",
    "--",
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<style>",
    "</style>",
    "<style>p {color: red}</style>",
    "<title>row</title>",
    "<script>",
    "</script>",
    "<textarea>",
    "</textarea>",
    "<svg>",
    "<plaintext>",
    "<a title=\"",
    "\">",
    "<a title='",
    "'>",
    "<a b=\"x>y\">",
    "<a b=c\">",
    "&nbsp",
    "&not",
    "&copy=",
    "&ltb",
    "&am",
    "p;",
    "#",
    "&#",
    "&#133;",
    "&#0;",
    "&#10;",
    "&commat;",
    "&Tab;",
    "&NewLine;",
    "&percnt;3c",
    "&bsol;",
    "&equals;",
    "\t",
    "\u{c}",
    "\0",
    "\u{1b}(B",
    "\u{200b}",
    "\u{ad}",
    "\u{338}",
    "\u{ff1c}",
    "\u{fe65}",
    "\u{207c}",
    "ſ",
    "\u{212a}",
    "<ſ",
    "<\u{200b}b>",
    "&\u{200b}lt;",
    "=\n",
    "=\r\n",
    "<a\n>",
    "<a href=\"x\"\n>",
    "<!DOCTYPE html>",
    "<?xml version=\"1.0\"?>",
    "<![CDATA[",
    "]]>",
    "<!x>",
    "</>",
    "</ b>",
    "<a/b=c>",
    "<a srcdoc=\"row&lt;b&gt;ery.pl\">",
    "<a href=\"data:text/html,rowery.pl\">",
    "<b\u{c}>",
    "<a ='x'>",
    "<a x=y=z>",
    "<a x=&quot;y>",
    "&quot;b=&quot;",
    "<a x=\"&quot;=&quot;\">",
    "<a x=\"&lt;\">",
    "<a x=\"&#62;\">",
    "%0a",
    "=0a",
    "<a x=0a>",
    "&lt",
    "&#x6c",
    "&#108",
    "<xmp>",
    "</xmp>",
    "<iframe>",
    "<base>",
    "@",
    "<a@b>",
];

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % end
    }
}

fn document(numbers: &mut Numbers) -> String {
    let odd = [0, 12, 40][numbers.below(3)];
    let mut text = String::new();
    for _ in 0..2 + numbers.below(14) {
        let from = if odd > 0 && numbers.below(odd) == 0 {
            ODD
        } else {
            PLAIN
        };
        text.push_str(from[numbers.below(from.len())]);
    }
    text
}

/// The domains that `read` shows to the gate, and whether it finds the one that is looked for.
fn seen(read: impl Fn(&Gate<'_>) -> bool) -> (BTreeSet<Domain>, bool) {
    let masks = MaskedDomains::new(Vec::new());
    let domains = [Domain::parse("rowery.pl").unwrap()];
    let mut gate = Gate::new(Needles {
        addresses: &[],
        domains: &domains,
    });
    gate.observer = Some(RefCell::new(Observer::new(&masks, true)));
    let found = read(&gate);
    let sightings = gate.observer.take().unwrap().into_inner().sightings();
    (sightings.domains.into_iter().collect(), found)
}

#[test]
fn what_is_unambiguous_shows_no_more_to_a_browser() {
    let mut numbers = Numbers(17);
    let mut read = 0;
    let mut wrong = Vec::new();
    for _ in 0..30_000 {
        let text = document(&mut numbers);
        if !is_unambiguous(&text) {
            continue;
        }
        read += 1;
        let source = seen(|gate| gate.shows(&text));
        let shown = seen(|gate| documents::shows(&text, &|text| gate.shows(text)));
        // What is found ends the look.
        if !source.1 && (shown.1 || !shown.0.is_subset(&source.0)) {
            wrong.push((text, source.0, shown.0));
        }
    }
    wrong.sort_by_key(|(text, ..)| text.len());
    assert!(
        wrong.is_empty(),
        "{} of {read}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(12)]
    );
    assert!(read > 10_000, "{read}");
}

#[test]
fn what_shops_and_mail_programs_write_is_unambiguous() {
    for text in [
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Oferta</title><style>p.x {margin: 0}</style></head><body>\n<table width=\"600\">",
        "<td style=\"padding: 8px; color: #333\"><a href=\"https://sklep.example/p/1?utm_source=mail&amp;utm_medium=e%20mail\">",
        "<b>Rower g&oacute;rski 1</b>&nbsp;&ndash; <span style=\"color: red\">1&nbsp;299,00 z&#322;</span><br>\r\n<!-- 1 -->",
        "<div dir=\"ltr\">Dzień dobry,<div><br></div></div><br><div class=\"gmail_quote\">pon., 23 lis 2026 o 10:00 Jan &lt;<a href=\"mailto:a\">a</a>&gt; napisał(a):<br>",
        "<font face=\"Arial\" size=2>a &lt; b &amp;&amp; c &gt; d</font>",
        "<p style='font-family:\"Open Sans\"'>it's</p>",
    ] {
        assert!(is_unambiguous(text), "{text}");
    }
    for text in [
        "<a b=\"x>y\">",
        "<!--[if mso]><p><![endif]-->",
        "a &lt;b c=\"row<b>ery.pl</b>\"&gt;",
        "<a href=\"x\"\n>",
        "row<style>x</style>ery.pl",
        "&nbspx",
        "<a",
        "&#133;",
        "%3c",
    ] {
        assert!(!is_unambiguous(text), "{text}");
    }
}

/// What would take hours if any step began anew for each of them.
#[test]
fn a_document_of_nothing_but_one_thing_is_read_once() {
    for piece in [
        "&quot;",
        "&lt;x&gt;",
        "&gt; ",
        "&",
        "&am",
        "<b>",
        "<!-- x -->",
        " <!-- x -->\n",
        "&lt;a",
        "a=",
        "&#322;",
        "<a b=c d=e>",
    ] {
        let many = piece.repeat(200_000);
        for text in [
            many.clone(),
            format!("<p title=\"{many}\">"),
            format!("<p title='{many}'>"),
        ] {
            is_unambiguous(&text);
        }
    }
}
