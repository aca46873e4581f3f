//! A document's label and information group decide who gets it (items 24, 33, 35, 36, 55, 58, 65, 66).

use rules::change::Change;
use rules::command::Command;
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id};
use rules::party::Group;
use rules::text::text;

use crate::browser::Browser;
use crate::scratch::{COLLEAGUE, HOSPITAL, OFFICER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "label_enforcement",
    name: text("秘密区分と情報グループ", "Labels and information groups"),
    checks: &[
        Check {
            shows: &[(33, 0), (35, 0), (55, 0)],
            what: text(
                "秘密区分のない文書は保存できず、区分のある文書だけが登録される。",
                "A document without a label is not stored; with one it is.",
            ),
            run: none_without_a_label,
            // The label is a part of every row: only another program could leave it out.
            break_it: Scratch::lie,
        },
        Check {
            shows: &[(36, 0), (24, 0), (58, 0), (66, 0)],
            what: text(
                "秘密と定めた文書は、開示先の医療機関に名称も内容も渡らず、開示可の文書だけが渡る。",
                "A confidential document goes to no institution, neither name nor content; a disclosable one does.",
            ),
            run: confidential_stays,
            break_it: |s| s.later(|s| file_as(s, Label::Disclosable)),
        },
        Check {
            shows: &[(65, 0), (66, 0)],
            what: text(
                "情報グループの文書は、構成員と担当責任者だけが一覧でも内容でも見られる。",
                "A document of an information group is listed and opened for its members and the officers only.",
            ),
            run: groups_keep_others_out,
            break_it: |s| {
                s.later(|s| {
                    let organisation = s.home(OFFICER)?;
                    let members = vec![s.person(COLLEAGUE)?.id];
                    let all = s.app().store().read(|conn| store::tables::requests::groups(conn, organisation))?;
                    all.into_iter().try_for_each(|group| s.write(&Change::GroupSaved(Group { members: members.clone(), ..group })))
                })
            },
        },
    ],
};

/// The first document of the provider; the certified case claims it.
fn document(s: &Scratch, officer: &Browser<'_>) -> Result<Evidence, Failed> {
    let all = s.app().library(&officer.signed()?.actor)?;
    all.into_iter().next().ok_or_else(|| Failed::new("証跡がありません", "there is no evidence"))
}

fn file_as(s: &Scratch, label: Label) -> Tried {
    let series = document(s, &s.signed_in(OFFICER)?)?.series;
    s.write(&Change::EvidenceFiled { series, label, group: None })
}

fn none_without_a_label(s: &Scratch) -> Tried {
    let officer = s.signed_in(OFFICER)?;
    let token = officer.token(true)?;
    let count = || -> Result<usize, Failed> { Ok(s.app().library(&officer.signed()?.actor)?.len()) };
    let before = count()?;
    let program = s.browser();
    let none = program.upload("/api/v1/evidence", &token, &[], "規程.txt", "運用管理規程")?;
    expect(s.seen(none.status == 422 && count()? == before), "区分なしで保存されます", "it is stored without a label")?;
    let odd = program.upload("/api/v1/evidence", &token, &[("label", "secretish")], "規程.txt", "運用管理規程")?;
    expect(s.seen(odd.status == 422 && count()? == before), "存在しない区分で保存されます", "it is stored with a label that is none")?;
    let good = program.upload("/api/v1/evidence", &token, &[("label", "confidential")], "規程.txt", "運用管理規程")?;
    expect(good.status == 200 && count()? == before + 1, "区分があっても保存できません", "it is not stored with a label")
}

fn confidential_stays(s: &Scratch) -> Tried {
    let (officer, hospital) = (s.signed_in(OFFICER)?, s.signed_in(HOSPITAL)?);
    let document = document(s, &officer)?;
    let case = s.world().certified;
    let token = hospital.token(false)?;
    let opened = || hospital.call("GET", &format!("/api/v1/evidence/{}/file?case={case}", document.id), &token, None).map(|r| r.status);
    let named = || -> Result<bool, Failed> {
        let items = hospital.call("GET", &format!("/api/v1/cases/{case}/items"), &token, None)?.json();
        // What an evaluator wrote in words of their own is no claim of the provider.
        let mut claims = items["items"].as_array().into_iter().flatten().flat_map(|i| i["claims"].as_array().into_iter().flatten());
        Ok(claims.any(|claim| claim["document"] == document.name.as_str()))
    };
    officer.act(Command::FileEvidence { evidence: document.id, label: Label::Disclosable, group: None })?;
    expect(opened()? == 200 && named()?, "開示可の文書が開けません", "a disclosable document does not open")?;
    officer.act(Command::FileEvidence { evidence: document.id, label: Label::Confidential, group: None })?;
    s.meanwhile()?;
    expect(matches!(opened()?, 403 | 404), "秘密の文書が開けます", "a confidential document opens")?;
    expect(!named()?, "秘密の文書の名称が見えます", "a confidential document is named")?;
    let by = s.person(HOSPITAL)?.id.to_string();
    let id = document.id.to_string();
    let tried = s.lines_after(rules::id::Pos::NEVER)?.iter().any(|l| l.kind == "act_refused" && l.actor == by && l.subject.contains(&id));
    expect(tried, "試みが記録されていません", "the try is not recorded")
}

fn groups_keep_others_out(s: &Scratch) -> Tried {
    let (officer, colleague) = (s.signed_in(OFFICER)?, s.signed_in(COLLEAGUE)?);
    let document = document(s, &officer)?;
    let save = Command::SaveGroup { group: None, name: "設計書".into(), members: vec![] };
    let group: Id<id::Group> = made(&officer.act(save)?)?;
    let token = colleague.token(false)?;
    let sees = || -> Result<(bool, bool), Failed> {
        let listed = colleague.call("GET", "/api/v1/evidence", &token, None)?.text().contains(&document.id.to_string());
        let opened = colleague.call("GET", &format!("/api/v1/evidence/{}/file", document.id), &token, None)?.status == 200;
        Ok((listed, opened))
    };
    expect(sees()? == (true, true), "グループのない文書が見えません", "a document without a group is not seen")?;
    officer.act(Command::FileEvidence { evidence: document.id, label: document.label, group: Some(group) })?;
    s.meanwhile()?;
    expect(sees()? == (false, false), "構成員でない人に見えます", "somebody outside the group sees it")?;
    let members = vec![s.person(COLLEAGUE)?.id];
    officer.act(Command::SaveGroup { group: Some(group), name: "設計書".into(), members })?;
    expect(sees()? == (true, true), "構成員に見えません", "a member does not see it")
}
