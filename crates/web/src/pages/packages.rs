//! Sealed packages: sending a case to another installation, taking one in after a look at it, and receipts.

use app::package::{Look, Moved, PackagesRead, Turned, UNANSWERED, reason};
use maud::{Markup, html};
use rules::exchange::FileChange;
use rules::id::{self, Id, ItemNo, Pos};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::anchors::worth_tone;
use super::form::{Again, Form, saved_at, settle};
use super::signs::{label_tone, time};
use crate::components::{
    Area, Choice, Column, Crumb, Kind, Row, Table, Tone, card, csrf, details, empty, facts, file_field, link_button, notice, select, size,
    submit, table, tag, textarea, upload_progress,
};
use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const EXCHANGERS: Guard = Guard::Roles(&[Role::Officer, Role::Secretariat]);

/// Where a package is uploaded: the server takes larger files there than elsewhere.
pub const RECEIVE: &str = "/packages/receive";

pub const ROUTES: &[Route] = &[
    get("/packages", EXCHANGERS, show),
    post("/packages/send", EXCHANGERS, send),
    get(RECEIVE, EXCHANGERS, look),
    post(RECEIVE, EXCHANGERS, arrive),
    post("/packages/take", EXCHANGERS, take),
    post("/packages/decline", EXCHANGERS, decline),
    post("/packages/receipt", EXCHANGERS, receipt),
    post("/packages/file", EXCHANGERS, file),
];

pub fn title() -> Text {
    text("封印パッケージ", "Sealed packages")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = visit.app.packages(visit.actor()?)?;
    let main = html! {
        (sending(visit, &read, again)?)
        (receiving(visit, again))
        (filing(visit, again))
        h2 { (text("送付と受領", "Sent and received").get(lang)) }
        (moved(visit, &read))
        @if !read.refused.is_empty() { h2 { (text("拒否したパッケージ", "Refused").get(lang)) } (refused(visit, &read)) }
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "案件の回答と証跡を、署名し暗号化した1つのファイルで、別の環境のAkashiとやり取りします。",
        "The answers and evidence of a case go to another installation as one file, signed and encrypted.",
    ));
    if visit.has(Role::Administrator) {
        page.corner = link_button(lang, Kind::Secondary, &super::trust::title(), &urls::trust());
    }
    page.notices = super::form::saved_notice(visit, "");
    Ok(page)
}

fn sending(visit: &Visit, read: &PackagesRead, again: Again) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let form = Form::new(visit, "send", again);
    let named = |name: &str| worded(name.to_owned(), name.to_owned());
    let to: Vec<Choice> = read.others.iter().map(|a| Choice::new(a.id.to_string(), named(&a.name))).collect();
    let cases = visit.app.cases(visit.actor()?, None)?;
    let cases: Vec<Choice> = cases
        .iter()
        .map(|row| {
            let number = row.case.number.as_deref().unwrap_or("―");
            Choice::new(row.case.id.to_string(), named(&format!("{} {number}", row.product)))
        })
        .collect();
    let body = if to.is_empty() {
        html! { p.muted { (text("送り先がまだありません。組織管理者が「トラストアンカー」で相手のカードを登録し、別の管理者が確認すると送れます。", "There is nobody to send to yet: an administrator registers the other side's card among the trust anchors, and another one confirms it.").get(lang)) } }
    } else if cases.is_empty() {
        html! { p.muted { (text("送れる案件がありません。", "There is no case to send.").get(lang)) } }
    } else {
        html! {
            (form.summary())
            form method="post" action=(urls::packages_act("send")) {
                (csrf(&visit.csrf))
                div.columns {
                    (select(lang, &form.field("case", text("案件", "Case"), visit.query.text("case")).required(), &cases))
                    (select(lang, &form.field("anchor", text("送り先", "To"), "").required(), &to))
                }
                p { (text("最後に申請した内容（未申請の場合は現在の内容）を送ります。送り先だけが開けるファイルがダウンロードされるので、メールや媒体で渡してください。送付は台帳に記録されます。", "What was submitted last is sent, or what stands where nothing was. A file that only the receiver can open is downloaded; hand it over by mail or on a medium. The ledger records it.").get(lang)) }
                (submit(lang, Kind::Primary, &text("パッケージを作成してダウンロード", "Make and download the package")))
            }
        }
    };
    Ok(card(lang, &text("送る", "Send"), html! {}, body))
}

fn receiving(visit: &Visit, again: Again) -> Markup {
    let lang = visit.lang;
    if !visit.has(Role::Secretariat) {
        return html! {};
    }
    let form = Form::new(visit, "receive", again);
    card(
        lang,
        &text("受け取る", "Receive"),
        html! {},
        html! {
            (form.summary())
            form method="post" action=(RECEIVE) enctype="multipart/form-data" data-upload {
                (csrf(&visit.csrf))
                (file_field(lang, &form.field("file", text("届いたパッケージ", "The package that came"), "").required(), ".akashi,.age", visit.app.config.package_limit, false))
                p { (text("署名・宛先・改変の有無を確認し、内容を表示します。受領を決めるまで何も変わりません。", "Signature, address and every byte are checked, and the content is shown. Nothing changes before you decide.").get(lang)) }
                (submit(lang, Kind::Primary, &text("確認する", "Check it")))
                (upload_progress(lang))
            }
        },
    )
}

fn filing(visit: &Visit, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "receipt", again);
    details(
        lang,
        &text("届いた受領書を登録する", "File a receipt that came"),
        form.refused.is_some(),
        html! {
            form method="post" action=(urls::packages_act("file")) {
                (csrf(&visit.csrf))
                (form.summary())
                (textarea(lang, Area::default(), &form.field("receipt", text("受領書の内容", "The receipt's text"), "").required()))
                (submit(lang, Kind::Primary, &text("受領書を登録する", "File the receipt")))
            }
        },
    )
}

fn name(read: &PackagesRead, person: Id<id::Person>) -> &str {
    read.names.get(&person).map_or("—", String::as_str)
}

fn moved(visit: &Visit, read: &PackagesRead) -> Markup {
    let lang = visit.lang;
    if read.moved.is_empty() {
        return empty(
            lang,
            &text("まだやり取りはありません", "Nothing yet"),
            &text(
                "送ったパッケージと受け取ったパッケージが、受領書の状態とともに並びます。",
                "What you send and receive stands here, with its receipts.",
            ),
            html! {},
        );
    }
    let columns = vec![
        Column::new(text("番号", "Number")),
        Column::new(text("案件", "Case")),
        Column::new(text("相手", "Other side")),
        Column::new(text("秘密区分", "Label")),
        Column::new(text("日時", "At")),
        Column::new(text("状態", "State")),
    ];
    let rows = read.moved.iter().map(|m| {
        let p = &m.package;
        Row::new(vec![
            html! { code { (p.number.get(..8).unwrap_or_default()) "…" } br; span.small.muted { (size(p.size)) } },
            html! { @if let Some(case) = p.case { a href=(urls::case(case)) { (text("案件を開く", "Open the case").get(lang)) } @if p.round > 0 { br; (worded(format!("第{}ラウンド", p.round), format!("Round {}", p.round)).get(lang)) } } },
            html! { (if m.sent { text("送付: ", "To ") } else { text("受領: ", "From ") }.get(lang)) (p.other_name) },
            tag(lang, label_tone(p.label), &p.label.name()),
            html! { (time(p.at)) br; (name(read, p.by)) },
            state(visit, m),
        ])
    });
    table(
        lang,
        &Table::new(text("送付と受領（新しい順）", "Sent and received, the newest first"), columns, rows.collect()).caption_hidden(),
    )
}

fn state(visit: &Visit, m: &Moved) -> Markup {
    let lang = visit.lang;
    let days = visit.app.clock.now().duration_since(m.package.at).as_hours() / 24;
    html! {
        @match (&m.answer, m.sent) {
            (_, false) => { (tag(lang, Tone::Success, &text("受領済み", "Taken in"))) (receipt_form(visit, "package", &m.package.id.to_string())) },
            (Some((true, _, at)), true) => { (tag(lang, Tone::Success, &text("相手が受領", "Received"))) " " (time(*at)) },
            (Some((false, why, at)), true) => {
                (tag(lang, Tone::Danger, &text("相手が拒否", "Refused"))) " " (time(*at))
                @if let Some(why) = reason(why) { br; span.small { (why.get(lang)) } }
            },
            (None, true) if days >= UNANSWERED => { (tag(lang, Tone::Warn, &worded(format!("{days}日間、受領書なし"), format!("No receipt for {days} days")))) },
            (None, true) => { (tag(lang, Tone::Info, &text("受領書待ち", "Awaits the receipt"))) },
        }
    }
}

fn receipt_form(visit: &Visit, field: &str, value: &str) -> Markup {
    html! {
        form method="post" action=(urls::packages_act("receipt")) {
            (csrf(&visit.csrf))
            input type="hidden" name=(field) value=(value);
            (submit(visit.lang, Kind::Quiet, &text("受領書をダウンロード", "Download the receipt")))
        }
    }
}

fn refused(visit: &Visit, read: &PackagesRead) -> Markup {
    let lang = visit.lang;
    let columns = vec![
        Column::new(text("日時", "At")),
        Column::new(text("送り主（自称）", "Sender, by its own word")),
        Column::new(text("理由", "Reason")),
        Column::new(text("受領書", "Receipt")),
    ];
    let answered = |r: &Turned| r.why.is_answered() && r.number.is_some() && r.manifest.is_some();
    let rows = read.refused.iter().map(|r| {
        Row::new(vec![
            html! { (time(r.at)) br; (name(read, r.by)) },
            html! { (r.sender.as_deref().unwrap_or("―")) br; span.small { code { (r.digest.to_string().get(..16).unwrap_or_default()) "…" } } },
            html! { (r.why.name().get(lang)) },
            html! { @if answered(r) { (receipt_form(visit, "refusal", &r.pos.0.to_string())) } @else { "―" } },
        ])
    });
    table(
        lang,
        &Table::new(text("拒否したパッケージ（新しい順）", "Refused packages, the newest first"), columns, rows.collect()).caption_hidden(),
    )
}

fn send(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let made = || -> Result<app::package::Sent, app::Error> {
        let (case, anchor) = (form.need("case")?, form.need("anchor")?);
        visit.app.send_package(visit.actor()?, case, anchor)
    };
    match made() {
        Ok(sent) => Ok(Answer::File(FileAnswer {
            media: "application/octet-stream".into(),
            name: sent.name,
            content: FileContent::Made(sent.file),
            inline: false,
        })),
        Err(error) => settle(Err(error), |refusal| page(visit, Some(("send", refusal)))),
    }
}

fn arrive(visit: &Visit) -> Result<Answer, app::Error> {
    let came = || -> Result<String, app::Error> { visit.app.arrived_package(visit.actor()?, &visit.upload("file")?.path) };
    settle(came().map(|token| format!("{RECEIVE}?draft={token}")), |refusal| page(visit, Some(("receive", refusal))))
}

fn look(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let title = text("届いたパッケージの確認", "A package that came");
    let main = match visit.query.get("draft") {
        Some(token) => preview(visit, token, &visit.app.look_at_package(visit.actor()?, token)?),
        None => html! {
            @if visit.has(Role::Secretariat) { (receiving(visit, None)) }
            @else { p { (text("封印パッケージを受領できるのは、評価機関の事務局です。", "The secretariat of an evaluation body takes packages in.").get(lang)) } }
        },
    };
    let mut page = visit.page(title.clone(), main);
    page.breadcrumb = vec![Crumb::link(self::title(), urls::packages()), Crumb::here(title)];
    Ok(page.into())
}

fn numbers(items: &[ItemNo]) -> String {
    if items.is_empty() { "―".to_owned() } else { items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ") }
}

fn outsider(stamp: bool) -> Text {
    if stamp { text("タイムスタンプ", "Time stamp") } else { text("立会人", "Witness") }
}

fn preview(visit: &Visit, token: &str, look: &Look) -> Markup {
    let lang = visit.lang;
    let (compared, submission) = (&look.comparison, &look.submission);
    html! {
        (notice(lang, Tone::Success, &text("署名・宛先・すべてのバイトを確認しました。", "Signature, address and every byte are right."), html! {
            p { (worded(format!("台帳の抜粋{}行も、送り主の署名で証明されています。", look.lines), format!("The {} lines of the ledger extract are proven by the sender's signature too.", look.lines)).get(lang)) }
        }))
        (facts(lang, &[
            (text("送り主", "Sender"), html! { (look.sender) " " span.small.muted { (look.anchor.name) } }),
            (text("申請者", "Applicant"), html! { (submission.provider.name) }),
            (text("内容", "About"), html! { (look.subject) }),
            (text("番号", "Number"), html! { code { (look.number) } }),
            (text("作成", "Made"), html! { @match look.made_at.parse() { Ok(at) => { (time(at)) }, Err(_) => { (look.made_at) } } }),
            (text("秘密区分", "Label"), tag(lang, label_tone(look.label), &look.label.name())),
            (text("第三者の証明", "Word of outsiders"), html! {
                @if look.anchors.is_empty() { (text("なし", "None").get(lang)) }
                @for (stamp, worth) in &look.anchors { (outsider(*stamp).get(lang)) ": " (tag(lang, worth_tone(worth), &worth.words())) br; }
            }),
            (text("大きさ", "Size"), html! { (size(look.size)) }),
            (text("受領すると", "Taking it in makes"), html! { @match look.continues {
                Some(case) => { (text("案件の次のラウンド", "the next round of ").get(lang)) " " a href=(urls::case(case)) { (text("案件を開く", "this case").get(lang)) } },
                None => { (text("新しい案件", "a new case").get(lang)) },
            } }),
        ]))
        h2 { (text("前回との比較", "Against what came before").get(lang)) }
        (facts(lang, &[
            (text("新しい項目", "New items"), html! { (numbers(&compared.new)) }),
            (text("変わった項目", "Changed items"), html! { (numbers(&compared.changed)) }),
            (text("なくなった項目", "Items that are gone"), html! { (numbers(&compared.gone)) }),
        ]))
        @if !compared.files.is_empty() {
            ul { @for file in &compared.files { li { @match file {
                FileChange::New(name) => { (text("新しい証跡: ", "New document: ").get(lang)) (name) },
                FileChange::Changed(name) => { (text("変わった証跡: ", "Changed document: ").get(lang)) (name) },
                FileChange::Gone(name) => { (text("なくなった証跡: ", "Document that is gone: ").get(lang)) (name) },
            } } } }
        }
        @if let Some(waits) = &look.waits { (notice(lang, Tone::Warn, waits, html! {})) }
        div.actions {
            @if look.waits.is_none() { (decision(visit, "take", token, Kind::Primary, &text("受領して申請とする", "Take it in as a submission"))) }
            (decision(visit, "decline", token, Kind::Danger, &text("受領しない", "Decline it")))
        }
    }
}

fn decision(visit: &Visit, act: &str, token: &str, kind: Kind, label: &Text) -> Markup {
    html! {
        form method="post" action=(urls::packages_act(act)) {
            (csrf(&visit.csrf))
            input type="hidden" name="draft" value=(token);
            (submit(visit.lang, kind, label))
        }
    }
}

fn take(visit: &Visit) -> Result<Answer, app::Error> {
    let taken = || -> Result<String, app::Error> {
        let done = visit.app.take_package(visit.actor()?, &visit.form.need::<String>("draft")?)?;
        Ok(match done.made.and_then(|case| case.parse().ok()) {
            Some(case) => urls::case(case),
            None => saved_at(&urls::packages()),
        })
    };
    settle(taken(), |refusal| page(visit, Some(("receive", refusal))))
}

fn decline(visit: &Visit) -> Result<Answer, app::Error> {
    let declined = || -> Result<(), app::Error> { visit.app.decline_package(visit.actor()?, &visit.form.need::<String>("draft")?) };
    settle(declined().map(|()| saved_at(&urls::packages())), |refusal| page(visit, Some(("receive", refusal))))
}

fn receipt(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let (name, text) = match form.read::<i64>("refusal")? {
        Some(pos) => visit.app.refusal_receipt(visit.actor()?, Pos(pos))?,
        None => visit.app.package_receipt(visit.actor()?, form.need("package")?)?,
    };
    Ok(Answer::File(FileAnswer {
        media: "text/plain; charset=utf-8".into(),
        name,
        content: FileContent::Bytes(text.into_bytes()),
        inline: false,
    }))
}

fn file(visit: &Visit) -> Result<Answer, app::Error> {
    let filed = || -> Result<(), app::Error> {
        let written = visit.form.text("receipt");
        if written.trim().is_empty() {
            return Err(Refusal::invalid("receipt", text("受領書の内容を貼り付けてください。", "Paste the receipt.")).into());
        }
        visit.app.file_receipt(visit.actor()?, written).map(drop)
    };
    settle(filed().map(|()| saved_at(&urls::packages())), |refusal| page(visit, Some(("receipt", refusal))))
}
