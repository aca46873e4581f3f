//! Proofs of the ledger: what was signed last, where it went, by which keys; and the same for programs, for anybody.

use app::proof::{AnchorState, ProofState, Worth};
use axum::http::StatusCode;
use maud::{Markup, html};
use rules::command::Command;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::running::Running;
use rules::text::{Lang, Text, text, worded};
use rules::vault::KeyRole;
use serde_json::json;

use super::form::{self, Again, Form};
use super::signs::time;
use crate::components::{
    Area, Column, Kind, Row, Table, Tone, csrf, details, empty, facts, link_button, notice, size, submit, table, tag, textarea,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

/// Characters of a key that is shown folded.
const LONG: usize = 200;
const RUNNERS: Guard = Guard::Roles(&[Role::Administrator, Role::Operator]);
const OPERATORS: Guard = Guard::Roles(&[Role::Operator]);

pub const ROUTES: &[Route] = &[
    get("/anchors", RUNNERS, show),
    post("/anchors/rotate", OPERATORS, rotate),
    get("/proof/latest.json", Guard::Public, latest),
    get("/proof/keys.json", Guard::Public, keys),
];

pub fn title() -> Text {
    text("台帳の証明", "Proofs of the ledger")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let state = visit.app.proof(visit.actor()?)?;
    let main = html! {
        (form::saved_notice(visit, "rotate"))
        @match &state.installation {
            None => { (empty(lang, &text("まだ署名していません", "Nothing is signed yet"), &text("サービスを起動すると署名鍵が作られ、台帳への署名が始まります。", "When the service starts, its keys are made and signing begins."), html! {})) },
            Some(installation) => {
                (standing(lang, installation, &state))
                (places(lang, &state.anchors))
                (public_keys(lang, &state.keys))
                (epochs(lang, &state))
                (happened(lang, &state))
                @if visit.has(Role::Operator) { (rotation(visit, again)) }
            },
        }
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "台帳の状態に署名し、この環境では書き換えられない場所に固定します。外部の人は公開鍵だけで検証できます。",
        "What the ledger is gets signed and kept in places that this installation cannot rewrite. Outsiders check it with the public keys alone.",
    ));
    Ok(page)
}

fn standing(lang: Lang, installation: &str, state: &ProofState) -> Markup {
    let mut pairs = vec![(text("環境の名前", "Installation"), html! { code { (installation) } })];
    match &state.newest {
        Some(newest) => {
            pairs.push((text("最後の署名", "Signed last"), time(newest.at)));
            pairs.push((text("署名の数", "Signatures so far"), html! { (newest.size) }));
            pairs.push((text("区間（epoch）", "Epoch"), html! { (newest.epoch) }));
        }
        None => pairs.push((text("最後の署名", "Signed last"), html! { "―" })),
    }
    if let Some((server, offset, ok, at)) = &state.time {
        let (tone, word) = if *ok { (Tone::Success, text("正常", "Right")) } else { (Tone::Danger, text("ずれ", "Off")) };
        pairs.push((
            text("時刻サーバーとの差", "Against the time server"),
            html! { (tag(lang, tone, &word)) " " (server) ": " (offset) " ms " (time(*at)) },
        ));
    }
    if let Some(forecast) = &state.forecast {
        let left = match forecast.days {
            Some(days) => worded(format!("約{days}日分"), format!("about {days} days at this growth")),
            None => text("増え方はまだ分かりません", "its growth is not known yet"),
        };
        let short = forecast.is_short().then(|| tag(lang, Tone::Danger, &text("不足", "Short")));
        pairs.push((text("記憶容量", "Space"), html! {
            (worded(format!("使用 {}・空き {}（", size(forecast.used), size(forecast.free)), format!("{} used, {} free (", size(forecast.used), size(forecast.free))).get(lang))
            (left.get(lang)) @if lang == Lang::Ja { "）" } @else { ")" } " "
            @if let Some(short) = short { (short) }
        }));
    }
    html! { (facts(lang, &pairs)) @if let Some(newest) = &state.newest { (details(lang, &text("署名されたチェックポイント", "The signed checkpoint"), false, html! { pre { (newest.note) } })) } }
}

fn kind_name(kind: &str) -> Text {
    match kind {
        "file" => text("ファイル", "File"),
        "mail" => text("メール", "Mail"),
        "witness" => text("立会人", "Witness"),
        _ => text("タイムスタンプ局", "Time-stamping authority"),
    }
}

/// What an outsider's word is worth, by colour beside the words.
pub(super) fn worth_tone(worth: &Worth) -> Tone {
    match worth {
        Worth::Trusted { .. } => Tone::Success,
        Worth::NotTrusted { .. } => Tone::Warn,
        Worth::Wrong(_) => Tone::Danger,
    }
}

fn places(lang: Lang, anchors: &[AnchorState]) -> Markup {
    if anchors.is_empty() {
        let how = text(
            "起動時の設定（AKASHI_ANCHOR_FILE、AKASHI_ANCHOR_MAIL、AKASHI_ANCHOR_WITNESS、AKASHI_ANCHOR_STAMP）で固定先を指定してください。固定先がないと、データベースの全権限を持つ人が台帳の末尾を切り取っても分かりません。",
            "Name places when the service starts (AKASHI_ANCHOR_FILE, AKASHI_ANCHOR_MAIL, AKASHI_ANCHOR_WITNESS, AKASHI_ANCHOR_STAMP). Without any, a tail cut off by somebody with all rights on the database is not seen.",
        );
        return notice(
            lang,
            Tone::Warn,
            &text("外部の固定先がありません。", "Nothing is anchored outside."),
            html! { p { (how.get(lang)) } },
        );
    }
    let columns = vec![
        Column::new(text("種類", "Kind")),
        Column::new(text("固定先", "Place")),
        Column::new(text("最後の成功", "Last success")),
        Column::new(text("署名の数", "Signatures")).number(),
        Column::new(text("状態", "State")),
    ];
    let rows = anchors.iter().map(|anchor| {
        Row::new(vec![
            html! { (kind_name(anchor.kind).get(lang)) },
            html! { code { (anchor.place) } },
            html! { @match anchor.last { Some((at, _)) => { (time(at)) }, None => { "―" } } },
            html! { @match anchor.last { Some((_, size)) => { (size) }, None => { "―" } } },
            html! {
                @match (&anchor.trouble, anchor.last) {
                    (Some((tries, since, words)), _) => {
                        (tag(lang, Tone::Danger, &text("失敗", "Failing"))) " "
                        (worded(format!("{tries}回"), format!("{tries} tries")).get(lang)) " " (time(*since))
                        p.small.prose { (words.get(lang)) }
                    },
                    (None, Some(_)) => { (tag(lang, Tone::Success, &text("正常", "Good"))) },
                    (None, None) => { (tag(lang, Tone::Info, &text("まだありません", "Not yet"))) },
                }
                @if let Some(of) = &anchor.worth {
                    p.small { (tag(lang, worth_tone(of), &of.words())) }
                    @if matches!(of, Worth::NotTrusted { .. }) { p.small { a href=(urls::trust()) { (text("トラストアンカーに登録し、2人目の確認を受けてください。", "Register it as a trust anchor and have a second person confirm it.").get(lang)) } } }
                }
            },
        ])
    });
    table(lang, &Table::new(text("外部の固定先", "Anchors outside"), columns, rows.collect()))
}

fn public_keys(lang: Lang, keys: &[String]) -> Markup {
    html! {
        h2 { (text("公開鍵", "Public keys").get(lang)) }
        p { (text("立会人や評価先に、この文字列をそのまま渡してください。akashi verify の --key に指定します。", "Hand these lines to witnesses and verifiers as they are; they name them with --key of akashi verify.").get(lang)) }
        // A key of the second algorithm fills a screen.
        @for key in keys {
            @if key.len() < LONG { pre.wrap { code { (key) } } }
            @else { (details(lang, &text("公開鍵（ML-DSA-44）", "Public key (ML-DSA-44)"), false, html! { pre.wrap { code { (key) } } })) }
        }
        div.actions {
            (link_button(lang, Kind::Secondary, &text("公開鍵（JSON）", "Public keys (JSON)"), &urls::proof_keys()))
            (link_button(lang, Kind::Secondary, &text("最新のチェックポイント（JSON）", "Latest checkpoint (JSON)"), &urls::proof_latest()))
        }
    }
}

fn epochs(lang: Lang, state: &ProofState) -> Markup {
    let columns = vec![
        Column::new(text("区間", "Epoch")).number(),
        Column::new(text("開始", "Began")),
        Column::new(text("理由", "Reason")),
        Column::new(text("説明", "Words")),
    ];
    let rows = state.epochs.iter().rev().map(|epoch| {
        // The line in the ledger holds both languages.
        let words = epoch.authority.split_once(" / ").map_or(epoch.authority.as_str(), |(ja, en)| if lang == Lang::Ja { ja } else { en });
        Row::new(vec![html! { (epoch.epoch) }, time(epoch.at), html! { (epoch.reason.name().get(lang)) }, html! { span.prose { (words) } }])
    });
    table(lang, &Table::new(text("区間の履歴（新しい順）", "Epochs, the newest first"), columns, rows.collect()))
}

fn told(what: &Running) -> Text {
    match what {
        Running::Started { version, clean: true } => worded(format!("起動しました（{version}）。"), format!("Started ({version}).")),
        Running::Started { version, clean: false } => worded(
            format!("起動しました（{version}）。前回は正常に停止していません。"),
            format!("Started ({version}); the last run had not been stopped in order."),
        ),
        Running::Stopped { .. } => text("停止しました。", "Stopped."),
        Running::ClockJumped { milliseconds } => {
            worded(format!("時計が{milliseconds}ミリ秒動きました。"), format!("The clock jumped by {milliseconds} ms."))
        }
        Running::ClockChecked { server, offset_ms, .. } => {
            worded(format!("{server} との時刻差は{offset_ms}ミリ秒です。"), format!("{offset_ms} ms off {server}."))
        }
        Running::LogPaused { .. } => text("台帳に書き込めない時間がありました。", "The ledger could not be written for a while."),
        Running::SigningKeyChanged { .. } => text("署名鍵を更新しました。", "The signing keys were rotated."),
        Running::AlertsTried { ok: true, .. } => text("警告の経路を確認しました。", "The way of alerts was tried."),
        Running::AlertsTried { ok: false, reason } => {
            worded(format!("警告の経路の確認に失敗しました: {reason}"), "A test of alerting did not arrive.")
        }
        Running::EpochBegun { .. } | Running::BackupMade(_) | Running::BackupTried(_) => text("記録しました。", "Recorded."),
    }
}

fn happened(lang: Lang, state: &ProofState) -> Markup {
    let columns = vec![Column::new(text("日時", "At")), Column::new(text("できごと", "What happened"))];
    let rows = state.events.iter().map(|event| Row::new(vec![time(event.at), html! { (told(&event.what).get(lang)) }]));
    table(lang, &Table::new(text("稼働の記録（新しい順）", "Running, the newest first"), columns, rows.collect()))
}

fn rotation(visit: &Visit, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "rotate", again);
    html! {
        h2 { (text("署名鍵の更新", "Rotate the signing keys").get(lang)) }
        p { (text("新しい署名鍵を作り、すべての台帳に記録します。更新後は、立会人と評価先に新しい公開鍵を渡してください。", "New keys are made and announced in every ledger. Hand the new public keys to witnesses and verifiers afterwards.").get(lang)) }
        form.narrow method="post" action=(urls::anchors_rotate()) data-submit-key data-keep="rotate" {
            (csrf(&visit.csrf))
            (form.summary())
            (textarea(lang, Area::default(), &form.field("reason", text("理由", "Reason"), "").required()))
            (submit(lang, Kind::Secondary, &text("署名鍵を更新する", "Rotate the signing keys")))
        }
    }
}

fn rotate(visit: &Visit) -> Result<Answer, app::Error> {
    let reason = visit.form.text("reason").trim().to_owned();
    let command = if reason.is_empty() {
        Err(Refusal::invalid("reason", text("理由を入力してください。", "Say why.")))
    } else {
        Ok(Command::RotateKey { key: KeyRole::Signing, reason })
    };
    form::act(visit, command, form::saved_at(&urls::anchors()), |refusal| page(visit, Some(("rotate", refusal))))
}

/// The newest super checkpoint, for whoever compares.
fn latest(visit: &Visit) -> Result<Answer, app::Error> {
    let proof = visit.app.public_proof()?;
    let newest = proof.as_ref().and_then(|proof| proof.newest.as_ref());
    let body = json!({
        "installation": proof.as_ref().map(|proof| &proof.installation),
        "size": newest.map(|newest| newest.size),
        "epoch": newest.map(|newest| newest.epoch),
        "at": newest.map(|newest| newest.at),
        "note": newest.map(|newest| &newest.note),
    });
    Ok(Answer::Json(StatusCode::OK, body))
}

/// The public keys of now.
fn keys(visit: &Visit) -> Result<Answer, app::Error> {
    let proof = visit.app.public_proof()?;
    let body = json!({
        "installation": proof.as_ref().map(|proof| &proof.installation),
        "epoch": proof.as_ref().map(|proof| proof.epoch),
        "keys": proof.as_ref().map_or(&[][..], |proof| proof.keys.as_slice()),
    });
    Ok(Answer::Json(StatusCode::OK, body))
}
