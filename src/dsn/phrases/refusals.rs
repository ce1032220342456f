//! Refusals in the languages of reports.

use super::{Phrase, phrase};

/// Refusals of policy and rewriting, for a recipient beside others that were served.
pub(super) const REFUSALS: &[Phrase] = &[
    phrase(
        "the address lacks the part after the plus sign; use the full address from the order or the message that you answer.",
        "w adresie brakuje części po znaku plus; użyj pełnego adresu z zamówienia albo z wiadomości, na którą odpowiadasz.",
        "v adrese chybí část za znaménkem plus; použijte úplnou adresu z objednávky nebo ze zprávy, na kterou odpovídáte.",
        "v adrese chýba časť za znamienkom plus; použite úplnú adresu z objednávky alebo zo správy, na ktorú odpovedáte.",
        "a címből hiányzik a pluszjel utáni rész; használja a rendelésben vagy a megválaszolt üzenetben lévő teljes címet.",
    ),
    phrase(
        "there is no such transaction; check the part after the plus sign.",
        "nie ma takiej transakcji; sprawdź część adresu po znaku plus.",
        "taková transakce neexistuje; zkontrolujte část adresy za znaménkem plus.",
        "taká transakcia neexistuje; skontrolujte časť adresy za znamienkom plus.",
        "nincs ilyen tranzakció; ellenőrizze a cím pluszjel utáni részét.",
    ),
    phrase(
        "this transaction is closed and takes no more mail.",
        "ta transakcja jest zamknięta i nie przyjmuje już wiadomości.",
        "tato transakce je uzavřena a další zprávy nepřijímá.",
        "táto transakcia je uzavretá a ďalšie správy neprijíma.",
        "ez a tranzakció lezárult, és már nem fogad üzeneteket.",
    ),
    phrase(
        "the recipient's account takes no mail at the moment.",
        "konto odbiorcy nie przyjmuje teraz wiadomości.",
        "účet příjemce nyní zprávy nepřijímá.",
        "účet príjemcu teraz správy neprijíma.",
        "a címzett fiókja jelenleg nem fogad üzeneteket.",
    ),
    phrase(
        "the account that the From address is registered to may not write at the moment.",
        "konto, do którego należy adres z pola From, nie może teraz wysyłać wiadomości.",
        "účet, ke kterému patří adresa z pole From, nyní nesmí psát.",
        "účet, ku ktorému patrí adresa z poľa From, teraz nesmie písať.",
        "a From mezőben álló cím fiókja jelenleg nem küldhet üzenetet.",
    ),
    phrase(
        "{} is registered, but not to the other party of this transaction.",
        "adres {} jest zarejestrowany, ale nie należy do drugiej strony tej transakcji.",
        "adresa {} je registrována, ale nepatří druhé straně této transakce.",
        "adresa {} je registrovaná, ale nepatrí druhej strane tejto transakcie.",
        "a(z) {} cím regisztrálva van, de nem ennek a tranzakciónak a másik feléhez tartozik.",
    ),
    phrase(
        "{} is your own masked address; write to the address of the other party.",
        "{} to Twój własny adres maskowany; napisz na adres drugiej strony.",
        "{} je vaše vlastní maskovaná adresa; napište na adresu druhé strany.",
        "{} je vaša vlastná maskovaná adresa; napíšte na adresu druhej strany.",
        "{} az Ön saját maszkolt címe; a másik fél címére írjon.",
    ),
    phrase(
        "couriers write to the buyer of a transaction, not to its seller.",
        "kurierzy piszą do kupującego, a nie do sprzedawcy.",
        "dopravci píší kupujícímu, ne prodávajícímu.",
        "dopravcovia píšu kupujúcemu, nie predávajúcemu.",
        "a futárszolgálatok a vevőnek írnak, nem az eladónak.",
    ),
    phrase(
        "the Return-Path {} is not registered to the account of {}; register it, or send with a registered one.",
        "adres zwrotny (Return-Path) {} nie jest zarejestrowany na koncie {}; zarejestruj go albo wyślij z zarejestrowanym.",
        "zpáteční adresa (Return-Path) {} není registrována na účtu {}; zaregistrujte ji, nebo pošlete zprávu s registrovanou.",
        "spiatočná adresa (Return-Path) {} nie je registrovaná na účte {}; zaregistrujte ju alebo pošlite správu s registrovanou.",
        "a(z) {} visszatérési cím (Return-Path) nincs regisztrálva {} fiókjához; regisztrálja, vagy küldjön regisztrált címmel.",
    ),
    phrase(
        "the Reply-To {} is not registered to the account of {}; register it, or leave the field out.",
        "adres do odpowiedzi (Reply-To) {} nie jest zarejestrowany na koncie {}; zarejestruj go albo pomiń to pole.",
        "adresa pro odpověď (Reply-To) {} není registrována na účtu {}; zaregistrujte ji, nebo pole vynechte.",
        "adresa na odpoveď (Reply-To) {} nie je registrovaná na účte {}; zaregistrujte ju alebo pole vynechajte.",
        "a(z) {} válaszcím (Reply-To) nincs regisztrálva {} fiókjához; regisztrálja, vagy hagyja el a mezőt.",
    ),
    phrase(
        "the Reply-To field cannot be read: {}; write plain addresses, or leave the field out.",
        "pola Reply-To nie da się odczytać; wpisz zwykłe adresy albo pomiń to pole.",
        "pole Reply-To nelze přečíst; napište prosté adresy, nebo pole vynechte.",
        "pole Reply-To sa nedá prečítať; napíšte obyčajné adresy alebo pole vynechajte.",
        "a Reply-To mező nem olvasható; írjon egyszerű címeket, vagy hagyja el a mezőt.",
    ),
    phrase(
        "{} of the writer's would show in the {} of the message.",
        "w wiadomości byłoby widać adres lub domenę nadawcy.",
        "ve zprávě by byla vidět adresa nebo doména odesílatele.",
        "v správe by bolo vidieť adresu alebo doménu odosielateľa.",
        "az üzenetben látszana a feladó egyik címe vagy tartománya.",
    ),
    phrase(
        "{}; it could show an address of yours.",
        "jednej z części wiadomości nie da się sprawdzić, a mogłaby ujawnić Twój adres; wyślij wiadomość bez niej (szczegóły niżej po angielsku).",
        "jednu z částí zprávy nelze zkontrolovat a mohla by prozradit vaši adresu; pošlete zprávu bez ní (podrobnosti níže v angličtině).",
        "jednu z častí správy nemožno skontrolovať a mohla by prezradiť vašu adresu; pošlite správu bez nej (podrobnosti nižšie v angličtine).",
        "az üzenet egyik része nem ellenőrizhető, és elárulhatná az Ön címét; küldje el nélküle (a részletek lent, angolul).",
    ),
    phrase(
        "the message has more than one {} field.",
        "wiadomość ma więcej niż jedno pole {}.",
        "zpráva má více než jedno pole {}.",
        "správa má viac než jedno pole {}.",
        "az üzenetben egynél több {} mező van.",
    ),
    phrase(
        "the {} field holds raw 8-bit octets.",
        "pole {} zawiera niezakodowane znaki spoza ASCII.",
        "pole {} obsahuje nezakódované znaky mimo ASCII.",
        "pole {} obsahuje nezakódované znaky mimo ASCII.",
        "a(z) {} mezőben kódolatlan, nem ASCII karakterek állnak.",
    ),
];
