//! Days and moments as people in Japan write them: 2026-11-20, 2026年11月20日, 令和8年11月20日, R8.11.20.

use jiff::Timestamp;
use jiff::civil::{Date, Time, date};
use jiff::tz::{self, TimeZone};

/// Japan has one offset and no summer time.
pub(super) const JAPAN: TimeZone = TimeZone::fixed(tz::offset(9));

/// An era: its name, its letter, its first day, and the first day after it.
type Era = (&'static str, char, Date, Option<Date>);

/// 元号 since Meiji 6, when the calendar of today began. Each first day is the day the new era's name took effect.
const ERAS: [Era; 5] = [
    ("令和", 'R', date(2019, 5, 1), None),
    ("平成", 'H', date(1989, 1, 8), Some(date(2019, 5, 1))),
    ("昭和", 'S', date(1926, 12, 25), Some(date(1989, 1, 8))),
    ("大正", 'T', date(1912, 7, 30), Some(date(1926, 12, 25))),
    ("明治", 'M', date(1868, 1, 1), Some(date(1912, 7, 30))),
];

/// Full-width digits, letters and signs as their narrow twins, and wide spaces as spaces.
pub(super) fn narrow(written: &str) -> String {
    let one = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    };
    written.chars().map(one).collect::<String>().trim().to_owned()
}

/// A kept moment as it is typed and read back, in Japanese time: 2026-11-20 10:00:00. What is no moment stays as it is.
pub fn typed(kept: &str) -> String {
    let written = |at: Timestamp| JAPAN.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    kept.parse().map_or_else(|_| kept.to_owned(), written)
}

/// A day. A number alone is none: a spreadsheet's day number says nothing to a reader.
pub fn day(written: &str) -> Option<Date> {
    let written = narrow(written);
    let (era, rest) = match ERAS.iter().find_map(|era| Some((era, written.strip_prefix(era.0)?))) {
        Some((era, rest)) => (Some(era), rest),
        None => match ERAS.iter().find_map(|era| Some((era, written.strip_prefix([era.1, era.1.to_ascii_lowercase()])?))) {
            Some((era, rest)) => (Some(era), rest),
            None => (None, written.as_str()),
        },
    };
    let mut parts = rest.trim_end_matches('日').split(['-', '/', '.', '年', '月']).map(str::trim);
    let (year, month, of_month) = (parts.next()?, number(parts.next()?)?, number(parts.next()?)?);
    if parts.next().is_some() {
        return None;
    }
    match era {
        // A year of the common calendar has four digits: nobody has to guess a century.
        None => (year.len() == 4).then(|| Date::new(number(year)?, number8(month)?, number8(of_month)?).ok()).flatten(),
        Some((_, _, first, over)) => {
            let of_era = if year == "元" { 1 } else { number(year).filter(|n| *n > 0)? };
            let found = Date::new(first.year().checked_add(of_era - 1)?, number8(month)?, number8(of_month)?).ok()?;
            (found >= *first && over.is_none_or(|over| found < over)).then_some(found)
        }
    }
}

fn number(digits: &str) -> Option<i16> {
    (!digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

fn number8(n: i16) -> Option<i8> {
    i8::try_from(n).ok()
}

/// A moment: a day and a time of Japan, or RFC 3339 with its offset.
pub fn moment(written: &str) -> Option<Timestamp> {
    let written = narrow(written);
    if let Ok(exact) = written.parse::<Timestamp>() {
        return Some(exact);
    }
    let (of_day, time) = written.split_once([' ', 'T']).or_else(|| {
        let at = written.find('日')? + '日'.len_utf8();
        Some(written.split_at(at))
    })?;
    let time = time.trim().trim_end_matches(['分', '秒']);
    let mut parts = time.split([':', '時', '分']).map(|p| number(p.trim()).and_then(number8));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = match parts.next() {
        Some(second) => second?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    let time = Time::new(hour, minute, second, 0).ok()?;
    day(of_day)?.to_datetime(time).to_zoned(JAPAN).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_every_way_people_write_it() {
        let wanted = Some(date(2026, 11, 20));
        for written in [
            "2026-11-20",
            "2026/11/20",
            "2026.11.20",
            "2026年11月20日",
            "令和8年11月20日",
            "令和８年１１月２０日",
            "R8.11.20",
            "r8/11/20",
            " 2026-11-20　",
            "２０２６－１１－２０",
        ] {
            assert_eq!(day(written), wanted, "{written}");
        }
        assert_eq!(day("令和元年5月1日"), Some(date(2019, 5, 1)));
        assert_eq!(day("平成31年4月30日"), Some(date(2019, 4, 30)));
        assert_eq!(day("昭和64年1月7日"), Some(date(1989, 1, 7)));
        assert_eq!(day("S39.10.10"), Some(date(1964, 10, 10)));
    }

    #[test]
    fn what_is_no_day_is_none() {
        for written in [
            "",
            "46346",
            "2026-02-30",
            "26-11-20",
            "2026-11",
            "2026-11-20-1",
            "令和0年1月1日",
            "平成32年1月1日",
            "令和元年4月30日",
            "昭和64年1月8日",
            "2026年13月1日",
            "あした",
            "R",
            "令和",
            "2026--1",
            "99999-01-01",
            "R32767.1.1",
        ] {
            assert_eq!(day(written), None, "{written}");
        }
    }

    #[test]
    fn a_moment_is_of_japan_unless_it_says_otherwise() {
        let wanted: Timestamp = "2026-11-20T05:30:00Z".parse().unwrap();
        for written in [
            "2026-11-20 14:30",
            "2026/11/20 14:30:00",
            "2026-11-20T14:30",
            "2026年11月20日14時30分",
            "令和8年11月20日 14:30",
            "2026-11-20T05:30:00Z",
            "2026-11-20T14:30:00+09:00",
            "２０２６-１１-２０　１４：３０",
        ] {
            assert_eq!(moment(written), Some(wanted), "{written}");
        }
        for written in ["", "14:30", "2026-11-20", "2026-11-20 24:00", "2026-11-20 14", "2026-11-20 14:60", "2026-11-20 1:2:3:4"] {
            assert_eq!(moment(written), None, "{written}");
        }
    }
}
