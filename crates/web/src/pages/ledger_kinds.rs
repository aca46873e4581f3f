//! What each kind of ledger line is called.

use rules::text::{Text, text};

/// Every kind of line, as the ledger writes it, with its name.
pub const KINDS: &[(&str, Text)] = &[
    ("organisation_added", text("組織の登録", "Organisation added")),
    ("settings_changed", text("設定の変更", "Settings changed")),
    ("person_added", text("利用者の登録", "Person added")),
    ("language_chosen", text("表示言語の変更", "Language chosen")),
    ("password_changed", text("パスワードの変更", "Password changed")),
    ("roles_given", text("役割の付与・変更", "Roles given")),
    ("person_invited", text("招待", "Person invited")),
    ("invitation_accepted", text("招待の受諾", "Invitation accepted")),
    ("product_saved", text("プロダクトの保存", "Product saved")),
    ("phrase_saved", text("定型文の保存", "Phrase saved")),
    ("phrase_removed", text("定型文の削除", "Phrase removed")),
    ("token_issued", text("トークンの発行", "Token issued")),
    ("token_revoked", text("トークンの失効", "Token revoked")),
    ("group_saved", text("情報グループの保存", "Information group saved")),
    ("account_suspended", text("アカウントの停止", "Account suspended")),
    ("account_resumed", text("アカウントの再開", "Account resumed")),
    ("account_closed", text("アカウントの廃止", "Account closed")),
    ("last_day_set", text("利用最終日の設定", "Last day set")),
    ("credentials_revoked", text("認証情報の無効化", "Credentials revoked")),
    ("factor_added", text("認証要素の追加", "Factor added")),
    ("factor_removed", text("認証要素の削除", "Factor removed")),
    ("recovery_code_used", text("回復コードの使用", "Recovery code used")),
    ("access_set", text("接続条件の変更", "Access rules set")),
    ("request_made", text("申請", "Request made")),
    ("request_decided", text("申請の承認・却下", "Request decided")),
    ("request_ended", text("申請の終了", "Request ended")),
    ("request_reviewed", text("申請の事後確認", "Request reviewed")),
    ("accounts_reviewed", text("アカウントの定期レビュー", "Accounts reviewed")),
    ("alert_raised", text("警告", "Alert raised")),
    ("alert_acknowledged", text("警告の確認", "Alert acknowledged")),
    ("mail_queued", text("メールの作成", "Mail queued")),
    ("mail_sent", text("メールの送信", "Mail sent")),
    ("mail_failed", text("メールの送信失敗", "Mail failed")),
    ("mail_opened", text("送信箱のメールの閲覧", "Mail opened in the outbox")),
    ("act_refused", text("操作の拒否", "Act refused")),
    ("page_opened", text("画面の閲覧", "Page opened")),
    ("session_confirmed", text("本人確認", "Session confirmed")),
    ("sessions_ended", text("セッションの強制終了", "Sessions ended")),
    ("signed_in", text("サインイン", "Signed in")),
    ("sign_in_failed", text("サインインの失敗", "Sign-in failed")),
    ("signed_out", text("サインアウト", "Signed out")),
    ("sheet_added", text("シートの登録", "Sheet added")),
    ("mapping_kept", text("列の対応の保存", "Column mapping kept")),
    ("text_confirmed", text("項目文の確認", "Text confirmed")),
    ("case_opened", text("案件の作成", "Case opened")),
    ("due_set", text("期限の設定", "Due date set")),
    ("evaluator_assigned", text("評価者の割当て", "Evaluator assigned")),
    ("evaluator_released", text("評価者の解除", "Evaluator released")),
    ("interest_declared", text("利益相反の申告", "Interest declared")),
    ("round_submitted", text("提出", "Round submitted")),
    ("round_accepted", text("受付", "Round accepted")),
    ("round_returned", text("差戻し", "Round returned")),
    ("case_decided", text("総合判定", "Case decided")),
    ("certificate_issued", text("認定証の発行", "Certificate issued")),
    ("publication_agreed", text("公開への同意", "Publication agreed")),
    ("state_moved", text("案件の状態の変化", "State moved")),
    ("change_reported", text("変更の届出", "Change reported")),
    ("case_disclosed", text("医療機関への開示", "Case disclosed")),
    ("work_set", text("項目の担当・期限の設定", "Work on an item set")),
    ("answer_given", text("回答の保存", "Answer given")),
    ("answer_reviewed", text("回答の確認", "Answer reviewed")),
    ("improvement_answered", text("改善への回答", "Improvement answered")),
    ("evidence_added", text("証跡の登録", "Evidence added")),
    ("evidence_filed", text("証跡のラベル・グループの変更", "Evidence filed")),
    ("claim_made", text("証跡箇所の指定", "Claim made")),
    ("claim_withdrawn", text("証跡箇所の取下げ", "Claim withdrawn")),
    ("claim_confirmed", text("証跡箇所の確認", "Claim confirmed")),
    ("verdict_given", text("判定", "Verdict given")),
    ("verdict_approved", text("判定の承認", "Verdict approved")),
    ("message_sent", text("質疑の送信", "Message sent")),
    ("alerts_tried", text("警告の経路の確認", "Alerting tried")),
    ("backup_made", text("バックアップの作成", "Backup made")),
    ("backup_tried", text("バックアップの復元試験", "Backup tried")),
    ("clock_checked", text("時刻の照合", "Clock checked")),
    ("clock_jumped", text("時刻の飛び", "Clock jumped")),
    ("epoch_begun", text("台帳の世代の開始", "Epoch begun")),
    ("log_paused", text("記録の中断", "Log paused")),
    ("signing_key_changed", text("署名鍵の変更", "Signing key changed")),
    ("started", text("起動", "Started")),
    ("stopped", text("停止", "Stopped")),
    ("file_exported", text("ファイルの書出し", "File exported")),
    ("file_opened", text("ファイルの閲覧", "File opened")),
    ("file_refused", text("ファイルの受取り拒否", "File refused")),
    ("file_scanned", text("ファイルの検査", "File scanned")),
    ("file_looked_into", text("圧縮・Officeファイルの中の確認", "Archive or Office file looked into")),
    ("key_changed", text("暗号鍵の変更", "Key changed")),
    ("anchor_decided", text("トラストアンカーの承認・却下", "Trust anchor decided")),
    ("anchor_proposed", text("トラストアンカーの提案", "Trust anchor proposed")),
    ("anchor_removed", text("トラストアンカーの削除", "Trust anchor removed")),
    ("package_received", text("パッケージの受領", "Package received")),
    ("package_refused", text("パッケージの拒否", "Package refused")),
    ("package_sent", text("パッケージの送付", "Package sent")),
    ("receipt_filed", text("受領証の保管", "Receipt filed")),
    ("erasure_certified", text("消去の証明", "Erasure certified")),
    ("hold_lifted", text("保全の解除", "Hold lifted")),
    ("hold_placed", text("保全の指定", "Hold placed")),
    ("payloads_erased", text("消去", "Payloads erased")),
    ("retention_set", text("保存期間の設定", "Retention set")),
    ("log_read", text("台帳の閲覧", "Ledger read")),
    ("log_reviewed", text("台帳の定期レビュー", "Ledger reviewed")),
    ("log_view_removed", text("台帳の表示条件の削除", "Saved view removed")),
    ("log_view_saved", text("台帳の表示条件の保存", "Saved view kept")),
    ("clause_saved", text("条項の保存", "Clause saved")),
    ("document_approved", text("文書の版の承認", "Document approved")),
    ("document_proposed", text("文書の版の提出", "Document proposed")),
    ("document_withdrawn", text("文書の版の取下げ", "Document withdrawn")),
    ("entry_moved", text("管理簿の記録の状態変更", "Entry moved on")),
    ("entry_written", text("管理簿への記録", "Entry written")),
    ("duties_told", text("期限の通知", "Deadlines told")),
    ("duty_waived", text("期限の対応不要", "Deadline not needed")),
    ("feed_made", text("期限のカレンダーの発行", "Calendar address made")),
    ("feed_revoked", text("期限のカレンダーの失効", "Calendar address revoked")),
    ("question_answered", text("設問への回答", "Question answered")),
    ("question_mapped", text("設問と項目の対応付け", "Question mapped")),
    ("questionnaire_added", text("質問票の取込み", "Questionnaire taken")),
];

/// The name of a kind; one of a newer program is shown as it is written.
pub fn kind_name(kind: &str) -> Text {
    KINDS.iter().find(|(known, _)| *known == kind).map_or_else(|| rules::text::worded(kind, kind), |(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The sources that say how each change is named.
    const SOURCES: [&str; 10] = [
        include_str!("../../../rules/src/change/told.rs"),
        include_str!("../../../rules/src/running.rs"),
        include_str!("../../../rules/src/vault.rs"),
        include_str!("../../../rules/src/exchange.rs"),
        include_str!("../../../rules/src/keeping.rs"),
        include_str!("../../../rules/src/log.rs"),
        include_str!("../../../rules/src/register/entry.rs"),
        include_str!("../../../rules/src/deadline.rs"),
        include_str!("../../../rules/src/questionnaire.rs"),
        include_str!("../../../rules/src/document/version.rs"),
    ];

    /// What `fn kind` gives back, wherever it stands.
    fn written() -> BTreeSet<String> {
        let kind_fns = SOURCES.iter().flat_map(|source| source.split("fn kind(").skip(1)).filter_map(|rest| rest.split("\n    }\n").next());
        kind_fns.flat_map(|body| body.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next())).map(str::to_owned).collect()
    }

    #[test]
    fn every_kind_of_line_has_a_name_of_its_own_and_no_name_is_left_over() {
        let named: BTreeSet<String> = KINDS.iter().map(|(kind, _)| (*kind).to_owned()).collect();
        assert!(written().len() > 90, "{}", written().len());
        assert_eq!(named, written());
        for lang in [rules::text::Lang::Ja, rules::text::Lang::En] {
            let names: BTreeSet<&str> = KINDS.iter().map(|(_, name)| name.get(lang)).collect();
            assert_eq!(names.len(), KINDS.len(), "no two kinds look the same");
        }
    }
}
