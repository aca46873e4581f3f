//! The periodic review of accounts as a file: to fill in beforehand, and to keep as evidence afterwards (items 74, 97-99).

use std::collections::BTreeMap;

use documents::sheet_csv::harmless;
use rules::act::Actor;
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::review::Review;
use rules::text::{Lang, Text, text};

use super::accounts::{AccountRead, AccountsRead};
use crate::{App, Error};

const HEADINGS: [Text; 9] = [
    text("名前", "Name"),
    text("ID", "Id"),
    text("種類", "Kind"),
    text("役割", "Roles"),
    text("状態", "Standing"),
    text("最終サインイン", "Last sign-in"),
    text("利用最終日", "Last day"),
    text("判断", "Judgement"),
    text("備考", "Remark"),
];

impl App {
    /// A review as CSV (UTF-8 with a byte-order mark): one line for each account. Without a review, the accounts as they
    /// stand now with empty columns to fill in. What a spreadsheet would run as a formula is disarmed.
    pub fn review_csv(&self, actor: &Actor, review: Option<Id<id::Review>>, lang: Lang) -> Result<Vec<u8>, Error> {
        let read = self.accounts(actor)?;
        let mut lines = vec![HEADINGS.iter().map(|h| h.get(lang).to_owned()).collect()];
        match review {
            None => lines.extend(read.accounts.iter().filter(|a| a.membership.is_some()).map(|a| standing(a, lang))),
            Some(id) => {
                let review = read.reviews.iter().find(|r| r.id == id).ok_or(Refusal::not_found())?;
                lines.extend(reviewed(&read, review, lang));
            }
        }
        Ok(csv(&lines))
    }
}

fn role_names(roles: &[Role], lang: Lang) -> String {
    roles.iter().map(|r| r.name().get(lang).to_owned()).collect::<Vec<_>>().join(if lang == Lang::Ja { "、" } else { ", " })
}

fn standing(of: &AccountRead, lang: Lang) -> Vec<String> {
    let day = |at: jiff::Timestamp| rules::act::japan(at).date().to_string();
    vec![
        of.person.name.clone(),
        of.person.email.clone(),
        of.account.kind.name().get(lang).to_owned(),
        role_names(of.membership.as_ref().map_or(&[], |m| &m.roles), lang),
        of.account.standing.name().get(lang).to_owned(),
        of.account.last_in.map(day).unwrap_or_default(),
        of.account.ends.map(|d| d.to_string()).unwrap_or_default(),
        String::new(),
        String::new(),
    ]
}

/// What a review recorded: the rights of that time. What was not recorded then stays empty.
fn reviewed(read: &AccountsRead, review: &Review, lang: Lang) -> Vec<Vec<String>> {
    let known: BTreeMap<_, _> = read.accounts.iter().map(|a| (a.person.id, a)).collect();
    let by = known.get(&review.by).map_or_else(|| review.by.to_string(), |a| a.person.name.clone());
    let mut out: Vec<Vec<String>> = review
        .accounts
        .iter()
        .map(|line| {
            let of = known.get(&line.membership.person);
            vec![
                of.map_or_else(|| line.membership.person.to_string(), |a| a.person.name.clone()),
                of.map(|a| a.person.email.clone()).unwrap_or_default(),
                of.map(|a| a.account.kind.name().get(lang).to_owned()).unwrap_or_default(),
                role_names(&line.membership.roles, lang),
                String::new(),
                String::new(),
                String::new(),
                line.judgement.name().get(lang).to_owned(),
                line.remark.clone(),
            ]
        })
        .collect();
    let told = |name: Text, value: String| vec![name.get(lang).to_owned(), value];
    out.push(told(text("実施日時", "Done at"), rules::act::japan(review.at).strftime("%Y-%m-%d %H:%M").to_string()));
    out.push(told(text("実施者", "Done by"), by));
    out.push(told(text("所見", "Finding"), review.finding.clone()));
    out.push(told(text("次回の期限", "Next due"), review.next.to_string()));
    out
}

/// Comma-separated values (RFC 4180): every cell quoted.
fn csv(lines: &[Vec<String>]) -> Vec<u8> {
    let mut out = "\u{feff}".to_owned();
    for line in lines {
        let cells: Vec<String> = line.iter().map(|cell| format!("\"{}\"", harmless(cell).replace('"', "\"\""))).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_runs_as_a_formula_or_ends_early() {
        let lines = [vec!["=1+1".to_owned(), "@x".into(), "-2".into(), "+3".into(), "a\"b,c\nd".into(), "普通".into()]];
        let written = String::from_utf8(csv(&lines)).unwrap();
        assert_eq!(written, "\u{feff}\"'=1+1\",\"'@x\",\"'-2\",\"'+3\",\"a\"\"b,c\nd\",\"普通\"\r\n");
    }
}
