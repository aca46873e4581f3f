//! What anybody may look up: a certificate by its verification code, and the registry of published certificates.

use app::read::public::PublicCertificate;
use axum::http::StatusCode;
use maud::{Markup, html};
use rules::case::State;
use rules::refusal::Why;
use rules::text::{Lang, Text, text, worded};

use super::signs;
use crate::components::{
    Column, Field, Kind, Row, Table, Tone, card, details, empty, facts, link_button, notice, submit, table, tag, text_field,
};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] =
    &[get("/verify", Guard::Public, ask), get("/verify/{code}", Guard::Public, verify), get("/registry", Guard::Public, registry)];

const VERIFY: Text = text("認定証の検証", "Verify a certificate");

/// The form; it also takes the code from its own query and goes to the page of that code.
fn ask(visit: &Visit) -> Result<Answer, app::Error> {
    let code = plain_code(visit.query.text("code"));
    if code.is_empty() {
        return Ok(visit.page(VERIFY, form(visit, "")).into());
    }
    Ok(Answer::Go(urls::verify_code(&code)))
}

/// The code as people type it: any case, with or without hyphens and blanks, also full-width.
fn plain_code(written: &str) -> String {
    let letters = written.chars().map(|c| if ('！'..='～').contains(&c) { char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c) } else { c });
    let letters: Vec<char> = letters.filter(char::is_ascii_alphanumeric).take(64).map(|c| c.to_ascii_uppercase()).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

fn form(visit: &Visit, code: &str) -> Markup {
    let lang = visit.lang;
    let field = Field::new("code", text("検証コード", "Verification code"));
    html! {
        p { (text("認定証に記載された検証コードを入力すると、認定証の内容と現在の状態を確認できます。", "Enter the verification code printed on a certificate to see what it certifies and whether it stands today.").get(lang)) }
        form.narrow method="get" action=(urls::verify()) {
            (text_field(lang, &field.hint(text("例: ABCD-EFGH-JKLM-NPQR", "For example ABCD-EFGH-JKLM-NPQR")).value(code).required()))
            (submit(lang, Kind::Primary, &text("検証する", "Verify")))
        }
        p { a href=(urls::registry()) { (text("公開されている認定の一覧", "Public list of certificates").get(lang)) } }
    }
}

fn verify(visit: &Visit) -> Result<Answer, app::Error> {
    let written: String = visit.param("code")?;
    let code = plain_code(&written);
    match visit.app.certificate_by_code(&code) {
        Ok(found) => Ok(visit.page(VERIFY, found_page(visit, &found)).into()),
        Err(app::Error::Refused(refusal)) if refusal.why == Why::NotFound => {
            let words = text("この検証コードの認定証は見つかりませんでした。", "There is no certificate with this code.");
            let hint = text(
                "認定証に記載されたコードと見比べて、もう一度入力してください。数字の0と1、英字のIとOは使われていません。",
                "Compare it with the certificate and try again. The digits 0 and 1 and the letters I and O are not used.",
            );
            let main = html! { (notice(visit.lang, Tone::Warn, &words, html! { p { (hint.get(visit.lang)) } })) (form(visit, &code)) };
            Ok(Answer::Refused(StatusCode::NOT_FOUND, Box::new(visit.page(VERIFY, main))))
        }
        Err(other) => Err(other),
    }
}

/// What the state of the case means for whoever holds the certificate.
fn standing(state: State) -> (Tone, Text) {
    match state {
        State::Certified | State::Watched => (Tone::Success, text("この認定証は有効です。", "This certificate is valid.")),
        State::Expired => (Tone::Warn, text("この認定証は有効期間が終了しています。", "This certificate has expired.")),
        State::Withdrawn => (Tone::Danger, text("この認定証は取り消されています。", "This certificate was withdrawn.")),
        State::Renewed => {
            (Tone::Info, text("この認定証は新しい認定証に更新されています。", "This certificate was replaced by a newer one."))
        }
        State::Draft | State::Submitted | State::InReview | State::Returned | State::Decided | State::Refused => {
            (Tone::Warn, text("この認定証は現在有効ではありません。", "This certificate does not stand at present."))
        }
    }
}

fn short(state: State) -> (Tone, Text) {
    let (tone, _) = standing(state);
    let word = match state {
        State::Certified | State::Watched => text("有効", "Valid"),
        State::Expired => text("期間終了", "Expired"),
        State::Withdrawn => text("取消し", "Withdrawn"),
        State::Renewed => text("更新済み", "Renewed"),
        State::Draft | State::Submitted | State::InReview | State::Returned | State::Decided | State::Refused => text("無効", "Not valid"),
    };
    (tone, word)
}

fn found_page(visit: &Visit, found: &PublicCertificate) -> Markup {
    let lang = visit.lang;
    let (tone, words) = standing(found.state);
    let certificate = &found.certificate;
    let mut rows = vec![
        (text("認定番号", "Certificate number"), html! { (certificate.number) }),
        (text("評価対象プロダクト名", "Product"), html! { (found.product) }),
        (text("事業者", "Provider"), html! { (found.provider) }),
        (text("評価機関", "Evaluation body"), html! { (found.body) }),
        (text("認定の範囲", "Scope"), html! { @if certificate.scope.is_empty() { "—" } @else { span.prose { (certificate.scope) } } }),
        (text("チェックシート", "Check sheet"), html! { (found.sheet.get(lang)) " (" (found.edition) ")" }),
        (text("判定日", "Decided on"), signs::date(found.decided)),
        (text("発行日", "Issued on"), signs::date(certificate.issued)),
        (
            text("有効期限", "Valid until"),
            certificate.valid_until.map_or_else(|| html! { (text("定めなし", "No end set").get(lang)) }, signs::date),
        ),
    ];
    if found.self_evaluation {
        rows.push((text("評価の種類", "Kind of evaluation"), tag(lang, Tone::Info, &text("自己評価", "Self-evaluation"))));
    }
    html! {
        (notice(lang, tone, &words, html! {}))
        (card(lang, &worded(certificate.number.clone(), certificate.number.clone()), html! {}, facts(lang, &rows)))
        (details(lang, &text("判定の根拠となった申請内容のダイジェスト", "Digest of what the decision rests on"), false, html! {
            p.small { (text("SHA-256。封印された申請内容が変わっていないことを確かめるための値です。", "SHA-256: shows that the sealed application was not altered.").get(lang)) }
            p { code { (found.snapshot) } }
        }))
        p { (link_button(lang, Kind::Secondary, &text("別の認定証を検証する", "Verify another certificate"), &urls::verify())) }
    }
}

fn registry(visit: &Visit) -> Result<Answer, app::Error> {
    let all = visit.app.registry()?;
    let main = html! {
        p { (text("事業者と評価機関の両方が公開に同意した認定証の一覧です。", "Certificates whose publication both the provider and the evaluation body agreed to.").get(visit.lang)) }
        @if all.is_empty() {
            (empty(visit.lang, &text("公開されている認定証はありません", "Nothing is published yet"), &text("検証コードをお持ちの場合は、認定証を検証できます。", "With a verification code you can verify a certificate."), link_button(visit.lang, Kind::Primary, &VERIFY, &urls::verify())))
        } @else { (list(visit.lang, &all)) }
    };
    Ok(visit.page(text("認定の公開一覧", "Public registry"), main).into())
}

fn list(lang: Lang, all: &[PublicCertificate]) -> Markup {
    let columns = vec![
        Column::new(text("プロダクト", "Product")),
        Column::new(text("事業者", "Provider")),
        Column::new(text("評価機関", "Evaluation body")),
        Column::new(text("認定番号", "Number")),
        Column::new(text("発行日", "Issued")),
        Column::new(text("有効期限", "Valid until")),
        Column::new(text("状態", "Status")),
    ];
    let rows = all.iter().map(|found| {
        let (tone, word) = short(found.state);
        let own = &found.certificate;
        Row::new(vec![
            html! { a href=(urls::verify_code(&own.code)) data-row { (found.product) } },
            html! { (found.provider) },
            html! { (found.body) },
            html! { span.nowrap { (own.number) } },
            signs::date(own.issued),
            own.valid_until.map_or_else(|| html! { "—" }, signs::date),
            html! { (tag(lang, tone, &word)) @if found.self_evaluation { " " (tag(lang, Tone::Info, &text("自己評価", "Self-evaluation"))) } },
        ])
    });
    table(lang, &Table::new(text("公開されている認定証", "Published certificates"), columns, rows.collect()).caption_hidden())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        assert_eq!(plain_code(" abcd efghｊｋｌｍ-NPQR "), "ABCD-EFGH-JKLM-NPQR");
        assert_eq!(plain_code("../../x"), "X");
        assert_eq!(plain_code("？！"), "");
    }

    #[test]
    fn only_a_certified_case_is_called_valid() {
        let valid: Vec<State> = State::ALL.into_iter().filter(|s| standing(*s).0 == Tone::Success).collect();
        assert_eq!(valid, [State::Certified, State::Watched]);
    }
}
