//! What people wait for: pages, saving, sheets in and out, search; and the ledger below.

use std::sync::Arc;
use std::time::Instant;

use app::exchange::Wanted;
use rules::answer::Content;
use rules::command::Command;
use rules::id::{ItemNo, Pos};
use rules::policy::Side;
use rules::text::Lang;

use crate::http::Pages;
use crate::{figure, print, timed, times, world};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

pub fn catalog() {
    timed("read and check the embedded catalogue", "part of the start", || {
        assert!(app::content::check(app::content::embedded_files()).is_empty())
    });
}

pub fn pages() {
    let folder = folder();
    let filled = world::open(folder.path());
    let case = filled.full_case();
    let review = filled.case_in_review();
    let (_, evaluator) = world::sign_in(&filled.app, "evaluator@example.jp");
    let cookie = filled.cookie.clone();
    let pages = Pages::new(Arc::new(filled.app));
    for (what, path, cookie) in [
        ("page: overview of a full case", format!("/cases/{case}"), &cookie),
        ("page: all 253 items of a full case", format!("/cases/{case}/items"), &cookie),
        ("page: one item", format!("/cases/{case}/items/81"), &cookie),
        ("page: workbench, one item beside 253", format!("/cases/{review}/bench/81"), &evaluator),
        ("page: quality check", format!("/cases/{case}/quality"), &cookie),
        ("page: home", "/".to_owned(), &cookie),
    ] {
        timed(what, "<= 5 ms", || pages.get(&path, cookie));
    }
}

pub fn save() {
    let folder = folder();
    let filled = world::open(folder.path());
    let case = filled.add_cases(1, 0);
    let give = |case, item, base, text: String| Command::GiveAnswer {
        case,
        item,
        base,
        content: Content { text, ..Content::default() },
        ready: false,
    };
    let mut base = Pos::NEVER;
    let mut n = 0;
    timed("save one answer, durable, alone", "<= 5 ms", || {
        n += 1;
        base = filled
            .app
            .execute(&filled.officer, give(case, ItemNo(81), base, format!("版{n}の対応策です。")))
            .expect("saved")
            .pos
            .expect("a change");
    });
    let each = 100u16;
    let cases: Vec<_> = (0..64).map(|_| filled.add_cases(1, 0)).collect();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for case in &cases {
            let filled = &filled;
            scope.spawn(move || {
                for item in 1..=each {
                    filled
                        .app
                        .execute(&filled.officer, give(*case, ItemNo(item), Pos::NEVER, format!("項目{item}の対応策です。")))
                        .expect("saved");
                }
            });
        }
    });
    let rate = 64.0 * f64::from(each) / begin.elapsed().as_secs_f64();
    figure("save answers, durable, 64 clients", &format!("{rate:.0}/s"), ">= 2,000/s");
}

pub fn sheets() {
    let folder = folder();
    let filled = world::open(folder.path());
    let case = filled.full_case();
    let wanted = Wanted { csv: false, blank: false, filters: false, a4: false, lang: Lang::Ja };
    let mut made = None;
    timed("export the sheet to .xlsx", "<= 100 ms", || {
        made = Some(filled.app.export(&filled.officer, case, None, wanted).expect("a sheet"))
    });
    let made = made.expect("a sheet");
    timed("read a filled .xlsx and compare", "<= 200 ms", || {
        filled.app.preview_import(&filled.officer, case, None, &made.name, &made.bytes).expect("a preview")
    });
    let read = filled.app.case(&filled.officer, case, Some(Side::Applicant)).expect("the case");
    timed("take over a filled sheet: read, compare, write 253 answers", "<= 200 ms", || {
        let fresh = filled.add_cases(1, 0);
        let preview = filled.app.preview_import(&filled.officer, fresh, None, &made.name, &made.bytes).expect("a preview");
        assert_eq!(preview.answers.len(), read.items.len());
        let rows = preview.answers.into_values().collect();
        filled.app.execute(&filled.officer, Command::ImportAnswers { case: fresh, file: made.name.clone(), rows }).expect("taken over");
    });
    timed("the certificate as PDF", "", || filled.app.certificate_pdf(&filled.officer, case, Lang::Ja).expect("a PDF"));
}

pub fn search() {
    let folder = folder();
    let filled = world::open(folder.path());
    let begin = Instant::now();
    filled.add_cases(1000, 253);
    figure("filling 1,000 cases of 253 answers", &format!("{:.0} s", begin.elapsed().as_secs_f64()), "");
    for query in ["管", "管理", "パスワード", "案件777", "記録を保存しています", "該当しない言葉"] {
        timed(&format!("search 253,000 answers: {query}"), "<= 20 ms", || filled.app.search(&filled.officer, query).expect("hits"));
    }
}

pub fn ledger() {
    let folder = folder();
    let filled = world::open(folder.path());
    let begin = Instant::now();
    filled.add_cases(100, 253);
    let lines = 100.0 * 255.0;
    figure("acts with ledger line, rows and search index", &format!("{:.0}/s", lines / begin.elapsed().as_secs_f64()), "");
    let begin = Instant::now();
    let verified = filled.app.verify().expect("a sound ledger");
    let rate = verified.lines as f64 / begin.elapsed().as_secs_f64();
    figure("ledger verify, full", &format!("{:.0}/s", rate), ">= 500,000 lines/CPU-s");
}

/// The cost of a request from 10 to 10,000 cases. From 1,000 on, new cases have 25 answers each, to keep the filling short.
pub fn growth() {
    let folder = folder();
    let filled = world::open(folder.path());
    let case = filled.full_case();
    let cookie = filled.cookie.clone();
    let mut filled = Some(filled);
    let mut there = 2;
    for cases in [10, 100, 1000, 10_000] {
        let now = filled.take().expect("an installation");
        now.add_cases(cases - there, if cases > 1000 { 25 } else { 253 });
        there = cases;
        let save = times(|| {
            let case = now.add_cases(1, 0);
            let content = Content { text: "成長の計測です。".into(), ..Content::default() };
            now.app
                .execute(&now.officer, Command::GiveAnswer { case, item: ItemNo(1), base: Pos::NEVER, content, ready: false })
                .expect("saved");
        });
        let search = times(|| now.app.search(&now.officer, "パスワード").expect("hits"));
        let app = Arc::new(now.app);
        let pages = Pages::new(app.clone());
        let items = times(|| pages.get(&format!("/cases/{case}/items"), &cookie));
        let list = times(|| pages.get("/cases", &cookie));
        drop(pages);
        let app = Arc::try_unwrap(app).unwrap_or_else(|_| panic!("the pages are done"));
        filled = Some(world::Filled { app, officer: now.officer, cookie: now.cookie });
        figure(&format!("growth: {cases} cases"), "", "flat");
        for (what, times) in
            [("  page of 253 items", items), ("  list of cases", list), ("  open a case and save (3 acts)", save), ("  search", search)]
        {
            print(what, "", times);
        }
    }
}
