//! What stands in a field: read from what people and spreadsheets write, kept in one spelling.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::day::{day, moment, narrow};
use super::{Field, FieldKind};
use crate::id::{self, Id};
use crate::text::{Text, text, worded};

/// One value of a field. Its text (`Display`) is what is kept, and reads back as the same value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A line, a text, or the name of somebody or something that Akashi does not know.
    Words(String),
    Date(Date),
    Moment(Timestamp),
    Amount(Amount),
    /// The id of one of the field's choices.
    Choice(String),
    YesNo {
        yes: bool,
        reason: String,
    },
    /// The id of a person, organisation, entry or file.
    Link(String),
    Item(u16),
}

/// A number of thousandths: what people count and measure, without rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub i64);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        let sign = if self.0 < 0 { "-" } else { "" };
        match part {
            0 => write!(f, "{sign}{whole}"),
            part => write!(f, "{sign}{whole}.{}", format!("{part:03}").trim_end_matches('0')),
        }
    }
}

impl Amount {
    /// Without its thousandths: 90 days and a half are 90 days.
    pub const fn whole(self) -> i64 {
        self.0 / 1000
    }
    /// As it is kept; nothing where it is no amount.
    pub fn kept(kept: &str) -> Option<Amount> {
        Amount::read(kept)
    }
    /// Digits with or without thousands separators, a sign, and at most three decimals.
    fn read(written: &str) -> Option<Amount> {
        let written = narrow(written);
        let (negative, digits) = match written.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, written.strip_prefix('+').unwrap_or(&written)),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let groups: Vec<&str> = whole.split(',').collect();
        let grouped = groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !grouped || !groups.iter().all(|group| all_digits(group)) || !all_digits(part) || part.len() > 3 {
            return None;
        }
        let thousandths = groups.concat().parse::<i64>().ok()?.checked_mul(1000)?.checked_add(format!("{part:0<3}").parse().ok()?)?;
        Some(Amount(if negative { -thousandths } else { thousandths }))
    }
}

/// Why something cannot stand in a field.
pub type NotRead = Text;

/// Characters of one line, and of a text.
const LINE: usize = 500;
const TEXT: usize = 20_000;

impl Value {
    /// Reads what stands in a form, a cell or a file.
    ///
    /// # Errors
    /// Says what is wrong and what would be right, without naming the field.
    pub fn read(field: &Field, written: &str) -> Result<Value, NotRead> {
        let line = || words(written, LINE, false).map(Value::Words);
        let day_wanted = || text("日付は 2026-11-20 や 令和8年11月20日 のように書いてください。", "Write a day as 2026-11-20.");
        let moment_wanted = || text("日時は 2026-11-20 14:30 のように書いてください。", "Write a day and time as 2026-11-20 14:30.");
        match field.kind {
            FieldKind::Line => line(),
            FieldKind::Text => words(written, TEXT, true).map(Value::Words),
            FieldKind::Date => day(written).map(Value::Date).ok_or_else(day_wanted),
            FieldKind::Moment => moment(written).map(Value::Moment).ok_or_else(moment_wanted),
            FieldKind::Amount => amount(field, written),
            FieldKind::Choice => choice(field, written),
            FieldKind::YesNo => yes_no(field, written),
            FieldKind::Item => item(written),
            FieldKind::Person => link::<id::Person>(written).map_or_else(line, Ok),
            FieldKind::Organisation => link::<id::Organisation>(written).map_or_else(line, Ok),
            FieldKind::Entry => {
                link::<id::Entry>(written).ok_or_else(|| text("管理簿の記録を選んでください。", "Choose an entry of the register."))
            }
            FieldKind::File => {
                link::<id::Evidence>(written).ok_or_else(|| text("証跡のファイルを選んでください。", "Choose a file of the evidence."))
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Words(words) | Value::Choice(words) | Value::Link(words) => f.write_str(words),
            Value::Date(day) => day.fmt(f),
            Value::Moment(moment) => moment.fmt(f),
            Value::Amount(amount) => amount.fmt(f),
            Value::YesNo { yes, reason } => {
                f.write_str(if *yes { "yes" } else { "no" })?;
                if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
            }
            Value::Item(item) => item.fmt(f),
        }
    }
}

/// Under what a kept value is sorted: numbers by their size, before all else by its letters. At most 120 characters.
pub fn sort_key(kept: &str) -> String {
    match Amount::read(kept).filter(|amount| amount.to_string() == kept) {
        // A negative number counts from below.
        Some(Amount(n)) => format!("0{:020}", i128::from(n) - i128::from(i64::MIN)),
        None => format!("1{}", kept.to_lowercase().chars().take(119).collect::<String>()),
    }
}

/// Characters that turn text around or hide in it; nobody types them into a register.
fn hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn words(written: &str, most: usize, breaks: bool) -> Result<String, NotRead> {
    let written = written.replace("\r\n", "\n").replace('\r', "\n");
    let written = written.trim();
    if written.chars().any(|c| (c.is_control() && !(breaks && matches!(c, '\n' | '\t'))) || hidden(c)) {
        return Err(if breaks {
            text("制御文字や見えない文字が含まれています。取り除いてください。", "It holds control or invisible characters; take them out.")
        } else {
            text(
                "改行、制御文字、見えない文字は使えません。取り除いてください。",
                "It holds line breaks, control or invisible characters; take them out.",
            )
        });
    }
    let count = written.chars().count();
    if count > most {
        return Err(worded(
            format!("{most}文字以内で書いてください（今は{count}文字）。"),
            format!("Write at most {most} characters; there are {count}."),
        ));
    }
    if written.is_empty() {
        return Err(text("空です。", "It is empty."));
    }
    Ok(written.to_owned())
}

fn amount(field: &Field, written: &str) -> Result<Value, NotRead> {
    let narrowed = narrow(written);
    // The unit may stand behind the number, as people write it.
    let units = field.unit.iter().flat_map(|u| [narrow(&u.ja), narrow(&u.en)]);
    let bare = units.filter(|u| !u.is_empty()).find_map(|u| narrowed.strip_suffix(&u).map(|n| n.trim().to_owned())).unwrap_or(narrowed);
    let amount = Amount::read(&bare).ok_or_else(|| {
        text(
            "数は 1200 や 1,200.5 のように、小数は3桁までで書いてください。",
            "Write a number as 1200 or 1,200.5, with at most three decimals.",
        )
    })?;
    // Limits of a catalogue are small whole or half numbers: exact as floating point.
    #[expect(clippy::cast_precision_loss, reason = "compared with limits far below 2^53")]
    let number = amount.0 as f64 / 1000.0;
    if let Some(min) = field.min.filter(|min| number < *min) {
        return Err(worded(format!("{min}以上で書いてください。"), format!("Write at least {min}.")));
    }
    if let Some(max) = field.max.filter(|max| number > *max) {
        return Err(worded(format!("{max}以下で書いてください。"), format!("Write at most {max}.")));
    }
    Ok(Value::Amount(amount))
}

fn choice(field: &Field, written: &str) -> Result<Value, NotRead> {
    let wanted = narrow(written);
    let same = |name: &str| narrow(name).eq_ignore_ascii_case(&wanted);
    let found = field.choices.iter().find(|c| c.id == wanted || same(&c.name.ja) || same(&c.name.en));
    found.map(|c| Value::Choice(c.id.clone())).ok_or_else(|| {
        let names = |lang: fn(&Text) -> &str| field.choices.iter().map(|c| lang(&c.name)).collect::<Vec<_>>();
        worded(format!("次のどれかにしてください：{}", names(|t| &t.ja).join("、")), format!("Use one of: {}", names(|t| &t.en).join(", ")))
    })
}

fn yes_no(field: &Field, written: &str) -> Result<Value, NotRead> {
    let (answer, reason) = match written.split_once([':', '：']) {
        Some((_, reason)) if reason.trim().is_empty() => (written, String::new()),
        Some((answer, reason)) => (answer, words(reason, LINE, false)?),
        None => (written, String::new()),
    };
    let yes = match narrow(answer).trim_end_matches(':').to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "はい" | "有" | "あり" | "○" | "〇" | "済" => true,
        "no" | "n" | "false" | "いいえ" | "無" | "なし" | "×" | "未" => false,
        _ => {
            return Err(text(
                "「はい」か「いいえ」で、理由は「いいえ: 理由」のように書いてください。",
                "Write yes or no, and a reason as `no: reason`.",
            ));
        }
    };
    if field.reason.wanted(yes) && reason.is_empty() {
        return Err(text("理由も書いてください（例：「いいえ: 理由」）。", "Give the reason too, as `no: reason`."));
    }
    Ok(Value::YesNo { yes, reason })
}

fn item(written: &str) -> Result<Value, NotRead> {
    let narrowed = narrow(written);
    let digits = narrowed.strip_prefix("項目").or(narrowed.strip_prefix("No.")).unwrap_or(&narrowed).trim();
    match digits.parse::<u16>() {
        Ok(number) if number > 0 && digits.bytes().all(|b| b.is_ascii_digit()) => Ok(Value::Item(number)),
        _ => Err(text("項目番号を数字で書いてください。", "Write the number of an item.")),
    }
}

fn link<T: id::Named>(written: &str) -> Option<Value> {
    written.trim().parse::<Id<T>>().ok().map(|id| Value::Link(id.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Choice, Reason};
    use super::*;

    fn field(kind: FieldKind) -> Field {
        Field {
            id: "f".into(),
            name: text("欄", "Field"),
            help: None,
            kind,
            required: false,
            many: false,
            serves: vec![],
            unique: false,
            to: None,
            unit: Some(text("件", "GB")),
            min: Some(0.0),
            max: Some(1_000_000.0),
            choices: vec![
                Choice { id: "wipe".into(), name: text("上書き（ＯＳ）", "Overwriting") },
                Choice { id: "other".into(), name: text("その他", "Other") },
            ],
            reason: Reason::No,
            due: None,
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = |s: &str| Value::read(&field(FieldKind::Amount), s).map(|v| v.to_string()).ok();
        for (written, kept) in [
            ("1200", "1200"),
            ("1,200", "1200"),
            ("１，２００．５０", "1200.5"),
            ("12 GB", "12"),
            ("3件", "3"),
            ("0.125", "0.125"),
            ("+7", "7"),
        ] {
            assert_eq!(read(written).as_deref(), Some(kept), "{written}");
        }
        for odd in ["", "1.2345", "1,20", "12,34,567", "-1", "1000001", "1e3", "NaN", "1.", ".5", "9223372036854775807", "一"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_choice_is_found_by_id_and_by_name_in_both_languages() {
        let read = |s: &str| Value::read(&field(FieldKind::Choice), s);
        for written in ["wipe", "上書き(OS)", "overwriting", "上書き（ＯＳ）"] {
            assert_eq!(read(written), Ok(Value::Choice("wipe".into())), "{written}");
        }
        let refused = read("焼却").unwrap_err();
        assert!(refused.ja.contains("その他") && refused.en.contains("Other"));
    }

    #[test]
    fn no_needs_its_reason() {
        let read = |s: &str| Value::read(&field(FieldKind::YesNo), s).map(|v| v.to_string());
        assert_eq!(read("はい").as_deref(), Ok("yes"));
        assert_eq!(read("いいえ：機器がない").as_deref(), Ok("no: 機器がない"));
        assert!(read("いいえ").is_err() && read("たぶん").is_err());
    }

    #[test]
    fn nothing_hidden_stands_in_words() {
        let read = |kind, s: &str| Value::read(&field(kind), s);
        assert!(read(FieldKind::Line, "a\nb").is_err());
        assert!(read(FieldKind::Text, "a\r\nb").is_ok());
        for odd in ["a\u{0}b", "a\u{202e}b", "a\u{1b}[0m", "", "   "] {
            assert!(read(FieldKind::Line, odd).is_err() && read(FieldKind::Text, odd).is_err(), "{odd:?}");
        }
        assert!(read(FieldKind::Line, &"あ".repeat(501)).is_err());
        // Markup and formulas are words like others; pages escape them and exports disarm them.
        assert_eq!(read(FieldKind::Line, "=1+1<b>").map(|v| v.to_string()).as_deref(), Ok("=1+1<b>"));
    }

    #[test]
    fn numbers_sort_by_size_and_days_by_time() {
        let sorted = ["-12", "-1.5", "0", "2", "10", "10.25", "2026-11-09", "2026-11-20", "D-1", "あ"];
        assert!(sorted.windows(2).all(|pair| sort_key(pair[0]) < sort_key(pair[1])));
        assert_eq!(sort_key(&"あ".repeat(500)).chars().count(), 120);
    }

    const KINDS: [FieldKind; 12] = [
        FieldKind::Line,
        FieldKind::Text,
        FieldKind::Date,
        FieldKind::Moment,
        FieldKind::Person,
        FieldKind::Organisation,
        FieldKind::Entry,
        FieldKind::Item,
        FieldKind::File,
        FieldKind::Amount,
        FieldKind::Choice,
        FieldKind::YesNo,
    ];

    proptest! {
        /// Whatever is taken is kept in one spelling, and that spelling is taken again as the same.
        #[test]
        fn what_is_kept_reads_back_as_itself(kind in 0usize..12, written in "\\PC{0,24}|[0-9０-９.,/:年月日時分RHS令和元 はいno-]{0,20}") {
            let field = field(KINDS[kind]);
            if let Ok(value) = Value::read(&field, &written) {
                let kept = value.to_string();
                prop_assert_eq!(Value::read(&field, &kept), Ok(value));
            }
        }
    }
}
