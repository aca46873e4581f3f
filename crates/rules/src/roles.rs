//! The written table of who may do what, and of how labels are handled, as a page for people and for the evaluation (item 66).

use std::fmt::Write;

use crate::command::Kind;
use crate::evidence::Label;
use crate::label::{self, Handling};
use crate::party::Role;
use crate::policy;
use crate::text::{Text, text};

/// Who may do what, as the policy answers for every role in every place; a test compares the two (`policy.rs`).
pub const TABLE: &str = include_str!("policy_table.txt");

/// Where a role may do something, after the `@` of the table; without one, wherever it has the role.
fn place(word: &str) -> Text {
    match word {
        "own_organisation" => text("自組織", "own organisation"),
        "any_organisation" => text("全組織", "any organisation"),
        "applicant" => text("申請元の案件", "as applicant"),
        "body" => text("評価機関の案件", "as body"),
        "institution" => text("開示先の案件", "as institution"),
        // A word that the table got and this page did not is shown as it stands, not left out.
        other => Text { ja: other.to_owned().into(), en: other.to_owned().into() },
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Operator => "operator",
        Role::Administrator => "administrator",
        Role::Officer => "officer",
        Role::Colleague => "colleague",
        Role::Secretariat => "secretariat",
        Role::Evaluator => "evaluator",
        Role::Decider => "decider",
        Role::InstitutionOfficer => "institution_officer",
    }
}

fn both(text: &Text) -> String {
    format!("{}<br>{}", text.ja, text.en)
}

/// One cell: nothing, everywhere, or where.
fn cell(entries: &[&str], who: &str) -> String {
    let found = entries.iter().filter_map(|entry| match entry.split_once('@') {
        None if *entry == who => Some("○".to_owned()),
        Some((role, at)) if role == who => Some(both(&place(at))),
        _ => None,
    });
    found.collect::<Vec<_>>().join("<br>")
}

/// The page, in Markdown: role × operation, and label × handling. It depends on nothing but the program itself.
pub fn document() -> String {
    let mut out = String::from(
        "# 役割と権限 / Roles and rights\n\n\
         プログラムの規則から生成した表です。手で直さないでください（`BLESS=1 cargo test -p rules roles`）。表にない操作はすべて拒否されます。\n\n\
         Made from the rules of the program; do not edit it by hand (`BLESS=1 cargo test -p rules roles`). Whatever is not here is refused.\n\n\
         ## 操作 / Operations\n\n\
         ○は、その役割を持つ組織の名で行えることを示します。「申請元の案件」「評価機関の案件」は、自組織がその立場にある案件に限ります。\
         案件の状態と、項目の担当などの個別の規則が、さらに制限します。\
         「再確認」は直前に本人であることを確かめる操作、「特権」は特権を指名制にしている組織では承認された特権が要る操作です。\n\n\
         ○: in the name of the organisation that gives the role. “As applicant” and “as body”: in cases where the organisation stands there. \
         The state of the case and rules such as who an item is given to narrow it further. \
         “Fresh proof”: the person proves again that it is them. “Privilege”: needs an approved privilege where the organisation names who may have it.\n\n",
    );
    let installation = text("システム", "Installation");
    let columns = [text("操作", "Operation"), text("追加の条件", "Also needed"), installation].into_iter().chain(Role::ALL.map(Role::name));
    let heads: Vec<String> = columns.map(|c| both(&c)).collect();
    row(&mut out, &heads);
    row(&mut out, &heads.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
    for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
        let mut words = line.split_whitespace();
        let code = words.next().unwrap_or_default();
        let entries: Vec<&str> = words.collect();
        let kind = Kind::ALL.iter().find(|k| k.code() == code);
        let name = kind.map_or_else(|| format!("`{code}`"), |k| format!("{}<br>`{code}`", both(&k.name())));
        let proof = kind.filter(|k| policy::is_dangerous(**k)).map(|_| both(&text("再確認", "Fresh proof")));
        let privilege = kind.filter(|k| policy::is_privileged(**k)).map(|_| both(&text("特権", "Privilege")));
        let needed = [proof, privilege].into_iter().flatten().collect::<Vec<_>>().join("<br>");
        let cells = ["installation"].into_iter().chain(Role::ALL.map(role_word)).map(|who| cell(&entries, who));
        row(&mut out, &[name, needed].into_iter().chain(cells).collect::<Vec<_>>());
    }
    out.push_str(
        "\n## 秘密区分と取扱い / Labels and handling\n\n\
         Akashiは証跡を廃棄しません。どの版も残ります。\n\n\
         Akashi discards no evidence; every version stays.\n\n",
    );
    let labels = Label::ALL.map(Label::name);
    row(&mut out, &std::iter::once(both(&text("取扱い", "Handling"))).chain(labels.iter().map(both)).collect::<Vec<_>>());
    row(&mut out, &["---"; 4].map(str::to_owned));
    for handling in Handling::ALL {
        let cells =
            Label::ALL.map(|l| label::rule(handling, l)).map(|r| format!("{} {}", if r.allowed { "○" } else { "×" }, both(&r.words)));
        row(&mut out, &std::iter::once(both(&handling.name())).chain(cells).collect::<Vec<_>>());
    }
    out.push_str(
        "\n情報グループのある証跡は、申請元では、そのグループの構成員である担当者と担当責任者だけに見えます。\
         ほかの担当者には、一覧、選択肢、検索、書き出し、REST APIのいずれにも現れません。項目の紐付けは「閲覧権限のない証跡」とだけ表示されます。\n\n\
         On the applicant's side, evidence of an information group is seen by the colleagues in the group and by the officers only. \
         For other colleagues it is in no list, choice, search, export or answer of the REST API, and a claim on it says only that there is one.\n",
    );
    out
}

fn row(out: &mut String, cells: &[String]) {
    // Writing into a string does not fail.
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::golden;

    #[test]
    fn the_page_of_roles_is_made_from_the_rules() {
        golden("../../../docs/security/roles.md", &document());
    }

    #[test]
    fn every_operation_and_every_right_of_the_table_stands_on_the_page() {
        let page = document();
        for kind in Kind::ALL {
            let line =
                TABLE.lines().find(|l| l.split_whitespace().next() == Some(kind.code())).unwrap_or_else(|| panic!("{}", kind.code()));
            let shown = page.lines().find(|l| l.contains(&format!("`{}`", kind.code()))).unwrap();
            let cells: Vec<&str> = shown.trim_matches('|').split(" | ").skip(2).collect();
            let rights: std::collections::BTreeSet<&str> = line.split_whitespace().skip(1).map(|w| w.split('@').next().unwrap()).collect();
            assert_eq!(cells.iter().filter(|c| !c.trim().is_empty()).count(), rights.len(), "{}", kind.code());
        }
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role_word(role), "the table and this page use one word");
        }
    }
}
