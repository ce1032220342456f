//! Tokens open for their pair and direction only, all have one length, and those of earlier versions still open.

use super::*;

fn id(text: &str) -> ParticipantId {
    ParticipantId::parse(text).unwrap()
}

#[test]
fn a_token_opens_for_its_pair_and_direction_only() {
    let secrets = TokenKeys::new(vec![vec![7; 32]]);
    let keys = MessageIdKeys::new(&secrets);
    let domain = Domain::parse("allegromail.pl").unwrap();
    let (buyer, seller, other) = (id("8awgqyk6a5"), id("k2m9x0r7t3"), id("zzzzzzzzzz"));
    let pair = Pair {
        writer: &buyer,
        reader: &seller,
    };
    let token = keys.seal(pair, "1@poczta.example", &domain).unwrap();
    assert_eq!(keys.seal(pair, "1@poczta.example", &domain).unwrap(), token);
    assert!(token.id.len() <= 200 && token.kept.is_none(), "{token:?}");
    let local = token.id.split_once('@').unwrap().0;
    let original = Some(Original::Id("1@poczta.example".to_owned()));
    assert_eq!(keys.open(pair, local), original);
    assert_eq!(keys.open(pair, &local.to_ascii_uppercase()), original);
    assert_eq!(keys.open(pair.reversed(), local), None);
    let stranger = Pair {
        writer: &buyer,
        reader: &other,
    };
    assert_eq!(keys.open(stranger, local), None);
    for at in 0..local.len() {
        let mut octets = local.as_bytes().to_vec();
        octets[at] = if octets[at] == b'0' { b'1' } else { b'0' };
        let altered = String::from_utf8(octets).unwrap();
        assert!(
            !matches!(keys.open(pair, &altered), Some(Original::Id(_))),
            "{altered}"
        );
    }
}

#[test]
fn ids_of_events_come_back_to_their_own_side_only() {
    let keys = MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
    let domain = Domain::parse("allegromail.pl").unwrap();
    let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
    let pair = Pair {
        writer: &buyer,
        reader: &seller,
    };
    let long = format!("{}@poczta.example", "x".repeat(300));
    let token = keys.seal_event(pair, &long, &domain).unwrap();
    assert_eq!(keys.open_event(pair, &token.to_uppercase()), Some(long));
    assert_eq!(keys.open_event(pair.reversed(), &token), None);
    // Neither kind of token passes for the other.
    let local = token.split_once('@').unwrap().0;
    assert_eq!(keys.open(pair, local), None);
    let message = keys.seal(pair, "1@poczta.example", &domain).unwrap();
    assert_eq!(keys.open_event(pair, &message.id), None);
}

#[test]
fn a_long_id_is_kept_and_old_keys_still_open() {
    let domain = Domain::parse("allegromail.pl").unwrap();
    let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
    let pair = Pair {
        writer: &buyer,
        reader: &seller,
    };
    let old = MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
    let both = MessageIdKeys::new(&TokenKeys::new(vec![vec![8; 32], vec![7; 32]]));
    let long = format!("{}@poczta.example", "x".repeat(120));
    let token = old.seal(pair, &long, &domain).unwrap();
    let local = token.id.split_once('@').unwrap().0;
    assert_eq!(both.open(pair, local), token.kept.map(Original::Kept));
    let longest = "y".repeat(80);
    let token = old.seal(pair, &longest, &domain).unwrap();
    assert!(
        token.kept.is_none() && token.id.len() <= 200,
        "{}",
        token.id.len()
    );
    let local = token.id.split_once('@').unwrap().0;
    assert_eq!(both.open(pair, local), Some(Original::Id(longest)));
}

/// As 0.1.0 sealed them with these keys, for these two.
const OF_0_1_0: [(&str, &str); 2] = [
    (
        "1@poczta.example",
        "sr0rmcebgpz3e5rbg54k4yms3t7917w2117ew1mnd1nt429nsvj5ds8",
    ),
    (
        "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy@poczta.example",
        "sr0twfk0gqahh9mjm89f2tzfk5vx27jfx81ayhbrp2yxf72y4k2zqgykbf1cwkrtqbx2zhdzfq3tt9b7fwg7ff02rzjr9msjvh41s4s58p7ra5bjpferqg2zy11jbyjh8npj9s35yz42yzppkx83jaamvk4mqt5rje8v6561qe1jfkty3bhre47k",
    ),
];

fn local(token: &str) -> &str {
    token.split_once('@').unwrap().0
}

#[test]
fn h173_ids_of_every_length_get_tokens_of_one_length() {
    let keys = MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
    let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
    let pair = Pair {
        writer: &buyer,
        reader: &seller,
    };
    for name in [
        "a.pl",
        "allegromail.pl",
        "allegromail.com",
        "mail.masked.marketplace.example",
    ] {
        let domain = Domain::parse(name).unwrap();
        let mut shapes = std::collections::HashSet::new();
        for length in 0..1_200 {
            for text in ["x".repeat(length), "\u{17c}".repeat(length / 2)] {
                let token = keys.seal(pair, &text, &domain).unwrap();
                assert!(token.id.len() <= 200, "{name} {}", token.id.len());
                // What tells the key, and nothing else that all have in common.
                shapes.insert((token.id.len(), token.id.get(..3).unwrap().to_owned()));
                let opened = keys.open(pair, local(&token.id));
                let stored = token.kept.map(Original::Kept);
                assert_eq!(opened, stored.or(Some(Original::Id(text))), "{length}");
            }
        }
        assert_eq!(shapes.len(), 1, "{name}: {shapes:?}");
    }
}

#[test]
fn h173_what_could_be_taken_for_padding_comes_back_too() {
    let keys = MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
    let domain = Domain::parse("allegromail.pl").unwrap();
    let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
    let pair = Pair {
        writer: &buyer,
        reader: &seller,
    };
    let mut seen = std::collections::HashSet::new();
    for text in ["a", "a\0", "a\0\0", "\0", "\0a", "", "a ", "\u{1}a", "\0\0"] {
        let token = keys.seal(pair, text, &domain).unwrap();
        assert!(seen.insert(token.id.clone()), "{text:?}");
        match (keys.open(pair, local(&token.id)), token.kept) {
            (Some(Original::Kept(digest)), kept) => assert_eq!(kept, Some(digest), "{text:?}"),
            (opened, None) => assert_eq!(opened, Some(Original::Id(text.to_owned()))),
            other => panic!("{text:?} {other:?}"),
        }
    }
}

#[test]
fn h173_ids_that_0_1_0_sealed_still_open() {
    let keys = MessageIdKeys::new(&TokenKeys::new(vec![vec![8; 32], vec![7; 32]]));
    let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
    let pair = Pair {
        writer: &buyer,
        reader: &seller,
    };
    for (original, token) in OF_0_1_0 {
        assert_eq!(
            keys.open(pair, token),
            Some(Original::Id(original.to_owned()))
        );
        assert_eq!(keys.open(pair.reversed(), token), None);
    }
    let kept = [
        234, 202, 254, 178, 192, 66, 234, 21, 220, 192, 70, 88, 233, 109, 166, 123,
    ];
    assert_eq!(
        keys.open(pair, "sr1enjqypb045tgnvk04cp79dpk7p"),
        Some(Original::Kept(kept))
    );
    assert_eq!(
        keys.open_event(
            pair,
            "sr1xj6wb9k1n8nts1femjat8j0cw8z02kzq00kaag6p31qyp6dp3kzr@allegromail.pl"
        ),
        Some("1@poczta.example".to_owned())
    );
}

#[test]
fn h173_ids_of_events_have_few_lengths() {
    let keys = MessageIdKeys::new(&TokenKeys::new(vec![vec![7; 32]]));
    let domain = Domain::parse("allegromail.pl").unwrap();
    let (buyer, seller) = (id("8awgqyk6a5"), id("k2m9x0r7t3"));
    let pair = Pair {
        writer: &buyer,
        reader: &seller,
    };
    let mut lengths = std::collections::BTreeSet::new();
    for length in 0..=1_000 {
        let text = "x".repeat(length);
        let token = keys.seal_event(pair, &text, &domain).unwrap();
        lengths.insert(token.len());
        assert_eq!(keys.open_event(pair, &token), Some(text));
        if length == 64 || length == 128 {
            assert_eq!(lengths.len(), length / 64, "what programs write");
        }
    }
    assert!(lengths.len() <= 5, "{lengths:?}");
}
