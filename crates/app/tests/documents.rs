//! Documents from a clause to a version in force: two people on one clause, who asks never approves, the clock, and tenants apart.

mod common;

use app::paper_files::PaperFormat;
use app::read::documents::DocumentRead;
use common::{World, refusal, worlds};
use jiff::civil::date;
use rules::command::Command;
use rules::document::paper::{Block, Paper, Section};
use rules::document::{Kept, State};
use rules::evidence::Label;
use rules::id::{self, Id, Pos};
use rules::refusal::Why;
use rules::register::{FieldKind, Written};
use rules::text::Lang;

const RULES: &str = "operation_rules";
const CLAUSE: &str = "purpose";

fn save(base: Pos, kept: Kept) -> Command {
    Command::SaveClause { document: RULES.into(), clause: CLAUSE.into(), base, kept }
}

fn answered(company: &str) -> Kept {
    Kept { answers: Written::from([("company".to_owned(), vec![company.to_owned()])]), ..Kept::default() }
}

fn propose(w: &World, who: &str) -> Id<id::Document> {
    let command = Command::ProposeDocument { document: RULES.into(), entry: None, case: None, label: None };
    w.act(who, command).made.unwrap().parse().unwrap()
}

fn approve(version: Id<id::Document>, from: jiff::civil::Date, until: Option<jiff::civil::Date>) -> Command {
    Command::ApproveDocument { version, from, until }
}

fn read<'w>(w: &'w World, who: &str) -> DocumentRead<'w> {
    w.app.document_read(w.actor(who), RULES, None, Lang::Ja).unwrap()
}

fn base(w: &World) -> Pos {
    read(w, "officer").clauses.iter().find(|c| c.clause.id == CLAUSE).unwrap().base()
}

fn states(w: &World) -> Vec<State> {
    read(w, "officer").versions.iter().map(|(_, state)| *state).collect()
}

fn words(paper: &Paper) -> String {
    fn of(section: &Section) -> String {
        let own = section.blocks.iter().map(|block| match block {
            Block::Paragraph { words } | Block::Open { words } => words.clone(),
            Block::List { items, .. } => items.join("\n"),
            Block::Table(table) => format!("{}\n{:?}", table.name, table.rows),
            Block::Picture { words, .. } => words.clone(),
        });
        let own: Vec<String> = own.collect();
        own.join("\n") + &section.sections.iter().map(of).collect::<String>()
    }
    paper.chapters.iter().map(of).collect()
}

#[test]
fn two_people_on_one_clause_see_both_versions_and_lose_neither() {
    for w in worlds() {
        let opened = base(&w);
        assert_eq!(opened, Pos::NEVER);
        w.act("officer", save(opened, answered("証し株式会社")));
        let late = refusal(w.app.execute(w.actor("colleague"), save(opened, answered("別の会社"))));
        assert_eq!(late.why, Why::Conflict);
        w.act("colleague", save(base(&w), answered("別の会社")));
        let of = w.app.clause_read(w.actor("officer"), RULES, CLAUSE).unwrap();
        let (history, names) = (of.history, of.names);
        let companies: Vec<&str> = history.iter().map(|(v, _)| v.kept.answers["company"][0].as_str()).collect();
        assert_eq!(companies, ["別の会社", "証し株式会社"], "both versions stay, the newest first");
        assert!(history.iter().all(|(v, _)| names.contains_key(&v.by.to_string())));
        // The form's own words change nothing.
        assert_eq!(w.act("officer", save(base(&w), answered("別の会社"))).changes, 0);
        let faults = refusal(w.app.execute(
            w.actor("officer"),
            save(base(&w), Kept { answers: [("colour".into(), vec!["red".into()])].into(), ..Kept::default() }),
        ))
        .faults;
        assert_eq!(faults[0].field, "colour");
    }
}

#[test]
fn a_version_is_proposed_by_one_approved_by_another_and_superseded_by_the_next() {
    for w in worlds() {
        w.act("officer", save(Pos::NEVER, answered("証し株式会社")));
        let first = propose(&w, "officer");
        assert_eq!(states(&w), [State::Proposed]);
        let again = Command::ProposeDocument { document: RULES.into(), entry: None, case: None, label: None };
        assert_eq!(refusal(w.app.execute(w.actor("colleague"), again)).why, Why::State, "one waits at a time");
        let today = date(2026, 11, 22);
        assert_eq!(refusal(w.app.execute(w.actor("officer"), approve(first, today, None))).why, Why::Forbidden, "who asks never approves");
        assert_eq!(refusal(w.app.execute(w.actor("colleague"), approve(first, today, None))).why, Why::Forbidden, "not the role");
        assert_eq!(refusal(w.app.execute(w.actor("stranger"), approve(first, today, None))).why, Why::NotFound);
        w.act("reviewer", approve(first, today, None));
        assert_eq!(states(&w), [State::InForce]);

        // What was read is what can be read again, whatever is saved afterwards.
        let sealed = w.app.document_version(w.actor("colleague"), first, Lang::Ja).unwrap();
        assert!(words(&sealed.paper).contains("証し株式会社（以下「当社」という。）"), "{}", words(&sealed.paper));
        assert!(sealed.paper.footer.contains(&sealed.version.digest.to_string()));
        assert!(sealed.paper.about.iter().any(|(_, value)| value == "2026-11-22"));
        w.act("officer", save(base(&w), Kept { left_out: "別の規程に定める".into(), ..Kept::default() }));
        assert!(read(&w, "officer").row.changed);
        let later = w.app.document_version(w.actor("colleague"), first, Lang::Ja).unwrap();
        assert_eq!((later.paper, later.version.digest), (sealed.paper, sealed.version.digest));

        let second = propose(&w, "colleague");
        let paper = w.app.document_version(w.actor("officer"), second, Lang::En).unwrap().paper;
        assert!(words(&paper).contains("This clause is left out. Reason: 別の規程に定める"));
        w.act("officer", approve(second, date(2026, 11, 24), Some(date(2026, 11, 30))));
        assert_eq!(states(&w), [State::Coming, State::InForce]);
        w.later(2 * 24 * 3600);
        assert_eq!(states(&w), [State::InForce, State::Superseded]);
        w.later(7 * 24 * 3600);
        assert_eq!(states(&w), [State::Expired, State::Superseded], "it ends by the clock, and nothing else comes back");
        let withdraw = Command::WithdrawDocument { version: second, reason: "誤記".into() };
        w.act("reviewer", withdraw.clone());
        assert_eq!(states(&w)[0], State::Withdrawn);
        assert_eq!(refusal(w.app.execute(w.actor("reviewer"), withdraw)).why, Why::State);

        let expected = w.app.store().read(store::rebuild::contents).unwrap();
        for target in store::testing::both_engines() {
            store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
            let rebuilt = target.read(store::rebuild::contents).unwrap();
            for table in ["document_clause", "document_version", "document_step"] {
                assert!(!expected[table].is_empty());
                assert_eq!(rebuilt[table], expected[table], "{table}");
            }
        }
    }
}

#[test]
fn every_document_of_the_catalogue_is_composed_in_both_languages_and_says_what_is_open() {
    let w = World::sqlite();
    let all = w.app.documents(w.actor("officer")).unwrap();
    assert_eq!(all.len(), 23);
    for row in &all {
        assert_eq!((row.gaps.as_slice(), row.in_force, row.changed), (&[][..], 0, false), "{}", row.document.id);
        if row.document.per_entry.is_some() {
            continue;
        }
        for lang in [Lang::Ja, Lang::En] {
            let read = w.app.document_read(w.actor("officer"), &row.document.id, None, lang).unwrap();
            let told = words(&read.draft.unwrap());
            for question in row.document.clauses().flat_map(|c| &c.questions).filter(|q| q.required) {
                assert!(told.contains(question.name.get(lang)), "{}: {} is not said to be open", row.document.id, question.id);
            }
        }
        let proposal = Command::ProposeDocument { document: row.document.id.clone(), entry: None, case: None, label: Some(Label::Public) };
        assert!(w.app.execute(w.actor("officer"), proposal).is_ok(), "{}", row.document.id);
    }
}

#[test]
fn a_certificate_is_made_for_its_entry_and_no_other() {
    for w in worlds() {
        let register = w.app.register("disposal_record").unwrap().clone();
        // Whatever it asks for that is no link; what is missing is told and left out of this test's interest.
        let mut fields = Written::new();
        for field in register.fields.iter().filter(|f| !matches!(f.kind, FieldKind::Entry | FieldKind::File)) {
            if let Some(typed) = register.example.get(&field.id) {
                fields.insert(field.id.clone(), vec![typed.clone()]);
            }
        }
        let write =
            |fields: Written| Command::WriteEntry { register: register.id.clone(), entry: None, base: Pos::NEVER, label: None, fields };
        let entry = match w.app.execute(w.actor("officer"), write(fields.clone())) {
            Ok(done) => done.made.unwrap(),
            Err(app::Error::Refused(told)) => {
                for fault in told.faults {
                    let field = register.field(&fault.field).unwrap();
                    assert_eq!(field.kind, FieldKind::File, "{fault:?}");
                    let file = w.app.add_evidence(w.actor("officer"), "証明書.txt", &b"proof"[..], Label::Disclosable, None, None);
                    fields.insert(fault.field, vec![file.unwrap().made.unwrap()]);
                }
                w.act("officer", write(fields.clone())).made.unwrap()
            }
            Err(other) => panic!("{other}"),
        };
        let entry: Id<id::Entry> = entry.parse().unwrap();
        let make = |entry| Command::ProposeDocument { document: "disposal_certificate".into(), entry, case: None, label: None };
        assert_eq!(refusal(w.app.execute(w.actor("officer"), make(None))).field, Some("entry"));
        assert_eq!(refusal(w.app.execute(w.actor("stranger"), make(Some(entry)))).why, Why::NotFound);
        let made: Id<id::Document> = w.act("officer", make(Some(entry))).made.unwrap().parse().unwrap();
        let read = w.app.document_version(w.actor("officer"), made, Lang::Ja).unwrap();
        assert!(words(&read.paper).contains(&fields["number"][0]), "{}", words(&read.paper));
        let of = w.app.entry_documents(w.actor("officer"), &register.id, entry).unwrap();
        assert!(of.iter().any(|(document, versions, _)| document.id == "disposal_certificate" && versions.len() == 1));
        let for_rules = Command::ProposeDocument { document: RULES.into(), entry: Some(entry), case: None, label: None };
        assert_eq!(refusal(w.app.execute(w.actor("officer"), for_rules)).field, Some("entry"));
    }
}

#[test]
fn nothing_of_a_document_is_seen_by_another_organisation() {
    for w in worlds() {
        w.act("officer", save(Pos::NEVER, answered("証し株式会社")));
        let version = propose(&w, "officer");
        assert_eq!(refusal(w.app.document_version(w.actor("stranger"), version, Lang::Ja)).why, Why::NotFound);
        let theirs = read(&w, "stranger");
        assert!(theirs.versions.is_empty() && theirs.clauses.iter().all(|c| c.standing.is_none()));
        assert!(!words(&theirs.draft.unwrap()).contains("証し株式会社"));
        assert!(w.app.clause_read(w.actor("stranger"), RULES, CLAUSE).unwrap().history.is_empty());
        assert_eq!(refusal(w.app.documents(w.actor("hospital")).map(drop)).why, Why::Forbidden);
        assert_eq!(refusal(w.app.execute(w.actor("hospital"), save(Pos::NEVER, answered("x")))).why, Why::Forbidden);
        let withdraw = Command::WithdrawDocument { version, reason: "x".into() };
        assert_eq!(refusal(w.app.execute(w.actor("stranger"), withdraw)).why, Why::NotFound);
    }
}

/// A case of the provider at the body, with one answer.
fn case(w: &World) -> Id<id::Case> {
    let product =
        w.act("officer", Command::CreateProduct { name: "証しEHR".into(), description: String::new() }).made.unwrap().parse().unwrap();
    let sheet = w.app.content.sheets().iter().find(|s| s.items.len() == 253).unwrap().id.clone();
    let open = Command::OpenCase { product, body: w.organisation("secretariat"), sheet };
    let case: Id<id::Case> = w.act("officer", open).made.unwrap().parse().unwrap();
    let content = rules::answer::Content { text: "毎月、稼働率を開示します。".into(), ..Default::default() };
    w.act("officer", Command::GiveAnswer { case, item: id::ItemNo(1), base: Pos::NEVER, content, ready: false });
    case
}

#[test]
fn the_disclosure_sheet_has_every_item_for_disclosure_and_says_which_are_open() {
    for w in worlds() {
        let case = case(&w);
        let of = |actor: &str, case| w.app.document_read(w.actor(actor), "service_disclosure", case, Lang::Ja);
        let draft = of("officer", Some(case)).unwrap().draft.unwrap();
        let tables = draft.chapters.iter().flat_map(|c| &c.sections).flat_map(|s| &s.blocks);
        let items = tables.filter_map(|b| if let Block::Table(t) = b { Some(t) } else { None }).find(|t| t.rows.len() >= 112).unwrap();
        let wanted: Vec<String> = w
            .app
            .content
            .sheets()
            .iter()
            .flat_map(|s| s.items.clone())
            .filter(|i| i.disclosure || i.documents.iter().any(|d| d == "service_disclosure"))
            .map(|i| i.no.to_string())
            .collect();
        assert_eq!((wanted.len(), items.rows.iter().map(|r| r[0].clone()).collect::<Vec<_>>()), (115, wanted));
        let said: Vec<&str> = items.rows.iter().map(|r| r[2].as_str()).collect();
        assert_eq!((said[0], said[1..].iter().filter(|s| **s == "【未回答】").count()), ("毎月、稼働率を開示します。", 114));
        assert!(words(&draft).contains("未回答の項目が114件あります。"));
        assert!(words(&of("officer", None).unwrap().draft.unwrap()).contains("案件が選ばれていません"));
        assert_eq!(refusal(of("stranger", Some(case)).map(drop)).why, Why::NotFound);
    }
}

#[test]
fn an_approved_version_becomes_evidence_for_what_its_clauses_answer() {
    for w in worlds() {
        let case = case(&w);
        w.act("officer", save(Pos::NEVER, answered("証し株式会社")));
        let version = propose(&w, "officer");
        let used = |who: &str, case| w.app.document_as_evidence(w.actor(who), version, case, Lang::Ja);
        assert_eq!(refusal(used("officer", Some(case))).why, Why::State, "nobody approved it yet");
        w.act("reviewer", approve(version, date(2026, 11, 22), Some(date(2027, 11, 21))));
        assert_eq!(refusal(used("stranger", Some(case))).why, Why::NotFound);
        let file = used("officer", Some(case)).unwrap();
        let (versions, _) = w.app.document(w.actor("officer"), file).unwrap();
        assert_eq!((versions[0].media.as_str(), versions[0].label), ("application/pdf", Label::Disclosable));
        assert_eq!(versions[0].valid_until, Some(date(2027, 11, 21)));
        let read = w.app.case(w.actor("officer"), case, None).unwrap();
        let claimed: std::collections::BTreeSet<(u16, u16)> =
            read.items.iter().flat_map(|i| i.claims.iter().map(|c| (i.no.0, c.point.0))).collect();
        let document = w.app.document_type(RULES).unwrap();
        let served: std::collections::BTreeSet<(u16, u16)> = document
            .clauses()
            .flat_map(|c| c.answers())
            .filter(|s| read.sheet.item(s.item).unwrap().documents.contains(&document.id))
            .map(|s| (s.item.0, s.point.0))
            .collect();
        assert!(served.len() > 30, "{}", served.len());
        assert_eq!(claimed, served);
        for (format, ending, begins) in
            [(PaperFormat::Pdf, "pdf", &b"%PDF-"[..]), (PaperFormat::Word, "docx", b"PK"), (PaperFormat::Excel, "xlsx", b"PK")]
        {
            let (name, bytes) = w.app.document_file(w.actor("colleague"), version, format, Lang::En).unwrap();
            assert!(name.ends_with(&format!("version 1.{ending}")) && bytes.starts_with(begins), "{name}");
            assert_eq!(w.app.document_file(w.actor("officer"), version, format, Lang::En).unwrap().1, bytes, "{ending}");
        }
    }
}
