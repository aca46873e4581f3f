//! A short page for people about the REST interface; the exact description is the OpenAPI document.

use maud::html;
use rules::text::text;

use crate::components::{Kind, link_button};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/api", Guard::Public, show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let example = format!("curl -H \"Authorization: Bearer $AKASHI_TOKEN\" {}/api/v1/cases", visit.app.config.address);
    let main = html! {
        p { (text("画面でできる操作は、すべてREST APIでも実行できます。権限と規則は画面と同じです。", "Whatever the pages can do, the REST API can do too, under the same permissions and rules.").get(lang)) }
        ol {
            li { (text("アカウントのページでトークンを発行します。範囲（読み取りのみ、または書き込みも）と期限を選びます。", "Issue a token on your account's page; choose its scope (read only, or also write) and expiry.").get(lang)) }
            li { (text("要求のHTTPヘッダーに「Authorization: Bearer 〈トークン〉」を付けます。", "Send the HTTP header “Authorization: Bearer <token>” with each request.").get(lang)) }
            li { (text("要求と応答の形は、OpenAPI文書で確認します。", "Look up the shape of requests and answers in the OpenAPI document.").get(lang)) }
        }
        pre { code { (example) } }
        h2 { (text("エラー", "Errors").get(lang)) }
        p { (text("実行できなかったときは、何も変更されません。応答には、理由（日本語と英語）と、該当する入力の名前が含まれます。", "When something is refused, nothing is changed. The answer gives the reason in Japanese and English, and the name of the input.").get(lang)) }
        div.actions {
            (link_button(lang, Kind::Primary, &text("OpenAPI文書", "OpenAPI document"), &urls::api_document()))
            @if visit.signed.is_some() { (link_button(lang, Kind::Secondary, &text("トークンを発行する", "Issue a token"), &urls::tokens())) }
        }
    };
    Ok(visit.page(text("REST API", "REST API"), main).into())
}
