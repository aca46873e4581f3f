//! The words of the demonstration: documents, answers, phrases.

use rules::sheet::Item;

/// A made-up document: its name, the place claims point to, and its chapters (heading, text), one a page.
pub type Document = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

pub const DOCUMENTS: &[Document] = &[
    (
        "運用管理規程",
        "第2章",
        &[
            (
                "第1章 総則",
                "この規程は、クラウドサービスの運用管理に関する組織、責任および手続を定めるものです。対象は、サービスに供するすべての情報資産と、それを取り扱う従業員および委託先です。",
            ),
            (
                "第2章 管理体制",
                "情報セキュリティ責任者、システム管理者および個人情報保護責任者を置き、それぞれの任命と解任の手続を定めます。各責任者は毎年4月に体制図を見直します。",
            ),
            (
                "第3章 アクセス管理",
                "パスワードを変更するときは、変更前のパスワードの入力を求めます。入力に失敗したときは一定の不応時間を設け、失敗が5回に達した場合は30分間入力を受け付けず、管理者へ警告を送ります。",
            ),
            (
                "第4章 記録の管理",
                "操作の記録は5年間保存し、毎月1回、情報セキュリティ責任者が確認します。記録へのアクセスは権限のある者に限ります。",
            ),
        ],
    ),
    (
        "サービス仕様適合開示書",
        "3.1節",
        &[
            ("1 概要", "本書は、サービスの仕様と、医療情報を取り扱うために講じている安全管理措置を、医療機関等に開示するものです。"),
            ("2 組織的安全管理", "基本方針、体制、再委託先、監査の実施状況および問合せ窓口を記載します。"),
            ("3 技術的安全管理", "通信はTLS 1.3により暗号化します。利用者の認証は二要素で行い、権限は職種と情報区分に応じて設定します。"),
        ],
    ),
    (
        "情報セキュリティ実施手順書",
        "手順5",
        &[
            ("手順1 構成変更", "変更は申請と承認を経て、検証環境での試験結果を添えて実施します。実施後は影響を監視し、終了を確認します。"),
            (
                "手順3 脆弱性への対応",
                "脆弱性情報を毎日収集し、影響を評価したうえで、重大なものは3日以内、その他は14日以内に対応を決定します。",
            ),
            (
                "手順5 媒体の取扱い",
                "媒体は台帳で管理し、持ち出しには申請と承認を必要とします。廃棄時は消去の方法と結果を記録し、証明書を発行します。",
            ),
        ],
    ),
];

pub const PHRASES: &[&str] = &[
    "規程の該当箇所（章・ページ）を示してください。",
    "実施した記録（日付と実施者が分かるもの）を提示してください。",
    "医療機関等への提示方法を、サービス仕様適合開示書に記載してください。",
];

pub const IMPROVEMENT: &str =
    "手順の定めは確認できましたが、実施の記録が確認できません。直近1年分の記録を提示し、定期的に実施する時期を規程に明記してください。";

pub const GROUNDS: &str = "提出された証跡により全項目の対応を確認し、判定会議で審議した結果、認定が妥当と判断しました。";

/// Parts of applicability questions that the demonstration's products answer with no.
pub const NOT_OFFERED: &[&str] = &["iot", "online", "wireless", "signature"];

/// A plausible answer to an item.
pub fn answer(item: &Item) -> String {
    let title = &item.title.ja;
    let document = item.evidence.names.first().map_or("運用管理規程", String::as_str);
    let mut out = match item.no.0 % 4 {
        0 => format!("「{title}」について、{document}に責任者と手続を定め、年1回見直しています。"),
        1 => format!("「{title}」は、{document}に基づいて実施し、実施の記録を保存しています。"),
        2 => format!("「{title}」に必要な措置を講じています。内容は{document}に記載し、従業員に周知しています。"),
        _ => format!("{document}において「{title}」の基準を定め、四半期ごとに実施状況を確認しています。"),
    };
    if item.disclosure {
        out.push_str("医療機関等には、サービス仕様適合開示書で提示しています。");
    }
    out
}
