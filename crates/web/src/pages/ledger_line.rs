//! One line of the ledger: who, what, before and after, its hash and how it is proven; the same as JSON for a verifier.

use app::read::ledger::{LineRead, Shown, WhoseLedger};
use axum::http::StatusCode;
use maud::{Markup, html};
use rules::id::Digest;
use rules::text::{Text, text, worded};
use serde_json::{Value, json};

use super::ledger::{READERS, outcome, second, title, who};
use super::ledger_kinds::kind_name;
use super::ledger_query::{whose, whose_name, whose_word};
use crate::components::{Column, Crumb, Kind, Row, Table, Tone, details, facts, link_button, notice, table};
use crate::route::{Answer, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/ledger/{seq}", READERS, show), get("/ledger/{seq}/line.json", READERS, as_json)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let whose = whose(visit)?;
    let seq: u64 = visit.param("seq")?;
    let read = visit.app.ledger_line(visit.actor()?, whose, seq)?;
    let (lang, head) = (visit.lang, &read.seen.line.head);
    let name = kind_name(&head.kind);
    let here = worded(format!("{}番 {}", head.seq, name.ja), format!("{} {}", head.seq, name.en));
    let session = head.session.clone().unwrap_or_else(|| "―".to_owned());
    let main = html! {
        (facts(lang, &[
            (text("台帳", "Ledger"), html! { (whose_name(whose).get(lang)) }),
            (text("日時（日本時間）", "When (Japan)"), second(&head.at)),
            (text("利用者", "Who"), html! { (who(lang, &read.seen)) " " span.small.muted { (head.actor) } }),
            (text("出来事", "What happened"), html! { (name.get(lang)) " " span.small.muted { (head.kind) } }),
            (text("対象", "About"), html! { @if let Some(about) = &read.seen.about { (about) " " } span.small.muted { (head.subject) } }),
            (text("結果", "Outcome"), outcome(lang, &head.outcome)),
            (text("接続元", "From"), html! { (head.address.as_deref().unwrap_or("―")) }),
            (text("セッション", "Session"), html! { (session) }),
        ]))
        h2 { (text("内容", "Content").get(lang)) }
        (content(visit, whose, &read))
        h2 { (text("改ざんされていないことの証明", "The proof that it is unchanged").get(lang)) }
        (proof(visit, &read))
    };
    let mut page = visit.page(here.clone(), main);
    let back = urls::with_query(&urls::ledger(), &[("ledger", whose_word(whose).to_owned())]);
    page.breadcrumb = vec![Crumb::link(title(), back), Crumb::here(here)];
    page.corner =
        link_button(lang, Kind::Secondary, &text("検証用のJSON", "JSON for a verifier"), &urls::ledger_json(seq, whose_word(whose)));
    Ok(page.into())
}

/// Every leaf of a payload with its path.
fn leaves(value: &Value, path: &str, out: &mut Vec<(String, String)>) {
    let under = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => {
            map.iter().filter(|(key, _)| !path.is_empty() || *key != "kind").for_each(|(key, v)| leaves(v, &under(key), out))
        }
        Value::Array(all) if !all.is_empty() => all.iter().enumerate().for_each(|(n, v)| leaves(v, &under(&(n + 1).to_string()), out)),
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        Value::Null => out.push((path.to_owned(), "―".to_owned())),
        other => out.push((path.to_owned(), other.to_string())),
    }
}

fn content(visit: &Visit, whose: WhoseLedger, read: &LineRead) -> Markup {
    let lang = visit.lang;
    let after = match &read.seen.shown {
        Shown::Whole(value) => value,
        Shown::Erased => {
            return notice(
                lang,
                Tone::Info,
                &text("内容は、承認された消去により残っていません。", "The content was erased, as was approved."),
                html! {
                    p { (text("この行があったことと、その順序・時刻・利用者の証明は残っています。", "That the line was there, its place, time and account stay proven.").get(lang)) }
                },
            );
        }
        Shown::Hidden => {
            return notice(
                lang,
                Tone::Info,
                &text("内容は、あなたの権限では表示できません。", "Your rights do not show you the content."),
                html! {},
            );
        }
    };
    let mut now = vec![];
    leaves(after, "", &mut now);
    let mut then = vec![];
    if let Some((_, before)) = &read.before {
        leaves(before, "", &mut then);
    }
    let mut columns = vec![Column::new(text("欄", "Field"))];
    if read.before.is_some() {
        columns.push(Column::new(text("前", "Before")));
    }
    columns.push(Column::new(text("後", "After")));
    let old = |path: &str| then.iter().find(|(p, _)| p == path).map_or("―", |(_, v)| v.as_str());
    let rows = now.iter().map(|(path, value)| {
        let changed = read.before.is_some() && old(path) != value;
        let mut cells = vec![html! { code { (path) } }];
        if read.before.is_some() {
            cells.push(html! { span.prose lang="ja" { (old(path)) } });
        }
        cells.push(html! { @if changed { strong.prose lang="ja" { (value) } } @else { span.prose lang="ja" { (value) } } });
        Row::new(cells)
    });
    html! {
        @if let Some((seq, _)) = &read.before {
            p { (text("前の値は、同じ対象についての一つ前の記録のものです: ", "“Before” is the line of this kind about the same thing before it: ").get(lang)) a href=(urls::ledger_line(*seq, whose_word(whose))) { (seq) } }
        }
        (table(lang, &Table::new(text("内容", "Content"), columns, rows.collect()).caption_hidden()))
    }
}

fn proof(visit: &Visit, read: &LineRead) -> Markup {
    let lang = visit.lang;
    let line = &read.seen.line;
    let hash = |d: &Digest| html! { code.hash { (d) } };
    let Some(proof) = &read.proof else {
        return html! {
            (notice(lang, Tone::Info, &text("まだ署名されていません。1分ほどで署名されます。", "Not signed yet; it takes about a minute."), html! {}))
            (facts(lang, &[(text("この行のハッシュ", "Hash of this line"), hash(&Digest(line.leaf)))]))
        };
    };
    let says: Text = worded(
        format!("この行は、{}件の記録に署名したチェックポイントに含まれています。", proof.size),
        format!("A checkpoint that was signed over {} lines covers this one.", proof.size),
    );
    html! {
        p { (says.get(lang)) }
        (facts(lang, &[
            (text("この行のハッシュ", "Hash of this line"), hash(&Digest(line.leaf))),
            (text("内容のダイジェスト", "Digest of the content"), hash(&Digest(line.head.payload_digest))),
            (text("全体のハッシュ（ルート）", "Root"), hash(&proof.root)),
        ]))
        (details(lang, &worded(format!("包含証明（{}個のハッシュ）", proof.inclusion.len()), format!("Inclusion proof ({} hashes)", proof.inclusion.len())), false, html! {
            ol { @for d in &proof.inclusion { li { (hash(d)) } } }
        }))
        (details(lang, &text("署名されたチェックポイント", "The signed checkpoint"), false, html! { pre.note tabindex="0" { (proof.checkpoint) } }))
        @if let Some(older) = &proof.consistency {
            (details(lang, &worded(format!("{}件の時点のチェックポイントからの一貫性証明", older.size), format!("Consistency from the checkpoint of {} lines", older.size)), false, html! {
                pre.note tabindex="0" { (older.checkpoint) }
                ol { @for d in &older.path { li { (hash(d)) } } }
            }))
        }
    }
}

fn as_json(visit: &Visit) -> Result<Answer, app::Error> {
    let read = visit.app.ledger_line(visit.actor()?, whose(visit)?, visit.param("seq")?)?;
    let line = &read.seen.line;
    let head = &line.head;
    let salt = |salt: &[u8; 16]| salt.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let payload = line.payload.as_ref().map(|p| json!({ "salt": salt(&p.salt), "text": p.text }));
    let seen = match read.seen.shown {
        Shown::Whole(_) => "whole",
        Shown::Hidden => "hidden",
        Shown::Erased => "erased",
    };
    let body = json!({
        "head": {
            "pos": head.pos, "tenant": head.tenant, "seq": head.seq, "at": head.at, "actor": head.actor, "session": head.session,
            "address": head.address, "kind": head.kind, "subject": head.subject, "outcome": head.outcome,
            "payload_digest": Digest(head.payload_digest),
        },
        "leaf": Digest(line.leaf), "shown": seen, "payload": payload, "proof": read.proof,
    });
    Ok(Answer::Json(StatusCode::OK, body))
}
