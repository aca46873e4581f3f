//! The workbench: the list at the left, the item in the middle, its evidence at the right; on a phone one under the other.

use maud::{Markup, html};
use rules::text::{Lang, text};

use super::{Area, Button, Field, ItemLink, Kind, Mark, Tone, Viewer};
use super::{actions, card, csrf, items, marks, progress, search_field, tag, textarea, viewer};

/// Without evidence the item takes the room.
pub fn bench(lang: Lang, list: Markup, item: Markup, evidence: Option<Markup>) -> Markup {
    html! {
        div.bench.three[evidence.is_some()] {
            aside.bench-list aria-label=(text("項目の一覧と絞り込み", "List of items and filter").get(lang)) { (list) }
            div.bench-item { (item) }
            @if let Some(evidence) = evidence { aside.bench-evidence aria-label=(text("証拠", "Evidence").get(lang)) { (evidence) } }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    bench(lang, list(lang), item(lang), Some(evidence(lang)))
}

/// A list as long as the sheet, to see that it stays readable.
fn list(lang: Lang) -> Markup {
    let names = [
        text("サービス提供者の責任を契約で定めていますか。", "Does the contract define the provider's responsibility?"),
        text("情報セキュリティ方針を公表していますか。", "Is the security policy published?"),
        text("利用者の識別と認証を行っていますか。", "Are users identified and authenticated?"),
    ];
    let states = [
        (Tone::Success, text("適合", "Conforms")),
        (Tone::Neutral, text("未判定", "Not judged")),
        (Tone::Warn, text("条件付適合", "Conditional")),
        (Tone::Neutral, text("未判定", "Not judged")),
    ];
    let links = (1..=253u16).map(|no| {
        let (tone, state) = &states[usize::from(no) % states.len()];
        ItemLink {
            no,
            name: names[usize::from(no) % names.len()].get(lang),
            href: format!("#{no}"),
            state: state.clone(),
            tone: *tone,
            current: no == 13,
        }
    });
    html! {
        (progress(lang, &text("判定済み", "Judged"), 126, 253))
        (search_field(lang, "bench-q", text("項目を探す", "Search items"), ""))
        (items(lang, &text("評価する項目", "Items to judge"), &links.collect::<Vec<_>>()))
    }
}

fn item(lang: Lang) -> Markup {
    let scale = [
        Mark { value: "conforms", label: text("適合", "Conforms"), tone: Tone::Success },
        Mark { value: "partly", label: text("条件付適合", "Conditional"), tone: Tone::Warn },
        Mark { value: "fails", label: text("不適合", "Fails"), tone: Tone::Danger },
        Mark { value: "out", label: text("対象外", "Out of scope"), tone: Tone::Neutral },
        Mark { value: "open", label: text("保留", "Open"), tone: Tone::Info },
    ];
    html! {
        div.row { (tag(lang, Tone::Warn, &text("前回から変更", "Changed since last round"))) span.muted.small { (text("情報セキュリティ", "Information security").get(lang)) } }
        h3 { (text("13. 情報セキュリティ方針を公表していますか。", "13. Is the security policy published?").get(lang)) }
        (card(lang, &text("対応策", "Answer"), html! { span.muted.small { "2026-11-20" } }, html! {
            p.prose { (text("方針を公式サイトで公表し、年1回見直しています。", "The policy is on our web site and is reviewed once a year.").get(lang)) }
        }))
        form method="post" action="#" data-submit-key data-keep="bench-13" {
            (csrf("example"))
            (marks(lang, &Field::new("bench-verdict", text("判定結果", "Verdict")).value("partly").required(), &scale))
            (textarea(lang, Area { rows: 3, limit: Some(2000), key: Some("i") }, &Field::new("bench-improve", text("改善策", "Improvement"))))
            (textarea(lang, Area { rows: 2, ..Area::default() }, &Field::new("bench-remark", text("備考", "Remarks"))))
            (actions(html! {
                (Button::new(Kind::Primary, text("保存して次へ", "Save and go on")).submit(lang))
                (Button::new(Kind::Quiet, text("前の項目", "Previous item")).key("k").link(lang, "#12"))
                (Button::new(Kind::Quiet, text("次の項目", "Next item")).key("j").link(lang, "#14"))
            }))
        }
    }
}

fn evidence(lang: Lang) -> Markup {
    viewer(
        lang,
        &Viewer {
            name: "security-policy-v3.pdf",
            href: "about:blank#page=3",
            place: Some(text("3ページ", "Page 3")),
            pdf: true,
            note: None,
        },
    )
}
