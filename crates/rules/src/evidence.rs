//! Evidence files and claims: where in which document an item is shown.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::answer::writable;
use crate::case::CaseFacts;
use crate::change::Change;
use crate::id::{self, Digest, Id, PointNo, Pos};
use crate::item::ItemFacts;
use crate::label::{self, Handling};
use crate::party::line;
use crate::refusal::Refusal;
use crate::sheet::Item;
use crate::text::{Text, text, worded};

/// How confidential a document is. There is none without a choice: a document without a label is not saved (item 35).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    Public,
    /// Shown to institutions on request.
    Disclosable,
    Confidential,
}

impl Label {
    pub const ALL: [Label; 3] = [Label::Public, Label::Disclosable, Label::Confidential];
    pub const fn name(self) -> Text {
        match self {
            Label::Public => text("公開", "Public"),
            Label::Disclosable => text("開示可", "Disclosable"),
            Label::Confidential => text("秘密", "Confidential"),
        }
    }
}

/// One version of an evidence file. A new version is a new row with the same series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    pub id: Id<id::Evidence>,
    /// The first version's id; all versions share it.
    pub series: Id<id::Evidence>,
    /// Version, from 1.
    pub version: u32,
    pub organisation: Id<id::Organisation>,
    /// The file's name.
    pub name: String,
    /// Media type by the file's first bytes, not by its name.
    pub media: String,
    /// In bytes.
    pub size: u64,
    pub digest: Digest,
    pub label: Label,
    pub valid_until: Option<Date>,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub pos: Pos,
}

/// A claim: this document shows it, there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    pub id: Id<id::Claim>,
    pub point: PointNo,
    /// `None` where only a document's name is known, as after an Excel import.
    pub evidence: Option<Id<id::Evidence>>,
    /// The document's name.
    pub document: String,
    pub page: Option<u32>,
    /// Section, or other words for the place.
    pub place: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub pos: Pos,
    /// The reader has no right to the document: its name and place are left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl Claim {
    /// As the sheet writes it: `運用管理規程.pdf p.3 第2章`.
    pub fn written(&self) -> String {
        let mut out = self.document.clone();
        if let Some(page) = self.page {
            out.push_str(&format!(" p.{page}"));
        }
        if !self.place.is_empty() {
            out.push(' ');
            out.push_str(&self.place);
        }
        out
    }
    /// It says where to look.
    pub fn has_place(&self) -> bool {
        self.page.is_some() || !self.place.is_empty()
    }
}

/// What an evaluator found at the claimed place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// 確認できた
    Seen,
    /// 不十分
    Insufficient,
    /// 見当たらない
    Missing,
}

impl Finding {
    pub const ALL: [Finding; 3] = [Finding::Seen, Finding::Insufficient, Finding::Missing];
    pub const fn name(self) -> Text {
        match self {
            Finding::Seen => text("確認できた", "Seen"),
            Finding::Insufficient => text("不十分", "Insufficient"),
            Finding::Missing => text("見当たらない", "Not found there"),
        }
    }
}

/// An evaluator's confirmation of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    pub claim: Id<id::Claim>,
    pub round: u32,
    pub finding: Finding,
    pub comment: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub pos: Pos,
}

/// A file that lies in the blob store already. Nobody can send one: the server measures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub name: String,
    pub media: String,
    pub size: u64,
    pub digest: Digest,
}

/// Adds a file, or a new version of one; `before` is then the newest version that stands.
pub fn add(act: &mut Act, file: Stored, label: Label, valid_until: Option<Date>, before: Option<&Evidence>) -> Result<Evidence, Refusal> {
    let (Some(by), Some(organisation)) = (act.actor.person, act.actor.organisation) else { return Err(Refusal::forbidden()) };
    label::handle(Handling::Store, label)?;
    if file.size == 0 {
        return Err(Refusal::invalid(
            "file",
            worded(format!("「{}」は空のファイルです。", file.name), format!("The file {} is empty.", file.name)),
        ));
    }
    if let Some(before) = before {
        if before.organisation != organisation {
            return Err(Refusal::not_found().at("series"));
        }
        if before.digest == file.digest {
            return Err(Refusal::invalid(
                "file",
                text("現在の版と同じ内容のファイルです。", "This file is the same as the current version."),
            ));
        }
    }
    let id = act.fresh();
    Ok(Evidence {
        id,
        series: before.map_or(id, |b| b.series),
        version: before.map_or(1, |b| b.version + 1),
        organisation,
        name: line("file", &file.name, 200)?,
        media: file.media,
        size: file.size,
        digest: file.digest,
        label,
        valid_until,
        by,
        at: act.at,
        pos: Pos::NEVER,
    })
}

/// What a claim says, before it has an id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClaimContent {
    pub point: PointNo,
    pub evidence: Option<Id<id::Evidence>>,
    /// The document's name; with `evidence` the file's name is taken.
    pub document: String,
    pub page: Option<u32>,
    pub place: String,
}

/// The longest name of a document or place of a claim, in characters.
const LONGEST_NAME: usize = 300;

/// Claims that a document shows the item at a place. `file` is the evidence named by `content`.
pub fn claim(case: &CaseFacts, item: &Item, act: &mut Act, content: ClaimContent, file: Option<&Evidence>) -> Result<Change, Refusal> {
    writable(case, item.no)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    if !item.has_point(content.point) {
        return Err(Refusal::invalid(
            "point",
            worded(
                format!("項目{}に小項目({})はありません。", item.no, content.point.0),
                format!("Item {} has no sub-point ({}).", item.no, content.point.0),
            ),
        ));
    }
    if content.page == Some(0) {
        return Err(Refusal::invalid("page", text("ページは1以上の数字で入力してください。", "A page is a number from 1.")));
    }
    let document = match file {
        Some(file) if file.organisation == case.case.provider => file.name.clone(),
        Some(_) => return Err(Refusal::not_found().at("evidence")),
        None if content.evidence.is_some() => return Err(Refusal::not_found().at("evidence")),
        None => line("document", &content.document, LONGEST_NAME)?,
    };
    // One line, because a sheet writes one claim a line.
    let place = if content.place.trim().is_empty() { String::new() } else { line("place", &content.place, LONGEST_NAME)? };
    let claim = Claim {
        id: act.fresh(),
        point: content.point,
        evidence: file.map(|f| f.id),
        document,
        page: content.page,
        place,
        by,
        at: act.at,
        pos: Pos::NEVER,
        hidden: false,
    };
    Ok(Change::ClaimMade { case: case.case.id, item: item.no, claim })
}

/// Takes a claim back; what was submitted keeps it.
pub fn withdraw_claim(case: &CaseFacts, facts: &ItemFacts, claim: Id<id::Claim>) -> Result<Change, Refusal> {
    writable(case, facts.no)?;
    if facts.claims.iter().any(|c| c.id == claim) {
        Ok(Change::ClaimWithdrawn { case: case.case.id, item: facts.no, claim })
    } else {
        Err(Refusal::not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::claim;
    use super::*;
    use crate::case::State;
    use crate::id::ItemNo;
    use crate::refusal::Why;
    use crate::world::*;

    fn stored(digest: u8, size: u64) -> Stored {
        Stored { name: " 運用管理規程.pdf ".into(), media: "application/pdf".into(), size, digest: Digest([digest; 32]) }
    }

    #[test]
    fn a_first_version_is_its_own_series_and_the_next_one_counts_on() {
        let added = add(&mut act(officer()), stored(1, 9), Label::Public, None, None).unwrap();
        assert_eq!((added.version, added.series, added.name.as_str()), (1, added.id, "運用管理規程.pdf"));
        let next = add(&mut act(officer()), stored(2, 9), Label::Public, None, Some(&file())).unwrap();
        assert_eq!((next.version, next.series), (2, file().series));
        assert_ne!(next.id, next.series);
    }

    #[test]
    fn empty_same_and_foreign_files_are_refused() {
        let refused = |file, before: Option<&Evidence>| add(&mut act(officer()), file, Label::Public, None, before).unwrap_err();
        assert_eq!(refused(stored(1, 0), None).field, Some("file"));
        assert_eq!(refused(stored(7, 9), Some(&file())).field, Some("file"));
        let foreign = Evidence { organisation: body(), ..file() };
        assert_eq!(refused(stored(1, 9), Some(&foreign)).why, Why::NotFound);
        let nobody = add(&mut act(crate::act::Actor::system()), stored(1, 9), Label::Public, None, None);
        assert_eq!(nobody.unwrap_err().why, Why::Forbidden);
    }

    fn claimed(content: ClaimContent, file: Option<&Evidence>) -> Result<Claim, Refusal> {
        let sheet = sheet();
        match claim(&case(State::Draft), sheet.item(ItemNo(1)).unwrap(), &mut act(officer()), content, file)? {
            Change::ClaimMade { claim: made, .. } => Ok(made),
            other => panic!("{other:?}"),
        }
    }
    fn named(document: &str) -> ClaimContent {
        ClaimContent { document: document.into(), ..ClaimContent::default() }
    }

    #[test]
    fn a_claim_takes_the_files_name_and_stands_on_one_line() {
        let content = ClaimContent { evidence: Some(id(80)), place: " 第2章\n別表 ".into(), page: Some(3), ..named("x") };
        let made = claimed(content, Some(&file())).unwrap();
        assert_eq!(made.written(), "運用管理規程.pdf p.3 第2章 別表");
        assert_eq!(made.evidence, Some(id(80)));
    }

    #[test]
    fn a_claim_names_something_that_is_there() {
        assert_eq!(claimed(named(" "), None).unwrap_err().field, Some("document"));
        assert_eq!(claimed(ClaimContent { page: Some(0), ..named("x") }, None).unwrap_err().field, Some("page"));
        assert!(claimed(ClaimContent { page: Some(u32::MAX), point: PointNo(2), ..named("x") }, None).is_ok());
        assert_eq!(claimed(ClaimContent { point: PointNo(3), ..named("x") }, None).unwrap_err().field, Some("point"));
        assert_eq!(claimed(ClaimContent { place: "あ".repeat(301), ..named("x") }, None).unwrap_err().field, Some("place"));
        let foreign = Evidence { organisation: body(), ..file() };
        assert_eq!(claimed(named("x"), Some(&foreign)).unwrap_err().why, Why::NotFound);
        let unknown = ClaimContent { evidence: Some(id(81)), ..named("x") };
        assert_eq!(claimed(unknown, None).unwrap_err().field, Some("evidence"), "an id alone proves no file");
    }

    #[test]
    fn only_a_claim_that_stands_is_taken_back() {
        let facts = ItemFacts { claims: vec![crate::world::claim(30)], ..answered(1, "x") };
        assert!(withdraw_claim(&case(State::Draft), &facts, id(30)).is_ok());
        assert_eq!(withdraw_claim(&case(State::Draft), &facts, id(31)).unwrap_err().why, Why::NotFound);
    }
}
