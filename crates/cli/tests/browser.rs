//! A stranger's whole evaluation in a real browser, on both engines: import, attach, submit, judge by keyboard, improve, decide, certify, export.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use documents::form::FilledSheet;
use documents::read_sheet::{Reading, read_sheet};
use documents::sheet_xlsx::{Categories, Look, Paper, sheet_xlsx};
use e2e::{Browser, Server};
use rules::id::ItemNo;
use rules::sheet::Sheet;
use rules::text::Lang;
use store::testing::Scratch;

struct Story {
    browser: Browser,
    /// The step of the last one-time code of each person: none is good twice.
    codes: RefCell<BTreeMap<String, u64>>,
    folder: tempfile::TempDir,
    sheet: std::sync::Arc<Sheet>,
}

impl Story {
    fn new(browser: Browser, sheet: std::sync::Arc<Sheet>) -> Story {
        Story { browser, codes: RefCell::default(), folder: tempfile::tempdir().expect("a folder"), sheet }
    }

    fn sign_in(&self, who: &str) {
        let b = &self.browser;
        // Whoever was signed in is signed out first; the first time there is no page yet.
        let signed_in = b.js("return !!document.querySelector('form[action=\"/signout\"]')", vec![]);
        if signed_in == serde_json::json!(true) {
            b.leaving(|| drop(b.js("document.querySelector('form[action=\"/signout\"]').submit()", vec![])));
        }
        b.go("/signin");
        b.fill("メールアドレス", &format!("{who}@example.jp"));
        b.fill("パスワード", app::demo::PASSWORD);
        b.leaving(|| b.press("Enter"));
        self.enter_code(who);
        assert_eq!(b.path().split('?').next(), Some("/"), "{who} is signed in");
    }

    /// The second factor, where one is asked for: the code that the person's device shows.
    fn enter_code(&self, who: &str) {
        let b = &self.browser;
        let asked = || b.text().contains("ワンタイムコード（6桁）");
        // On a busy machine a code may run out on its way: whoever is refused types the next one, as a person would.
        for _ in 0..3 {
            if asked() {
                self.type_code(who);
            }
        }
        assert!(!asked(), "{who}: {}", b.text());
    }

    /// Types the newest code that this person has not used; none is good twice, and the server takes one step more or less.
    fn type_code(&self, who: &str) {
        let b = &self.browser;
        let now = || app::Clock::Machine.now().as_second().unsigned_abs() / 30;
        let mut codes = self.codes.borrow_mut();
        let step = codes.get(who).map_or(now(), |last| (last + 1).max(now()));
        while step > now() + 1 {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        codes.insert(who.to_owned(), step);
        let key = identity::TotpKey::parse(app::demo::TOTP_KEY).expect("the demonstration's key");
        let at = jiff::Timestamp::from_second(i64::try_from(step * 30).expect("a time")).expect("a time");
        b.fill("ワンタイムコード（6桁）", &key.code(at));
        b.leaving(|| b.press("Enter"));
    }

    /// Opens the newest case of the list and returns its address.
    fn newest_case(&self) -> String {
        let b = &self.browser;
        b.go("/cases");
        let href = b.js("return document.querySelector('main a[href^=\"/cases/case_\"]').getAttribute('href')", vec![]);
        href.as_str().expect("a case").split(['?', '#']).next().unwrap_or_default().split('/').take(3).collect::<Vec<_>>().join("/")
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    /// The check sheet as an Excel file with these rows filled.
    fn excel(&self, name: &str, fill: impl Fn(&mut documents::form::FilledRow)) -> PathBuf {
        let rows = self.sheet.items.iter().map(|item| {
            let mut row = documents::form::FilledRow::blank(item.no);
            fill(&mut row);
            row
        });
        let filled = FilledSheet { header: Default::default(), rows: rows.collect() };
        let look = Look {
            lang: Lang::Ja,
            categories: Categories::Merged,
            paper: Paper::A3,
            requirement: &|item| (item.best_text().0.to_owned(), item.best_text().1),
            made_at: "2026-11-22T00:00:00Z".parse().expect("a time"),
        };
        self.write(name, &sheet_xlsx(&self.sheet, &filled, &look).expect("a sheet"))
    }

    /// Imports a filled sheet and takes over everything that is ticked.
    fn import(&self, case: &str, side: &str, file: &Path) {
        let b = &self.browser;
        b.go(&format!("{case}/import?side={side}"));
        b.attach_file("記入済みのシート", file);
        b.go_on("読み込んで確認する");
        b.see("チェックしたものを取り込む");
        b.go_on("チェックしたものを取り込む");
        b.see("取り込んだもの");
    }

    fn shot(&self, name: &str) {
        self.browser.must_be_accessible();
        self.browser.screenshot(name);
    }
}

fn minimal_pdf() -> Vec<u8> {
    pdf::plain(
        "アクセス管理規程",
        "みどり医療クラウド株式会社",
        &[("第1章", "総則"), ("第2章", "パスワードの変更と失敗時の扱い")],
        jiff::civil::date(2026, 11, 22),
    )
    .expect("a PDF")
}

fn whole_story(database: Option<&str>) {
    let server = Server::demo(env!("CARGO_BIN_EXE_akashi"), database);
    let Some(browser) = Browser::open(server.address()) else { return };
    let content = app::Content::embedded().expect("the catalogue");
    let sheet = content.sheets().into_iter().find(|s| s.items.len() == 253).expect("the sheet");
    let s = Story::new(browser, sheet);
    let b = &s.browser;
    b.resize(1400, 1000);

    // The applicant opens a case, imports a filled Excel, attaches a PDF to item 81 at page 3 and submits.
    s.sign_in("officer");
    b.go("/cases/new");
    b.fill("評価対象プロダクト名", "みどりカルテ クラウド版");
    b.fill("評価機関", "あかし評価機構");
    b.go_on("案件を作成する");
    b.see("作成中");
    let case = s.newest_case();
    let filled = s.excel("対応状況.xlsx", |row| {
        row.answer = format!("項目{}の対応策です。", row.no);
        row.evidence_claimed = format!("運用管理規程 p.{}", row.no);
    });
    s.import(&case, "applicant", &filled);
    b.go(&format!("{case}/items/81"));
    assert_eq!(b.value("対応策（項目全体）"), "項目81の対応策です。");
    b.click_text("証跡を追加する");
    let file = s.write("アクセス管理規程.pdf", &minimal_pdf());
    b.click_text("新しいファイルを追加する");
    b.attach_file("ファイル", &file);
    b.fill("秘密区分", "秘密");
    b.fill("ページ", "3");
    b.leaving(|| b.click_css("form[action$='/claims'] button.primary"));
    b.see("アクセス管理規程.pdf");
    b.see("3ページ");
    s.shot("story-item-81");
    b.go(&case);
    b.go_on("第1回を申請する");
    b.choose("回答・証跡・上の指摘を確認しました");
    b.go_on("申請する");
    b.see("申請済み");

    // The secretariat takes it in and assigns the evaluator.
    s.sign_in("secretariat");
    b.go(&format!("{case}/body"));
    b.go_on("受付する");
    b.see("AK-");
    b.fill("評価者", "伊藤 健");
    b.go_on("割り当てる");
    b.see("伊藤 健");
    s.shot("story-intake");

    // The evaluator judges ten items with the keyboard alone.
    s.sign_in("evaluator");
    b.go(&format!("{case}/bench/81"));
    b.choose("利益相反はありません");
    b.go_on("申告する");
    b.see("判定済み");
    b.go(&format!("{case}/bench/81"));
    b.see("アクセス管理規程.pdf");
    s.shot("story-bench");
    b.click_css("#claims button[name='finding'][value='seen']");
    let confirmed = "return document.querySelectorAll('#claims .tag.tone-success').length";
    assert!(b.until(|| b.js(confirmed, vec![]) == serde_json::json!(1)), "the claim is confirmed where it stands");
    assert!(b.path().contains("/bench/81") && !b.path().contains("saved"), "the page itself stayed: {}", b.path());
    b.press("2");
    b.fill("改善策", "不応時間の長さを規程に明記してください。");
    b.press("ctrl+Enter");
    assert!(b.until(|| b.path().contains("/bench/82")), "saved and went on: {}", b.path());
    for next in 83..=91 {
        b.press("1 ctrl+Enter");
        assert!(b.until(|| b.path().contains(&format!("/bench/{next}"))), "saved by keys and went on to {next}: {}", b.path());
    }
    s.sign_in("secretariat");
    b.go(&format!("{case}/body"));
    b.go_on("改善依頼として戻す");
    b.see("改善依頼中");

    // The applicant sees the verdict, answers the improvement and submits again.
    s.sign_in("officer");
    b.go(&format!("{case}/items/81"));
    b.see("不応時間の長さを規程に明記してください。");
    b.fill("改善策への回答", "第2章に5秒と明記しました。");
    b.go_on("改善策に回答する");
    b.see("第2章に5秒と明記しました。");
    b.go(&case);
    b.go_on("第2回を申請する");
    b.choose("回答・証跡・上の指摘を確認しました");
    b.go_on("申請する");
    b.see("申請済み");

    // The evaluator judges what is left by an Excel of their own; the decider decides; the certificate is issued.
    s.sign_in("secretariat");
    b.go(&format!("{case}/body"));
    b.go_on("受付する");
    b.see("評価中");
    s.sign_in("evaluator");
    b.go(&format!("{case}/bench/81"));
    b.see("第2章に5秒と明記しました。");
    b.press("1");
    b.fill("改善策", "");
    b.press("ctrl+Enter");
    assert!(b.until(|| b.path().contains("/bench/82")));
    let verdicts = s.excel("判定表.xlsx", |row| {
        if !(81..=90).contains(&row.no.0) {
            row.verdict = "conforms".into();
            row.evidence_confirmed = format!("運用管理規程 p.{}", row.no);
        }
    });
    s.import(&case, "body", &verdicts);
    s.sign_in("decider");
    b.go(&format!("{case}/body"));
    b.choose("認定する");
    b.fill("判定の根拠", "全項目の証跡を確認したため。");
    s.shot("story-decide");
    b.go_on("判定を確定する");
    b.see("判定済み");
    s.sign_in("secretariat");
    b.go(&format!("{case}/body"));
    b.fill("認定の範囲", "全機能");
    b.go_on("認定証を発行する");
    b.see("検証コード");
    s.shot("story-certificate");
    let code = b.js("return document.body.innerText.match(/[A-Z2-9]{4}(-[A-Z2-9]{4}){3}/)[0]", vec![]);
    b.click_text("認定証（PDF・日本語）");
    let pdf = std::fs::read(b.downloaded(".pdf")).expect("the certificate");
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 10_000);
    b.go(&format!("/verify/{}", code.as_str().expect("a code")));
    b.see("みどりカルテ クラウド版");
    s.shot("story-verify");

    // Search follows what is typed.
    s.sign_in("officer");
    b.go("/search");
    b.fill("言葉（空白で区切ると、すべてを含むもの）、または項目番号", "項目81の対応策");
    b.see("回答（1件）");

    // The export holds everything.
    b.go(&format!("{case}/export"));
    b.click_text("Excelで書き出す");
    let out = b.downloaded(".xlsx");
    let read = read_sheet(&std::fs::read(&out).expect("the export"), "a.xlsx", &s.sheet, &Reading::default()).expect("it reads");
    assert_eq!((read.filled.rows.len(), read.faults.len()), (253, 0), "{:?}", read.faults.first());
    let row = |no: u16| read.filled.rows.iter().find(|r| r.no == ItemNo(no)).expect("a row");
    assert_eq!(row(81).answer, "項目81の対応策です。");
    assert!(row(81).evidence_claimed.contains("アクセス管理規程.pdf p.3"), "{}", row(81).evidence_claimed);
    assert!(read.filled.rows.iter().all(|r| r.verdict == "conforms"));
    assert_eq!(read.filled.header["product_name"], "みどりカルテ クラウド版");
}

/// A path with its ids, numbers and query taken out: pages of one kind are looked at once.
fn kind_of(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let part =
        |p: &str| if p.contains('_') || p.contains('@') || p.chars().all(|c| c.is_ascii_digit()) { "*".to_owned() } else { p.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What a browser saves instead of showing, and what changes something by being asked for.
fn is_no_page(path: &str) -> bool {
    [".xlsx", ".csv", ".pdf", ".json", "/blank", "/files/", "/lang", "/assets/"]
        .iter()
        .any(|part| path.split('?').next().unwrap_or_default().contains(part))
}

#[test]
fn every_page_that_a_link_leads_to_is_accessible_in_both_languages() {
    let server = Server::demo(env!("CARGO_BIN_EXE_akashi"), None);
    let Some(browser) = Browser::open(server.address()) else { return };
    let content = app::Content::embedded().expect("the catalogue");
    let s = Story::new(browser, content.sheets().remove(0));
    let b = &s.browser;
    let mut seen = std::collections::BTreeSet::new();
    let mut serious = vec![];
    for who in ["officer", "evaluator", "secretariat", "decider", "hospital", "operator"] {
        s.sign_in(who);
        let mut ahead = vec!["/".to_owned()];
        while let Some(path) = ahead.pop() {
            if is_no_page(&path) || !seen.insert((who, kind_of(&path))) {
                continue;
            }
            for lang in ["ja", "en"] {
                b.go(&format!(
                    "/lang?lang={lang}&to={}",
                    path.split('#').next().unwrap_or_default().replace('?', "%3F").replace('&', "%26")
                ));
                // Another role has looked at this kind of page already: its links still count, its look does not change.
                let looked = seen.iter().filter(|(w, kind)| *w != who && *kind == kind_of(&path)).count() > 1;
                if !looked {
                    let found = b.axe().into_iter().filter(|v| v.is_serious()).map(|v| format!("{who} {lang} {path}: {v}"));
                    serious.extend(found);
                }
            }
            let links = b.js("return [...document.querySelectorAll('a[href^=\"/\"]')].map(a => a.getAttribute('href'))", vec![]);
            ahead.extend(links.as_array().into_iter().flatten().filter_map(|l| l.as_str().map(str::to_owned)));
        }
        b.go("/lang?lang=ja&to=/");
    }
    let kinds: std::collections::BTreeSet<&String> = seen.iter().map(|(_, kind)| kind).collect();
    assert!(kinds.len() > 30, "only {kinds:?} were reached");
    assert!(serious.is_empty(), "{}", serious.join("\n"));
}

#[test]
fn what_was_typed_outlives_the_session() {
    let server = Server::demo(env!("CARGO_BIN_EXE_akashi"), None);
    let Some(browser) = Browser::open(server.address()) else { return };
    let content = app::Content::embedded().expect("the catalogue");
    let s = Story::new(browser, content.sheets().remove(0));
    let b = &s.browser;
    s.sign_in("officer");
    let case = s.newest_case();
    b.go(&format!("{case}/items/200"));
    b.fill("対応策（項目全体）", "途中まで書いた回答です。");
    // The session ends on the server while the form is open.
    b.js(
        "const f = document.querySelector('form[action=\"/signout\"]'); \
         return fetch('/signout', { method: 'POST', body: new URLSearchParams(new FormData(f)) }).then(r => r.status)",
        vec![],
    );
    b.go_on("保存する");
    b.see("入力した内容は残っています");
    s.shot("story-session-over");
    b.fill("メールアドレス", "officer@example.jp");
    b.fill("パスワード", app::demo::PASSWORD);
    b.leaving(|| b.press("Enter"));
    s.enter_code("officer");
    b.go_on("続けて送信する");
    assert!(b.until(|| b.path().contains("/items/200")), "{}", b.path());
    assert_eq!(b.value("対応策（項目全体）"), "途中まで書いた回答です。");
    b.go(&format!("{case}/items/200"));
    assert_eq!(b.value("対応策（項目全体）"), "途中まで書いた回答です。", "it is saved");
}

#[test]
fn a_passkey_is_registered_and_opens_the_door_by_itself() {
    let server = Server::demo(env!("CARGO_BIN_EXE_akashi"), None);
    // A passkey belongs to a host name; on this machine that is localhost.
    assert!(server.address().starts_with("http://localhost:"), "{}", server.address());
    let Some(browser) = Browser::open(server.address()) else { return };
    let content = app::Content::embedded().expect("the catalogue");
    let s = Story::new(browser, content.sheets().remove(0));
    let b = &s.browser;
    s.sign_in("operator");
    let device = b.add_authenticator();
    b.go("/account/passkey");
    s.shot("passkey-registration");
    b.fill("端末の名前", "試験用の端末");
    b.go_on("パスキーを登録する");
    b.see("試験用の端末");
    assert_eq!(device.keys().len(), 1);
    s.shot("account");
    b.leaving(|| drop(b.js("document.querySelector('form[action=\"/signout\"]').submit()", vec![])));
    b.go("/signin");
    s.shot("sign-in");
    b.go_on("パスキーでサインイン");
    b.see("小林 守");
    b.go("/account");
    b.see("パスキー");

    // A device that does not recognise its owner opens nothing.
    b.leaving(|| drop(b.js("document.querySelector('form[action=\"/signout\"]').submit()", vec![])));
    device.recognise(false);
    b.go("/signin");
    b.click_text("パスキーでサインイン");
    assert!(b.until(|| b.text().contains("パスキー")), "{}", b.text());
    assert_eq!(b.path(), "/signin");
}

#[test]
fn a_stranger_runs_a_whole_evaluation_on_sqlite() {
    whole_story(None);
}

#[test]
fn a_stranger_runs_a_whole_evaluation_on_postgresql() {
    let Some(scratch) = Scratch::postgres() else { return };
    whole_story(scratch.address().as_deref());
}

#[test]
fn the_ledger_is_filtered_reviewed_exported_and_verified_outside() {
    let program = env!("CARGO_BIN_EXE_akashi");
    let server = Server::demo(program, None);
    let Some(browser) = Browser::open(server.address()) else { return };
    let content = app::Content::embedded().expect("the catalogue");
    let s = Story::new(browser, content.sheets().remove(0));
    let b = &s.browser;
    s.sign_in("officer");
    b.go("/ledger");
    s.shot("ledger");
    b.resize(390, 844);
    s.shot("ledger-narrow");
    b.resize(1280, 900);
    b.fill("出来事", "証跡の登録");
    b.go_on("絞り込む");
    let kinds = b.js("return [...new Set([...document.querySelectorAll('tbody td:nth-child(4)')].map(c => c.textContent))]", vec![]);
    assert_eq!(kinds, serde_json::json!(["証跡の登録"]));
    b.click_css("tbody a[data-row]");
    b.see("改ざんされていないことの証明");
    s.shot("ledger-line");
    b.go("/ledger?kind=evidence_added");
    b.fill("条件の名前", "証跡の登録だけ");
    b.go_on("保存する");
    b.see("保存した条件を削除する");
    s.shot("ledger-view-kept");
    b.go("/ledger/subjects");
    s.shot("ledger-subjects-empty");
    let who = b.js("return document.querySelector('#f-who').options[1].value", vec![]);
    b.go(&format!("/ledger/subjects?who={}", who.as_str().expect("an account")));
    s.shot("ledger-subjects");
    b.go("/ledger/chart");
    s.shot("ledger-chart");
    b.go("/ledger/reviews");
    b.fill("所見", "サインインの失敗と権限の変更を確認した。異常はない。");
    s.shot("ledger-reviews");
    b.go_on("レビューを記録する");
    b.see("異常なし");
    b.go_on(b.js("return document.querySelector('main tbody a[data-row]').textContent", vec![]).as_str().expect("a review"));
    s.shot("ledger-review");
    b.go("/lang?lang=en&to=/ledger");
    s.shot("ledger-en");
    b.go("/lang?lang=ja&to=/ledger?kind=evidence_added");

    // What was exported is checked by the program alone, with the keys that the service tells everybody.
    b.click_text("書き出す");
    let file = b.downloaded(".akashi-ledger");
    let keys = b.js("return fetch('/proof/keys.json').then(r => r.json()).then(k => k.keys.join('\\n') + '\\n')", vec![]);
    let keys = s.write("keys.txt", keys.as_str().expect("keys").as_bytes());
    let verify = |file: &Path| {
        let done = std::process::Command::new(program).arg("verify").arg(file).arg("--key").arg(&keys).output().expect("the program runs");
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr))
    };
    let (code, said) = verify(&file);
    assert_eq!(code, Some(0), "{said}");
    let forged = String::from_utf8(std::fs::read(&file).expect("the file")).expect("text").replacen("evidence_added", "evidence_adder", 1);
    let (code, said) = verify(&s.write("forged.akashi-ledger", forged.as_bytes()));
    assert_eq!(code, Some(1), "{said}");
}
