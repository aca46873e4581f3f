//! Keys: which there are, since when and how they stand, when they are due; rotation, and the way to the escrow.

use app::vault::{KeyRead, KeyState, KeysRead};
use maud::{Markup, html};
use rules::command::Command;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};
use rules::vault::KeyRole;

use super::form::{Again, Form, act, saved_at, saved_notice};
use super::signs::{date, time};
use crate::components::{Column, Kind, Row, Table, Tone, csrf, facts, link_button, notice, submit, table, tag, text_field};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const KEEPERS: Guard = Guard::Roles(&[Role::Administrator, Role::Operator]);

pub const ROUTES: &[Route] = &[get("/keys", KEEPERS, show), post("/keys", KEEPERS, rotate)];

pub fn title() -> Text {
    text("鍵", "Keys")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

/// The form's name of each role that is rotated here; signing keys have a page of their own.
const fn form_of(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Master => "master",
        KeyRole::Files => "files",
        KeyRole::Signing => "signing",
    }
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let all = visit.app.keys(visit.actor()?)?;
    let due = all.keys.iter().filter(|key| key.is_due).count();
    let main = html! {
        (saved_notice(visit, "keys"))
        @if due > 0 {
            (notice(lang, Tone::Warn, &worded(format!("作成から1年を過ぎた鍵が{due}件あります。更新してください。"), format!("{due} keys are older than a year. Rotate them.")), html! {}))
        }
        (section(visit, &all, KeyRole::Files, again, text(
            "証跡ファイルは組織ごとの鍵で暗号化されています。更新すると新しいファイルから新しい鍵が使われ、古いファイルは順に暗号化し直されます。",
            "Evidence files are encrypted with a key of each organisation. After a rotation new files use the new key, and old files are encrypted anew one after another.",
        )))
        @if visit.has(Role::Operator) {
            (section(visit, &all, KeyRole::Master, again, text(
                "ほかの鍵と秘密の値は、マスター鍵で暗号化されて保管されています。更新したら、預託をやり直してください。",
                "The other keys and secrets are kept encrypted under the master key. After a rotation put it into escrow again.",
            )))
            (escrow(visit, &all))
            (section(visit, &all, KeyRole::Signing, again, text(
                "台帳の署名鍵です。更新と公開鍵の受け渡しは「台帳の証明」の画面で行います。",
                "They sign the ledgers. Rotation and handing out public keys are on the page of the ledgers' proofs.",
            )))
        }
    };
    let mut page = visit.page(title(), main);
    page.lead =
        Some(text("鍵は公開名だけを表示します。更新の期限は1年です。", "Only public names are shown. Keys are rotated once a year."));
    Ok(page)
}

fn section(visit: &Visit, all: &KeysRead, role: KeyRole, again: Again, words: Text) -> Markup {
    let lang = visit.lang;
    let rows: Vec<&KeyRead> = all.of(role).collect();
    let name = role.name();
    html! {
        section id=(form_of(role)) {
            h2 { (name.get(lang)) }
            p { (words.get(lang)) }
            @if rows.is_empty() { p.muted { (text("まだありません。", "None yet.").get(lang)) } } @else { (list(lang, &name, &rows)) }
            @match role {
                KeyRole::Signing => { p { a href=(urls::anchors()) { (text("台帳の証明", "Proofs of the ledger").get(lang)) } } },
                KeyRole::Files | KeyRole::Master => @if !rows.is_empty() { (rotation(visit, role, again)) },
            }
        }
    }
}

fn state(lang: Lang, state: KeyState) -> Markup {
    let (tone, words) = match state {
        KeyState::Active => (Tone::Success, text("使用中", "In use")),
        KeyState::Rotated => (Tone::Info, text("復号のみ", "Opens what is old")),
        KeyState::Retired => (Tone::Neutral, text("廃止", "Retired")),
        KeyState::Destroyed => (Tone::Neutral, text("破棄", "Destroyed")),
    };
    tag(lang, tone, &words)
}

fn list(lang: Lang, name: &Text, rows: &[&KeyRead]) -> Markup {
    let columns = vec![
        Column::new(text("公開名", "Public name")),
        Column::new(text("組織", "Organisation")),
        Column::new(text("状態", "State")),
        Column::new(text("作成", "Made")),
        Column::new(text("更新の期限", "To be rotated by")),
        Column::new(text("預託", "In escrow since")),
    ];
    let rows = rows.iter().map(|read| {
        let key = &read.key;
        Row::new(vec![
            html! { code { (key.id) } },
            html! { (read.organisation.as_deref().unwrap_or("–")) },
            state(lang, key.state),
            time(key.made),
            html! {
                @match read.due {
                    Some(due) => { (date(rules::act::japan(due).date())) @if read.is_due { " " (tag(lang, Tone::Warn, &text("期限切れ", "Overdue"))) } },
                    None => "–",
                }
            },
            html! { @match key.escrowed { Some(at) => (time(at)), None => "–" } },
        ])
    });
    table(lang, &Table::new(name.clone(), columns, rows.collect()).caption_hidden())
}

fn rotation(visit: &Visit, role: KeyRole, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, form_of(role), again);
    let label = match (role, visit.has(Role::Operator)) {
        (KeyRole::Master, _) => text("マスター鍵を更新する", "Rotate the master key"),
        (_, true) => text("全組織の証跡の鍵を更新する", "Rotate the keys of every organisation's files"),
        (_, false) => text("自組織の証跡の鍵を更新する", "Rotate the key of our files"),
    };
    html! {
        form.narrow method="post" action=(urls::keys()) {
            (csrf(&visit.csrf))
            (form.summary())
            input type="hidden" name="key" value=(form_of(role));
            (text_field(lang, &form.field("reason", text("更新の理由", "Why it is rotated"), "").hint(text("例: 年次の更新、担当者の退職", "For example: yearly, or somebody left")).required()))
            (submit(lang, Kind::Secondary, &label))
        }
    }
}

/// Where things lie, and how the master key comes back when it is lost.
fn escrow(visit: &Visit, all: &KeysRead) -> Markup {
    let lang = visit.lang;
    let Some(place) = &all.place else { return html! {} };
    let newest = all.of(KeyRole::Master).filter(|read| read.key.state == KeyState::Active).find_map(|read| read.key.escrowed);
    html! {
        section id="escrow" {
            h2 { (text("保管場所と預託", "Where things lie, and the escrow").get(lang)) }
            (facts(lang, &[
                (text("証跡ファイル", "Evidence files"), html! { (place.files) }),
                (text("マスター鍵", "Master key"), html! { (place.master.get(lang)) }),
                (text("ファイルの点検", "Files checked until"), html! { @match &place.checked { Some(day) => (day), None => { (text("まだ", "not yet").get(lang)) } } }),
                (text("使用中の鍵の預託", "Escrow of the key in use"), html! {
                    @match newest { Some(at) => (time(at)), None => { (tag(lang, Tone::Warn, &text("預託されていません", "Not in escrow"))) } }
                }),
            ]))
            @if newest.is_none() {
                p { (text("マスター鍵を失うと、証跡は誰にも開けません。サーバーで akashi keys escrow --out ファイル名 を実行し、2人がそれぞれの合言葉を入力してください。", "Without the master key nobody opens the evidence. Run akashi keys escrow --out FILE on the server; two people each type a passphrase.").get(lang)) }
            }
            @if place.escrow_open {
                (notice(lang, Tone::Danger, &text("預託を開く申請が有効です。", "A request to open the escrow is in force."), html! {}))
            } @else {
                (link_button(lang, Kind::Secondary, &text("預託を開く申請をする", "Request to open the escrow"), &urls::new_request("open_escrow")))
            }
        }
    }
}

fn rotate(visit: &Visit) -> Result<Answer, app::Error> {
    let key: Result<Option<KeyRole>, Refusal> = visit.form.word("key");
    let role = key.clone().ok().flatten().unwrap_or(KeyRole::Files);
    let missing = || Refusal::invalid("key", text("更新する鍵を選んでください。", "Choose the key to rotate."));
    let command =
        key.and_then(|key| key.ok_or_else(missing)).map(|key| Command::RotateKey { key, reason: visit.form.text("reason").to_owned() });
    act(visit, command, saved_at(&urls::keys()), |refusal| page(visit, Some((form_of(role), refusal))))
}
