//! Trust anchors: the own card to hand on, and the cards of others, which a second person confirms by their fingerprint.

use app::trust::{Anchored, TrustRead, spoken};
use maud::{Markup, html};
use rules::command::Command;
use rules::exchange::{AnchorKind, AnchorState};
use rules::id::Digest;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text};

use super::evidence::label_name;
use super::form::{Again, Form, act, saved_at};
use super::signs::{label_tone, time};
use super::word;
use crate::components::{
    Area, Choice, Column, Kind, Row, Table, Tone, card, csrf, details, empty, link_button, notice, select, submit, table, tag, text_field,
    textarea,
};
use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const KEEPERS: Guard = Guard::Roles(&[Role::Administrator, Role::Operator]);

pub const ROUTES: &[Route] = &[
    get("/trust", KEEPERS, show),
    post("/trust/card", KEEPERS, own_card),
    post("/trust/propose", KEEPERS, propose),
    post("/trust/decide", KEEPERS, decide),
    post("/trust/remove", KEEPERS, remove),
];

pub fn title() -> Text {
    text("トラストアンカー", "Trust anchors")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = visit.app.trust(visit.actor()?)?;
    let waiting: Vec<&Anchored> = read.anchors.iter().filter(|a| a.anchor.state == AnchorState::Proposed).collect();
    let main = html! {
        (own(visit, &read))
        @if !waiting.is_empty() || again.is_some_and(|(form, _)| form == "decide") { (confirming(visit, &waiting, again)) }
        section id="anchors" { h2 { (text("登録", "Registered").get(lang)) } (list(lang, &read)) (removal(visit, &read, again)) }
        (proposal(visit, again))
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "相手のカードや証明書は、別の人が別の経路で得た指紋を入力し、一致したときにだけ有効になります。",
        "A card or certificate of somebody else counts only when another person has typed the fingerprint that they have by another way, and it matches.",
    ));
    page.corner = html! {
        @if visit.has(Role::Officer) || visit.has(Role::Secretariat) { (link_button(lang, Kind::Secondary, &super::packages::title(), &urls::packages())) }
    };
    if visit.query.is_on("saved") && again.is_none() {
        page.notices = match read.anchors.iter().find(|a| visit.query.text("anchor") == a.anchor.id.to_string()).map(|a| a.anchor.state) {
            Some(AnchorState::Blocked) => notice(
                lang,
                Tone::Danger,
                &text("指紋が一致しないため、登録を拒否しました。", "The fingerprint does not match; the anchor is blocked."),
                html! { p { (text("入力の誤りであれば、登録からやり直してください。そうでなければ、途中で差し替えられた疑いがあります。別の経路で相手に確認してください。", "If it was mistyped, register it anew. Otherwise it may have been exchanged on its way: ask the other side by another way.").get(lang)) } },
            ),
            _ => notice(lang, Tone::Success, &text("保存しました。", "Saved."), html! {}),
        };
    }
    Ok(page)
}

/// A fingerprint for reading aloud.
fn fingerprint(digest: Digest) -> Markup {
    html! { code { (spoken(digest)) } }
}

fn own(visit: &Visit, read: &TrustRead) -> Markup {
    let lang = visit.lang;
    let Some(own) = &read.card else {
        return empty(
            lang,
            &text("カードはまだありません", "There is no card yet"),
            &text(
                "サービスを起動すると署名鍵が作られ、この組織のカードができます。",
                "When the service starts, its keys are made, and with them the card of this organisation.",
            ),
            html! {},
        );
    };
    card(
        lang,
        &text("この組織のカード", "The card of this organisation"),
        html! {},
        html! {
            p { (text("送り先・送り主となる相手にカードを渡し、指紋は電話など別の経路で読み上げてください。秘密の情報は含まれません。", "Hand the card to those you exchange with, and read them the fingerprint by another way, such as the telephone. Nothing of it is secret.").get(lang)) }
            p { strong { (text("指紋", "Fingerprint").get(lang)) } br; (fingerprint(own.fingerprint())) }
            (details(lang, &text("カードの内容", "The card itself"), false, html! { pre.wrap { (own.text()) } }))
            form method="post" action=(urls::trust_act("card")) {
                (csrf(&visit.csrf))
                (submit(lang, Kind::Secondary, &text("カードをダウンロード", "Download the card")))
            }
        },
    )
}

fn own_card(visit: &Visit) -> Result<Answer, app::Error> {
    let card = visit.app.own_card(visit.actor()?)?;
    let card = card.ok_or(Refusal::state(text("サービスを一度起動してください。", "Start the service once.")))?;
    let content = FileContent::Bytes(card.text().into_bytes());
    Ok(Answer::File(FileAnswer {
        media: "text/plain; charset=utf-8".into(),
        name: format!("{}.akashi-card", card.name),
        content,
        inline: false,
    }))
}

fn tone(state: AnchorState) -> Tone {
    match state {
        AnchorState::Proposed => Tone::Warn,
        AnchorState::Active => Tone::Success,
        AnchorState::Blocked => Tone::Danger,
        AnchorState::Removed => Tone::Neutral,
    }
}

fn list(lang: Lang, read: &TrustRead) -> Markup {
    if read.anchors.is_empty() {
        return html! { p.muted { (text("まだ登録はありません。例: 申請を受け取る事業者のカード、申請を送る評価機関のカード。", "Nothing yet. For example the card of a provider that sends to you, or of the evaluation body you send to.").get(lang)) } };
    }
    let columns = vec![
        Column::new(text("名前", "Name")),
        Column::new(text("種類", "Kind")),
        Column::new(text("状態", "State")),
        Column::new(text("合意した秘密区分", "Agreed label")),
        Column::new(text("登録", "Proposed")),
        Column::new(text("確認", "Confirmed")),
    ];
    let rows = read.anchors.iter().map(|a| {
        let anchor = &a.anchor;
        // Whoever confirms has to have the fingerprint from elsewhere: it is not shown while it is asked for.
        let shown = anchor.state != AnchorState::Proposed;
        Row::new(vec![
            html! { (anchor.name) @if shown { br; span.small { (fingerprint(anchor.fingerprint)) } } },
            html! { (anchor.anchor.name().get(lang)) },
            html! { (tag(lang, tone(anchor.state), &anchor.state.name())) @if !a.reason.is_empty() { br; span.small { (a.reason) } } },
            html! { @if anchor.anchor == AnchorKind::Installation { (tag(lang, label_tone(anchor.label), &anchor.label.name())) } @else { "―" } },
            html! { (time(anchor.at)) br; (read.name(anchor.by)) },
            html! { @match (a.decided, anchor.decided_by) { (Some(at), Some(by)) => { (time(at)) br; (read.name(by)) }, _ => { "―" } } },
        ])
    });
    table(
        lang,
        &Table::new(text("トラストアンカー（新しい順）", "Trust anchors, the newest first"), columns, rows.collect()).caption_hidden(),
    )
}

fn choices<'a>(all: impl Iterator<Item = &'a Anchored>) -> Vec<Choice<'static>> {
    all.map(|a| {
        let kind = a.anchor.anchor.name();
        let words = |kind: &str| format!("{}（{kind}）", a.anchor.name);
        Choice::new(a.anchor.id.to_string(), rules::text::worded(words(&kind.ja), format!("{} ({})", a.anchor.name, kind.en)))
    })
    .collect()
}

fn confirming(visit: &Visit, waiting: &[&Anchored], again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "decide", again);
    html! {
        section id="decide" {
            h2 { (text("2人目の確認", "The second person").get(lang)) }
            p { (text("電話や対面など、カードとは別の経路で相手から聞いた指紋を入力してください。登録した本人は確認できません。一致しなければ、その登録は使えなくなります。", "Type the fingerprint as the other side told you, by telephone or in person, not by the way the card came. Whoever proposed it cannot confirm it. If it does not match, the anchor is blocked for good.").get(lang)) }
            form.narrow method="post" action=(urls::trust_act("decide")) data-submit-key {
                (csrf(&visit.csrf))
                (form.summary())
                (select(lang, &form.field("anchor", text("対象", "Anchor"), "").required(), &choices(waiting.iter().copied())))
                (textarea(lang, Area::default(), &form.field("fingerprint", text("指紋（64桁。空白や区切りは自由です）", "Fingerprint: 64 digits, in any groups"), "").required()))
                (submit(lang, Kind::Primary, &text("指紋を照合する", "Compare the fingerprint")))
            }
        }
    }
}

fn removal(visit: &Visit, read: &TrustRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "remove", again);
    let open = choices(read.anchors.iter().filter(|a| a.anchor.state != AnchorState::Removed));
    if open.is_empty() {
        return html! {};
    }
    details(
        lang,
        &text("登録を削除する", "Remove an anchor"),
        form.refused.is_some(),
        html! {
            form.narrow method="post" action=(urls::trust_act("remove")) data-submit-key {
                (csrf(&visit.csrf))
                (form.summary())
                (select(lang, &form.field("anchor", text("対象", "Anchor"), "").required(), &open))
                (text_field(lang, &form.field("reason", text("理由", "Reason"), "").required()))
                (submit(lang, Kind::Danger, &text("削除する", "Remove")))
            }
        },
    )
}

fn proposal(visit: &Visit, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "propose", again);
    let kinds: Vec<Choice> = AnchorKind::ALL
        .into_iter()
        .filter(|kind| if *kind == AnchorKind::Installation { visit.has(Role::Administrator) } else { visit.has(Role::Operator) })
        .map(|kind| Choice::new(word(&kind), kind.name()))
        .collect();
    let labels: Vec<Choice> = rules::evidence::Label::ALL.into_iter().map(|label| Choice::new(word(&label), label.name())).collect();
    html! {
        section id="propose" {
            h2 { (text("登録する", "Register").get(lang)) }
            form method="post" action=(urls::trust_act("propose")) data-submit-key data-keep="propose" {
                (csrf(&visit.csrf))
                (form.summary())
                (select(lang, &form.field("anchor", text("種類", "Kind"), "").required(), &kinds))
                (text_field(lang, &form.field("name", text("名前", "Name"), "").required()))
                (textarea(lang, Area::default(), &form.field("data", text("カード、証明書（PEM）または公開鍵", "Card, certificate (PEM) or public key"), "").required()))
                (select(lang, &form.field("label", label_name(), "disclosable").hint(text("相手と合意した、やり取りしてよい最も高い秘密区分です。他のAkashiの場合に使います。", "The highest label that you agreed to exchange. It counts for other installations.")), &labels))
                (submit(lang, Kind::Primary, &text("登録する（別の人の確認を待つ）", "Register; another person confirms it")))
            }
        }
    }
}

fn propose(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let missing = || Refusal::invalid("anchor", text("入力または選択してください。", "Enter or choose something."));
    let command = || {
        Ok(Command::ProposeAnchor {
            anchor: form.word("anchor")?.ok_or_else(missing)?,
            name: form.text("name").to_owned(),
            data: form.text("data").to_owned(),
            label: form.word("label")?,
        })
    };
    act(visit, command(), saved_at(&urls::trust()), |refusal| page(visit, Some(("propose", refusal))))
}

fn decide(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let command = form.need("anchor").map(|anchor| Command::DecideAnchor { anchor, fingerprint: form.text("fingerprint").to_owned() });
    let after = format!(
        "{}&anchor={}",
        saved_at(&urls::trust()),
        form_urlencoded::byte_serialize(form.text("anchor").as_bytes()).collect::<String>()
    );
    act(visit, command, after, |refusal| page(visit, Some(("decide", refusal))))
}

fn remove(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let command = form.need("anchor").map(|anchor| Command::RemoveAnchor { anchor, reason: form.text("reason").to_owned() });
    act(visit, command, saved_at(&urls::trust()), |refusal| page(visit, Some(("remove", refusal))))
}
