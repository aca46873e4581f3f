//! The provider's evidence: the library, one document with its versions and uses, and the files themselves.

use std::collections::{BTreeMap, BTreeSet};

use app::read::case::{CaseRead, Filed, LabelRead};
use jiff::civil::Date;
use maud::{Markup, html};
use rules::command::Command;
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id, ItemNo};
use rules::party::{Group, Role};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::form::{Again, Form, act, saved_at, saved_notice, settle};
use super::signs::{date, inside_tags, label_tone, scan_tag, time};
use super::word;
use crate::chart::{Expiry, expiries};
use crate::components::{
    Choice, Column, Crumb, Field, Kind, Row, Table, Tone, card, csrf, date_field, details, empty, facts, file_field, filter, link_button,
    select, size, submit, table, tag, upload_progress,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::{Fields, Upload, Visit};

const PROVIDER: Guard = Guard::Roles(&[Role::Officer, Role::Colleague]);

pub const ROUTES: &[Route] = &[
    get("/evidence", PROVIDER, library),
    post("/evidence", PROVIDER, add),
    get("/evidence/{evidence}", PROVIDER, document),
    post("/evidence/{evidence}", PROVIDER, renew),
    post("/evidence/{evidence}/filing", Guard::Roles(&[Role::Officer]), file_under),
];

/// The endings a file field offers; the server looks at the content too.
pub const ACCEPT: &str = ".pdf,.png,.jpg,.jpeg,.xlsx,.docx,.pptx,.xls,.doc,.ppt,.ods,.odt,.odp,.zip,.gz,.tgz,.tar,.txt,.log,.md,.csv,.tsv";

/// Takes an uploaded file into the library and names what it became.
pub fn take(
    visit: &Visit,
    upload: &Upload,
    label: Label,
    valid_until: Option<Date>,
    series: Option<Id<id::Evidence>>,
) -> Result<Id<id::Evidence>, app::Error> {
    let content =
        std::fs::File::open(&upload.path).map_err(|e| app::Error::Broken(format!("cannot read the upload {}: {e}", upload.name)))?;
    let made = visit.app.add_evidence(visit.actor()?, &upload.name, content, label, valid_until, series)?.made;
    Ok(made.and_then(|m| m.parse().ok()).ok_or(Refusal::not_found())?)
}

/// The name of the field of labels.
pub fn label_name() -> Text {
    text("秘密区分", "Label")
}

/// The label that a form chose; there is none that holds without a choice (item 35).
pub fn label(form: &Fields) -> Result<Label, Refusal> {
    form.word("label")?.ok_or(Refusal::invalid(
        "label",
        text("秘密区分を選んでください。区分のない証跡は保存できません。", "Choose a label: evidence without one is not saved."),
    ))
}

/// What the form of a file holds.
fn taken(visit: &Visit, series: Option<Id<id::Evidence>>) -> Result<String, app::Error> {
    let id = take(visit, visit.upload("file")?, label(&visit.form)?, visit.form.date("valid_until")?, series)?;
    Ok(saved_at(&urls::document(id)))
}

fn library(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(library_page(visit, None)?.into())
}

fn add(visit: &Visit) -> Result<Answer, app::Error> {
    settle(taken(visit, None), |refusal| library_page(visit, Some(("file", refusal))))
}

/// What the address narrows the list to.
struct Narrow<'a> {
    label: Option<Label>,
    /// A group's id, `none`, or empty for all.
    group: &'a str,
}

impl<'a> Narrow<'a> {
    fn of(visit: &'a Visit) -> Narrow<'a> {
        Narrow { label: visit.query.word("label").ok().flatten(), group: visit.query.text("group") }
    }
    fn takes(&self, found: &Filed) -> bool {
        let group = match (self.group, &found.group) {
            ("", _) | ("none", None) => true,
            (wanted, Some(group)) => group.id.to_string() == wanted,
            (_, None) => false,
        };
        group && self.label.is_none_or(|l| found.evidence.label == l)
    }
    fn is_set(&self) -> bool {
        self.label.is_some() || !self.group.is_empty()
    }
    /// `groups` are those of documents that the visitor sees: the name of another group says something already.
    fn draw(&self, visit: &Visit, groups: Vec<&Group>) -> Markup {
        let lang = visit.lang;
        let label = self.label.map(|l| word(&l)).unwrap_or_default();
        let mut choices = vec![Choice::new("none", text("グループなし", "No group"))];
        choices.extend(groups.into_iter().map(|g| Choice::new(g.id.to_string(), worded(g.name.clone(), g.name.clone()))));
        filter(
            lang,
            &urls::library(),
            &urls::library(),
            html! {
                (select(lang, &Field::new("label", label_name()).form("narrow").value(&label), &labels()))
                (select(lang, &Field::new("group", group_name()).form("narrow").value(self.group), &choices))
            },
        )
    }
}

fn labels() -> Vec<Choice<'static>> {
    Label::ALL.iter().map(|l| Choice::new(word(l), l.name())).collect()
}

fn scan_name() -> Text {
    text("マルウェア検査", "Malware scan")
}

fn group_name() -> Text {
    text("情報グループ", "Information group")
}

fn library_page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let all = visit.app.filed_library(visit.actor()?)?;
    let groups: BTreeMap<_, _> = all.iter().filter_map(|f| f.group.as_ref()).map(|g| (g.id, g)).collect();
    let narrow = Narrow::of(visit);
    let found: Vec<&Filed> = all.iter().filter(|f| narrow.takes(f)).collect();
    let today = rules::act::japan(visit.app.clock.now()).date();
    let main = html! {
        (card(lang, &text("証跡を登録する", "Add evidence"), html! {}, upload_form(visit, again, &urls::library(), None)))
        (expiry(visit, &found, today))
        h2 { (text("証跡の一覧", "All evidence").get(lang)) }
        @if !all.is_empty() { (narrow.draw(visit, groups.into_values().collect())) }
        @if found.is_empty() && narrow.is_set() {
            p.muted { (text("条件に合う証跡はありません。", "No evidence fits the filter.").get(lang)) }
        } @else if found.is_empty() {
            (empty(lang, &text("証跡はまだありません", "No evidence yet"), &text("規程や記録のファイルを登録すると、各項目の根拠として示せます。", "Add rules and records to show them as grounds for items."), html! {}))
        } @else { (list(visit, &found, today)?) }
    };
    let mut page = visit.page(text("証跡", "Evidence"), main);
    page.notices = saved_notice(visit, "");
    Ok(page)
}

fn upload_form(visit: &Visit, again: Again, action: &str, now: Option<&Evidence>) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "file", again);
    // Nothing is chosen beforehand: whoever adds a document says what it is.
    let label = now.map(|e| word(&e.label)).unwrap_or_default();
    html! {
        (form.summary())
        form method="post" action=(action) enctype="multipart/form-data" data-upload {
            (csrf(&visit.csrf))
            (file_field(lang, &form.field("file", text("ファイル", "File"), "").required(), ACCEPT, visit.app.config.upload_limit, false))
            div.columns {
                (select(lang, &form.field("label", label_name(), &label).hint(label_hint()).required(), &labels()))
                (date_field(lang, &form.field("valid_until", text("有効期限", "Valid until"), "")))
            }
            (submit(lang, Kind::Primary, &if now.is_some() { text("新しい版を登録する", "Add the new version") } else { text("登録する", "Add") }))
            (upload_progress(lang))
        }
    }
}

fn label_hint() -> Text {
    text(
        "「秘密」は評価機関だけに、「公開」「開示可」は開示先の医療機関にも見えます。",
        "Confidential files are for the evaluation body only; public and disclosable ones also for institutions.",
    )
}

fn expiry(visit: &Visit, found: &[&Filed], today: Date) -> Markup {
    let list: Vec<Expiry> = found
        .iter()
        .map(|f| &f.evidence)
        .filter_map(|e| {
            Some(Expiry { label: worded(e.name.clone(), e.name.clone()), on: e.valid_until?, href: Some(urls::document(e.id)) })
        })
        .collect();
    html! { @if !list.is_empty() { (expiries(visit.lang, "library-expiry", &text("証跡の有効期限", "Expiry of evidence"), &list, today)) } }
}

fn valid(visit: &Visit, evidence: &Evidence, today: Date) -> Markup {
    html! {
        @match evidence.valid_until {
            Some(until) => { (date(until)) @if until < today { " " (tag(visit.lang, Tone::Danger, &text("期限切れ", "Expired"))) } },
            None => { span.muted { "―" } },
        }
    }
}

fn list(visit: &Visit, found: &[&Filed], today: Date) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let scans = visit.app.scans_of(found.iter().map(|f| &f.evidence))?;
    let columns = vec![
        Column::new(text("証跡", "Document")),
        Column::new(text("版", "Version")).number(),
        Column::new(label_name()),
        Column::new(group_name()),
        Column::new(text("有効期限", "Valid until")),
        Column::new(text("大きさ", "Size")).number(),
        Column::new(text("登録", "Added")),
        Column::new(scan_name()),
    ];
    let rows = found.iter().map(|f| {
        let e = &f.evidence;
        Row::new(vec![
            html! { a href=(urls::document(e.id)) data-row { (e.name) } },
            html! { (e.version) },
            tag(lang, label_tone(e.label), &e.label.name()),
            group(f.group.as_ref()),
            valid(visit, e, today),
            html! { (size(e.size)) },
            time(e.at),
            html! { @if let Some(scan) = scans.get(&e.digest) { (scan_tag(lang, scan)) } },
        ])
    });
    Ok(table(lang, &Table::new(text("証跡の一覧", "All evidence"), columns, rows.collect()).caption_hidden()))
}

fn group(group: Option<&Group>) -> Markup {
    html! { @match group { Some(group) => { (group.name) }, None => { span.muted { "―" } } } }
}

fn document(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(document_page(visit, None)?.into())
}

fn renew(visit: &Visit) -> Result<Answer, app::Error> {
    let id: Id<id::Evidence> = visit.param("evidence")?;
    let series = || -> Result<String, app::Error> {
        let (versions, _) = visit.app.document(visit.actor()?, id)?;
        taken(visit, versions.first().map(|v| v.series))
    };
    settle(series(), |refusal| document_page(visit, Some(("file", refusal))))
}

fn document_page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let (versions, uses) = visit.app.document(visit.actor()?, visit.param("evidence")?)?;
    let newest = versions.first().ok_or(Refusal::not_found())?;
    let scan = visit.app.scan_of(newest)?;
    let inside = visit.app.inside_of(newest)?;
    let words = visit.app.words_read(newest)?;
    let labels = visit.app.labels(visit.actor()?, newest.id)?;
    let today = rules::act::japan(visit.app.clock.now()).date();
    let main = html! {
        (card(lang, &text("現在の版", "Current version"), tag(lang, label_tone(newest.label), &newest.label.name()), html! {
            (facts(lang, &[
                (text("版", "Version"), html! { (newest.version) }),
                (text("種類", "Type"), html! { (newest.media) " / " (size(newest.size)) }),
                (text("有効期限", "Valid until"), valid(visit, newest, today)),
                (text("登録", "Added"), time(newest.at)),
                (text("SHA-256", "SHA-256"), html! { code { (newest.digest) } }),
                (scan_name(), html! { (scan_tag(lang, &scan)) @if let Some(detail) = scan.detail() { " " span.small.muted { (detail.get(lang)) } } }),
                (text("中の確認", "Looked into"), inside_tags(lang, inside.as_deref())),
                (text("全文検索", "Full-text search"), html! { (words.name().get(lang)) @if let Some(why) = words.detail() { " " span.small.muted { (why.get(lang)) } } }),
            ]))
            div.actions {
                @if super::files::SHOWN.contains(&newest.media.as_str()) { (link_button(lang, Kind::Secondary, &text("表示する", "View"), &urls::file_view(newest.id, None, None))) }
                (link_button(lang, Kind::Secondary, &text("ダウンロード", "Download"), &urls::file(newest.id, None)))
            }
        }))
        (filing(visit, again, newest, &labels)?)
        (card(lang, &text("新しい版を登録する", "Add a new version"), html! {}, html! {
            p { (text("提出済みの紐付けは元の版のまま残ります。作成中の項目は、項目ページで新しい版に付け替えてください。", "What was submitted keeps its version. For open items, claim the new version on the item's page.").get(lang)) }
            (upload_form(visit, again, &urls::document(newest.id), Some(newest)))
        }))
        h2 { (text("版の履歴", "Versions").get(lang)) }
        (list_versions(visit, &versions, today)?)
        h2 { (text("紐付いている項目", "Where it is claimed").get(lang)) }
        @if uses.is_empty() { p.muted { (text("まだどの項目にも紐付いていません。", "No item claims it yet.").get(lang)) } }
        @else { (claimed(visit, uses.iter().map(|u| (u.case, u.item)))?) }
    };
    let mut page = visit.page(worded(newest.name.clone(), newest.name.clone()), main);
    page.breadcrumb =
        vec![Crumb::link(text("証跡", "Evidence"), urls::library()), Crumb::here(worded(newest.name.clone(), newest.name.clone()))];
    page.notices = saved_notice(visit, "");
    Ok(page)
}

fn file_under(visit: &Visit) -> Result<Answer, app::Error> {
    let id: Id<id::Evidence> = visit.param("evidence")?;
    let command = || Ok(Command::FileEvidence { evidence: id, label: label(&visit.form)?, group: visit.form.read("group")? });
    act(visit, command(), saved_at(&urls::document(id)), |refusal| document_page(visit, Some(("filing", refusal))))
}

/// The label and the information group with what they were before, and for officers the form to change them.
fn filing(visit: &Visit, again: Again, now: &Evidence, labels_of: &[LabelRead]) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let actor = visit.actor()?;
    // A version that comes later says nothing of the group.
    let now_in = labels_of.iter().find(|l| l.version.is_none()).and_then(|l| l.group.as_ref());
    let columns =
        vec![Column::new(text("設定", "Set")), Column::new(label_name()), Column::new(group_name()), Column::new(text("設定した人", "By"))];
    let rows = labels_of.iter().map(|l| {
        let how = match l.version {
            Some(version) => worded(format!("第{version}版の登録",), format!("with version {version}")),
            None => text("区分の設定", "filed"),
        };
        Row::new(vec![
            html! { (time(l.at)) " " span.small.muted { (how.get(lang)) } },
            tag(lang, label_tone(l.label), &l.label.name()),
            group(l.group.as_ref()),
            html! { (l.by) },
        ])
    });
    let history = table(lang, &Table::new(text("区分の履歴", "Labels so far"), columns, rows.collect()).caption_hidden());
    let form = if actor.has(Role::Officer) {
        let form = Form::new(visit, "filing", again);
        let chosen = now_in.map(|g| g.id.to_string()).unwrap_or_default();
        let groups = visit.app.groups(actor)?;
        let groups: Vec<Choice> = groups.iter().map(|g| Choice::new(g.id.to_string(), worded(g.name.clone(), g.name.clone()))).collect();
        html! {
            (form.summary())
            form method="post" action=(format!("{}/filing", urls::document(now.id))) {
                (csrf(&visit.csrf))
                div.columns {
                    (select(lang, &form.field("label", label_name(), &word(&now.label)).hint(label_hint()).required(), &labels()))
                    (select(lang, &form.field("group", group_name(), &chosen).hint(text("グループを選ぶと、その構成員と担当責任者だけに見えます。", "With a group, only its members and officers see the document.")), &groups))
                }
                (submit(lang, Kind::Secondary, &text("区分を設定する", "Set label and group")))
            }
        }
    } else {
        html! { p.muted { (text("区分と情報グループは、担当責任者が変更できます。", "Officers change the label and the group.").get(lang)) } }
    };
    Ok(card(
        lang,
        &text("秘密区分と情報グループ", "Label and information group"),
        tag(lang, label_tone(now.label), &now.label.name()),
        html! {
            (facts(lang, &[(label_name(), html! { (now.label.name().get(lang)) }), (group_name(), group(now_in))]))
            (form)
            (details(lang, &text("区分の履歴", "Labels so far"), false, history))
        },
    ))
}

fn list_versions(visit: &Visit, versions: &[Evidence], today: Date) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let scans = visit.app.scans_of(versions)?;
    let columns = vec![
        Column::new(text("版", "Version")).number(),
        Column::new(text("ファイル", "File")),
        Column::new(text("有効期限", "Valid until")),
        Column::new(text("登録", "Added")),
        Column::new(text("SHA-256", "SHA-256")),
        Column::new(scan_name()),
    ];
    let rows = versions.iter().map(|v| {
        let digest = v.digest.to_string();
        Row::new(vec![
            html! { (v.version) },
            html! { a href=(urls::file(v.id, None)) { (v.name) } },
            valid(visit, v, today),
            time(v.at),
            html! { code title=(digest) { (digest[..16]) "…" } },
            html! { @if let Some(scan) = scans.get(&v.digest) { (scan_tag(lang, scan)) } },
        ])
    });
    Ok(table(lang, &Table::new(text("版の履歴", "Versions"), columns, rows.collect()).caption_hidden()))
}

/// The items that claim it, one line for each case.
fn claimed(visit: &Visit, uses: impl Iterator<Item = (Id<id::Case>, ItemNo)>) -> Result<Markup, app::Error> {
    let mut cases: Vec<(CaseRead, BTreeSet<ItemNo>)> = vec![];
    for (case, item) in uses {
        match cases.iter_mut().find(|(c, _)| c.facts.case.id == case) {
            Some((_, items)) => drop(items.insert(item)),
            None => cases.push((visit.app.case(visit.actor()?, case, None)?, BTreeSet::from([item]))),
        }
    }
    Ok(html! {
        ul { @for (case, items) in &cases { li {
            a href=(urls::case(case.facts.case.id)) { (case.product.name) " " (case.facts.case.number.as_deref().unwrap_or("")) } ": "
            @for no in items { a href=(urls::item(case.facts.case.id, *no)) { (no) } " " }
        } } }
    })
}
