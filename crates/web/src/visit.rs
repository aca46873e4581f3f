//! One request as a handler sees it: who asks, in which language, and what they sent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use app::App;
use app::sign_in::{Door, Partial, SignedIn};
use jiff::civil::Date;
use maud::Markup;
use rules::act::Actor;
use rules::id::Digest;
use rules::party::Role;
use rules::refusal::{Refusal, Why};
use rules::text::{Lang, Text, text};

use crate::components::NavLink;
use crate::shell::{Page, Signed};
use crate::urls;

/// A file that came with a form; it lies in a temporary place until the handler is done.
#[derive(Debug)]
pub struct Upload {
    pub field: String,
    pub name: String,
    pub path: PathBuf,
}

/// One request.
pub struct Visit<'a> {
    pub app: &'a App,
    pub signed: Option<SignedIn>,
    /// Somebody in the middle of signing in.
    pub partial: Option<Partial>,
    pub lang: Lang,
    /// Path and query, as asked for.
    pub here: String,
    /// Path parameters by name.
    pub params: BTreeMap<String, String>,
    pub query: Fields,
    pub form: Fields,
    pub uploads: Vec<Upload>,
    /// Why a file was not taken; [`Visit::upload`] hands it on.
    pub upload_refused: Option<Refusal>,
    /// htmx asks for a fragment.
    pub fragment: bool,
    /// Network address of the visitor.
    pub address: String,
    /// SHA-256 of the client certificate whose key the visitor has proven to hold.
    pub certificate: Option<Digest>,
    /// What a form of this visitor has to carry.
    pub csrf: String,
    /// The cookie of a sign-in at a provider that is under way in this browser.
    pub under_way: Option<String>,
}

/// Named values of a query or form, in their order; names may repeat.
#[derive(Debug, Clone, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The value of a field; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// A ticked box.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| !v.is_empty())
    }
    /// A value that reads itself from text; nothing where the field is empty or missing.
    pub fn read<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Refusal> {
        match self.text(name).trim() {
            "" => Ok(None),
            written => written.parse().map(Some).map_err(|_| not_readable(name)),
        }
    }
    /// A value that has to be there.
    pub fn need<T: FromStr>(&self, name: &'static str) -> Result<T, Refusal> {
        self.read(name)?.ok_or(Refusal::invalid(name, text("入力または選択してください。", "Enter or choose something.")))
    }
    /// Every value of a repeated field.
    pub fn each<T: FromStr>(&self, name: &'static str) -> Result<Vec<T>, Refusal> {
        self.all(name).map(|v| v.parse().map_err(|_| not_readable(name))).collect()
    }
    /// A date from a date field.
    pub fn date(&self, name: &'static str) -> Result<Option<Date>, Refusal> {
        match self.text(name).trim() {
            "" => Ok(None),
            written => written
                .parse()
                .map(Some)
                .map_err(|_| Refusal::invalid(name, text("日付は 2026-11-22 の形で入力してください。", "Write the date as 2026-11-22."))),
        }
    }
    /// One of the words of a small enumeration, by its name in JSON.
    pub fn word<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Refusal> {
        match self.text(name) {
            "" => Ok(None),
            word => serde_json::from_value(serde_json::Value::String(word.to_owned())).map(Some).map_err(|_| not_readable(name)),
        }
    }
    /// Every word of a repeated field of a small enumeration.
    pub fn words<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<Vec<T>, Refusal> {
        self.all(name).map(|w| serde_json::from_value(serde_json::Value::String(w.to_owned())).map_err(|_| not_readable(name))).collect()
    }
}

fn not_readable(name: &'static str) -> Refusal {
    Refusal::invalid(name, text("値の形式が正しくありません。", "The value is not of the right form."))
}

impl<'a> Visit<'a> {
    /// The actor; a route's guard has made sure that somebody is signed in.
    pub fn actor(&self) -> Result<&Actor, Refusal> {
        self.signed.as_ref().map(|s| &s.actor).ok_or(Refusal::new(Why::SignIn, text("サインインしてください。", "Please sign in.")))
    }
    /// Where the visitor comes from.
    pub fn door(&self) -> Door<'_> {
        Door { address: &self.address, certificate: self.certificate }
    }
    /// The unfinished sign-in; a step's guard has made sure of one.
    pub fn partial(&self) -> Result<&Partial, Refusal> {
        self.partial.as_ref().ok_or(Refusal::new(Why::SignIn, text("サインインしてください。", "Please sign in.")))
    }
    /// The file that came in a field, or why there is none.
    pub fn upload(&self, field: &'static str) -> Result<&Upload, Refusal> {
        if let Some(refusal) = &self.upload_refused {
            return Err(refusal.clone());
        }
        self.uploads.iter().find(|u| u.field == field).ok_or(Refusal::invalid(field, text("ファイルを選んでください。", "Choose a file.")))
    }
    pub fn has(&self, role: Role) -> bool {
        self.signed.as_ref().is_some_and(|s| s.actor.has(role))
    }
    /// A path parameter; one that cannot be read names nothing.
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T, Refusal> {
        self.params.get(name).and_then(|v| v.parse().ok()).ok_or(Refusal::not_found())
    }
    /// The words of a text in the visitor's language.
    pub fn say<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.lang)
    }
    /// A page with this visitor's frame around it.
    pub fn page(&self, title: Text, main: Markup) -> Page {
        let who = self.signed.as_ref().map(|s| Signed {
            id: s.person.id.to_string(),
            name: s.person.name.clone(),
            organisation: s.organisation.name.clone(),
            csrf: self.csrf.clone(),
        });
        Page { who, nav: self.nav(), here: self.here.clone(), ..Page::new(self.lang, title, main) }
    }

    /// The main pages this visitor may open, and nothing else.
    fn nav(&self) -> Vec<NavLink> {
        if self.signed.is_none() {
            return vec![];
        }
        let applicant = self.has(Role::Officer) || self.has(Role::Colleague);
        let body = self.has(Role::Secretariat) || self.has(Role::Decider);
        let viewing = self.signed.as_ref().is_some_and(|s| !s.actor.grants.views.is_empty());
        let any_case = applicant || body || self.has(Role::Evaluator) || self.has(Role::InstitutionOfficer) || viewing;
        let administrator = self.has(Role::Administrator);
        let keeper = rules::policy::KEEPERS.iter().any(|role| self.has(*role));
        let warned = administrator || self.has(Role::Operator);
        let links: [(bool, Text, String); 17] = [
            (true, text("ホーム", "Home"), urls::home()),
            (body, text("案件ボード", "Board"), urls::board()),
            (any_case, text("案件", "Cases"), urls::cases()),
            (applicant, text("証跡", "Evidence"), urls::library()),
            (keeper, text("管理簿", "Registers"), urls::registers()),
            (keeper, text("文書", "Documents"), urls::documents()),
            (keeper, text("期限", "Deadlines"), urls::tasks()),
            (applicant, text("質問票", "Questionnaires"), urls::questionnaires()),
            (applicant, text("プロダクト", "Products"), urls::products()),
            (true, text("シート", "Sheets"), urls::sheets()),
            (any_case, text("検索", "Search"), urls::search()),
            (true, text("申請", "Requests"), urls::requests()),
            (warned, text("組織", "Organisation"), urls::organisations()),
            (administrator, text("アカウント管理", "Accounts"), urls::accounts()),
            (warned, text("警告", "Alerts"), urls::alerts()),
            (warned, text("台帳", "Ledger"), urls::ledger()),
            (administrator, text("設定", "Settings"), urls::settings()),
        ];
        let here = self.here.split('?').next().unwrap_or_default();
        let current = |href: &str| if href == "/" { here == "/" } else { here == href || here.starts_with(&format!("{href}/")) };
        let waiting = if warned { self.open_alerts() } else { 0 };
        let link = |(_, label, href): (bool, Text, String)| {
            let counted = href == urls::alerts() && waiting > 0;
            let link = NavLink::new(label, href.clone()).current(current(&href));
            if counted { link.count(waiting) } else { link }
        };
        links.into_iter().filter(|(shown, ..)| *shown).map(link).collect()
    }

    /// How many alerts wait. A page does not fail because this cannot be counted.
    fn open_alerts(&self) -> usize {
        match self.signed.as_ref().map(|s| self.app.open_alerts(&s.actor)).transpose() {
            Ok(counted) => counted.unwrap_or(0),
            Err(error) => {
                tracing::error!(%error, "open alerts could not be counted");
                0
            }
        }
    }
}
