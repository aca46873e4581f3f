//! The evidence of an item: which document shows it where, what the evaluator found, and the form to add more.

use std::collections::BTreeMap;

use app::scan::ScanRead;
use maud::{Markup, html};
use rules::evidence::{Claim, Label};
use rules::id::Digest;
use rules::text::{Text, text, worded};

use super::super::contents::{place, point_name};
use super::super::evidence::ACCEPT;
use super::super::form::Form;
use super::super::signs::{date, finding_tone, scan_tag};
use super::super::word;
use super::Look;
use crate::components::{
    Button, Choice, Column, Input, Kind, Row, Table, Tone, actions, card, csrf, date_field, details, file_field, input_field, select,
    table, tag, text_field, upload_progress,
};
use crate::urls;

pub fn claims(look: &Look) -> Result<Markup, app::Error> {
    let lang = look.visit.lang;
    let claims = &look.read.facts().claims;
    let scans = look.visit.app.scans_of(look.case().evidence.values())?;
    let columns = vec![
        Column::new(text("証跡", "Document")),
        Column::new(text("箇所", "Place")),
        Column::new(text("小項目", "Sub-point")),
        Column::new(text("評価者の確認", "Evaluator")),
    ];
    let columns: Vec<Column> = columns.into_iter().chain(look.may_write().then(|| Column::new(text("操作", "Action")))).collect();
    let rows = claims.iter().map(|c| row(look, c, &scans)).collect();
    Ok(html! {
        div #claims {
            (card(lang, &text("確認したエビデンス（証跡）", "Evidence"), html! {}, html! {
                (Form::new(look.visit, "claims", look.again).summary())
                @if claims.is_empty() { p.muted { (text("証跡はまだ紐付いていません。", "No evidence is claimed yet.").get(lang)) } }
                @else { (table(lang, &Table::new(text("紐付けた証跡", "Claimed evidence"), columns, rows).caption_hidden())) }
                @if look.may_write() { (add(look)) }
            }))
        }
    })
}

fn row(look: &Look, claim: &Claim, scans: &BTreeMap<Digest, ScanRead>) -> Row {
    let lang = look.visit.lang;
    let case = look.case();
    let file = claim.evidence.and_then(|id| case.evidence.get(&id));
    let found = look.read.facts().confirmations.iter().find(|c| c.claim == claim.id);
    let document = html! {
        @match file {
            None if claim.hidden => { span.muted { (hidden().get(lang)) } },
            Some(file) => {
                a href=(urls::file_view(file.id, Some(case.facts.case.id), claim.page)) { (claim.document) }
                " " span.small.muted { (worded(format!("第{}版", file.version), format!("version {}", file.version)).get(lang)) }
                @if let Some(scan) = scans.get(&file.digest) { " " (scan_tag(lang, scan)) }
                @if let Some(until) = file.valid_until { @if until < case.today { " " (tag(lang, Tone::Danger, &text("期限切れ", "Expired"))) } @else { " " span.small.muted { (text("有効期限", "valid until").get(lang)) " " (date(until)) } } }
            },
            None => { (claim.document) " " (tag(lang, Tone::Warn, &text("ファイルなし", "No file"))) },
        }
    };
    let where_ = html! { @if !claim.hidden { @match place(claim) { Some(place) => { (place.get(lang)) }, None => { (tag(lang, Tone::Warn, &text("箇所なし", "No place"))) } } } };
    let said = html! { @if let Some(found) = found { (tag(lang, finding_tone(found.finding), &found.finding.name())) @if !found.comment.is_empty() { p.small { (found.comment) } } } };
    let act = look.may_write().then(|| html! {
        @if !claim.hidden {
            form method="post" action=(look.act("claims/withdraw")) {
                (csrf(&look.visit.csrf))
                input type="hidden" name="claim" value=(claim.id);
                (Button::new(Kind::Quiet, text("取り消す", "Withdraw")).small().about(worded(claim.written(), claim.written())).submit(lang))
            }
        }
    });
    Row::new([document, where_, html! { (point_name(lang, claim.point)) }, said].into_iter().chain(act).collect())
}

/// A document of the library or a new file, and where in it.
fn add(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let form = Form::new(look.visit, "claims", look.again);
    let item = look.read.item();
    let documents: Vec<Choice> = look
        .read
        .library
        .iter()
        .map(|e| {
            Choice::new(e.id.to_string(), worded(format!("{}（第{}版）", e.name, e.version), format!("{} (version {})", e.name, e.version)))
        })
        .collect();
    let labels: Vec<Choice> = Label::ALL.iter().map(|l| Choice::new(word(l), l.name())).collect();
    let mut points = vec![Choice::new("0", text("項目全体", "Whole item"))];
    points.extend(
        item.points.iter().map(|p| Choice::new(p.n.0.to_string(), worded(format!("小項目({})", p.n.0), format!("Sub-point ({})", p.n.0)))),
    );
    details(
        lang,
        &text("証跡を追加する", "Add evidence"),
        form.refused.is_some() || look.read.facts().claims.is_empty(),
        html! {
            form method="post" action=(look.act("claims")) enctype="multipart/form-data" data-upload {
                (csrf(&look.visit.csrf))
                @if !documents.is_empty() { (select(lang, &form.field("evidence", text("登録済みの証跡", "A document of the library"), ""), &documents)) }
                div.columns {
                    (input_field(lang, Input::Number, &form.field("page", text("ページ", "Page"), "")))
                    (text_field(lang, &form.field("place", text("章・節など", "Section"), "").hint(text("例: 第4章 2項", "For example: chapter 4, section 2"))))
                    @if !item.points.is_empty() { (select(lang, &form.field("point", text("小項目", "Sub-point"), "0").required(), &points)) }
                }
                (details(lang, &text("新しいファイルを追加する", "Add a new file"), form.refused.is_some() || documents.is_empty(), html! {
                    (file_field(lang, &form.field("file", text("ファイル", "File"), ""), ACCEPT, look.visit.app.config.upload_limit, false))
                    div.columns {
                        (select(lang, &form.field("label", super::super::evidence::label_name(), "").hint(text("ファイルを追加するときは、必ず選んでください。", "Choose one for a new file.")), &labels))
                        (date_field(lang, &form.field("valid_until", text("有効期限", "Valid until"), "")))
                    }
                }))
                (actions(Button::new(Kind::Primary, text("証跡を追加する", "Add the evidence")).submit(lang)))
                (upload_progress(lang))
            }
        },
    )
}

/// What stands for a document that the visitor has no right to.
fn hidden() -> Text {
    text(rules::label::HIDDEN, "Evidence you have no right to see")
}
