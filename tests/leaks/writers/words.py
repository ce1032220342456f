"""What buyers and sellers of a marketplace write to one another, in six languages: sentences with gaps, and what fills them."""

# Language: greetings, a buyer's sentences, a seller's, endings, and how a quoted message is introduced.
LANGUAGES = {
    "pl": {
        "greet": ["Dzień dobry,", "Witam serdecznie,", "Szanowni Państwo,", "Cześć,", "Dzień dobry Panie Janie,"],
        "buyer": ["Czy {thing} jest jeszcze dostępny w rozmiarze {size}?", "Zapłaciłem {price} zł w dniu {date}, proszę o fakturę na firmę.",
                  "Paczka {track} dotarła uszkodzona, w załączniku zdjęcia.", "Chciałbym zwrócić {thing}, nie pasuje do ramy.",
                  "Czy możliwy jest odbiór osobisty w sobotę po godzinie {hour}?", "Proszę o zmianę adresu dostawy: ul. Źródlana {n}/3, 30-{n}2 Kraków.",
                  "Widziałem tę samą część na {link} za {price} zł. Czy dacie rabat?", "Zamówienie nr {order} nadal ma status „w realizacji”."],
        "seller": ["Przesyłka {track} została nadana dnia {date}.", "Dziękujemy za zakup: {thing}, {n} szt., razem {price} zł brutto.",
                   "Zwrot przyjęty, pieniądze oddamy w ciągu {n} dni roboczych.", "Instrukcja montażu jest pod adresem {link}.",
                   "Gwarancja wynosi 24 miesiące – szczegóły w załączniku.", "Prosimy o kontakt telefoniczny: {phone}, pn–pt 8:00–16:00.",
                   "Rabat 5 % naliczy się sam przy zamówieniu powyżej {price} zł.", "Nie mamy już koloru żółtego; zielony wyślemy {date}."],
        "end": ["Pozdrawiam", "Z poważaniem", "Pozdrawiamy serdecznie", "Dziękuję i pozdrawiam"],
        "wrote": "W dniu {date} o {hour}:17 {who} napisał(a):"},
    "cs": {
        "greet": ["Dobrý den,", "Ahoj,", "Vážený zákazníku,"],
        "buyer": ["Je {thing} ještě skladem ve velikosti {size}?", "Balík {track} dorazil poškozený, posílám fotky.", "Zaplatil jsem {price} Kč dne {date}, pošlete prosím fakturu.",
                  "Můžu zboží č. {order} vrátit? Nesedí mi řídítka.", "Viděl jsem to levněji na {link}."],
        "seller": ["Zásilka {track} byla odeslána dne {date}.", "Děkujeme za nákup: {thing}, {n} ks, celkem {price} Kč.", "Návod ke stažení: {link}",
                   "Zavolejte nám na {phone}, jsme tu každý všední den.", "Reklamaci č. {order} jsme přijali, vyřídíme ji do {n} dnů."],
        "end": ["S pozdravem", "Hezký den přeje"],
        "wrote": "Dne {date} v {hour}:17 {who} napsal(a):"},
    "sk": {
        "greet": ["Dobrý deň,", "Ahojte,", "Vážený zákazník,"],
        "buyer": ["Máte {thing} ešte na sklade vo veľkosti {size}?", "Balík {track} mi zatiaľ neprišiel.", "Zaplatil som {price} € dňa {date}, prosím o faktúru.",
                  "Chcel by som výmenu, objednávka {order}.", "Ďakujem, že ste tak rýchlo odpovedali, ľúbi sa mi."],
        "seller": ["Zásielka {track} bola odoslaná {date}.", "Ďakujeme za nákup: {thing}, {n} ks, spolu {price} €.", "Návod nájdete na {link}",
                   "Vrátenie peňazí trvá {n} pracovných dní.", "Volajte nám na {phone}."],
        "end": ["S pozdravom", "Pekný deň praje"],
        "wrote": "Dňa {date} o {hour}:17 {who} napísal(a):"},
    "hu": {
        "greet": ["Jó napot kívánok!", "Tisztelt Vásárlónk!", "Kedves Eladó!"],
        "buyer": ["Megvan még a(z) {thing} {size} méretben?", "A(z) {track} számú csomag sérülten érkezett.", "{price} Ft-ot fizettem {date}-án, kérek számlát.",
                  "Szeretném visszaküldeni, rendelés: {order}.", "Láttam olcsóbban is: {link}"],
        "seller": ["A(z) {track} csomagot {date}-án feladtuk.", "Köszönjük a vásárlást: {thing}, {n} db, összesen {price} Ft.", "Útmutató: {link}",
                   "Hívjon minket: {phone}, hétköznap 9–17 óráig.", "A pénzt {n} munkanapon belül visszautaljuk, őszinte elnézést."],
        "end": ["Üdvözlettel", "Tisztelettel"],
        "wrote": "{date} {hour}:17 keltezéssel, {who} írta:"},
    "en": {
        "greet": ["Hello,", "Hi there,", "Dear customer,", "Dear seller,"],
        "buyer": ["Is the {thing} still available in size {size}?", "Parcel {track} arrived damaged; photos are attached.", "I paid {price} PLN on {date}, please send an invoice.",
                  "Could you ship order {order} to Germany instead?", "It's cheaper at {link} - would you match that?"],
        "seller": ["Your parcel {track} was sent on {date}.", "Thank you for buying {thing} ({n} pcs, {price} PLN in total).", "The manual is at {link}",
                   "Call us on {phone}, Mon-Fri 8am-4pm.", "From next week we'll refund order {order} within {n} days."],
        "end": ["Kind regards", "Best", "Thanks & regards"],
        "wrote": "On {date}, {who} wrote:"},
    "de": {
        "greet": ["Guten Tag,", "Sehr geehrte Damen und Herren,", "Hallo,"],
        "buyer": ["Ist {thing} in Größe {size} noch verfügbar?", "Das Paket {track} kam beschädigt an, Fotos anbei.", "Ich habe am {date} {price} € überwiesen.",
                  "Könnten Sie die Bestellung {order} nach Österreich schicken?", "Bei {link} ist es günstiger."],
        "seller": ["Ihr Paket {track} wurde am {date} versandt.", "Vielen Dank für Ihren Einkauf: {thing}, {n} Stück, zusammen {price} €.", "Die Anleitung finden Sie unter {link}",
                   "Rufen Sie uns an: {phone}.", "Die Rückzahlung zu {order} dauert {n} Tage, für die Verzögerung bitten wir um Verständnis."],
        "end": ["Mit freundlichen Grüßen", "Viele Grüße"],
        "wrote": "Am {date} um {hour}:17 schrieb {who}:"},
}

THINGS = ["rower górski 29\"", "przerzutka Shimano Deore XT", "kask MET 56-58 cm", "opona Schwalbe 28x1,75", "řetěz KMC X11", "láncvédő", "Fahrradschloss Größe M",
          "bike pump (10 bar)", "lampka USB-C 800 lm", "bidon 0.7 l", "siodełko Brooks B17", "pedále SPD M520", "zvonček mosadzný"]

# What looks like an address, or like part of one, and is nobody's.
ODD = ["2 szt. @ 129,00 zł", "biuro (at) allegro", "a@b", "@rower_pl na Instagramie", "https://medium.com/@rowerzysta/test-opon-17", "git@github.com:części/katalog.git",
       "ftp://anonymous@ftp.example.org/katalog/", "kontakt@example.com (przykład z instrukcji)", "ref. 17@2026", "C:\\Users\\Jan\\Desktop\\faktura_17.pdf", "x=@y; if (a<b && c>d) {}",
       "=?brak?= =3D =40 %40 &#64; \\u0040", "user@localhost", "cena@rower, rozmiar@L", "<3 <- strzałka -> & inne", "--- ciach ---", "mailto: brak", "login: jan.kowalski", "#17 | @17 | 17@",
       "name@[192.0.2.17]", "From here on it is downhill.", ">From the start", ".", "..kropki na początku", "begin 644 to nie plik", "🚲👍 100 %", "bit.ly/3xY@z", "P. S. e-mail w panelu Allegro"]

# A shop's own domain, which it may show to everybody.
SHOP = ["rowery.example", "Biuro obsługi klienta\nrowery.example", "Sklep: https://rowery.example/", "www.rowery.example | rowery-24.example", "https://sklep.rowery.example/p/17?ref=mail#opinie",
        "Nasz adres: http://www.rowery.example/kontakt.html", "rowery.example/biuro@promo", "biuro, rowery.example, parter", "Anna Nowak | Sprzedaż | rowery.example | NIP 123-456-78-19",
        "Regulamin: <https://rowery.example/regulamin?wersja=2026&lang=pl>", "ROWERY.EXAMPLE - wszystko dla rowerzysty", "Facebook: facebook.com/rowery.example", "@rowery.example na TikToku"]

# What comes near a writer's own address or domain, and is somebody else's or nobody's. In the order of the letters' sides.
NEAR = [["mojapoczta.example", "poczta-example.pl", "jan.kowalski@inny.example", "jan.kowalski2@gmail.example", "https://poczta.example.org/x?jan.kowalski", "poczta@example.com", "e-poczta.example",
         "kowalski@poczta.onet.pl", "poczta, example", "https://allegro.pl/uzytkownik/jan.kowalski", "Jan Kowalski, Poczta Example", "jan.kowalski(at)gmail.com"],
        ["biuro@innyrowery.example", "zamowienia@rowery.example", "biuro@rowery.example.com", "biuro2@rowery.example", "biuro@rowery.pl", "biuro: rowery.example", "biuro (at) rowery",
         "rowery-24.example/sprzedaz+allegro", "nasze.biuro@rowery.example", "biuro at rowery.example", "https://biuro.rowery.example/x", "kontakt@biuro.rowery.example", "biuro@rowery-24.example"],
        ["zwiadowca.example", "jan@zwiadowca.example", "zwiadowcy.example", "zwiadowcą.pl", "jan@zwiadowcą.pl", "janina@gmail.example", "www.zwiadowca.example"]]

NAMES = {"buyer": ["", "Jan", "Jan Kowalski", "Żaneta Kowalska-Nowak", "Kowalski, Jan", "Jiří Dvořák", "Ľubomír Šťastný", "Kovács Ödön", "Jan \"Rowerzysta\" K.", "J. K. (Kraków)",
                   "Jan Maria Stanisław Kowalski-Wiśniewski herbu Ślepowron z Małopolski", "Müller Jörg", "🚲 Jan"],
         "seller": ["", "Rowery", "Sklep Rowery Sp. z o.o.", "Biuro Obsługi Klienta – Rowery", "Rowery: sklep i serwis", "Anna Nowak, Dział Sprzedaży", "Serwis & Części [Kraków]", "\"ROWERY\" s.c."]}

SUBJECTS = ["Re: {thing}", "Zamówienie nr {order}", "Pytanie o ofertę {order}", "Fwd: Faktura {order} – {price} zł", "Odp: Re: Odp: paczka {track}", "Dotaz: {thing}", "Kérdés: {thing} ({size})",
            "Order {order} / {thing} / {price} PLN, sent on {date}, tracking number {track}, thank you for shopping with us", "Rückfrage zu {order}", "ok", "", "Zwrot: {thing}; paczka {track}; część „żółta” i łańcuch"]
