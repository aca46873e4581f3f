//! What the forms of an item's page ask for.

use rules::answer::{Content, Status};
use rules::command::Command;
use rules::evidence::ClaimContent;
use rules::id::{self, Id, ItemNo, PointNo, Pos};
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::text;

use super::super::form::{act, saved_at, settle};
use super::{number, page};
use crate::route::Answer;
use crate::urls;
use crate::visit::{Fields, Visit};

type CaseId = Id<id::Case>;

/// Executes the command of a form on this page and comes back to `at` on it.
fn act_here(
    visit: &Visit,
    form: &'static str,
    at: &str,
    command: impl FnOnce(CaseId, ItemNo) -> Result<Command, Refusal>,
) -> Result<Answer, app::Error> {
    let (case, no) = (visit.param("case")?, number(visit)?);
    let to = format!("{}{at}", saved_at(&urls::item(case, no)));
    act(visit, command(case, no), to, |refusal| page(visit, Some((form, refusal))))
}

/// The version that the form was made from.
fn seen(form: &Fields, name: &'static str) -> Result<Pos, Refusal> {
    form.need(name).map(Pos)
}

pub fn answer(visit: &Visit) -> Result<Answer, app::Error> {
    let (case, no) = (visit.param("case")?, number(visit)?);
    let form = &visit.form;
    let to = if form.text("do") == "next" { form.read::<u16>("next")?.map_or(no, ItemNo) } else { no };
    let command = seen(form, "base").map(|base| Command::GiveAnswer {
        case,
        item: no,
        base,
        content: content(form),
        ready: form.text("do") != "save",
    });
    act(visit, command, saved_at(&urls::item(case, to)), |refusal| page(visit, Some(("answer", refusal))))
}

/// What was typed: the whole, sub-points as `point-1` …, and 対象外 with its reason where it is ticked.
pub fn content(form: &Fields) -> Content {
    let point = |name: &str| name.strip_prefix("point-")?.parse().ok().map(PointNo);
    Content {
        text: form.text("text").to_owned(),
        points: form.0.iter().filter_map(|(name, value)| Some((point(name)?, value.clone()))).collect(),
        out_of_scope: form.is_on("out").then(|| form.text("out_of_scope").to_owned()),
        remarks: form.text("remarks").to_owned(),
    }
}

pub fn confirm(visit: &Visit) -> Result<Answer, app::Error> {
    act_here(visit, "confirm", "", |case, no| Ok(Command::ConfirmAnswers { case, items: vec![no] }))
}

pub fn work(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    act_here(visit, "work", "", |case, no| {
        Ok(Command::SetWork {
            case,
            items: vec![no],
            owner: form.read("owner")?,
            due: form.date("due")?,
            status: form.word::<Status>("status")?,
        })
    })
}

/// Claims a document of the library, or a file that comes with the form and goes into the library first.
pub fn claim(visit: &Visit) -> Result<Answer, app::Error> {
    let (case, no) = (visit.param("case")?, number(visit)?);
    settle(claimed(visit, case, no), |refusal| page(visit, Some(("claims", refusal))))
}

fn claimed(visit: &Visit, case: CaseId, no: ItemNo) -> Result<String, app::Error> {
    let form = &visit.form;
    let place = ClaimContent {
        point: PointNo(form.read("point")?.unwrap_or(0)),
        page: form.read("page")?,
        place: form.text("place").to_owned(),
        ..ClaimContent::default()
    };
    if let Some(refusal) = &visit.upload_refused {
        return Err(refusal.clone().into());
    }
    let evidence = match visit.uploads.iter().find(|u| u.field == "file") {
        Some(upload) => super::super::evidence::take(visit, upload, super::super::evidence::label(form)?, form.date("valid_until")?, None)?,
        None => form.read("evidence")?.ok_or(Refusal::invalid(
            "evidence",
            text("登録済みの証跡を選ぶか、ファイルを追加してください。", "Choose a document, or add a file."),
        ))?,
    };
    visit.app.execute(
        visit.actor()?,
        Command::MakeClaims { case, items: vec![no], content: ClaimContent { evidence: Some(evidence), ..place } },
    )?;
    Ok(format!("{}#claims", saved_at(&urls::item(case, no))))
}

pub fn withdraw(visit: &Visit) -> Result<Answer, app::Error> {
    act_here(visit, "claims", "#claims", |case, item| Ok(Command::WithdrawClaim { case, item, claim: visit.form.need("claim")? }))
}

/// Keeps what a register says of the item as evidence.
pub fn snapshot(visit: &Visit) -> Result<Answer, app::Error> {
    let (case, no) = (visit.param("case")?, number(visit)?);
    let kept = visit.app.snapshot_register(visit.actor()?, case, no, visit.form.text("register"));
    settle(kept.map(|_| format!("{}#claims", saved_at(&urls::item(case, no)))), |refusal| page(visit, Some(("registers", refusal))))
}

pub fn copy(visit: &Visit) -> Result<Answer, app::Error> {
    act_here(visit, "copy", "", |case, item| Ok(Command::CopyItem { case, item, from: ItemNo(visit.form.need("from")?) }))
}

pub fn review(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    act_here(visit, "review", "#review", |case, item| {
        Ok(Command::ReviewAnswer {
            case,
            item,
            seen: seen(form, "seen")?,
            ok: form.text("ok") == "yes",
            comment: form.text("comment").to_owned(),
        })
    })
}

pub fn improvement(visit: &Visit) -> Result<Answer, app::Error> {
    act_here(visit, "improvement", "", |case, item| Ok(Command::AnswerImprovement { case, item, text: visit.form.text("text").to_owned() }))
}

pub fn send(visit: &Visit) -> Result<Answer, app::Error> {
    act_here(visit, "messages", "#messages", |case, item| {
        Ok(Command::SendMessage { case, item, text: visit.form.text("text").to_owned(), side: Some(Side::Applicant) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn sub_points_are_told_by_their_number() {
        let content = content(&fields(&[("text", "全体"), ("point-1", "一"), ("point-12", "十二"), ("point-x", "?"), ("remarks", "備考")]));
        assert_eq!(content.points.keys().map(|n| n.0).collect::<Vec<_>>(), [1, 12]);
        assert_eq!((content.text.as_str(), content.remarks.as_str()), ("全体", "備考"));
    }

    #[test]
    fn a_reason_counts_only_where_the_box_is_ticked() {
        assert_eq!(content(&fields(&[("out_of_scope", "無線なし")])).out_of_scope, None);
        assert_eq!(content(&fields(&[("out", "yes"), ("out_of_scope", "無線なし")])).out_of_scope.as_deref(), Some("無線なし"));
    }
}
