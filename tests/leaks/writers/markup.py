"""The HTML of a letter in the shapes that mail programs and shops give it: plain paragraphs, Outlook, a newsletter, Gmail, Apple Mail, an old editor."""
import base64
import html
import json
import urllib.parse

import files


def escaped(line, rng):
    """A line of text as HTML; names of letters instead of some of them, as old editors write."""
    line = html.escape(line, quote=rng.random() < 0.3)
    return line.replace("ó", "&oacute;").replace("ż", "&#380;").replace("é", "&#xE9;") if rng.random() < 0.2 else line


def linked(line):
    """The line with its links to be clicked."""
    words = [f'<a href="{word}" target="_blank" rel="noopener">{word}</a>' if word.startswith(("https://", "http://")) and "<" not in word else word for word in line.split(" ")]
    return " ".join(words)


def lines(text, rng):
    """The lines of a text as HTML."""
    return [linked(escaped(line, rng)) for line in text.split("\n")]


def campaign(rng, shop):
    """A link with all that counts and signs in it."""
    host = rng.choice(["rowery.example", "www.rowery.example"] if shop else ["allegro.pl", "inpost.pl", "www.youtube.com", "click.mlsend.com"])
    token = base64.urlsafe_b64encode(json.dumps({"id": rng.randrange(10**6), "jak": "newsletter", "do": "oferta", "k": rng.getrandbits(64)}).encode()).decode()
    deep = urllib.parse.quote(f"https://{host}/oferta/{rng.randrange(10**9)}?a=ż&b=1", safe="")
    return f"https://{host}/r/{rng.getrandbits(80):x}?utm_source=mail&amp;utm_medium=e-mail&amp;u={deep}&amp;t={token}#sekcja-{rng.randrange(9)}"


def pictures(inline):
    """The pictures that come along."""
    return "".join(f'<img src="cid:{one["cid"]}" alt="{one["name"]}" width="{120 + at}">' for at, one in enumerate(inline))


def plain(text, inline, rng, shop):
    """What most programs write."""
    return "<html><body>" + "".join(f"<p>{line}</p>\n" for line in lines(text, rng)) + pictures(inline) + "</body></html>\n"


def outlook(text, inline, rng, shop):
    """Word's HTML, with its conditional comments."""
    body = "\r\n".join(f'<p class="MsoNormal"><span lang="PL" style=\'font-size:11.0pt;font-family:"Calibri",sans-serif\'>{line or "&nbsp;"}<o:p></o:p></span></p>' for line in lines(text, rng))
    return ('<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">\r\n'
            '<head>\r\n<meta name="Generator" content="Microsoft Word 15 (filtered medium)">\r\n<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}\r\no\\:* {behavior:url(#default#VML);}\r\n</style><![endif]-->'
            '<style><!--\r\n/* Font Definitions */\r\n@font-face\r\n\t{font-family:"Cambria Math";\r\n\tpanose-1:2 4 5 3 5 4 6 3 2 4;}\r\np.MsoNormal, li.MsoNormal, div.MsoNormal\r\n\t{margin:0cm;\r\n\tfont-size:11.0pt;}\r\n'
            'a:link, span.MsoHyperlink\r\n\t{mso-style-priority:99;\r\n\tcolor:#0563C1;}\r\n@page WordSection1\r\n\t{size:612.0pt 792.0pt;\r\n\tmargin:70.85pt 70.85pt 70.85pt 70.85pt;}\r\ndiv.WordSection1\r\n\t{page:WordSection1;}\r\n--></style>'
            '<!--[if gte mso 9]><xml>\r\n<o:shapedefaults v:ext="edit" spidmax="1026" />\r\n</xml><![endif]-->\r\n</head>\r\n'
            f'<body lang="PL" link="#0563C1" vlink="#954F72" style="word-wrap:break-word">\r\n<div class="WordSection1">\r\n{body}\r\n{pictures(inline)}</div>\r\n</body>\r\n</html>\r\n')


def newsletter(text, inline, rng, shop):
    """Tables within tables, all styles in place, in lines as long as they come."""
    rows = "".join(f'<tr><td align="left" valign="top" style="padding:0 24px;font:400 15px/22px Arial,Helvetica,sans-serif;color:#{rng.getrandbits(24):06x}">{line}</td></tr>' for line in lines(text, rng))
    data = base64.b64encode(files.png(rng)).decode()
    host = "cdn.rowery.example" if shop else "assets.allegrostatic.com"
    return ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml"><head>'
            '<meta name="viewport" content="width=device-width, initial-scale=1.0" /><style type="text/css">\n@import url("https://fonts.googleapis.com/css2?family=Lato:wght@400;700&display=swap");\n'
            '@media only screen and (max-width:620px){.w{width:100%!important}.h{display:none!important}}\n.b:hover{background-image:url(\'https://assets.allegrostatic.com/b.png?v=2\')}\n'
            'a[x-apple-data-detectors]{color:inherit!important}\n.q:before{content:"\\201E\\0040"}</style></head>'
            f'<body style="margin:0"><div style="display:none;max-height:0">{"&zwnj;&nbsp;" * 20}</div><table width="100%" cellpadding="0" cellspacing="0" border="0" role="presentation"><tr><td align="center">'
            f'<!--[if mso]><table width="600"><tr><td><![endif]--><table class="w" width="600">{rows}<tr><td><a class="b" href="{campaign(rng, shop)}"><img src="https://{host}/img/{rng.getrandbits(64):x}.png?w=600&amp;h=200" alt="Oferta" border="0"></a></td></tr>'
            f'<tr><td><img src="data:image/png;base64,{data}" alt="">{pictures(inline)}</td></tr></table><!--[if mso]></td></tr></table><![endif]--></td></tr></table>'
            f'<img src="{campaign(rng, shop)}&amp;px=1" width="1" height="1"></body></html>\n')


def gmail(text, inline, rng, shop):
    """One line of it, with what was quoted in a box."""
    body = "<br>".join(lines(text, rng))
    old = "<br>".join(lines(text[: len(text) // 2], rng))
    return (f'<div dir="ltr"><div>{body}</div>{pictures(inline)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">wt., 24 lis 2026 o 14:{rng.randrange(10, 59)} login napisał(a):<br></div>'
            f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><u></u>{old}</blockquote></div>\n')


def apple(text, inline, rng, shop):
    """Apple Mail's boxes, with an attribution."""
    body = "".join(f"<div>{line or '<br>'}</div>" for line in lines(text, rng))
    return ('<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">'
            f'{body}<br id="lineBreakAtBeginningOfMessage"><div>{pictures(inline)}<blockquote type="cite"><div>Wiadomość napisana przez login w dniu 24 lis 2026, o godz. 14:{rng.randrange(10, 59)}:</div><br class="Apple-interchange-newline">'
            f'<div><span style="caret-color: rgb(0, 0, 0); font-family: Helvetica; float: none; display: inline !important;">{body}</span></div></blockquote></div><br></body></html>')


def old(text, inline, rng, shop):
    """Tags in capitals, values without quotes, what is never closed, and a script that nobody runs."""
    body = "<BR>\n".join(lines(text, rng))
    return (f'<HTML><HEAD><META HTTP-EQUIV=Content-Type CONTENT="text/html"><TITLE>Oferta &amp; cennik</TITLE></HEAD>\n<BODY BGCOLOR=#ffffff TEXT=black><FONT FACE="Arial CE" SIZE=2>{body}<P>{pictures(inline)}'
            f'<UL><LI>cena<LI>{rng.randrange(999)} z&#322;</UL><TABLE BORDER=1><TR><TD>a<TD>b</TABLE><A HREF={campaign(rng, shop)}>oferta</A><HR><I>-- <B>Dział</I> obsługi</B>\n'
            '<script type="application/ld+json">{"@context": "http://schema.org", "@type": "Order", "priceCurrency": "PLN"}</script></FONT></BODY></HTML>\n')


SHAPES = [plain, outlook, newsletter, gmail, apple, old]
