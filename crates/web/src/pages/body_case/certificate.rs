//! After the decision: issuing or refusing the certificate, watching, publishing, withdrawing.

use maud::{Markup, html};
use rules::case::{Certificate, State};
use rules::command::Kind as Act;
use rules::text::{Lang, text, worded};

use super::Look;
use crate::components::{Area, Kind, Tone, actions, csrf, details, facts, link_button, submit, tag, textarea};
use crate::pages::signs;
use crate::urls;

/// What follows the decision, by the secretariat.
pub fn conclude(look: &Look) -> Markup {
    let (lang, own) = (look.visit.lang, &look.case.facts);
    let Some(decision) = own.decision.as_ref().filter(|_| own.case.state == State::Decided) else { return html! {} };
    if decision.certify {
        return html! { @if look.may(Act::IssueCertificate) { (issue(look)) } };
    }
    html! {
        @if look.may(Act::RefuseCertificate) {
            h2 { (text("不認定の確定", "Close as refused").get(lang)) }
            form method="post" action=(look.to("refuse")) {
                (csrf(&look.visit.csrf))
                p { (text("最終判定に従い、認定しないことを申請者に確定して伝えます。取り消しはできません。", "Following the decision, the case is closed without a certificate. This cannot be undone.").get(lang)) }
                (submit(lang, Kind::Danger, &text("不認定を確定する", "Close as refused")))
            }
        }
    }
}

fn issue(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case);
    let form = look.form("certify");
    let validity = match case.facts.settings.validity_months {
        Some(months) => worded(format!("有効期間は発行日から{months}か月です。"), format!("It will be valid for {months} months.")),
        None => text("有効期限は定められません。", "It will have no end date."),
    };
    html! {
        h2 { (text("認定証の発行", "Issue the certificate").get(lang)) }
        p { (validity.get(lang)) }
        form method="post" action=(look.to("certify")) data-keep=(look.keep("certify")) {
            (csrf(&look.visit.csrf))
            (textarea(lang, Area { rows: 3, limit: Some(2000), ..Area::default() }, &form.field("scope", text("認定の範囲", "Scope"), &case.product.name).hint(text("認定証に記載されます。", "It is printed on the certificate."))))
            (submit(lang, Kind::Primary, &text("認定証を発行する", "Issue the certificate")))
        }
    }
}

/// The certificate with its downloads, and what can be done with it.
pub fn certificate(look: &Look) -> Markup {
    let (lang, own) = (look.visit.lang, &look.case.facts);
    let Some(certificate) = &own.certificate else { return html! {} };
    let pdf = |lang: Lang| urls::case_page(own.case.id, &format!("certificate.pdf?lang={}", lang.tag()));
    html! {
        h2 { (text("認定証", "Certificate").get(lang)) }
        (facts(lang, &[
            (text("認定番号", "Number"), html! { (certificate.number) }),
            (text("検証コード", "Verification code"), html! { a href=(urls::verify_code(&certificate.code)) { code { (certificate.code) } } }),
            (text("認定の範囲", "Scope"), html! { span.prose { (certificate.scope) } }),
            (text("発行日", "Issued"), html! { (signs::date(certificate.issued)) " " (look.case.name(certificate.issued_by)) }),
            (text("有効期限", "Valid until"), html! { @match certificate.valid_until { Some(until) => { (signs::date(until)) }, None => { (text("定めなし", "No end set").get(lang)) } } }),
            (text("公開への同意", "Agreement to publication"), agreements(lang, certificate)),
        ]))
        (actions(html! {
            (link_button(lang, Kind::Primary, &text("認定証（PDF・日本語）", "Certificate (PDF, Japanese)"), &pdf(Lang::Ja)))
            (link_button(lang, Kind::Secondary, &text("認定証（PDF・英語）", "Certificate (PDF, English)"), &pdf(Lang::En)))
        }))
        @if own.case.state.is_certified() { (care(look, certificate)) }
    }
}

fn agreements(lang: Lang, certificate: &Certificate) -> Markup {
    let said = |agrees| {
        if agrees {
            tag(lang, Tone::Success, &text("同意", "Agreed"))
        } else {
            tag(lang, Tone::Neutral, &text("未同意", "Not agreed"))
        }
    };
    html! {
        (text("評価機関", "Evaluation body").get(lang)) " " (said(certificate.body_agrees)) " "
        (text("事業者", "Provider").get(lang)) " " (said(certificate.provider_agrees))
    }
}

/// Publication and watching, while the certificate stands.
fn care(look: &Look, certificate: &Certificate) -> Markup {
    let lang = look.visit.lang;
    let (value, label) = if certificate.body_agrees {
        ("no", text("公開への同意を取り下げる", "Take back the agreement to publish"))
    } else {
        ("yes", text("公開に同意する", "Agree to publish"))
    };
    html! {
        div.row {
            @if look.may(Act::AgreePublication) {
                form method="post" action=(look.to("publish")) {
                    (csrf(&look.visit.csrf))
                    input type="hidden" name="agrees" value=(value);
                    (submit(lang, Kind::Secondary, &label))
                }
            }
            @if look.may(Act::StartWatch) {
                form method="post" action=(look.to("watch")) {
                    (csrf(&look.visit.csrf))
                    (submit(lang, Kind::Secondary, &text("経過観察を始める", "Start watching")))
                }
            }
        }
        (reported(look))
    }
}

/// Changes the provider reported while the certificate stands.
fn reported(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let changes: Vec<_> = look.case.notes.iter().filter(|n| n.kind == "change").collect();
    html! {
        @if !changes.is_empty() {
            h3 { (text("事業者からの変更の報告", "Changes the provider reported").get(lang)) }
            ul { @for note in changes { li { (signs::time(note.at)) " " @if let Some(by) = note.by { (look.case.name(by)) } span.prose { " " (note.text) } } } }
        }
    }
}

/// Withdrawing a certificate that stands.
pub fn withdraw(look: &Look) -> Markup {
    let (lang, own) = (look.visit.lang, &look.case.facts);
    if !own.case.state.is_certified() || !look.may(Act::WithdrawCase) {
        return html! {};
    }
    let form = look.form("withdraw");
    details(
        lang,
        &text("認定を取り消す", "Withdraw the certificate"),
        form.refused.is_some(),
        html! {
            form method="post" action=(look.to("withdraw")) data-keep=(look.keep("withdraw")) {
                (csrf(&look.visit.csrf))
                p { (text("検証ページに「取消し」と表示されます。元に戻すことはできません。", "The verification page will say that it was withdrawn. This cannot be undone.").get(lang)) }
                (textarea(lang, Area { rows: 3, limit: Some(2000), ..Area::default() }, &form.field("reason", text("取消しの理由", "Reason"), "").required()))
                (submit(lang, Kind::Danger, &text("認定を取り消す", "Withdraw the certificate")))
            }
        },
    )
}
