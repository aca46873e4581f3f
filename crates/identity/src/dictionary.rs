//! Words that Japanese hospitals build passwords of, and how much of a password is nothing but such words.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// The lists, the ones most often used first: a word's place is what guessing it costs.
const LISTS: [&str; 7] = [
    include_str!("../../../catalog/dictionary/common.txt"),
    include_str!("../../../catalog/dictionary/keyboard.txt"),
    include_str!("../../../catalog/dictionary/surnames.txt"),
    include_str!("../../../catalog/dictionary/given.txt"),
    include_str!("../../../catalog/dictionary/hospital.txt"),
    include_str!("../../../catalog/dictionary/words.txt"),
    include_str!("../../../catalog/dictionary/places.txt"),
];

/// What stands between words and is none.
const GLUE: [&str; 25] = [
    "no", "ni", "wa", "ha", "ga", "wo", "de", "to", "mo", "ya", "ka", "ne", "yo", "の", "に", "は", "が", "を", "で", "と", "も", "や",
    "か", "ね", "よ",
];

/// All words of the lists.
pub(crate) static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| {
    let mut words = Dictionary::default();
    let lines = LISTS.iter().flat_map(|list| list.lines()).filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).for_each(|word| words.add(word));
    for glue in GLUE {
        words.insert(glue.chars().collect(), false);
    }
    words
});

/// Words by their first letter.
#[derive(Default)]
pub(crate) struct Dictionary {
    by_first: HashMap<char, Vec<Word>>,
    /// In the order they came, for zxcvbn, which takes the place for the cost.
    ranked: Vec<String>,
}

struct Word {
    letters: Vec<char>,
    /// Glue is passed over, and counts as no word.
    counts: bool,
}

/// What a password is made of, by the reading that leaves the fewest letters over and needs the fewest words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Letters that belong to no word, run or sequence.
    pub left_over: usize,
    /// The different words of the lists.
    pub words: BTreeSet<String>,
    /// The different words about the person.
    pub own: BTreeSet<String>,
}

impl Dictionary {
    /// Words about a person: each text as a whole, its parts, and the romaji of kana.
    pub(crate) fn own(texts: &[&str]) -> Dictionary {
        let mut words = Dictionary::default();
        for text in texts {
            let text = fold(text);
            let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
            parts.iter().for_each(|part| words.add(part));
            words.add(&parts.concat());
        }
        words
    }

    /// The words in the order of their cost.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = &str> {
        self.ranked.iter().map(String::as_str)
    }

    /// Adds a word, and where it is kana the ways to write it in Latin letters.
    fn add(&mut self, word: &str) {
        let word = fold(word);
        let mut spellings = romaji(&word);
        spellings.insert(0, word);
        for spelling in spellings {
            let letters: Vec<char> = spelling.chars().collect();
            // Shorter ones are found in anything.
            let shortest = if letters.iter().all(char::is_ascii) { 3 } else { 2 };
            if letters.len() >= shortest && letters.iter().any(|c| c.is_alphabetic()) && self.insert(letters, true) {
                self.ranked.push(spelling);
            }
        }
    }

    fn insert(&mut self, letters: Vec<char>, counts: bool) -> bool {
        let Some(first) = letters.first() else { return false };
        let words = self.by_first.entry(*first).or_default();
        let new = words.iter().all(|word| word.letters != letters);
        if new {
            words.push(Word { letters, counts });
        }
        new
    }

    /// The words that stand at the start of `rest`, with 3 read as e and so on.
    fn starting<'a>(&'a self, rest: &'a [char]) -> impl Iterator<Item = &'a Word> {
        let firsts = rest.first().into_iter().flat_map(|c| std::iter::once(*c).chain(disguised(*c).iter().copied()));
        let words = firsts.filter_map(|first| self.by_first.get(&first)).flatten();
        words.filter(move |word| {
            word.letters.len() <= rest.len() && word.letters.iter().zip(rest).all(|(w, c)| w == c || disguised(*c).contains(w))
        })
    }
}

/// The letters that a digit or sign stands for in `p@ssw0rd`.
const fn disguised(c: char) -> &'static [char] {
    match c {
        '@' | '4' => &['a'],
        '8' => &['b'],
        '3' => &['e'],
        '9' | '6' => &['g'],
        '1' | '!' | '|' => &['i', 'l'],
        '0' => &['o'],
        '$' | '5' => &['s'],
        '7' | '+' => &['t'],
        '2' => &['z'],
        _ => &[],
    }
}

/// Half width, lower case, hiragana: how words are compared.
pub(crate) fn fold(text: &str) -> String {
    width(text).to_lowercase()
}

/// Half width and hiragana, with the case as it is.
pub(crate) fn width(text: &str) -> String {
    let hiragana = |c: char| match c {
        'ァ'..='ヶ' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
        other => other,
    };
    text.nfkc().map(hiragana).collect()
}

/// The best way to a place in the password: fewest letters left over, then fewest words.
#[derive(Clone, Copy)]
struct Way<'a> {
    left_over: usize,
    words: usize,
    from: usize,
    by: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    /// One character, or a run of them.
    Passed,
    Word(&'a Word),
    Own(&'a Word),
}

/// Reads a password that is folded, in time proportional to its length.
pub(crate) fn read(password: &str, dictionary: &Dictionary, own: &Dictionary) -> Reading {
    let letters: Vec<char> = password.chars().collect();
    let start = Way { left_over: 0, words: 0, from: 0, by: Step::Passed };
    let mut ways: Vec<Option<Way>> = vec![None; letters.len() + 1];
    ways[0] = Some(start);
    for at in 0..letters.len() {
        let (Some(here), rest) = (ways[at], &letters[at..]) else { continue };
        let own_words = own.starting(rest).map(|word| (word.letters.len(), 0, Step::Own(word)));
        let words = dictionary.starting(rest).map(|word| (word.letters.len(), 0, Step::Word(word)));
        let passed = [(1, usize::from(rest[0].is_alphabetic()), Step::Passed), (run(rest), 0, Step::Passed)];
        for (length, left_over, by) in own_words.chain(words).chain(passed.into_iter().filter(|(length, ..)| *length > 0)) {
            let words = usize::from(matches!(by, Step::Word(word) | Step::Own(word) if word.counts));
            let way = Way { left_over: here.left_over + left_over, words: here.words + words, from: at, by };
            let there = &mut ways[at + length];
            if there.is_none_or(|known| (way.left_over, way.words) < (known.left_over, known.words)) {
                *there = Some(way);
            }
        }
    }
    retrace(&ways)
}

/// Follows the ways back from the end and collects the words.
fn retrace(ways: &[Option<Way>]) -> Reading {
    let mut reading = Reading::default();
    let mut at = ways.len() - 1;
    reading.left_over = ways[at].map_or(0, |way| way.left_over);
    while let (Some(way), true) = (ways[at], at > 0) {
        match way.by {
            Step::Word(word) if word.counts => _ = reading.words.insert(String::from_iter(&word.letters)),
            Step::Own(word) => _ = reading.own.insert(String::from_iter(&word.letters)),
            Step::Word(_) | Step::Passed => {}
        }
        at = way.from;
    }
    reading
}

/// How many characters at the start repeat the first or count up or down from it; 0 if fewer than three.
fn run(rest: &[char]) -> usize {
    let by =
        |step: i64| 1 + rest.windows(2).take_while(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])) == step).count();
    let longest = [0, 1, -1].map(by).into_iter().max().unwrap_or_default();
    if longest < 3 { 0 } else { longest }
}

/// How kana are spelled in Latin letters.
#[derive(Clone, Copy)]
enum System {
    Hepburn,
    Kunrei,
}

/// The Latin spellings of a word in hiragana: Hepburn, Kunrei and the jy that many type, with long vowels as they are
/// typed, left out, or (at the end, Satoh) with an h, and n doubled as keyboards want it. None for anything else.
fn romaji(kana: &str) -> Vec<String> {
    let mut out = Vec::new();
    let doubled = kana.replace('ん', "んん");
    for system in [System::Hepburn, System::Kunrei] {
        for kana in [kana, &doubled] {
            let Some(typed) = spelled(kana, system) else { return out };
            let short = typed.replace("ou", "o").replace("oo", "o").replace("uu", "u");
            let ends_long = typed.strip_suffix("ou").or_else(|| typed.strip_suffix("oo")).map(|stem| format!("{stem}oh"));
            for spelling in [Some(typed), Some(short), ends_long].into_iter().flatten() {
                for spelling in [spelling.replace("zy", "jy"), spelling] {
                    if !out.contains(&spelling) {
                        out.push(spelling);
                    }
                }
            }
        }
    }
    out
}

/// The rows of kana and their consonants; the place in the row is the vowel, a middle dot is a gap.
const ROWS: [(&str, &str); 15] = [
    ("あいうえお", ""),
    ("かきくけこ", "k"),
    ("さしすせそ", "s"),
    ("たちつてと", "t"),
    ("なにぬねの", "n"),
    ("はひふへほ", "h"),
    ("まみむめも", "m"),
    ("や・ゆ・よ", "y"),
    ("らりるれろ", "r"),
    ("わ・・・を", "w"),
    ("がぎぐげご", "g"),
    ("ざじずぜぞ", "z"),
    ("だ・・でど", "d"),
    ("ばびぶべぼ", "b"),
    ("ぱぴぷぺぽ", "p"),
];

/// Spells hiragana in Latin letters; `None` if something else is in it.
fn spelled(kana: &str, system: System) -> Option<String> {
    let mut out = String::new();
    let mut doubles = false;
    for c in kana.chars() {
        match c {
            'っ' => {
                doubles = true;
                continue;
            }
            'ん' => out.push('n'),
            'ー' => out.extend(out.chars().last().filter(|vowel| "aiueo".contains(*vowel))),
            'ゃ' | 'ゅ' | 'ょ' | 'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' => join(&mut out, c)?,
            'ゔ' => out.push_str("vu"),
            other => {
                let syllable = syllable(other, system)?;
                if doubles {
                    // Hepburn doubles ch as tch.
                    out.extend(if syllable.starts_with("ch") { Some('t') } else { syllable.chars().next() });
                }
                out.push_str(&syllable);
            }
        }
        doubles = false;
    }
    Some(out)
}

fn syllable(c: char, system: System) -> Option<String> {
    let special = match (c, system) {
        ('し', System::Hepburn) => "shi",
        ('ち', System::Hepburn) => "chi",
        ('つ', System::Hepburn) => "tsu",
        ('ふ', System::Hepburn) => "fu",
        ('じ' | 'ぢ', System::Hepburn) => "ji",
        ('ぢ', System::Kunrei) => "zi",
        ('づ', System::Hepburn | System::Kunrei) => "zu",
        _ => "",
    };
    if !special.is_empty() {
        return Some(special.to_owned());
    }
    ROWS.iter().find_map(|(row, consonant)| {
        let at = row.chars().position(|known| known == c)?;
        Some(format!("{consonant}{}", ["a", "i", "u", "e", "o"].get(at)?))
    })
}

/// Puts a small kana onto the syllable before it: き + ょ is kyo, し + ょ is sho, ふ + ぃ is fi.
fn join(out: &mut String, small: char) -> Option<()> {
    out.pop()?;
    let is_y = matches!(small, 'ゃ' | 'ゅ' | 'ょ');
    if is_y && !(out.ends_with("sh") || out.ends_with("ch") || out.ends_with('j')) {
        out.push('y');
    }
    out.push(match small {
        'ゃ' | 'ぁ' => 'a',
        'ぃ' => 'i',
        'ゅ' | 'ぅ' => 'u',
        'ぇ' => 'e',
        _ => 'o',
    });
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_plain(password: &str) -> Reading {
        read(&fold(password), &DICTIONARY, &Dictionary::default())
    }

    #[test]
    fn the_lists_have_what_people_here_choose() {
        for word in [
            "satou",
            "sato",
            "satoh",
            "佐藤",
            "さとう",
            "hanako",
            "yuuko",
            "yuko",
            "byouin",
            "byoin",
            "病院",
            "kanngo",
            "kango",
            "ishi",
            "isi",
        ] {
            assert!(DICTIONARY.ranked().any(|known| known == word), "{word}");
        }
        for word in
            ["reiwa", "heisei", "sapporo", "qwertyuiop", "たていすかん", "とうきょう", "tokyo", "toukyou", "jyunko", "junko", "zyunko"]
        {
            assert!(DICTIONARY.ranked().any(|known| known == word), "{word}");
        }
        let words = DICTIONARY.ranked().count();
        assert!(words > 3000, "{words}");
    }

    #[test]
    fn every_line_of_names_begins_with_its_reading() {
        for list in [LISTS[2], LISTS[3]] {
            for line in list.lines().filter(|line| !line.starts_with('#')) {
                let reading = line.split_whitespace().next().unwrap();
                assert!(!romaji(reading).is_empty(), "{line}");
            }
        }
    }

    #[test]
    fn kana_are_spelled_as_people_type_them() {
        for (kana, expected) in [
            ("しょうた", vec!["shouta", "shota", "syouta", "syota"]),
            ("はっとり", vec!["hattori"]),
            ("まっちゃ", vec!["matcha", "mattya"]),
            ("じゅん", vec!["jun", "junn", "jyun", "zyun", "jyunn", "zyunn"]),
            ("さとう", vec!["satou", "sato", "satoh"]),
            ("でーた", vec!["deeta"]),
            ("おふぃす", vec!["ofisu", "ohisu"]),
        ] {
            assert_eq!(romaji(kana), expected, "{kana}");
        }
        assert!(romaji("病院").is_empty() && romaji("abc").is_empty() && romaji("ょ").is_empty());
    }

    #[test]
    fn words_are_seen_in_any_width_case_and_disguise() {
        for (password, words) in [
            ("Suzuki-Hanako-2026!", vec!["hanako", "suzuki"]),
            ("ＳＵＺＵＫＩ２０２６", vec!["suzuki"]),
            ("P@ssw0rd!!", vec!["password"]),
            ("パスワード病院", vec!["ぱすわーど", "病院"]),
            ("tanakanobyouin", vec!["byouin", "tanaka"]),
            ("passwordabcdefgh", vec!["password"]),
            ("adminaaaaaaaaxyz", vec!["admin"]),
        ] {
            let reading = read_plain(password);
            assert_eq!(
                (reading.left_over, reading.words.into_iter().collect::<Vec<_>>()),
                (0, words.into_iter().map(String::from).collect()),
                "{password}"
            );
        }
        assert_eq!(read_plain("tanakaq2026"), Reading { left_over: 1, words: ["tanaka".to_owned()].into(), own: BTreeSet::new() });
        assert!(read_plain("k7m2x-9rtpq-wa4hd").left_over >= 6);
        assert_eq!(read_plain(""), Reading::default());
    }

    #[test]
    fn what_is_known_of_the_person_is_told_apart() {
        let own = Dictionary::own(&["m.kurosawa@seiryo.example", "黒沢 みちる", "ＡＢＣシステム"]);
        let reading = |password: &str| read(&fold(password), &DICTIONARY, &own);
        for password in ["kurosawa2026", "KUROSAWA@Seiryo", "黒沢みちる", "Michiru-kurosawa", "abcしすてむ", "m.kurosawa@seiryo.example"]
        {
            let reading = reading(password);
            assert!(reading.left_over <= 1 && !reading.own.is_empty(), "{password}: {reading:?}");
        }
        assert!(reading("tanaka").own.is_empty());
    }
}
