//! What notices say, in the languages of the marketplaces.

/// The words of one language.
pub(super) struct Words {
    pub(super) subject: [&'static str; 2],
    /// Not delivered; delivered all the same.
    pub(super) first: [&'static str; 2],
    pub(super) rows: [&'static str; 9],
    /// The subject of a digest, and its first sentence.
    pub(super) digest: [&'static str; 2],
    /// What becomes of documents, with `DAY` for the moment; of other files; the subject and first sentence of the notice that a message was released after all.
    pub(super) documents: [(&'static str, &'static str); 3],
}

const ENGLISH: Words = Words {
    subject: [
        "Your message was not delivered: marketplace rules",
        "Your message breaks a marketplace rule",
    ],
    first: [
        "This message was not delivered. Your account is not restricted.",
        "This message was delivered, but it breaks a rule. Your account is not restricted.",
    ],
    rows: [
        "Recipient",
        "Order",
        "Subject",
        "Date",
        "Rule",
        "Sentence",
        "What to do instead",
        "Reference",
        "If you do not agree",
    ],
    digest: [
        "Messages that were not delivered: marketplace rules",
        "These messages were not delivered. Your account is not restricted. The list is attached.",
    ],
    documents: [
        (
            "Documents",
            "handed over to the marketplace; reach the buyer on DAY unless they are attached to the order by then",
        ),
        ("Files that were not delivered", ""),
        (
            "Your document goes to the buyer",
            "The documents of this message were not attached to the order, so it is delivered to the buyer now.",
        ),
    ],
};
const POLISH: Words = Words {
    subject: [
        "Twoja wiadomość nie została dostarczona: zasady serwisu",
        "Twoja wiadomość narusza zasadę serwisu",
    ],
    first: [
        "Ta wiadomość nie została dostarczona. Twoje konto nie jest ograniczone.",
        "Ta wiadomość została dostarczona, ale narusza zasadę. Twoje konto nie jest ograniczone.",
    ],
    rows: [
        "Odbiorca",
        "Zamówienie",
        "Temat",
        "Data",
        "Zasada",
        "Zdanie",
        "Co zrobić zamiast tego",
        "Numer sprawy",
        "Jeśli się nie zgadzasz",
    ],
    digest: [
        "Niedostarczone wiadomości: zasady serwisu",
        "Te wiadomości nie zostały dostarczone. Twoje konto nie jest ograniczone. Lista jest w załączniku.",
    ],
    documents: [
        (
            "Dokumenty",
            "przekazane serwisowi; dotrą do kupującego DAY, jeśli do tego czasu nie zostaną dołączone do zamówienia",
        ),
        ("Niedostarczone pliki", ""),
        (
            "Twój dokument trafi do kupującego",
            "Dokumenty z tej wiadomości nie zostały dołączone do zamówienia, więc jest ona teraz dostarczana kupującemu.",
        ),
    ],
};
const CZECH: Words = Words {
    subject: [
        "Vaše zpráva nebyla doručena: pravidla tržiště",
        "Vaše zpráva porušuje pravidlo tržiště",
    ],
    first: [
        "Tato zpráva nebyla doručena. Váš účet není omezen.",
        "Tato zpráva byla doručena, ale porušuje pravidlo. Váš účet není omezen.",
    ],
    rows: [
        "Příjemce",
        "Objednávka",
        "Předmět",
        "Datum",
        "Pravidlo",
        "Věta",
        "Co udělat místo toho",
        "Číslo případu",
        "Pokud nesouhlasíte",
    ],
    digest: [
        "Nedoručené zprávy: pravidla tržiště",
        "Tyto zprávy nebyly doručeny. Váš účet není omezen. Seznam je v příloze.",
    ],
    documents: [
        (
            "Doklady",
            "předány tržišti; kupující je dostane DAY, pokud do té doby nebudou připojeny k objednávce",
        ),
        ("Nedoručené soubory", ""),
        (
            "Váš doklad dostane kupující",
            "Doklady z této zprávy nebyly připojeny k objednávce, proto se nyní doručuje kupujícímu.",
        ),
    ],
};
const SLOVAK: Words = Words {
    subject: [
        "Vaša správa nebola doručená: pravidlá trhoviska",
        "Vaša správa porušuje pravidlo trhoviska",
    ],
    first: [
        "Táto správa nebola doručená. Váš účet nie je obmedzený.",
        "Táto správa bola doručená, ale porušuje pravidlo. Váš účet nie je obmedzený.",
    ],
    rows: [
        "Príjemca",
        "Objednávka",
        "Predmet",
        "Dátum",
        "Pravidlo",
        "Veta",
        "Čo urobiť namiesto toho",
        "Číslo prípadu",
        "Ak nesúhlasíte",
    ],
    digest: [
        "Nedoručené správy: pravidlá trhoviska",
        "Tieto správy neboli doručené. Váš účet nie je obmedzený. Zoznam je v prílohe.",
    ],
    documents: [
        (
            "Doklady",
            "odovzdané trhovisku; kupujúci ich dostane DAY, ak dovtedy nebudú pripojené k objednávke",
        ),
        ("Nedoručené súbory", ""),
        (
            "Váš doklad dostane kupujúci",
            "Doklady z tejto správy neboli pripojené k objednávke, preto sa teraz doručuje kupujúcemu.",
        ),
    ],
};
const HUNGARIAN: Words = Words {
    subject: [
        "Az üzenetét nem kézbesítettük: a piactér szabályai",
        "Az üzenete megsérti a piactér egyik szabályát",
    ],
    first: [
        "Ezt az üzenetet nem kézbesítettük. A fiókját nem korlátoztuk.",
        "Ezt az üzenetet kézbesítettük, de megsért egy szabályt. A fiókját nem korlátoztuk.",
    ],
    rows: [
        "Címzett",
        "Rendelés",
        "Tárgy",
        "Dátum",
        "Szabály",
        "Mondat",
        "Mit tegyen helyette",
        "Ügyszám",
        "Ha nem ért egyet",
    ],
    digest: [
        "Nem kézbesített üzenetek: a piactér szabályai",
        "Ezeket az üzeneteket nem kézbesítettük. A fiókját nem korlátoztuk. A lista a mellékletben van.",
    ],
    documents: [
        (
            "Bizonylatok",
            "átadtuk a piactérnek; a vevő ekkor kapja meg: DAY, ha addig nem csatolják a rendeléshez",
        ),
        ("Nem kézbesített fájlok", ""),
        (
            "A bizonylatát a vevő kapja meg",
            "Az üzenet bizonylatait nem csatolták a rendeléshez, ezért most kézbesítjük a vevőnek.",
        ),
    ],
};

/// Those of a language (ISO 639-1); English where it has none.
pub(super) fn words(language: &str) -> &'static Words {
    match language {
        "pl" => &POLISH,
        "cs" => &CZECH,
        "sk" => &SLOVAK,
        "hu" => &HUNGARIAN,
        _ => &ENGLISH,
    }
}
