//! The dense list of the items of a sheet, beside the one that is open.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::Tone;

/// One line: number, short name, state.
#[derive(Debug, Clone)]
pub struct ItemLink<'a> {
    pub no: u16,
    pub name: &'a str,
    pub href: String,
    pub state: Text,
    pub tone: Tone,
    pub current: bool,
}

/// 253 lines stay readable: one line each, the state as a sign with its word for screen readers and as a tip.
pub fn items(lang: Lang, label: &Text, links: &[ItemLink]) -> Markup {
    html! {
        nav aria-label=(label.get(lang)) {
            ol.items data-rows {
                @for link in links {
                    li {
                        a.row-link.(link.tone.class()) href=(link.href) data-row aria-current=[link.current.then_some("true")] title=(link.state.get(lang)) {
                            span.no { (link.no) }
                            span.name { (link.name) }
                            span.state { span aria-hidden="true" { (link.tone.sign()) } span.hidden-text { (link.state.get(lang)) } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let lines = [
        (11, text("安全管理に関する責任者を定めているか", "Is someone responsible for security?"), Tone::Success, text("適合", "Conforms")),
        (
            12,
            text("個人情報の取扱いに関する方針を公表しているか", "Is the policy on personal data published?"),
            Tone::Info,
            text("回答済み", "Answered"),
        ),
        (
            13,
            text("運用管理規程を定め、見直しているか", "Are operations rules set and reviewed?"),
            Tone::Warn,
            text("条件付適合", "Conditional"),
        ),
        (
            253,
            text("非常時の後に記録を突き合わせているか", "Are records reconciled after an emergency?"),
            Tone::Neutral,
            text("未回答", "Not answered"),
        ),
    ];
    let links = lines.iter().map(|(no, name, tone, state)| ItemLink {
        no: *no,
        name: name.get(lang),
        href: format!("#{no}"),
        state: state.clone(),
        tone: *tone,
        current: *no == 12,
    });
    items(lang, &text("項目の一覧", "Items"), &links.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_item_is_marked_once() {
        assert_eq!(example(Lang::Ja).into_string().matches(r#"aria-current="true""#).count(), 1);
    }
}
