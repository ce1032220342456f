"""Words of buyers and sellers in five languages, for compose.py: questions, answers, and what each language calls things."""

QUESTIONS = {
    "pl": [
        "Dzień dobry,\nczy rower jest jeszcze dostępny i czy można go odebrać osobiście w Krakowie?\n\nPozdrawiam\nAnna Wójcik",
        "Witam, zamówiłem wczoraj łańcuch do roweru i do tej pory nie mam potwierdzenia wysyłki.\nProszę o numer przesyłki.\nMarek",
        "Dzień dobry\n\nOtrzymałam dziś paczkę, niestety lampka jest pęknięta.\nW załączniku przesyłam zdjęcie.\nJak mogę złożyć reklamację?\n\nZ poważaniem\nKatarzyna Zielińska\ntel. 600 100 200",
        "Czy wystawią Państwo fakturę VAT na firmę?\nNIP podam w odpowiedzi.",
        "Dzień dobry, pomyliłem rozmiar kurtki, zamiast M powinno być L.\nCzy mogą Państwo zmienić zamówienie przed wysyłką?\nDziękuję i pozdrawiam\nTomasz",
        "Hej, ile waży ten stolik i czy wejdzie do zwykłego bagażnika?\nPytam, bo mam małe auto.",
    ],
    "en": [
        "Hello,\nis the bicycle still available, and could I pick it up in person this Saturday?\n\nKind regards\nAnna Baker",
        "Hi, I ordered a chain two days ago and have not received any tracking number yet.\nCould you please send it to me?\nMark",
        "Good morning\n\nThe lamp arrived today and unfortunately the glass is broken.\nI attach a photo of the box as well.\nHow can I return it?\n\nBest regards\nKate Green\nphone 020 7946 0000",
        "Can you issue an invoice for my company?\nI will send you the VAT number.",
        "Hello, I picked the wrong size of the jacket, it should be L instead of M.\nCan you change the order before you ship it?\nThank you\nTom",
        "Hi there, how heavy is this table, and does it fit into a normal car?\nMine is rather small.",
    ],
    "cs": [
        "Dobrý den,\nje kolo ještě k dispozici a bylo by možné je vyzvednout osobně v Brně?\n\nS pozdravem\nAnna Nováková",
        "Dobrý den, předevčírem jsem objednal řetěz a zatím nemám číslo zásilky.\nMůžete mi ho prosím poslat?\nMarek",
        "Dobrý den\n\nDnes mi přišla lampička, bohužel je sklo rozbité.\nV příloze posílám fotografii krabice.\nJak mám postupovat při reklamaci?\n\nS pozdravem\nKateřina Dvořáková\ntel. 601 200 300",
        "Vystavíte mi fakturu na firmu?\nIČO pošlu v odpovědi.",
        "Dobrý den, spletl jsem si velikost bundy, místo M má být L.\nŠla by objednávka ještě změnit?\nDěkuji\nTomáš",
        "Ahoj, kolik váží ten stolek a vejde se do běžného kufru auta?\nMám docela malé auto.",
    ],
    "sk": [
        "Dobrý deň,\nje bicykel ešte k dispozícii a bolo by možné vyzdvihnúť ho osobne v Košiciach?\n\nS pozdravom\nAnna Kováčová",
        "Dobrý deň, predvčerom som objednal reťaz a zatiaľ nemám číslo zásielky.\nMôžete mi ho prosím poslať?\nMarek",
        "Dobrý deň\n\nDnes mi prišla lampička, žiaľ sklo je rozbité.\nV prílohe posielam fotografiu krabice.\nAko mám postupovať pri reklamácii?\n\nS pozdravom\nKatarína Horváthová\ntel. 0901 200 300",
        "Vystavíte mi faktúru na firmu?\nIČO pošlem v odpovedi.",
        "Dobrý deň, pomýlil som si veľkosť bundy, namiesto M má byť L.\nDala by sa objednávka ešte zmeniť?\nĎakujem\nTomáš",
        "Ahoj, koľko váži ten stolík a zmestí sa do bežného kufra auta?\nMám dosť malé auto.",
    ],
    "hu": [
        "Jó napot kívánok!\nMegvan még a kerékpár, és át lehet venni személyesen Győrben?\n\nÜdvözlettel\nNagy Anna",
        "Tisztelt Eladó! Tegnapelőtt rendeltem egy láncot, de még nem kaptam csomagszámot.\nElküldené kérem?\nMárk",
        "Jó napot\n\nMa megérkezett a lámpa, sajnos az üveg eltört.\nMellékelek egy fényképet a dobozról.\nHogyan tudom visszaküldeni?\n\nÜdvözlettel\nSzabó Katalin\ntel. 06 30 123 4567",
        "Tudnak számlát kiállítani cég részére?\nAz adószámot megküldöm.",
        "Jó napot! Rossz méretet választottam, a kabát M helyett L legyen.\nLehet még módosítani a rendelést?\nKöszönöm\nTamás",
        "Szia, milyen nehéz ez az asztal, és befér egy átlagos autóba?\nAz enyém elég kicsi.",
    ],
}

ANSWERS = {
    "pl": [
        "Dzień dobry Pani Anno,\n\ntak, rower czeka na Panią. Odbiór możliwy w sobotę od 10 do 14.\n\nPozdrawiam\nSklep Rowerowy",
        "Panie Marku, paczka wyszła dziś rano, numer przesyłki to 6800123456.\nPrzepraszamy za opóźnienie.",
        "Dzień dobry,\nbardzo przepraszamy! Proszę odesłać lampkę na nasz koszt, etykietę wyślę jeszcze dzisiaj.\nNowa wyjedzie od razu po zgłoszeniu.",
        "Oczywiście, proszę tylko podać NIP i adres siedziby firmy.",
        "Zmieniłam na L. Paczka wyjdzie jutro.\n\n--\u0020\nEwa Mazur\nBiuro obsługi",
        "18 kg, po zdjęciu nóg ma 90 na 60 cm, więc raczej wejdzie :)",
    ],
    "en": [
        "Dear Anna,\n\nyes, it is waiting for you. We are open on Saturday from 10 to 14.\n\nRegards\nThe Bike Shop",
        "Mark, the parcel left this morning, its number is 6800123456.\nSorry for the delay.",
        "Hello,\nwe are very sorry! Please send the lamp back at our expense, the label follows today.\nA new one leaves as soon as the parcel is handed in.",
        "Of course, just tell us the VAT number and the address of your company.",
        "I have changed it to L. It ships tomorrow.\n\n--\u0020\nEva Mason\nCustomer care",
        "18 kg. Without its legs it measures 90 by 60 cm, so it should fit :)",
    ],
    "cs": [
        "Dobrý den paní Nováková,\n\nano, kolo na vás čeká. V sobotu máme otevřeno od 10 do 14 hodin.\n\nS pozdravem\nCykloprodejna",
        "Dobrý den, balík odešel dnes ráno pod číslem 6800123456.\nZa zdržení se omlouváme.",
        "Dobrý den,\nmoc se omlouváme! Lampičku prosím pošlete na naše náklady, štítek zašlu ještě dnes.\nNová odejde hned po podání zásilky.",
        "Samozřejmě, stačí IČO a sídlo firmy.",
        "Změnila jsem to na L. Odesíláme zítra.\n\n--\u0020\nEva Marková\nZákaznický servis",
        "18 kg. Bez noh měří 90 krát 60 cm, takže by se vejít měl :)",
    ],
    "sk": [
        "Dobrý deň pani Kováčová,\n\náno, bicykel na vás čaká. V sobotu máme otvorené od 10 do 14 hodiny.\n\nS pozdravom\nCyklopredajňa",
        "Dobrý deň, balík odišiel dnes ráno pod číslom 6800123456.\nZa zdržanie sa ospravedlňujeme.",
        "Dobrý deň,\nveľmi sa ospravedlňujeme! Lampičku prosím pošlite na naše náklady, štítok pošlem ešte dnes.\nNová odíde hneď po podaní zásielky.",
        "Samozrejme, stačí IČO a sídlo firmy.",
        "Zmenila som to na L. Odosielame zajtra.\n\n--\u0020\nEva Marková\nZákaznícky servis",
        "18 kg. Bez nôh meria 90 krát 60 cm, takže by sa zmestiť mal :)",
    ],
    "hu": [
        "Kedves Anna!\n\nIgen, a kerékpár várja Önt. Szombaton 10 és 14 óra között vagyunk nyitva.\n\nÜdvözlettel\nKerékpárbolt",
        "Tisztelt Vásárló! A csomag ma reggel elindult, a száma 6800123456.\nElnézést a késésért.",
        "Jó napot,\nnagyon sajnáljuk! Kérjük, küldje vissza a lámpát a mi költségünkre, a címkét még ma elküldöm.\nAz új azonnal indul.",
        "Természetesen, csak az adószám és a székhely kell hozzá.",
        "Átírtam L méretre. Holnap adjuk fel.\n\n--\u0020\nMarosi Éva\nÜgyfélszolgálat",
        "18 kg. Lábak nélkül 90 x 60 cm, úgyhogy be kellene férnie :)",
    ],
}

THANKS = {
    "pl": "Dziękuję za szybką odpowiedź, w takim razie przyjadę w sobotę około południa.",
    "en": "Thanks for the quick reply, I will come by on Saturday around noon then.",
    "cs": "Děkuji za rychlou odpověď, stavím se tedy v sobotu kolem poledne.",
    "sk": "Ďakujem za rýchlu odpoveď, zastavím sa teda v sobotu okolo obeda.",
    "hu": "Köszönöm a gyors választ, akkor szombaton dél körül érkezem.",
}

NAMES = {
    "pl": ["Anna Wójcik", "Marek Lis", "Katarzyna Zielińska", "Sklep Rowerowy", "Tomasz Dąbrowski"],
    "en": ["Anna Baker", "Mark Fox", "Kate Green", "The Bike Shop", "Tom O'Neil"],
    "cs": ["Anna Nováková", "Marek Liška", "Kateřina Dvořáková", "Cykloprodejna Brno", "Tomáš Beran"],
    "sk": ["Anna Kováčová", "Marek Líška", "Katarína Horváthová", "Cyklopredajňa", "Tomáš Baran"],
    "hu": ["Nagy Anna", "Róka Márk", "Szabó Katalin", "Kerékpárbolt Kft", "Kis Tamás"],
}

SUBJECTS = {
    "pl": "Re: Pytanie do oferty",
    "en": "Re: Question about your offer",
    "cs": "Re: Dotaz k nabídce",
    "sk": "Re: Otázka k ponuke",
    "hu": "Re: Kérdés az ajánlatról",
}

# What programs write above quotes. {n} name, {a} address.
GMAIL = {
    "pl": "czw., 12 mar 2026 o 10:15 {n} <{a}> napisał(a):",
    "en": "On Thu, Mar 12, 2026 at 10:15\u202fAM {n} <{a}> wrote:",
    "cs": "čt 12. 3. 2026 v 10:15 odesílatel {n} <{a}> napsal:",
    "sk": "št 12. 3. 2026 o 10:15 {n} <{a}> napísal(a):",
    "hu": "{n} <{a}> ezt írta (időpont: 2026. márc. 12., Cs, 10:15):",
}
THUNDERBIRD = {
    "pl": "W dniu 12.03.2026 o 10:15, {n} pisze:",
    "en": "On 12/03/2026 10:15, {n} wrote:",
    "cs": "Dne 12. 03. 26 v 10:15 {n} napsal(a):",
    "sk": "Dňa 12. 3. 2026 o 10:15 {n} napísal(a):",
    "hu": "2026. 03. 12. 10:15 keltezéssel, {n} írta:",
}
APPLE = {
    "pl": "Wiadomość napisana przez {n} <{a}> w dniu 12 mar 2026, o godz. 10:15:",
    "en": "On 12 Mar 2026, at 10:15, {n} <{a}> wrote:",
    "cs": "12. 3. 2026 v 10:15, {n} <{a}>:",
    "sk": "12. 3. 2026 o 10:15, {n} <{a}>:",
    "hu": "2026. 03. 12. dátummal, 10:15 időpontban {n} <{a}> írta:",
}
# From, sent, to, subject; the date; what the old desktop program writes above.
OUTLOOK = {
    "pl": ("Od", "Wysłano", "Do", "Temat", "czwartek, 12 marca 2026 10:15", "-----Wiadomość oryginalna-----"),
    "en": ("From", "Sent", "To", "Subject", "Thursday, March 12, 2026 10:15 AM", "-----Original Message-----"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět", "čtvrtek 12. března 2026 10:15", "-----Původní zpráva-----"),
    "sk": ("Od", "Odoslané", "Komu", "Predmet", "štvrtok 12. marca 2026 10:15", "-----Pôvodná správa-----"),
    "hu": ("Feladó", "Elküldve", "Címzett", "Tárgy", "2026. március 12., csütörtök 10:15", "-----Eredeti üzenet-----"),
}
OUTLOOK_MOBILE = {
    "pl": "Pobierz aplikację Outlook dla systemu Android",
    "en": "Get Outlook for Android",
    "cs": "Získejte Outlook pro Android",
    "sk": "Získajte Outlook pre Android",
    "hu": "Az Android Outlook letöltése",
}
IPHONE = {
    "pl": "Wysłane z iPhone'a",
    "en": "Sent from my iPhone",
    "cs": "Odesláno z iPhonu",
    "sk": "Odoslané z iPhonu",
    "hu": "iPhone-ról küldve",
}
FORWARDED = {
    "pl": "---------- Forwarded message ---------",
    "en": "---------- Forwarded message ---------",
    "cs": "---------- Forwarded message ---------",
    "sk": "---------- Forwarded message ---------",
    "hu": "---------- Forwarded message ---------",
}
