//! Labels and information groups: who sees which document, in every place where documents are named.

mod common;

use app::exchange::Wanted;
use app::read::search::HitKind;
use common::{World, worlds};
use rules::act::Actor;
use rules::answer::Content;
use rules::case::Part;
use rules::command::{Command, Secret};
use rules::evidence::{ClaimContent, Evidence, Finding, Label};
use rules::id::{self, Id, ItemNo, Pos};
use rules::label::HIDDEN;
use rules::party::{OrganisationKind, Role};
use rules::policy::Side;
use rules::refusal::Why;
use rules::text::Lang;
use rules::verdict::VerdictContent;

const ITEM: ItemNo = ItemNo(81);
/// The document that only a group sees; no other name holds these words.
const NAME: &str = "青い鍵束の表.pdf";

/// A second colleague of the provider.
fn outsider(w: &World) -> Actor {
    let organisation = w.actor("officer").organisation.unwrap();
    let invite = Command::InvitePerson { organisation, email: "outsider@example.jp".into(), roles: vec![Role::Colleague] };
    let link = Secret(w.act("operator", invite).secret.unwrap());
    let password = || Secret("correct horse battery 2026".into());
    let accept = Command::AcceptInvitation { link, name: "外の担当者".into(), password: password(), lang: Lang::Ja };
    w.app.execute(&Actor::system(), accept).unwrap();
    let session = w.app.sign_in_with_known_key("outsider@example.jp", &password().0, "192.0.2.1").unwrap();
    w.app.session(&session.secret, "192.0.2.1").unwrap().unwrap().actor
}

/// Somebody who may change the provider's groups, as its administrator.
fn administrator(w: &World) -> Actor {
    Actor { roles: vec![Role::Administrator], ..w.actor("officer").clone() }
}

fn save_group(w: &World, group: Option<Id<id::Group>>, members: &[&Actor]) -> Id<id::Group> {
    let members = members.iter().map(|m| m.person.unwrap()).collect();
    let save = Command::SaveGroup { group, name: "鍵の管理".into(), members };
    let made = w.app.execute(&administrator(w), save).unwrap().made;
    group.unwrap_or_else(|| made.unwrap().parse().unwrap())
}

fn file_under(w: &World, evidence: Id<id::Evidence>, label: Label, group: Option<Id<id::Group>>) {
    w.act("officer", Command::FileEvidence { evidence, label, group });
}

/// An open document, a document of a group with only the colleague in it, and both claimed for one item.
struct Filed {
    outsider: Actor,
    case: Id<id::Case>,
    open: Id<id::Evidence>,
    grouped: Id<id::Evidence>,
    group: Id<id::Group>,
}

fn filed(w: &World) -> Filed {
    let outsider = outsider(w);
    let case = w.open_case();
    let (open, grouped) = (w.upload("officer", "約款.pdf", b"%PDF-1.7 open"), w.upload("officer", NAME, b"%PDF-1.7 grouped"));
    let group = save_group(w, None, &[w.actor("colleague")]);
    file_under(w, grouped, Label::Confidential, Some(group));
    for (evidence, place) in [(open, "第1条"), (grouped, "別表の鍵")] {
        let content = ClaimContent { evidence: Some(evidence), page: Some(3), place: place.into(), ..ClaimContent::default() };
        w.act("officer", Command::MakeClaims { case, items: vec![ITEM], content });
    }
    w.act("officer", Command::SetWork { case, items: vec![ITEM], owner: outsider.person, due: None, status: None });
    Filed { outsider, case, open, grouped, group }
}

fn names(found: &[Evidence]) -> Vec<&str> {
    found.iter().map(|e| e.name.as_str()).collect()
}

/// How often the ledger says that somebody tried what a label forbids.
fn refusals(w: &World, about: &str) -> usize {
    let query = rules::log::LogQuery { kind: Some("act_refused".into()), subject: Some(about.to_owned()), ..Default::default() };
    w.lines().iter().filter(|line| store::ledger::search::fits(&query, line)).count()
}

/// Everything that the actor is shown of documents anywhere, as one text.
fn everything(w: &World, actor: &Actor, case: Id<id::Case>) -> String {
    let app = &w.app;
    let wanted = |csv| Wanted { csv, blank: false, filters: false, a4: false, lang: Lang::Ja };
    let sheet = app.export(actor, case, None, wanted(true)).unwrap();
    let read = app.case(actor, case, None).unwrap();
    format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}{}",
        app.library(actor).ok(),
        app.filed_library(actor).ok(),
        app.home(actor).unwrap(),
        app.search(actor, "鍵").unwrap(),
        app.item(actor, case, None, ITEM).unwrap(),
        read.remarks(),
        read,
        String::from_utf8_lossy(&sheet.bytes),
    )
}

#[test]
fn a_colleague_outside_the_group_is_shown_nothing_of_its_documents_anywhere() {
    for w in worlds() {
        let f = filed(&w);
        let series = f.grouped.to_string();
        for told in [NAME, "青い鍵束", "別表の鍵", series.as_str()] {
            assert!(!everything(&w, &f.outsider, f.case).contains(told), "{told}");
            for insider in ["officer", "reviewer", "colleague"] {
                assert!(everything(&w, w.actor(insider), f.case).contains(told), "{insider}: {told}");
            }
        }
        // Not even how many there are.
        assert_eq!(names(&w.app.library(&f.outsider).unwrap()), ["約款.pdf"]);
        assert_eq!(names(&w.app.library(w.actor("colleague")).unwrap()), [NAME, "約款.pdf"]);
        assert_eq!(w.app.item(&f.outsider, f.case, None, ITEM).unwrap().library.len(), 1);
        assert_eq!(w.app.search(&f.outsider, "pdf").unwrap().iter().filter(|h| h.kind == HitKind::Evidence).count(), 1);
        let read = w.app.case(&f.outsider, f.case, None).unwrap();
        let (_, facts) = read.item(ITEM).unwrap();
        assert_eq!(facts.claims.iter().map(|c| c.written()).collect::<Vec<_>>(), ["約款.pdf p.3 第1条", HIDDEN]);
        assert_eq!(read.evidence.len(), 1);
        // Nobody is asked to mend what they cannot see.
        let remarks: Vec<_> = read.remarks().into_iter().filter(|r| r.item == ITEM).collect();
        assert!(remarks.iter().all(|r| !r.text.ja.contains(HIDDEN)), "{remarks:?}");
    }
}

#[test]
fn words_in_a_file_of_a_group_are_found_by_its_members_alone() {
    for w in worlds() {
        let f = filed(&w);
        let secret = w.upload("officer", "表.txt", "第七金庫の開錠手順".as_bytes());
        w.upload("officer", "別.txt", "第八金庫の開錠手順".as_bytes());
        file_under(&w, secret, Label::Confidential, Some(f.group));
        while w.app.read_words().unwrap() > 0 {}
        let found = |actor: &Actor, query: &str| w.app.search(actor, query).unwrap().iter().filter(|h| h.kind == HitKind::Words).count();
        assert_eq!((found(&f.outsider, "開錠手順"), found(&f.outsider, "第七金庫")), (1, 0));
        for insider in ["officer", "reviewer", "colleague"] {
            assert_eq!(found(w.actor(insider), "開錠手順"), 2, "{insider}");
        }
    }
}

#[test]
fn the_page_and_the_file_of_a_document_out_of_sight_do_not_exist_and_the_try_is_recorded() {
    for w in worlds() {
        let f = filed(&w);
        let about = f.grouped.to_string();
        assert_eq!(w.why(w.app.document(&f.outsider, f.grouped)), Why::NotFound);
        assert_eq!(w.why(w.app.labels(&f.outsider, f.grouped)), Why::NotFound);
        assert_eq!(w.why(w.app.file(&f.outsider, f.grouped, None)), Why::NotFound);
        assert_eq!(w.why(w.app.file(&f.outsider, f.grouped, Some(f.case))), Why::NotFound);
        assert_eq!(refusals(&w, &about), 4);
        assert!(w.app.file(w.actor("colleague"), f.grouped, None).is_ok());
        assert!(w.app.document(&f.outsider, f.open).is_ok() && w.app.file(&f.outsider, f.open, None).is_ok());
        // Another tenant learns nothing, and has tried nothing that a label forbids.
        assert_eq!(w.why(w.app.file(w.actor("stranger"), f.grouped, Some(f.case))), Why::NotFound);
        assert_eq!(w.why(w.app.document(w.actor("stranger"), f.grouped)), Why::NotFound);
        assert_eq!(refusals(&w, &about), 4);
    }
}

#[test]
fn who_does_not_see_a_document_does_nothing_with_it_and_claims_of_others_stay() {
    let w = World::sqlite();
    let f = filed(&w);
    let refused = |command| w.why(w.app.execute(&f.outsider, command));
    let content = ClaimContent { evidence: Some(f.grouped), ..ClaimContent::default() };
    assert_eq!(refused(Command::MakeClaims { case: f.case, items: vec![ITEM], content }), Why::NotFound);
    let version = w.app.add_evidence(&f.outsider, NAME, &b"%PDF-1.7 new"[..], Label::Confidential, None, Some(f.grouped));
    assert_eq!(w.why(version), Why::NotFound);
    let claims = || w.case("officer", f.case, Side::Applicant).item(ITEM).unwrap().1.claims.clone();
    let hidden = claims()[1].id;
    assert_eq!(refused(Command::WithdrawClaim { case: f.case, item: ITEM, claim: hidden }), Why::Forbidden);
    assert_eq!(refused(Command::FileEvidence { evidence: f.grouped, label: Label::Public, group: None }), Why::Forbidden);
    // Copying an item takes over only what its copier sees.
    let content = Content { text: "対応しています。".into(), ..Content::default() };
    w.act("officer", Command::GiveAnswer { case: f.case, item: ITEM, base: Pos::NEVER, content, ready: false });
    let other = ItemNo(82);
    w.act("officer", Command::SetWork { case: f.case, items: vec![other], owner: f.outsider.person, due: None, status: None });
    w.app.execute(&f.outsider, Command::CopyItem { case: f.case, item: other, from: ITEM }).unwrap();
    let read = w.case("officer", f.case, Side::Applicant);
    assert_eq!(read.item(other).unwrap().1.claims.iter().map(|c| c.evidence).collect::<Vec<_>>(), [Some(f.open)]);
    assert_eq!(claims().len(), 2);
}

#[test]
fn an_export_by_somebody_who_does_not_see_all_takes_nothing_away_when_it_comes_back() {
    let w = World::sqlite();
    let f = filed(&w);
    let wanted = Wanted { csv: false, blank: false, filters: false, a4: false, lang: Lang::Ja };
    let made = w.app.export(&f.outsider, f.case, None, wanted).unwrap();
    let preview = w.app.preview_import(w.actor("officer"), f.case, None, &made.name, &made.bytes).unwrap();
    assert!(preview.differences.is_empty(), "{:?}", preview.differences);
    assert!(preview.notes.iter().any(|n| n.item == Some(ITEM) && n.text.ja.contains(HIDDEN)), "{:?}", preview.notes);
    let (answers, _) = preview.chosen(|_| true);
    assert!(answers.is_empty());
}

#[test]
fn whoever_leaves_the_group_sees_nothing_from_the_next_request_on() {
    for w in worlds() {
        let f = filed(&w);
        let colleague = w.actor("colleague");
        assert!(w.app.document(colleague, f.grouped).is_ok());
        save_group(&w, Some(f.group), &[&f.outsider]);
        assert_eq!(w.why(w.app.document(colleague, f.grouped)), Why::NotFound);
        assert_eq!(w.why(w.app.file(colleague, f.grouped, None)), Why::NotFound);
        assert!(!everything(&w, colleague, f.case).contains(NAME));
        assert!(everything(&w, &f.outsider, f.case).contains(NAME));
        // Without a group everybody of the applicant's side sees it again.
        file_under(&w, f.grouped, Label::Confidential, None);
        assert!(w.app.document(colleague, f.grouped).is_ok() && w.app.document(&f.outsider, f.grouped).is_ok());
    }
}

#[test]
fn a_filing_counts_for_every_version_and_its_history_is_told() {
    for w in worlds() {
        let f = filed(&w);
        let colleague = w.actor("colleague");
        let renew = |actor: &Actor, label, text: &[u8]| w.app.add_evidence(actor, NAME, text, label, None, Some(f.grouped));
        assert_eq!(w.why(renew(colleague, Label::Public, b"%PDF-1.7 2")), Why::Invalid, "an officer has said what it is");
        renew(colleague, Label::Confidential, b"%PDF-1.7 2").unwrap();
        assert_eq!(w.why(w.app.document(&f.outsider, f.grouped)), Why::NotFound, "a new version stays in the group");
        renew(w.actor("officer"), Label::Disclosable, b"%PDF-1.7 3").unwrap();
        let (versions, _) = w.app.document(colleague, f.grouped).unwrap();
        assert_eq!(versions.iter().map(|v| (v.version, v.label)).collect::<Vec<_>>(), [3, 2, 1].map(|n| (n, Label::Disclosable)));
        let told: Vec<_> =
            w.app.labels(colleague, f.grouped).unwrap().into_iter().map(|l| (l.label, l.group.is_some(), l.version, l.by)).collect();
        let by = |name: &str| name.to_owned();
        let expected = [
            (Label::Disclosable, true, None, by("officer")),
            (Label::Disclosable, false, Some(3), by("officer")),
            (Label::Confidential, false, Some(2), by("colleague")),
            (Label::Confidential, true, None, by("officer")),
            (Label::Confidential, false, Some(1), by("officer")),
        ];
        assert_eq!(told, expected);
    }
}

#[test]
fn groups_and_filings_of_another_tenant_cannot_be_used() {
    let w = World::sqlite();
    let f = filed(&w);
    let stranger = |command| w.why(w.app.execute(w.actor("stranger"), command));
    assert_eq!(stranger(Command::FileEvidence { evidence: f.grouped, label: Label::Public, group: None }), Why::NotFound);
    let own = w.upload("stranger", "x.pdf", b"%PDF-1.7 x");
    assert_eq!(stranger(Command::FileEvidence { evidence: own, label: Label::Public, group: Some(f.group) }), Why::NotFound);
    assert!(w.app.groups(w.actor("stranger")).unwrap().is_empty());
}

/// Submits, judges and decides, and discloses the case to the hospital.
fn decide(w: &World, case: Id<id::Case>) {
    let content = Content { text: "対応しています。".into(), ..Content::default() };
    w.act("officer", Command::GiveAnswer { case, item: ITEM, base: Pos::NEVER, content, ready: true });
    w.act("officer", Command::SubmitRound { case });
    w.act("secretariat", Command::AcceptRound { case, number: None });
    w.act("secretariat", Command::AssignEvaluator { case, person: w.actor("evaluator").person.unwrap(), part: Part::First });
    w.act("evaluator", Command::DeclareInterest { case, conflict: false, statement: String::new() });
    let read = w.case("evaluator", case, Side::Body);
    for facts in &read.items {
        for claim in &facts.claims {
            let comment = "鍵の表にあり".to_owned();
            w.act("evaluator", Command::ConfirmClaim { case, item: facts.no, claim: claim.id, finding: Finding::Seen, comment });
        }
        let content =
            VerdictContent { mark: read.sheet.scale[0].code.clone(), evidence: "確認済み".into(), ..VerdictContent::default() };
        w.act("evaluator", Command::GiveVerdict { case, item: facts.no, base: Pos::NEVER, content });
    }
    w.act("decider", Command::DecideCase { case, certify: true, grounds: "適合".into() });
    let institution = w.actor("hospital").organisation.unwrap();
    w.act("officer", Command::DiscloseCase { case, institution, on: true });
}

#[test]
fn the_body_sees_what_was_submitted_and_an_institution_only_what_its_label_discloses() {
    let w = World::sqlite();
    let f = filed(&w);
    let labelled: Vec<_> = Label::ALL
        .into_iter()
        .map(|label| {
            let evidence = w.upload("officer", &format!("鍵-{label:?}.pdf"), format!("%PDF-1.7 {label:?}").as_bytes());
            // Not as it was added, but as it was filed later.
            file_under(&w, evidence, label, Some(f.group));
            let content = ClaimContent { evidence: Some(evidence), page: Some(1), ..ClaimContent::default() };
            w.act("officer", Command::MakeClaims { case: f.case, items: vec![ITEM], content });
            (label, evidence)
        })
        .collect();
    let file = |who: &str, evidence| w.app.file(w.actor(who), evidence, Some(f.case));
    assert_eq!(w.why(file("secretariat", f.grouped)), Why::NotFound, "nothing is submitted yet");
    decide(&w, f.case);
    for evidence in labelled.iter().map(|l| l.1).chain([f.grouped]) {
        assert!(file("evaluator", evidence).is_ok() && file("secretariat", evidence).is_ok(), "groups are the applicant's own");
    }
    assert!(everything(&w, w.actor("evaluator"), f.case).contains(NAME));
    let hospital = everything(&w, w.actor("hospital"), f.case);
    for (label, evidence) in labelled {
        let disclosed = label != Label::Confidential;
        assert_eq!(file("hospital", evidence).is_ok(), disclosed, "{label:?}");
        assert_eq!(hospital.contains(&format!("鍵-{label:?}.pdf")), disclosed, "{label:?}");
        assert_eq!(refusals(&w, &evidence.to_string()), usize::from(!disclosed));
    }
    assert!(!hospital.contains(NAME) && !hospital.contains("別表の鍵"));
    // What the evaluator wrote beside the place goes with it, for whoever does not see the place.
    let comments = |actor: &Actor| {
        let read = w.app.case(actor, f.case, None).unwrap();
        read.item(ITEM).unwrap().1.confirmations.iter().map(|c| c.comment.clone()).filter(|c| !c.is_empty()).count()
    };
    assert_eq!((comments(&f.outsider), comments(w.actor("colleague"))), (1, 5));
    // Labelled stricter afterwards, it is gone from the next request on.
    let (_, public) = (Label::Public, w.app.library(w.actor("officer")).unwrap().iter().find(|e| e.label == Label::Public).unwrap().id);
    file_under(&w, public, Label::Confidential, None);
    assert_eq!(w.why(file("hospital", public)), Why::NotFound);
}

#[test]
fn confidential_evidence_is_not_copied_into_a_case_of_another_body() {
    let w = World::sqlite();
    let f = filed(&w);
    file_under(&w, f.open, Label::Disclosable, None);
    let content = Content { text: "対応しています。".into(), ..Content::default() };
    w.act("officer", Command::GiveAnswer { case: f.case, item: ITEM, base: Pos::NEVER, content, ready: false });
    let create = Command::CreateOrganisation { name: "別の評価機関".into(), kinds: vec![OrganisationKind::Body] };
    let body: Id<id::Organisation> = w.act("operator", create).made.unwrap().parse().unwrap();
    let old = w.case("officer", f.case, Side::Applicant);
    let opened = |body| -> Id<id::Case> {
        let open = Command::OpenCase { product: old.product.id, body, sheet: old.sheet.id.clone() };
        w.act("officer", open).made.unwrap().parse().unwrap()
    };
    let copied = |case| {
        w.act("officer", Command::CopyAnswers { case, from: f.case, items: None });
        let read = w.case("officer", case, Side::Applicant);
        read.item(ITEM).unwrap().1.claims.iter().map(|c| c.evidence.unwrap()).collect::<Vec<_>>()
    };
    let kept_back = old.item(ITEM).unwrap().1.claims[1].id.to_string();
    assert_eq!(copied(opened(old.body.id)), [f.open, f.grouped]);
    assert_eq!(refusals(&w, &kept_back), 0);
    assert_eq!(copied(opened(body)), [f.open]);
    assert_eq!(refusals(&w, &kept_back), 1);
}
