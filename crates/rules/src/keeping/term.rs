//! When the time of a record is over: the longest of all dated rules, and never on a guess.

use jiff::{Span, civil::Date};
use serde::Deserialize;

use super::Rule;
use crate::refusal::Refusal;
use crate::text::{Text, text, worded};

/// The rules of the catalogue, as TOML for [`shipped`].
pub const SHIPPED: &str = include_str!("../../../../catalog/profiles/retention.toml");

/// The longest period that can be set, in months: a hundred years.
const LONGEST: u32 = 1200;

/// The kinds of record that Akashi itself keeps, by their word in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Case,
    Evidence,
    Person,
    Log,
}

impl Record {
    pub const ALL: [Record; 4] = [Record::Case, Record::Evidence, Record::Person, Record::Log];
    pub const fn word(self) -> &'static str {
        match self {
            Record::Case => "case",
            Record::Evidence => "evidence",
            Record::Person => "person",
            Record::Log => "log",
        }
    }
}

impl Rule {
    /// What the rule is about, in words; a record that is not listed here keeps its own word.
    pub fn about(&self) -> Text {
        match self.record.as_str() {
            "case" => text("評価案件（質疑を含む）", "Cases, with their messages"),
            "evidence" => text("証跡", "Evidence"),
            "person" => text("廃止したアカウントの氏名・アドレス", "Names and addresses of closed accounts"),
            "log" => text("ログ（台帳の本文）", "Logs: the payloads of the ledger"),
            "medical_record" => text("診療録", "Medical records"),
            "dental_record" => text("歯科診療録", "Dental records"),
            "benefit_books" => text("療養の給付の帳簿等", "Books of medical benefits"),
            "hospital_papers" => text("診療に関する諸記録", "Hospital papers about treatment"),
            "x_ray" => text("エックス線写真", "X-ray images"),
            "midwife_record" => text("助産録", "Midwives' records"),
            "prescription" => text("調剤済み処方箋・調剤録", "Dispensed prescriptions and dispensing records"),
            "dental_order" => text("歯科技工指示書", "Dental technicians' orders"),
            "narcotics_book" => text("麻薬帳簿", "Narcotics books"),
            other => worded(other.to_owned(), other.to_owned()),
        }
    }
    /// The period in words.
    pub fn period(&self) -> Text {
        match (self.months / 12, self.months % 12) {
            (0, m) => worded(format!("{m}か月"), format!("{m} months")),
            (1, 0) => text("1年", "1 year"),
            (y, 0) => worded(format!("{y}年"), format!("{y} years")),
            (y, m) => worded(format!("{y}年{m}か月"), format!("{y} years and {m} months")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<Rule>,
}

/// Reads the rules of the catalogue; all faults at once.
pub fn shipped(content: &str) -> Result<Vec<Rule>, Vec<Text>> {
    let file: File = toml::from_str(content).map_err(|error| {
        let why = error.message();
        vec![worded(format!("保存期間の規則を読み取れません：{why}"), format!("The rules of retention cannot be read: {why}"))]
    })?;
    let mut faults = vec![];
    for (n, rule) in file.rules.iter().enumerate() {
        if file.rules.iter().take(n).any(|r| r.id == rule.id) {
            faults.push(worded(format!("規則「{}」が2つあります。", rule.id), format!("There are two rules {}.", rule.id)));
        }
        if rule.months == 0 || rule.months > LONGEST || rule.record.is_empty() || rule.source.trim().is_empty() {
            faults.push(worded(
                format!("規則「{}」のmonths（1～{LONGEST}）、record、sourceを確認してください。", rule.id),
                format!("Look at months (1 to {LONGEST}), record and source of rule {}.", rule.id),
            ));
        }
    }
    for record in Record::ALL {
        if !file.rules.iter().any(|r| r.record == record.word()) {
            let word = record.word();
            faults.push(worded(format!("record「{word}」の規則がありません。"), format!("There is no rule for the record {word}.")));
        }
    }
    if faults.is_empty() { Ok(file.rules) } else { Err(faults) }
}

/// A kind of record, and the day from which its time runs; `None` where that has not come or is not known.
pub type Start = (Record, Option<Date>);

/// How long something has to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term<'r> {
    /// The event from which time runs has not happened, or is not known. Never over.
    NotBegun,
    /// No rule in force speaks of the record. Never over.
    NoRule(Record),
    /// Up to and with this day, by this rule: the longest.
    Until { last: Date, rule: &'r Rule },
}

impl Term<'_> {
    /// Is the time over on this day? What is unknown never is.
    pub fn is_over(&self, today: Date) -> bool {
        matches!(self, Term::Until { last, .. } if *last < today)
    }
}

/// The longest term that the rules in force on a day give for something that is several records at once.
pub fn term<'r>(rules: &'r [Rule], starts: &[Start], today: Date) -> Term<'r> {
    let mut longest: Option<(Date, &Rule)> = None;
    for (record, start) in starts {
        let Some(start) = start else { return Term::NotBegun };
        let in_force: Vec<&Rule> = rules.iter().filter(|r| r.record == record.word() && r.effective <= today).collect();
        if in_force.is_empty() {
            return Term::NoRule(*record);
        }
        for rule in in_force {
            // The first day does not count (民法140条): five years from 1 April end with 1 April, five years later.
            let last = start.checked_add(Span::new().months(i64::from(rule.months))).unwrap_or(Date::MAX);
            if longest.is_none_or(|(known, _)| last > known) {
                longest = Some((last, rule));
            }
        }
    }
    longest.map_or(Term::NotBegun, |(last, rule)| Term::Until { last, rule })
}

/// Checks a rule that an organisation sets for itself: it lengthens what the catalogue demands, and says why.
pub fn lengthen(shipped: &[Rule], rule: Rule) -> Result<Rule, Refusal> {
    let id = crate::party::line("id", &rule.id, 60)?;
    if shipped.iter().any(|r| r.id == id) {
        return Err(Refusal::invalid(
            "id",
            text(
                "この名前はカタログの規則が使っています。別の名前にしてください。",
                "A rule of the catalogue has this name; choose another.",
            ),
        ));
    }
    let Some(record) = Record::ALL.into_iter().find(|r| r.word() == rule.record) else {
        return Err(Refusal::invalid(
            "record",
            text("案件、証跡、アカウント、ログから選んでください。", "Choose case, evidence, person or log."),
        ));
    };
    let least = shipped.iter().filter(|r| r.record == record.word()).max_by_key(|r| r.months);
    if let Some(least) = least.filter(|least| rule.months < least.months) {
        return Err(Refusal::invalid(
            "months",
            worded(
                format!("規則「{}」の{}より短くはできません。", least.id, least.period().ja),
                format!("It cannot be shorter than the {} of rule {}.", least.period().en, least.id),
            ),
        ));
    }
    if rule.months > LONGEST {
        return Err(Refusal::invalid(
            "months",
            worded(format!("{LONGEST}か月以内で入力してください。"), format!("At most {LONGEST} months, please.")),
        ));
    }
    let starts =
        worded(crate::party::bounded("starts", rule.starts.ja.trim(), 200)?, crate::party::bounded("starts", rule.starts.en.trim(), 200)?);
    // Where the time begins is the record's own; the words of the catalogue stand for those who give none.
    let starts = match least {
        Some(least) if starts.ja.is_empty() || starts.en.is_empty() => least.starts.clone(),
        _ => starts,
    };
    let source = crate::account::reason("source", &rule.source)?;
    Ok(Rule { id, starts, source, ..rule })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn rule(id: &str, record: &str, months: u32, effective: Date) -> Rule {
        Rule {
            id: id.into(),
            record: record.into(),
            months,
            starts: text("日", "day"),
            effective,
            source: "利用契約".into(),
            verified: true,
        }
    }

    #[test]
    fn the_shipped_rules_can_be_read_and_cover_what_akashi_keeps() {
        let rules = shipped(SHIPPED).unwrap();
        assert!(rules.len() > 10);
        assert!(rules.iter().all(|r| !r.starts.ja.is_empty() && !r.starts.en.is_empty()));
        // The amendment whose date nobody verified counts already: the longer period wins.
        assert_eq!(rules.iter().filter(|r| r.record == "prescription").map(|r| r.months).max(), Some(60));
        let broken = SHIPPED.replace("record = \"log\"", "record = \"logs\"").replace("months = 12\n", "months = 0\n");
        assert_eq!(shipped(&broken).unwrap_err().len(), 2);
        assert_eq!(shipped("rules = 3").unwrap_err().len(), 1);
    }

    #[test]
    fn of_several_rules_the_longest_wins_and_counts_only_from_its_day() {
        let rules =
            [rule("a", "case", 60, date(2020, 1, 1)), rule("b", "case", 120, date(2026, 12, 1)), rule("l", "log", 12, date(2020, 1, 1))];
        let ended = Some(date(2020, 4, 1));
        let of = |today| match term(&rules, &[(Record::Case, ended), (Record::Log, ended)], today) {
            Term::Until { last, rule } => (last, rule.id.as_str()),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(date(2026, 11, 30)), (date(2025, 4, 1), "a"));
        assert_eq!(of(date(2026, 12, 1)), (date(2030, 4, 1), "b"));
        // A log that began later is kept longer than its record.
        let late = term(&rules, &[(Record::Case, ended), (Record::Log, Some(date(2026, 1, 1)))], date(2026, 11, 1));
        assert!(matches!(late, Term::Until { last, rule } if last == date(2027, 1, 1) && rule.id == "l"));
    }

    #[test]
    fn the_last_day_is_still_kept_and_the_end_of_a_month_stays_one() {
        let rules = [rule("a", "case", 1, date(2020, 1, 1))];
        let kept = |start| term(&rules, &[(Record::Case, Some(start))], date(2026, 1, 1));
        assert!(!kept(date(2026, 3, 10)).is_over(date(2026, 4, 10)));
        assert!(kept(date(2026, 3, 10)).is_over(date(2026, 4, 11)));
        assert!(matches!(kept(date(2026, 1, 31)), Term::Until { last, .. } if last == date(2026, 2, 28)));
        assert!(!kept(Date::MAX).is_over(date(2026, 4, 11)));
    }

    #[test]
    fn what_is_unknown_is_never_over() {
        let rules = [rule("a", "case", 1, date(2020, 1, 1))];
        let far = date(9000, 1, 1);
        assert_eq!(term(&rules, &[(Record::Case, None)], far), Term::NotBegun);
        assert_eq!(term(&rules, &[(Record::Person, Some(date(2020, 1, 1)))], far), Term::NoRule(Record::Person));
        assert_eq!(term(&rules, &[], far), Term::NotBegun);
        for term in [term(&rules, &[(Record::Case, None)], far), term(&[], &[(Record::Log, Some(date(2020, 1, 1)))], far)] {
            assert!(!term.is_over(far));
        }
    }

    #[test]
    fn an_own_rule_only_lengthens() {
        let shipped = shipped(SHIPPED).unwrap();
        let own = |id: &str, record: &str, months| lengthen(&shipped, rule(id, record, months, date(2026, 1, 1)));
        assert_eq!(own("契約", "case", 59).unwrap_err().field, Some("months"));
        assert_eq!(own("契約", "case", 120).unwrap().months, 120);
        assert_eq!(own("case-5y", "case", 120).unwrap_err().field, Some("id"));
        assert_eq!(own("契約", "medical_record", 120).unwrap_err().field, Some("record"));
        assert_eq!(own("契約", "case", 5000).unwrap_err().field, Some("months"));
        let silent = Rule { source: " ".into(), ..rule("契約", "case", 120, date(2026, 1, 1)) };
        assert_eq!(lengthen(&shipped, silent).unwrap_err().field, Some("source"));
    }
}
