//! What a document's label decides: how it may be handled, and who of the applicant's side sees it (items 24, 35, 36, 65).

use crate::act::Actor;
use crate::evidence::{Claim, Evidence, Label};
use crate::id::{self, Id};
use crate::party::{Group, Role};
use crate::refusal::{Refusal, Why};
use crate::text::{Text, text, worded};

/// What happens to documents in Akashi. There is no discarding: every version stays, as what was submitted rests on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handling {
    /// 保存
    Store,
    /// 閲覧・ダウンロード. One thing: a browser that shows a file has received it.
    Open,
    /// 提出
    Submit,
    /// 複製: claims carried over into a case of another evaluation body.
    Copy,
    /// 開示: an institution reads it.
    Disclose,
}

impl Handling {
    pub const ALL: [Handling; 5] = [Handling::Store, Handling::Open, Handling::Submit, Handling::Copy, Handling::Disclose];
    pub const fn name(self) -> Text {
        match self {
            Handling::Store => text("保存", "Store"),
            Handling::Open => text("閲覧・ダウンロード", "Open and download"),
            Handling::Submit => text("評価機関への提出", "Submit to the evaluation body"),
            Handling::Copy => text("別の評価機関の案件への複製", "Copy into a case of another body"),
            Handling::Disclose => text("医療機関への開示", "Disclose to institutions"),
        }
    }
}

/// What is laid down for one handling of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub allowed: bool,
    pub words: Text,
}

/// The table label × handling (item 36: 各ラベルに応じた処理方式). The labels and what they mean are Akashi's own choice;
/// the sheet demands only that there are some.
pub fn rule(handling: Handling, label: Label) -> Rule {
    let yes = |words| Rule { allowed: true, words };
    let no = |words| Rule { allowed: false, words };
    match (handling, label) {
        (Handling::Store, Label::Public | Label::Disclosable | Label::Confidential) => yes(text(
            "秘密区分を選んで登録します。区分のない文書は保存できません。",
            "It is added with a label; without one nothing is stored.",
        )),
        (Handling::Open, Label::Public | Label::Disclosable | Label::Confidential) => yes(text(
            "申請元のうち、情報グループの構成員と担当責任者が開けます。グループのない文書は申請元の全員が開けます。",
            "Members of its information group and the officers of the applicant open it; without a group, everybody of the applicant.",
        )),
        (Handling::Submit, Label::Public | Label::Disclosable | Label::Confidential) => yes(text(
            "項目に紐付けて申請すると、評価機関のその案件の担当者が開けます。",
            "Claimed for an item and submitted, it opens for those of the body who work on the case.",
        )),
        (Handling::Copy, Label::Public | Label::Disclosable) => {
            yes(text("回答の転記とともに、紐付けも複製されます。", "Its claims are copied along with the answers."))
        }
        (Handling::Copy, Label::Confidential) => no(text(
            "秘密の証跡は、別の評価機関の案件には自動で複製されません。必要な場合は担当者が紐付けてください。",
            "Confidential evidence is not copied into a case of another evaluation body; a person claims it there.",
        )),
        (Handling::Disclose, Label::Public | Label::Disclosable) => yes(text(
            "判定のあと、案件の開示先の医療機関が閲覧・ダウンロードできます。",
            "After the decision, institutions that the case is disclosed to may open and download it.",
        )),
        (Handling::Disclose, Label::Confidential) => no(text(
            "秘密の証跡は医療機関に開示されません。名称も表示されません。",
            "Confidential evidence is not disclosed to institutions, not even its name.",
        )),
    }
}

/// Refuses what the label does not allow.
pub fn handle(handling: Handling, label: Label) -> Result<(), Refusal> {
    let Rule { allowed, words } = rule(handling, label);
    if allowed { Ok(()) } else { Err(Refusal::new(Why::Forbidden, words)) }
}

/// Whether somebody who stands on the applicant's side sees documents of a group: its members do, and the officers of
/// the organisation; without a group everybody does (item 65: grouping keeps those with access few).
pub fn sees(actor: &Actor, group: Option<&Group>) -> bool {
    let Some(group) = group else { return true };
    let member = actor.person.is_some_and(|p| group.members.contains(&p));
    actor.organisation == Some(group.organisation) && (actor.has(Role::Officer) || (actor.has(Role::Colleague) && member))
}

/// What stands in place of the document's name in a claim that its reader has no right to.
pub const HIDDEN: &str = "閲覧権限のない証跡";

/// A claim without what its reader may not know of it: that somebody made it, for which sub-point, remains.
pub fn hide(claim: &mut Claim) {
    (claim.evidence, claim.page, claim.hidden) = (None, None, true);
    HIDDEN.clone_into(&mut claim.document);
    claim.place.clear();
}

/// How a document is labelled, and the information group it is in.
pub type Filing = (Label, Option<Id<id::Group>>);

/// What an officer's filing becomes when a new version comes with a label of its own; `None` where it stays.
///
/// # Errors
/// Only officers change a label that an officer has set: what was classified does not become less so by an upload (item 58).
pub fn refile(actor: &Actor, filed: Option<Filing>, added: &Evidence) -> Result<Option<Filing>, Refusal> {
    match filed {
        None => Ok(None),
        Some((label, _)) if label == added.label => Ok(None),
        Some((_, group)) if actor.has(Role::Officer) => Ok(Some((added.label, group))),
        Some((label, _)) => {
            let name = label.name();
            Err(Refusal::invalid(
                "label",
                worded(
                    format!("この証跡の区分は、担当責任者が「{}」と定めています。同じ区分を選んでください。", name.ja),
                    format!("An officer has labelled this document {}; choose the same label.", name.en.to_lowercase()),
                ),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::*;

    #[test]
    fn each_label_is_handled_as_written_down() {
        use Handling::{Copy, Disclose, Open, Store, Submit};
        for label in Label::ALL {
            let allowed: Vec<Handling> = Handling::ALL.into_iter().filter(|h| handle(*h, label).is_ok()).collect();
            let expected = match label {
                Label::Public | Label::Disclosable => vec![Store, Open, Submit, Copy, Disclose],
                Label::Confidential => vec![Store, Open, Submit],
            };
            assert_eq!(allowed, expected, "{label:?}");
            for handling in Handling::ALL {
                let rule = rule(handling, label);
                assert!(!rule.words.ja.is_empty() && !rule.words.en.is_empty());
                if let Err(refusal) = handle(handling, label) {
                    assert_eq!((refusal.why, refusal.text), (Why::Forbidden, rule.words));
                }
            }
        }
    }

    fn group(members: &[u8]) -> Group {
        Group { id: id(120), organisation: provider(), name: "設計書".into(), members: members.iter().map(|n| id(*n)).collect() }
    }

    #[test]
    fn a_group_is_seen_by_its_members_and_the_officers_of_its_organisation() {
        let own = group(&[COLLEAGUE]);
        assert!(sees(&officer(), Some(&own)) && sees(&colleague(), Some(&own)));
        assert!(!sees(&colleague(), Some(&group(&[]))), "who was taken out sees nothing any more");
        assert!(sees(&colleague(), None));
        let member_elsewhere = person(COLLEAGUE, body(), &[Role::Colleague, Role::Officer]);
        assert!(!sees(&member_elsewhere, Some(&own)), "a group counts in its own organisation");
        assert!(!sees(&person(COLLEAGUE, provider(), &[Role::Administrator]), Some(&own)), "membership lends no role");
        let nobody = crate::act::Actor::system();
        assert!(!sees(&nobody, Some(&own)));
    }

    #[test]
    fn a_hidden_claim_keeps_only_that_it_is_there() {
        let mut hidden = claim(30);
        hide(&mut hidden);
        let left = Claim { evidence: None, document: HIDDEN.into(), page: None, place: String::new(), hidden: true, ..claim(30) };
        assert_eq!((hidden.written().as_str(), &hidden), (HIDDEN, &left));
    }

    #[test]
    fn only_an_officer_changes_by_a_new_version_what_an_officer_has_set() {
        let added = |label| Evidence { label, ..file() };
        let filed = Some((Label::Confidential, Some(id(120))));
        assert_eq!(refile(&colleague(), None, &added(Label::Public)), Ok(None));
        assert_eq!(refile(&colleague(), filed, &added(Label::Confidential)), Ok(None));
        assert_eq!(refile(&colleague(), filed, &added(Label::Public)).unwrap_err().field, Some("label"));
        assert_eq!(refile(&officer(), filed, &added(Label::Public)), Ok(Some((Label::Public, Some(id(120))))));
    }
}
