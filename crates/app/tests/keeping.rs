//! Retention, holds and erasure: nothing leaves before its time or under a hold, what leaves is nowhere, and the ledger still proves all.

mod common;

use common::{PASSWORD, World, refusal, worlds};
use jiff::SignedDuration;
use proptest::prelude::*;
use rules::answer::Content;
use rules::case::Part;
use rules::command::{Command, Secret};
use rules::evidence::{ClaimContent, Finding};
use rules::id::{self, Id, ItemNo, Pos};
use rules::keeping::{Matter, Rule};
use rules::party::Role;
use rules::policy::Side;
use rules::refusal::Why;
use rules::request::Ask;
use rules::text::{Lang, text};
use rules::verdict::VerdictContent;
use store::testing::{Scratch, both_engines};

const ITEM: ItemNo = ItemNo(3);
/// Each stands in another place; no other text of the world holds them.
const ANSWER: &str = "回答のカナリア第一号";
const MESSAGE: &str = "質疑のカナリア第二号";
const VERDICT: &str = "判定のカナリア第三号";
const CLAIM: &str = "箇所のカナリア第四号";
const FILE: &str = "ファイル名のカナリア第五号.pdf";
const CONTENT: &str = "content of the sixth canary";
const NAME: &str = "金糸雀 七子";
const CANARIES: [&str; 7] = [ANSWER, MESSAGE, VERDICT, CLAIM, FILE, CONTENT, NAME];

/// A year of 366 days, so that months never fall short.
fn years(w: &World, n: i64) {
    w.app.clock.advance(SignedDuration::from_hours(24 * 366 * n));
}

/// The provider's two administrators and the body's second one.
struct Admins {
    asks: rules::act::Actor,
    approves: rules::act::Actor,
}

/// Two administrators of an organisation, each in a session of their own.
fn admins(w: &World, of: &str) -> Admins {
    let organisation = w.organisation(of);
    let join = |email: &str| {
        let invite = Command::InvitePerson { organisation, email: email.into(), roles: vec![Role::Administrator] };
        let link = Secret(w.act("operator", invite).secret.unwrap());
        let accept = Command::AcceptInvitation {
            link,
            name: email.split('@').next().unwrap().into(),
            password: Secret(PASSWORD.into()),
            lang: Lang::Ja,
        };
        w.app.execute(&rules::act::Actor::system(), accept).unwrap();
        let session = w.app.sign_in_with_known_key(email, PASSWORD, "192.0.2.1").unwrap();
        w.app.session(&session.secret, "192.0.2.1").unwrap().unwrap().actor
    };
    Admins { asks: join(&format!("asks-{of}@example.jp")), approves: join(&format!("approves-{of}@example.jp")) }
}

/// Somebody's session ends long before the years of these tests are over; what they may stays the same.
fn ask(w: &World, admins: &Admins, ask: Ask) -> Result<Id<id::Request>, app::Error> {
    let command =
        Command::MakeRequest { organisation: None, ask, reason: "保存期間の終了による".into(), begin: None, hours: 100 };
    w.app.execute(&admins.asks, command).map(|done| done.made.unwrap().parse().unwrap())
}

fn approve(w: &World, admins: &Admins, request: Id<id::Request>) -> Result<app::Done, app::Error> {
    w.app.execute(&admins.approves, Command::DecideRequest { request, approve: true, statement: String::new() })
}

/// A case that went through a round and is withdrawn, with a canary in every kind of text.
fn ended_case(w: &World) -> (Id<id::Case>, Id<id::Evidence>) {
    let case = w.open_case();
    let content = Content { text: ANSWER.into(), ..Content::default() };
    w.act("officer", Command::GiveAnswer { case, item: ITEM, base: Pos::NEVER, content, ready: true });
    let file = w.upload("officer", FILE, format!("%PDF-1.7 {CONTENT}").as_bytes());
    let claim = ClaimContent { evidence: Some(file), page: Some(1), place: CLAIM.into(), ..ClaimContent::default() };
    w.act("officer", Command::MakeClaims { case, items: vec![ITEM], content: claim });
    w.act("officer", Command::SubmitRound { case });
    w.act("secretariat", Command::AcceptRound { case, number: None });
    w.act("secretariat", Command::AssignEvaluator { case, person: w.person("evaluator"), part: Part::First });
    w.act("evaluator", Command::DeclareInterest { case, conflict: false, statement: String::new() });
    let verdict =
        VerdictContent { mark: "conditional".into(), evidence: String::new(), improvement: VERDICT.into(), remarks: String::new() };
    w.act("evaluator", Command::GiveVerdict { case, item: ITEM, base: Pos::NEVER, content: verdict });
    let claim = w.case("evaluator", case, Side::Body).item(ITEM).unwrap().1.claims[0].id;
    w.act("evaluator", Command::ConfirmClaim { case, item: ITEM, claim, finding: Finding::Seen, comment: VERDICT.into() });
    w.act("evaluator", Command::SendMessage { case, item: ITEM, text: MESSAGE.into(), side: None });
    w.act("officer", Command::WithdrawCase { case, reason: "提供をやめたため".into() });
    (case, file)
}

/// In which tables one of the words stands, and in the database's own file.
fn found(w: &World, words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    let mut out: Vec<String> =
        w.app.store().read(|conn| store::erase::find_in_tables(conn, &words)).unwrap().found.into_iter().map(|(t, _)| t).collect();
    if let Some(files) = store::erase::find_in_files(w.app.store(), &words).unwrap() {
        out.extend(files.found);
    }
    out
}

/// Whether a folder holds the words in any file.
fn in_folder(folder: &std::path::Path, word: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            in_folder(&path, word)
        } else {
            store::erase::find_in_file(&path, &[word.to_owned()]).unwrap().is_some_and(|(_, f)| !f.is_empty())
        }
    })
}

/// The tables made anew from the ledger are those that stand, within and across engines.
fn rebuilt_is_equal(w: &World) {
    let expected = w.app.store().read(store::rebuild::contents).unwrap();
    for target in both_engines() {
        store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
        let rebuilt = target.read(store::rebuild::contents).unwrap();
        for table in store::rebuild::compared() {
            assert_eq!(rebuilt[table], expected[table], "{table} to {:?}", target.engine());
        }
        assert_eq!(target.verify().unwrap().roots, w.app.verify().unwrap().roots);
    }
}

#[test]
fn a_case_leaves_after_its_time_with_every_word_and_the_ledger_still_proves_everything() {
    for w in worlds() {
        let (case, file) = ended_case(&w);
        let matter = Matter::Case { case };
        let admins = admins(&w, "officer");
        let before = refusal(ask(&w, &admins, Ask::Erase { matter: matter.clone() }));
        assert_eq!(before.why, Why::State);
        assert!(before.text.ja.contains("2031-11-22まで") && before.text.ja.contains("case-5y"), "{}", before.text.ja);
        assert_eq!(
            refusal(ask(&w, &admins, Ask::Erase { matter: Matter::Evidence { series: file } })).why,
            Why::State,
            "a case refers to it"
        );
        years(&w, 5);
        let roots = w.app.verify().unwrap();
        let line = w.lines().into_iter().find(|l| l.head.kind == "message_sent").unwrap();

        let request = ask(&w, &admins, Ask::Erase { matter: matter.clone() }).unwrap();
        assert_eq!(
            w.why(w.app.execute(&admins.asks, Command::DecideRequest { request, approve: true, statement: String::new() })),
            Why::Forbidden
        );
        assert!(!found(&w, &[MESSAGE]).is_empty(), "nothing leaves before somebody else approves");
        approve(&w, &admins, request).unwrap();
        assert_eq!(w.app.finish_erasures().unwrap(), 1);
        assert_eq!(w.app.finish_erasures().unwrap(), 0, "a certificate is made once");

        assert_eq!(found(&w, &[ANSWER, MESSAGE, VERDICT, CLAIM]), Vec::<String>::new());
        assert!(w.app.search(w.actor("officer"), ANSWER).unwrap().is_empty());
        assert!(w.app.search(w.actor("secretariat"), ANSWER).unwrap().is_empty());
        assert_eq!(w.why(w.app.case(w.actor("officer"), case, None)), Why::NotFound);
        // The document is the library's, and stays.
        assert!(!found(&w, &[FILE]).is_empty());

        let after = w.app.verify().unwrap();
        assert!(after.erased > 10 && after.lines > roots.lines);
        // The message's leaf is still in the body's tree, as an old proof says.
        let tenant = line.head.tenant.clone();
        let (_, size, root) = after.roots.iter().find(|(t, ..)| *t == tenant).unwrap().clone();
        let path = w.app.store().read(|conn| store::ledger::inclusion(conn, &tenant, line.head.seq, size)).unwrap();
        assert!(seal::proof::verify_inclusion(&line.leaf, line.head.seq - 1, size, &path, &root));
        rebuilt_is_equal(&w);

        let read = w.app.keeping(&admins.asks).unwrap();
        let erased = &read.erased[0];
        let certified = erased.certified.as_ref().unwrap();
        assert!(certified.clean, "{:?}", certified.looked);
        assert!(erased.erasure.rows.iter().any(|(t, n)| t == "message" && *n == 1), "{:?}", erased.erasure.rows);
        let lines = w.changes("payloads_erased");
        assert_eq!(lines.len(), 2, "one line in each ledger: the provider's and the body's");
        let (evidence, mut pdf) = w.app.file(&admins_officer(&w), certified.evidence, None).unwrap();
        let mut bytes = vec![];
        std::io::Read::read_to_end(&mut pdf, &mut bytes).unwrap();
        assert!(bytes.starts_with(b"%PDF") && evidence.name.starts_with("消去証明書_"));
    }
}

/// Whether a word stands in what a backup restores: in the tables, in the database's file, in an evidence file.
fn in_backup(backup: &std::path::Path, key: &std::path::Path, words: &[&str]) -> bool {
    let target = Scratch::sqlite();
    let config = app::Config { database: target.address(), ..app::Config::embedded(target.directory()) };
    let keys = app::backup::identities(key).unwrap();
    app::backup::restore(&config, backup, &keys, &mut |_| {}).unwrap();
    let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
    let tables = target.read(|conn| store::erase::find_in_tables(conn, &words)).unwrap().found;
    let files = store::erase::find_in_files(&target, &words).unwrap().map(|f| f.found).unwrap_or_default();
    !tables.is_empty() || !files.is_empty()
}

#[test]
fn what_was_erased_is_in_no_later_backup_and_an_older_one_says_that_it_brings_it_back() {
    for w in worlds() {
        let (case, _) = ended_case(&w);
        let admins = admins(&w, "officer");
        years(&w, 5);
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| w.app.back_up(&folder.path().join(name), &[], &mut |_| {}).unwrap();
        let older = make("older");
        let canaries = [ANSWER, MESSAGE, VERDICT, CLAIM];
        assert!(in_backup(&older.path, &w.app.backup_key(), &canaries));
        let request = ask(&w, &admins, Ask::Erase { matter: Matter::Case { case } }).unwrap();
        approve(&w, &admins, request).unwrap();
        // At once, and after the certificate.
        for name in ["approved", "certified"] {
            let later = make(name);
            for canary in canaries {
                assert!(!in_backup(&later.path, &w.app.backup_key(), &[canary]), "{canary} in a backup that is {name}");
            }
            w.app.finish_erasures().unwrap();
        }
        // Restored, the older one begins an epoch that says what has to be done again; who it is about is told once more.
        let target = Scratch::sqlite();
        let config = app::Config {
            database: target.address(),
            master: app::vault::MasterSource::File(w.app.config.data.join("keys/master.key")),
            ..app::Config::embedded(target.directory())
        };
        let keys = app::backup::identities(&w.app.backup_key()).unwrap();
        let restored = app::backup::restore(&config, &older.path, &keys, &mut |_| {}).unwrap();
        assert_eq!(restored.header.last_erased, None);
        let again = app::App::open_at(config, target.location(), app::Clock::set(w.app.clock.now())).unwrap();
        again.start().unwrap();
        let epochs = again.store().read(|conn| store::tables::running::epochs(conn, store::INSTALLATION)).unwrap();
        assert!(epochs.last().unwrap().authority.contains("erase it again"), "{}", epochs.last().unwrap().authority);
    }
}

/// The officer, long after their session is over.
fn admins_officer(w: &World) -> rules::act::Actor {
    w.actor("officer").clone()
}

#[test]
fn a_document_leaves_with_its_file_and_its_name() {
    for w in worlds() {
        let admins = admins(&w, "officer");
        let file = w.upload("officer", FILE, format!("%PDF-1.7 {CONTENT}").as_bytes());
        let twin = w.upload("officer", "同じ内容の別の文書.pdf", b"%PDF-1.7 twin");
        let other = w.upload("officer", "双子の文書.pdf", b"%PDF-1.7 twin");
        let read = w.upload("officer", "覚書.txt", "消える文言の鍵".as_bytes());
        while w.app.read_words().unwrap() > 0 {}
        let state = || w.app.store().read(|conn| store::words::state(conn, read)).unwrap();
        assert!(state().is_some() && !w.app.search(w.actor("officer"), "消える文言").unwrap().is_empty());
        years(&w, 6);
        for series in [file, twin, read] {
            let request = ask(&w, &admins, Ask::Erase { matter: Matter::Evidence { series } }).unwrap();
            approve(&w, &admins, request).unwrap();
        }
        assert_eq!(w.app.finish_erasures().unwrap(), 3);
        assert!(state().is_none() && w.app.search(w.actor("officer"), "消える文言").unwrap().is_empty());
        assert_eq!(w.app.read_words().unwrap(), 3, "the certificates of the erasures; nothing that was erased is read");
        assert_eq!(found(&w, &[FILE, CONTENT, "消える文言の鍵"]), Vec::<String>::new());
        assert!(w.app.search(w.actor("officer"), "カナリア").unwrap().is_empty());
        assert!(!in_folder(&w.app.config.data.join("evidence"), CONTENT));
        assert_eq!(w.why(w.app.file(w.actor("officer"), file, None).map(drop)), Why::NotFound);
        // Of two documents with one content, one left: the other still opens.
        assert!(w.app.file(w.actor("officer"), other, None).is_ok());
        let read = w.app.keeping(&admins.asks).unwrap();
        let mut files: Vec<usize> = read.erased.iter().map(|e| e.erasure.files.len()).collect();
        files.sort_unstable();
        assert_eq!(files, [0, 1, 1]);
        assert!(read.erased.iter().all(|e| e.certified.as_ref().unwrap().clean));
        rebuilt_is_equal(&w);
    }
}

#[test]
fn a_closed_account_loses_name_and_address_and_its_acts_stay() {
    for w in worlds() {
        let (case, _) = ended_case(&w);
        let admins = admins(&w, "officer");
        let organisation = w.organisation("officer");
        let invite = Command::InvitePerson { organisation, email: "nanako@example.jp".into(), roles: vec![Role::Colleague] };
        let link = Secret(w.act("operator", invite).secret.unwrap());
        let accept = Command::AcceptInvitation { link, name: NAME.into(), password: Secret(PASSWORD.into()), lang: Lang::En };
        let person: Id<id::Person> = w.app.execute(&rules::act::Actor::system(), accept).unwrap().made.unwrap().parse().unwrap();
        // A locked account brings an alert and a mail that name the person.
        for _ in 0..12 {
            let _ = w.app.sign_in("nanako@example.jp", "wrong password here", common::ADDRESS, None);
            w.later(400);
        }
        assert!(found(&w, &[NAME]).contains(&"alert".to_owned()));
        assert_eq!(w.why(ask(&w, &admins, Ask::Erase { matter: Matter::Person { person } }).map(drop)), Why::State, "the account is open");
        w.app.execute(&admins.asks, Command::CloseAccount { person, reason: format!("{NAME}さんの退職") }).unwrap();
        assert_eq!(w.why(ask(&w, &admins, Ask::Erase { matter: Matter::Person { person } }).map(drop)), Why::State, "it is too early");
        years(&w, 6);
        let request = ask(&w, &admins, Ask::Erase { matter: Matter::Person { person } }).unwrap();
        approve(&w, &admins, request).unwrap();
        assert_eq!(w.app.finish_erasures().unwrap(), 1);
        assert_eq!(found(&w, &[NAME, "nanako@example.jp"]), Vec::<String>::new());
        let known = w.app.store().read(|c| store::tables::party::person(c, person)).unwrap().unwrap();
        assert_eq!((known.name.as_str(), known.lang), (rules::keeping::ERASED, Lang::En));
        assert!(known.email.ends_with("@erased.invalid"));
        rebuilt_is_equal(&w);
        w.app.verify().unwrap();
        assert_eq!(w.why(ask(&w, &admins, Ask::Erase { matter: Matter::Person { person } }).map(drop)), Why::State, "it is erased already");
        let _ = case;
    }
}

#[test]
fn a_hold_keeps_everything_until_another_person_lifts_it_and_survives_a_restart() {
    for w in worlds() {
        let (case, file) = ended_case(&w);
        let (provider, body) = (admins(&w, "officer"), admins(&w, "secretariat"));
        years(&w, 6);
        let erase = || Ask::Erase { matter: Matter::Case { case } };
        let request = ask(&w, &provider, erase()).unwrap();
        assert_eq!(w.alerts(rules::review::AlertKind::RetentionDue).len(), 1, "the body is told");
        // The body holds the provider's case after the request and before its approval.
        let place = |matter| Command::PlaceHold { matter, reason: "不正アクセスの調査".into() };
        let hold: Id<id::Hold> = w.app.execute(&body.asks, place(Matter::Case { case })).unwrap().made.unwrap().parse().unwrap();
        let refused = refusal(approve(&w, &provider, request));
        assert!(refused.text.ja.contains("不正アクセスの調査") && refused.text.ja.contains(&hold.to_string()), "{}", refused.text.ja);
        assert_eq!(w.why(ask(&w, &provider, erase()).map(drop)), Why::State);
        // Nor do those leave who acted in it, nor its documents.
        assert_eq!(w.why(ask(&w, &provider, Ask::Erase { matter: Matter::Evidence { series: file } }).map(drop)), Why::State);
        assert!(
            refusal(w.app.execute(&body.asks, Command::CloseAccount { person: w.person("evaluator"), reason: "退職のため".into() }))
                .text
                .ja
                .contains("保全")
        );
        let second = w.second_app(common::CHEAP);
        let again =
            Command::MakeRequest { organisation: None, ask: erase(), reason: "保存期間の終了".into(), begin: None, hours: 9 };
        assert_eq!(w.why(second.execute(&provider.asks, again)), Why::State, "another program knows it");
        assert_eq!(w.app.finish_erasures().unwrap(), 0);
        assert_eq!(second.remind_of_due().unwrap(), 0, "what is held is not due");
        assert!(!found(&w, &[MESSAGE]).is_empty());
        // The provider cannot lift the body's hold, nor one person alone.
        assert_eq!(w.why(ask(&w, &provider, Ask::LiftHold { hold }).map(drop)), Why::NotFound);
        let lift = ask(&w, &body, Ask::LiftHold { hold }).unwrap();
        assert_eq!(
            w.why(w.app.execute(&body.asks, Command::DecideRequest { request: lift, approve: true, statement: String::new() })),
            Why::Forbidden
        );
        approve(&w, &body, lift).unwrap();
        assert_eq!(w.why(ask(&w, &body, Ask::LiftHold { hold }).map(drop)), Why::State, "it is lifted already");
        let request = ask(&w, &provider, erase()).unwrap();
        approve(&w, &provider, request).unwrap();
        assert_eq!(w.app.finish_erasures().unwrap(), 1);
        rebuilt_is_equal(&w);
    }
}

#[test]
fn an_organisations_hold_and_its_longer_rule_keep_what_is_its() {
    let w = World::sqlite();
    let (case, _) = ended_case(&w);
    let admins = admins(&w, "officer");
    let body = self::admins(&w, "secretariat");
    let rule = |id: &str, months| Command::SetRetention {
        rule: Rule {
            id: id.into(),
            record: "case".into(),
            months,
            starts: text("", ""),
            effective: "2026-01-01".parse().unwrap(),
            source: "評価規程 第12条".into(),
            verified: true,
        },
    };
    assert_eq!(w.why(w.app.execute(&body.asks, rule("規程", 24)).map(drop)), Why::Invalid, "shorter than the catalogue");
    w.app.execute(&body.asks, rule("規程", 120)).unwrap();
    years(&w, 6);
    let refused = refusal(ask(&w, &admins, Ask::Erase { matter: Matter::Case { case } }));
    assert!(refused.text.ja.contains("2036-11-22まで") && refused.text.ja.contains("規程"), "{}", refused.text.ja);
    years(&w, 5);
    let hold = Command::PlaceHold {
        matter: Matter::Organisation { organisation: w.organisation("secretariat") },
        reason: "訴訟の証拠保全".into(),
    };
    w.app.execute(&body.asks, hold).unwrap();
    assert!(refusal(ask(&w, &admins, Ask::Erase { matter: Matter::Case { case } })).text.ja.contains("訴訟の証拠保全"));
    // Nobody holds, asks for or sees what is another's, and no officer does any of it.
    let (foreign, own) = (Matter::Organisation { organisation: w.organisation("secretariat") }, Matter::Case { case });
    assert_eq!(
        w.why(w.app.execute(&admins.asks, Command::PlaceHold { matter: foreign, reason: "他組織".into() }).map(drop)),
        Why::NotFound
    );
    assert_eq!(w.refused("officer", Command::PlaceHold { matter: own.clone(), reason: "担当者から".into() }), Why::Forbidden);
    let request =
        Command::MakeRequest {
            organisation: None, ask: Ask::Erase { matter: own }, reason: "担当者から".into(), begin: None, hours: 9
        };
    assert_eq!(w.refused("officer", request), Why::Forbidden);
    assert_eq!(w.why(w.app.keeping(w.actor("officer")).map(drop)), Why::Forbidden);
    // The draft of a case, and a case that runs, have no day.
    let running = w.open_case();
    assert_eq!(w.why(ask(&w, &admins, Ask::Erase { matter: Matter::Case { case: running } }).map(drop)), Why::State);
}

#[test]
fn what_is_due_is_told_once_a_month_and_never_erased_by_itself() {
    let w = World::sqlite();
    let _ = ended_case(&w);
    assert_eq!(w.app.remind_of_due().unwrap(), 0);
    years(&w, 6);
    assert_eq!(w.app.remind_of_due().unwrap(), 2, "provider and body");
    assert_eq!(w.app.remind_of_due().unwrap(), 0);
    w.later(3600 * 24 * 32);
    assert_eq!(w.app.remind_of_due().unwrap(), 2);
    assert!(!found(&w, &[MESSAGE]).is_empty() && w.changes("payloads_erased").is_empty());
}

#[test]
fn after_a_restart_the_certificate_says_that_nobody_looked_for_the_words() {
    let w = World::sqlite();
    let (case, _) = ended_case(&w);
    let admins = admins(&w, "officer");
    years(&w, 6);
    let request = ask(&w, &admins, Ask::Erase { matter: Matter::Case { case } }).unwrap();
    approve(&w, &admins, request).unwrap();
    let second = w.second_app(common::CHEAP);
    assert_eq!(second.finish_erasures().unwrap(), 0, "the first program knows the words; it may still come");
    second.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(second.finish_erasures().unwrap(), 1);
    let certified = w.app.keeping(&admins.asks).unwrap().erased[0].certified.clone().unwrap();
    assert!(certified.looked.iter().any(|l| l.ja.contains("検索は行っていません")), "{:?}", certified.looked);
}

/// PostgreSQL's own files, where this machine lets us read them.
#[test]
fn on_postgresql_no_file_of_a_touched_table_holds_a_word() {
    let Some(w) = worlds().into_iter().find(|w| w.app.store().engine() == store::Engine::Postgres) else { return };
    let (case, _) = ended_case(&w);
    let admins = admins(&w, "officer");
    years(&w, 6);
    let Some(before) = w.scratch().raw_tables_with(MESSAGE) else {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL has to let us read its files for this test");
        return;
    };
    assert_eq!(before, ["ledger_payload", "message"]);
    let request = ask(&w, &admins, Ask::Erase { matter: Matter::Case { case } }).unwrap();
    approve(&w, &admins, request).unwrap();
    w.app.finish_erasures().unwrap();
    assert_eq!(w.scratch().raw_tables_with(MESSAGE).unwrap(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    /// Whatever was written, and whichever of it leaves: the rest follows from the ledger, which verifies.
    #[test]
    fn whatever_leaves_the_tables_still_follow_from_the_ledger(
        acts in proptest::collection::vec((0..6usize, 1..9u16, "[一-三a-c]{1,6}"), 5..40), first in any::<bool>(), second in any::<bool>(), close in any::<bool>(),
    ) {
        let w = World::sqlite();
        let (cases, admins) = ([w.open_case(), w.open_case()], admins(&w, "officer"));
        let file = w.upload("officer", FILE, b"%PDF-1.7 x");
        for (what, item, words) in &acts {
            let (case, item) = (cases[usize::from(item % 2)], ItemNo(*item));
            let base = w.case("officer", case, Side::Applicant).item(item).unwrap().1.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
            let command = match what {
                0 | 1 => Command::GiveAnswer { case, item, base, content: Content { text: words.clone(), ..Content::default() }, ready: true },
                2 => Command::MakeClaims { case, items: vec![item], content: ClaimContent { evidence: Some(file), page: Some(1), place: words.clone(), ..ClaimContent::default() } },
                3 => Command::SendMessage { case, item, text: words.clone(), side: None },
                4 => Command::SetWork { case, items: vec![item], owner: Some(w.person("colleague")), due: None, status: None },
                _ => Command::CopyAnswers { case: cases[0], from: cases[1], items: None },
            };
            let _ = w.app.execute(w.actor("officer"), command);
        }
        for case in cases {
            w.act("officer", Command::WithdrawCase { case, reason: "提供をやめたため".into() });
        }
        if close {
            w.app.execute(&admins.asks, Command::CloseAccount { person: w.person("colleague"), reason: "退職のため".into() }).unwrap();
        }
        years(&w, 6);
        let mut matters: Vec<Matter> = cases.iter().zip([first, second]).filter(|(_, yes)| *yes).map(|(case, _)| Matter::Case { case: *case }).collect();
        matters.extend((first && second).then_some(Matter::Evidence { series: file }));
        matters.extend(close.then(|| Matter::Person { person: w.person("colleague") }));
        for matter in &matters {
            let request = ask(&w, &admins, Ask::Erase { matter: matter.clone() }).unwrap();
            approve(&w, &admins, request).unwrap();
        }
        prop_assert_eq!(w.app.finish_erasures().unwrap(), matters.len());
        let expected = w.app.store().read(store::rebuild::contents).unwrap();
        let target = Scratch::sqlite();
        store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
        prop_assert_eq!(target.read(store::rebuild::contents).unwrap(), expected);
        prop_assert_eq!(target.verify().unwrap(), w.app.verify().unwrap());
    }
}

/// Every canary is one that a search could find: none is the beginning of another.
#[test]
fn the_canaries_are_different() {
    for (n, canary) in CANARIES.iter().enumerate() {
        assert!(CANARIES.iter().enumerate().all(|(m, other)| m == n || !other.contains(canary)));
    }
}
