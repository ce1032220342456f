"""Hard letters, each written out: own words in, below and between quotes, and words that only look like quotes."""

from types import SimpleNamespace

ADDRESS = "8awgqyk6a5+cub31c122@allegromail.pl"


def cases():
    """Yields kind, client, language, form, what is own, what is quoted, the message, earlier texts, subject; what is quoted and stands below own words
    is shown, and comes as a second list."""
    for kind, client, lang, pieces, earlier, *rest in PLAIN:
        text = "\n".join(piece for _, piece in pieces)
        own = [piece for mark, piece in pieces if mark == "o"]
        quoted = [piece for mark, piece in pieces if mark == "q"]
        shown = [piece for mark, piece in pieces if mark == "s"]
        yield kind, client, lang, "plain", own, quoted, shown, SimpleNamespace(plain=text, html=""), earlier, (rest or [None])[0]
    for kind, client, lang, html, own, quoted, shown, earlier in HTML:
        yield kind, client, lang, "html", own, quoted, shown, SimpleNamespace(plain="", html=html), earlier, None


QUESTION = {
    "pl": "Dzień dobry, mam trzy pytania.\nCzy rower ma oświetlenie?\nCzy można zapłacić przy odbiorze?\nI kiedy można przyjechać?\nPozdrawiam, Anna",
    "en": "Hello, I have three questions.\nDoes the bicycle come with lights?\nMay I pay when I collect it?\nAnd when can I come?\nRegards, Anna",
    "cs": "Dobrý den, mám tři otázky.\nMá kolo osvětlení?\nMohu zaplatit při převzetí?\nA kdy mohu přijet?\nS pozdravem, Anna",
    "sk": "Dobrý deň, mám tri otázky.\nMá bicykel osvetlenie?\nMôžem zaplatiť pri prevzatí?\nA kedy môžem prísť?\nS pozdravom, Anna",
    "hu": "Jó napot, három kérdésem lenne.\nVan a kerékpáron világítás?\nFizethetek átvételkor?\nÉs mikor mehetek érte?\nÜdvözlettel, Anna",
}
LINES = {lang: text.split("\n") for lang, text in QUESTION.items()}
WROTE = {
    "pl": "W dniu 12.03.2026 o 10:15, Anna Wójcik pisze:",
    "en": "On 12/03/2026 10:15, Anna Baker wrote:",
    "cs": "Dne 12. 03. 26 v 10:15 Anna Nováková napsal(a):",
    "sk": "Dňa 12. 3. 2026 o 10:15 Anna Kováčová napísal(a):",
    "hu": "2026. 03. 12. 10:15 keltezéssel, Nagy Anna írta:",
}
REPLIES = {
    "pl": ("Tak, przednie i tylne.", "Oczywiście, gotówką albo kartą.", "Codziennie po szesnastej.\nEwa ze sklepu"),
    "en": ("Yes, front and rear.", "Of course, cash or card.", "Any day after four.\nEva from the shop"),
    "cs": ("Ano, přední i zadní.", "Jistě, hotově nebo kartou.", "Každý den po čtvrté.\nEva z prodejny"),
    "sk": ("Áno, predné aj zadné.", "Iste, hotovosťou alebo kartou.", "Každý deň po štvrtej.\nEva z predajne"),
    "hu": ("Igen, elöl és hátul is.", "Persze, készpénzzel vagy kártyával.", "Bármelyik nap négy után.\nÉva a boltból"),
}
HEADER = {
    "pl": f"Od: Anna Wójcik <{ADDRESS}>\nWysłano: czwartek, 12 marca 2026 10:15\nDo: Sklep\nTemat: Rower",
    "en": f"From: Anna Baker <{ADDRESS}>\nSent: Thursday, March 12, 2026 10:15 AM\nTo: Shop\nSubject: Bicycle",
    "cs": f"Od: Anna Nováková <{ADDRESS}>\nOdesláno: čtvrtek 12. března 2026 10:15\nKomu: Prodejna\nPředmět: Kolo",
    "sk": f"Od: Anna Kováčová <{ADDRESS}>\nOdoslané: štvrtok 12. marca 2026 10:15\nKomu: Predajňa\nPredmet: Bicykel",
    "hu": f"Feladó: Nagy Anna <{ADDRESS}>\nElküldve: 2026. március 12., csütörtök 10:15\nCímzett: Bolt\nTárgy: Kerékpár",
}
SIGNATURE = {
    "pl": "--\u0020\nSklep Rowerowy Kraków\nul. Długa 5, tel. 12 345 67 89",
    "en": "--\u0020\nThe Bike Shop, 5 Long Street\nphone 020 7946 0000",
    "cs": "--\u0020\nCykloprodejna Brno\nDlouhá 5, tel. 541 000 000",
    "sk": "--\u0020\nCyklopredajňa Košice\nDlhá 5, tel. 055 000 000",
    "hu": "--\u0020\nKerékpárbolt, Hosszú utca 5.\ntel. 06 96 000 000",
}


def behind(text):
    return "\n".join(("> " + line).rstrip() for line in text.split("\n"))


def interleaved(lang):
    one, two, three = REPLIES[lang]
    lines = LINES[lang]
    return [
        ("q", WROTE[lang]), ("q", behind(lines[0] + "\n" + lines[1])), ("o", one), ("s", "> " + lines[2]), ("o", two),
        ("s", "> " + lines[3]), ("o", three),
    ]


def below(lang):
    return [("q", WROTE[lang]), ("q", behind(QUESTION[lang])), ("o", "\n" + " ".join(REPLIES[lang]))]


PLAIN = []
for _lang in ("pl", "en", "cs", "sk", "hu"):
    _known = [QUESTION[_lang]] if _lang in ("pl", "cs", "hu") else []
    PLAIN.append(("interleaved", "thunderbird", _lang, interleaved(_lang), _known))
    PLAIN.append(("bottom-posted", "thunderbird", _lang, below(_lang), _known))
    PLAIN.append(("signature-below", "thunderbird", _lang, [
        ("o", REPLIES[_lang][1] + "\n"), ("q", WROTE[_lang]), ("q", behind(QUESTION[_lang])), ("o", "\n" + SIGNATURE[_lang])], _known))
    PLAIN.append(("bottom-posted-without-marks", "outlook-desktop", _lang, [
        ("o", REPLIES[_lang][0] + "\n"), ("q", HEADER[_lang]), ("q", "\n" + QUESTION[_lang]), ("o", "\n" + REPLIES[_lang][2])], [QUESTION[_lang]]))
    PLAIN.append(("interleaved-without-marks", "outlook-desktop", _lang, [
        ("q", HEADER[_lang]), ("q", "\n" + "\n".join(LINES[_lang][:2])), ("o", REPLIES[_lang][0]), ("s", LINES[_lang][2]),
        ("o", REPLIES[_lang][1]), ("s", "\n".join(LINES[_lang][3:]))], [QUESTION[_lang]]))

PLAIN += [
    # Nothing known: the words above say where the answers are.
    ("answered-within", "outlook-desktop", "pl", [
        ("o", "Pani Anno, odpowiedzi poniżej, na czerwono.\n"), ("s", HEADER["pl"] + "\n\n" + LINES["pl"][0] + "\n" + LINES["pl"][1]),
        ("o", "Tak, ma lampkę z przodu."), ("s", "\n".join(LINES["pl"][2:]))], []),
    ("answered-within", "outlook-desktop", "en", [
        ("o", "Hi Anna, see my answers below.\n"), ("s", HEADER["en"] + "\n\n" + LINES["en"][0] + "\n" + LINES["en"][1]),
        ("o", "It does, a front light."), ("s", "\n".join(LINES["en"][2:]))], []),
    ("answered-below-alone", "outlook-web", "cs", [
        ("s", HEADER["cs"] + "\n\n" + QUESTION["cs"]), ("o", "\nAno, všechno platí, přijeďte ve středu.")], []),
    # Programs of one language, people of another.
    ("mixed-languages", "gmail", "pl", [
        ("o", "Tak, jutro wyślę.\n"), ("q", f"On Thu, Mar 12, 2026 at 10:15\u202fAM Jan Novák <{ADDRESS}> wrote:\n"), ("q", behind(QUESTION["cs"]))], []),
    ("mixed-languages", "thunderbird", "en", [
        ("o", "Thank you, that is fine with me.\n"), ("q", WROTE["hu"]), ("q", behind(QUESTION["en"] + "\n\n" + WROTE["pl"] + "\n> Dzień dobry, kiedy?"))], [QUESTION["en"]]),
    ("mixed-languages", "outlook-web", "sk", [
        ("o", "Dobre, ďakujem.\n"), ("q", HEADER["en"]), ("q", "\n" + QUESTION["sk"])], []),
    ("mixed-languages", "gmail", "hu", [
        ("o", "Rendben, köszönöm!\n"), ("q", f"čt 12. 3. 2026 v 10:15 odesílatel Jan Novák <{ADDRESS}>\nnapsal:\n"), ("q", behind(QUESTION["hu"]))], [QUESTION["hu"]]),
    # Passed on.
    ("forwarded", "gmail", "pl", [
        ("o", "Proszę zobaczyć, co napisał kurier.\n"), ("q", f"---------- Forwarded message ---------\nOd: Kurier <{ADDRESS}>\nDate: czw., 12 mar 2026 o 10:15\nSubject: Paczka\nTo: <{ADDRESS}>"),
        ("q", "\nPaczka zostanie doręczona jutro.\nProszę przygotować 20 zł.")], [], "Fwd: Paczka"),
    ("forwarded", "outlook-desktop", "en", [
        ("o", "This is what the courier told me. Who pays?\n"), ("q", f"-----Original Message-----\nFrom: Courier <{ADDRESS}>\nSent: Thursday, March 12, 2026 10:15 AM\nTo: Shop\nSubject: Parcel"),
        ("q", "\nYour parcel comes tomorrow.\nPlease have 20 pounds ready.")], [], "FW: Parcel"),
    ("forwarded", "apple-mac", "cs", [
        ("o", "Toto mi psal dopravce.\n"), ("q", "Začátek přeposílané zprávy:\n"), ("q", f"> Od: Kurýr <{ADDRESS}>\n> Předmět: Balík\n> Datum: 12. března 2026 10:15:00 SEČ\n> Komu: <{ADDRESS}>\n>\n> Balík přijde zítra.\n> Připravte si 200 Kč.")], [], "Fwd: Balík"),
    ("forwarded", "android", "hu", [
        ("o", "Ezt írta a futár.\n"), ("q", f"-------- Eredeti üzenet --------\nFeladó: Futár <{ADDRESS}>\nDátum: 2026. 03. 12. 10:15 (GMT+01:00)\nCímzett: <{ADDRESS}>\nTárgy: Csomag"),
        ("q", "\nA csomag holnap érkezik.\nKérem, készítsen elő 2000 forintot.")], [], "Fwd: Csomag"),
    ("forwarded-bottom-posted", "gmail", "sk", [
        ("q", f"---------- Forwarded message ---------\nOd: Kuriér <{ADDRESS}>\nDate: št 12. 3. 2026 o 10:15\nSubject: Balík\nTo: <{ADDRESS}>\n\nBalík príde zajtra ráno, pripravte si 20 eur."),
        ("o", "\nViete mi povedať, prečo mám platiť?")], ["Balík príde zajtra ráno, pripravte si 20 eur."], "Fwd: Balík"),
    # No quote at all.
    ("no-quote", "gmail", "pl", [("o", "Dzień dobry,\nw dniu 12.03.2026 o 10:15 sprzedawca napisał:\n\"paczka wyjdzie jutro\".\nMinął tydzień. Co dalej?")], []),
    ("no-quote", "gmail", "en", [("o", "Hello,\non 12 March at 10:15 your colleague wrote:\n\"it ships tomorrow\"\nThat was a week ago. On Friday somebody else wrote:\nnothing.")], []),
    ("no-quote", "seznam", "cs", [("o", "Dobrý den,\ndne 12. 3. 2026 v 10:15 prodejce napsal:\nzásilka odchází zítra.\nJe to už týden.")], []),
    ("no-quote", "seznam", "sk", [("o", "Dobrý deň,\npredajca mi napísal:\nzásielka odchádza zajtra.\nOd: pondelka\nDo: piatku\nsom doma.")], []),
    ("no-quote", "freemail-hu", "hu", [("o", "Jó napot,\naz eladó ezt írta:\na csomag holnap indul.\nEgy hete várok.")], []),
    # People who write what programs write.
    ("typed-separator", "outlook-web", "en", [("o", "Your page shows me this:\n-----Original message-----\nand nothing below it. Is that right?")], []),
    ("typed-separator", "wp", "pl", [("o", "W mailu mam tylko\n-----Wiadomość oryginalna-----\ni nic więcej, proszę o ponowne wysłanie.")], []),
    ("typed-separator", "seznam", "cs", [("o", "Vidím jen\n---------- Původní e-mail ----------\na dál nic.\n--------------------\nCo s tím?")], []),
    ("typed-attribution", "thunderbird", "pl", [
        ("o", "Dzień dobry,\nnie zgadzam się z tym, co Anna Wójcik pisze:"), ("q", "> " + LINES["pl"][1]), ("o", "Przecież w opisie jest oświetlenie.")], [QUESTION["pl"]]),
    ("typed-attribution", "thunderbird", "en", [
        ("o", "On 12/03/2026 10:15, Anna Baker wrote, and I disagree:"), ("q", behind(LINES["en"][1] + "\n" + LINES["en"][2])), ("o", "The offer says so.")], [QUESTION["en"]]),
    ("typed-attribution", "gmail", "hu", [
        ("o", "Köszönöm\nNagy Anna írta nekem tegnap:"), ("s", "> Van világítás"), ("o", "De nincs.")], []),
    ("typed-marks", "thunderbird", "pl", [("o", "Zamawiam:\n> rower czarny\n> koszyk\n> dzwonek\nProszę o potwierdzenie.")], []),
    ("typed-marks", "gmail", "en", [("o", "> 3 days of waiting is too long for me.\n> 100 pounds for a wheel, too.\nBest\nMark")], []),
    ("typed-marks", "gmail", "cs", [("o", "Nabídka:\n\n> 5 kg: 100 Kč\n> 10 kg: 150 Kč\n\nPlatí to?")], []),
    ("formal-letter", "o2", "pl", [("o", f"Od: Jan Kowalski\nDo: Sklep Rowerowy\nData: 12.03.2026\nTemat: reklamacja\n\nNiniejszym składam reklamację roweru.")], []),
    ("formal-letter", "outlook-web", "sk", [("o", "Posielam údaje na faktúru.\n\nOd: Ján Baran\nDátum: 12. 3. 2026\nKomu: Cyklopredajňa\nPredmet: bicykel\n\nĎakujem.")], []),
    # The same words once more are words.
    ("sent-again", "gmail", "pl", [("o", QUESTION["pl"])], [QUESTION["pl"]]),
    ("template", "gmail", "en", [("o", "Dear Tom,\n\nthank you for your order. We ship within one day.\nYou can return it within 14 days.\n\nThe Bike Shop\n5 Long Street")],
        ["thank you for your order. We ship within one day.\nYou can return it within 14 days.\n\nThe Bike Shop\n5 Long Street"]),
    ("signature-again", "outlook-desktop", "cs", [
        ("o", "Ano, ve středu.\n"), ("q", HEADER["cs"]), ("q", "\n" + QUESTION["cs"]), ("o", "\nEva Marková\nCykloprodejna Brno, Dlouhá 5\notevřeno denně od 10 do 18")],
        [QUESTION["cs"], "Dobrý den, už jsme kolo vystavili.\n\nEva Marková\nCykloprodejna Brno, Dlouhá 5\notevřeno denně od 10 do 18"]),
    # A quote that nothing marks.
    ("quote-without-marks", "android", "pl", [
        ("o", "Dziękuję za wiadomość, na wszystkie trzy pytania odpowiadam: tak.\n"), ("q", QUESTION["pl"])], [QUESTION["pl"]]),
    ("quote-without-marks-and-own-below", "android", "en", [
        ("o", "Thank you for your message, the answer to all of them is yes.\n"), ("s", QUESTION["en"]), ("o", "See you on Saturday then!")], [QUESTION["en"]]),
    # Wrapped by a program behind the marks.
    ("wrapped-quote", "thunderbird", "pl", [
        ("o", "Tak.\n"), ("q", WROTE["pl"]), ("q", "> Dzień dobry, chciałabym się dowiedzieć, czy rower będzie jeszcze\ndostępny\n> w przyszłym tygodniu, bo wcześniej nie dam rady.")],
        ["Dzień dobry, chciałabym się dowiedzieć, czy rower będzie jeszcze dostępny w przyszłym tygodniu, bo wcześniej nie dam rady."]),
    ("typed-into-quote", "thunderbird", "sk", [
        ("q", WROTE["sk"]), ("q", behind(LINES["sk"][0] + "\n" + LINES["sk"][1])), ("o", "> áno, predné aj zadné"), ("s", behind("\n".join(LINES["sk"][2:])))], [QUESTION["sk"]]),
    # Names alone are in both lines.
    ("own-line-above", "gmail", "hu", [
        ("o", "Köszönöm"), ("q", f"Nagy Anna <{ADDRESS}> ezt írta (időpont: 2026. márc. 12., Cs, 10:15):\n"), ("q", behind(QUESTION["hu"]))], []),
    ("own-line-above", "freemail-hu", "hu", [("o", "Rendben"), ("q", f"Nagy Anna <{ADDRESS}> írta:"), ("q", behind(QUESTION["hu"]))], []),
    ("no-own-words", "thunderbird", "en", [("q", WROTE["en"]), ("q", behind(QUESTION["en"]))], []),
    ("emoji-below", "gmail", "pl", [("q", WROTE["pl"]), ("q", behind(QUESTION["pl"])), ("o", "👍")], []),
]

_Q = QUESTION
_GMAIL = f'<div dir="ltr" class="gmail_attr">On Thu, Mar 12, 2026 at 10:15 AM Anna Baker &lt;{ADDRESS}&gt; wrote:<br></div>'


def _divs(text):
    return "".join(f"<div>{line}</div>" for line in text.split("\n"))


def _cited(text):
    return f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">{_divs(text)}</blockquote>'


HTML = [
    ("interleaved", "gmail", "en",
        f'<div dir="ltr"><div class="gmail_quote">{_GMAIL}{_cited(chr(10).join(LINES["en"][:2]))}<div>Yes, front and rear.</div>{_cited(LINES["en"][2])}<div>Cash or card.</div></div></div>',
        ["Yes, front and rear.", "Cash or card."], LINES["en"][:2], [LINES["en"][2]], []),
    ("interleaved", "apple-mac", "pl",
        f'<html><body><blockquote type="cite"><div>Wiadomość napisana przez Anna Wójcik &lt;{ADDRESS}&gt; w dniu 12 mar 2026, o godz. 10:15:</div><br>{_divs(chr(10).join(LINES["pl"][:2]))}</blockquote><div>Tak, ma.</div><blockquote type="cite">{_divs(LINES["pl"][2])}</blockquote><div>Gotówką.</div></body></html>',
        ["Tak, ma.", "Gotówką."], LINES["pl"][:2], [LINES["pl"][2]], [_Q["pl"]]),
    ("bottom-posted", "seznam", "cs",
        f'<aside>---------- Původní e-mail ----------<br>Od: Anna &lt;{ADDRESS}&gt;<br>Komu: Prodejna<br>Datum: 12. 3. 2026 10:15:31<br>Předmět: Kolo<br></aside><br><blockquote data-email="{ADDRESS}">{_divs(_Q["cs"])}</blockquote><p>Ano, přijeďte kdykoli.</p>',
        ["Ano, přijeďte kdykoli."], _Q["cs"].split("\n"), [], []),
    ("own-indent", "gmail", "hu",
        '<div dir="ltr"><div>Az adataim:</div><blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>Kis Tamás</div><div>Győr, Fő tér 1.</div><div><br></div><div>délután</div></blockquote><div>Köszönöm</div></div>',
        ["Az adataim:", "Kis Tamás", "Győr, Fő tér 1.", "délután", "Köszönöm"], [], [], []),
    ("own-blockquote", "onet", "pl",
        "<p>W opisie jest:</p><blockquote><p>Rower nowy,</p><p>nieużywany.</p></blockquote><p>A przyszedł używany.</p>",
        ["W opisie jest:", "Rower nowy,", "nieużywany.", "A przyszedł używany."], [], [], []),
    ("answered-within-colour", "outlook-desktop", "sk",
        f'<p class=MsoNormal>Dobrý deň, odpovede nižšie.</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class=MsoNormal><b>From:</b> Anna &lt;{ADDRESS}&gt;<br><b>Sent:</b> Thursday, March 12, 2026 10:15 AM<br><b>To:</b> Shop<br><b>Subject:</b> Bicycle</p></div><p class=MsoNormal>{LINES["sk"][1]}</p><p class=MsoNormal><span style="color:red">Áno, má.</span></p>',
        ["Dobrý deň, odpovede nižšie.", "Áno, má."], [], [LINES["sk"][1]], []),
    ("signature-below", "wp", "pl",
        f'<div>Tak, zapraszam.</div><div class="nh_extra"><p>Dnia 12 marca 2026 10:15 Anna Wójcik &lt;{ADDRESS}&gt; napisał(a):</p><blockquote style="margin-left:7px;border-left:2px solid #FF0000;padding-left:7px">{_divs(_Q["pl"])}</blockquote></div><div>-- <br>Sklep Rowerowy<br>Kraków</div>',
        ["Tak, zapraszam.", "Sklep Rowerowy", "Kraków"], _Q["pl"].split("\n"), [], []),
    ("bottom-posted-without-marks", "outlook-web", "en",
        f'<div class="elementToProof">Hello,</div><hr><div id="divRplyFwdMsg"><b>From:</b> Anna &lt;{ADDRESS}&gt;<br><b>Sent:</b> Thursday, March 12, 2026 10:15 AM<br><b>To:</b> Shop<br><b>Subject:</b> Bicycle<div>&nbsp;</div></div>{_divs(_Q["en"])}<div>Yes to all three.</div>',
        ["Hello,", "Yes to all three."], _Q["en"].split("\n"), [], [_Q["en"]]),
]
