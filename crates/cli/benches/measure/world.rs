//! Installations to measure: one with many cases, filled through the same commands that people use.

use std::path::Path;

use app::{App, Clock, Config};
use rules::act::Actor;
use rules::command::{Command, ImportedAnswer, ImportedVerdict};
use rules::id::{self, Id, Pos};
use rules::policy::Side;
use rules::verdict::VerdictContent;

/// An installation with its demonstration world, and the actors the measurement uses.
pub struct Filled {
    pub app: App,
    pub officer: Actor,
    /// The cookie of the officer's session.
    pub cookie: String,
}

/// Opens the demonstration in a folder, or on the PostgreSQL of AKASHI_DATABASE.
pub fn open(folder: &Path) -> Filled {
    let database = database();
    let app = App::open(Config { database, ..Config::embedded(folder) }, Clock::Machine).expect("an installation");
    app.fill_demo().expect("the demonstration");
    let (officer, cookie) = sign_in(&app, "officer@example.jp");
    Filled { app, officer, cookie }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads its own configuration")]
pub fn database() -> Option<String> {
    std::env::var("AKASHI_DATABASE").ok()
}

pub fn sign_in(app: &App, email: &str) -> (Actor, String) {
    let session = app.demo_sign_in(email, "127.0.0.1").expect("a sign-in");
    let signed = app.session(&session.secret, "127.0.0.1").expect("a session").expect("an open session");
    (signed.actor, format!("akashi_session={}", session.secret))
}

impl Filled {
    /// Adds cases with the first `answered` items answered; returns the last one.
    pub fn add_cases(&self, many: usize, answered: usize) -> Id<id::Case> {
        let made = |done: app::Done| done.made.expect("an id");
        let product: Id<id::Product> = made(
            self.app
                .execute(&self.officer, Command::CreateProduct { name: "計測用".into(), description: String::new() })
                .expect("a product"),
        )
        .parse()
        .expect("an id");
        let first = self.app.cases(&self.officer, None).expect("cases").pop().expect("a case").case;
        let sheet = self.app.content.sheets().into_iter().find(|s| s.id == first.sheet).expect("the sheet");
        let mut last = first.id;
        for n in 0..many {
            let open = Command::OpenCase { product, body: first.body, sheet: first.sheet.clone() };
            last = made(self.app.execute(&self.officer, open).expect("a case")).parse().expect("an id");
            let text = |item: &rules::sheet::Item| {
                format!(
                    "案件{n}の「{}」について、{}に基づき管理し、記録を保存しています。{}",
                    item.title.ja,
                    item.evidence.names.first().map_or("規程", String::as_str),
                    item.best_text().0.chars().skip(n % 40).take(60).collect::<String>()
                )
            };
            let rows = sheet
                .items
                .iter()
                .take(answered)
                .map(|item| ImportedAnswer { item: item.no, base: Pos::NEVER, text: Some(text(item)), ..ImportedAnswer::default() })
                .collect();
            self.app.execute(&self.officer, Command::ImportAnswers { case: last, file: "measure".into(), rows }).expect("answers");
        }
        last
    }

    /// The demonstration's certified case: all items answered, claimed and judged.
    pub fn full_case(&self) -> Id<id::Case> {
        self.app
            .cases(&self.officer, None)
            .expect("cases")
            .into_iter()
            .find(|c| c.case.state.is_certified())
            .expect("the certified case")
            .case
            .id
    }

    /// A case in review with every item answered and judged once.
    pub fn case_in_review(&self) -> Id<id::Case> {
        let case = self.add_cases(1, 253);
        let act = |actor: &Actor, command| self.app.execute(actor, command).expect("an act");
        act(&self.officer, Command::SubmitRound { case });
        let (secretariat, _) = sign_in(&self.app, "secretariat@example.jp");
        let (evaluator, _) = sign_in(&self.app, "evaluator@example.jp");
        act(&secretariat, Command::AcceptRound { case, number: None });
        act(&secretariat, Command::AssignEvaluator { case, person: evaluator.person.expect("a person"), part: rules::case::Part::First });
        act(&evaluator, Command::DeclareInterest { case, conflict: false, statement: String::new() });
        let read = self.app.case(&evaluator, case, Some(Side::Body)).expect("the case");
        let rows = read
            .items
            .iter()
            .map(|f| ImportedVerdict {
                item: f.no,
                base: Pos::NEVER,
                content: VerdictContent { mark: "conforms".into(), ..VerdictContent::default() },
            })
            .collect();
        act(&evaluator, Command::ImportVerdicts { case, file: "measure".into(), rows });
        case
    }
}
