//! The words of which programs make the line above a quote: Polish, English, Czech, Slovak, Hungarian, German; all in small letters.

/// What begins a message that is passed on, in Apple Mail; nothing else stands in the line.
pub(super) const PASSED_ON: [&str; 5] = [
    "begin forwarded message",
    "początek przekazywanej wiadomości",
    "začátek přeposílané zprávy",
    "začiatok preposlanej správy",
    "továbbított üzenet kezdete",
];

/// Says that somebody wrote, as the last word; in small letters, sorted.
pub(super) const VERBS: [&str; 19] = [
    "napisal",
    "napisala",
    "napisał",
    "napisała",
    "napisali",
    "napsal",
    "napsala",
    "napsali",
    "napísal",
    "napísala",
    "pisze",
    "pise",
    "píše",
    "schrieb",
    "wrote",
    "writes",
    "írta",
    "irta",
    "said",
];
/// Behind these the name follows.
pub(super) const VERBS_BEFORE_NAMES: [&str; 2] = ["napisana", "schrieb"];

/// Words with which such a line may begin, beside dates and names.
pub(super) const OPENINGS: [&str; 9] = [
    "on",
    "w",
    "dnia",
    "dne",
    "dňa",
    "am",
    "wiadomość",
    "v",
    "em",
];

/// Words between date, time and name.
pub(super) const BETWEEN: [&str; 39] = [
    "on",
    "at",
    "am",
    "pm",
    "a.m",
    "p.m",
    "um",
    "w",
    "dniu",
    "dnia",
    "o",
    "godz",
    "godzinie",
    "użytkownik",
    "użytkowniczka",
    "przez",
    "wiadomość",
    "r",
    "dne",
    "dňa",
    "v",
    "ve",
    "odesílatel",
    "uživatel",
    "používateľ",
    "keltezéssel",
    "dátummal",
    "időpontban",
    "időpont",
    "ezt",
    "a",
    "az",
    "ekkor",
    "sze",
    "gmt",
    "utc",
    "cet",
    "cest",
    "hod",
];

/// Words of names that end in a full stop.
pub(super) const TITLES: [&str; 13] = [
    "dr", "mgr", "inż", "ing", "mr", "mrs", "ms", "bc", "phdr", "judr", "sp", "z o.o", "o.o",
];

/// Days of the week and months, whole and cut short, by language: English, Polish, Czech, Slovak, Hungarian, German.
const CALENDAR: [&str; 6] = [
    "mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday jan feb mar apr may jun jul aug sep sept oct nov \
     dec january february march april june july august september october november december",
    "pon wt śr czw pt pią sob nd niedz poniedziałek wtorek środa środę czwartek piątek sobota sobotę niedziela niedzielę sty lut mar kwi maj cze lip sie wrz \
     paź lis gru stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "po út st čt pá so ne pondělí úterý středa středu čtvrtek pátek sobota sobotu neděle neděli led úno bře dub kvě čvn čvc srp zář říj lis pro ledna února \
     března dubna května června července srpna září října listopadu prosince",
    "ut št pi pondelok utorok streda stredu štvrtok piatok sobota sobotu nedeľa nedeľu máj jún júl okt januára februára marca apríla mája júna júla augusta \
     septembra októbra novembra decembra",
    "h k sze cs p szo v hé ke csü pén vas hétfő kedd szerda csütörtök péntek szombat vasárnap jan febr márc ápr máj jún júl aug szept okt nov dec január \
     február március április május június július augusztus szeptember október november december",
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag mär mai dez januar februar märz juni juli oktober dezember",
];

/// Whether a word is a day of the week or a month.
pub(super) fn is_date_word(word: &str) -> bool {
    let mut known = CALENDAR
        .iter()
        .flat_map(|words| words.split_ascii_whitespace());
    known.any(|known| known == word)
}
