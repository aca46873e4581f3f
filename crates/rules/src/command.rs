//! Commands: everything a person can ask for, the same for forms, REST and the command line.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::answer::{Content, Status};
use crate::case::Part;
use crate::document::Kept;
use crate::evidence::{ClaimContent, Finding, Label, Stored};
use crate::exchange::{AnchorKind, Arrival, Package};
use crate::id::{self, Id, ItemNo, Pos};
use crate::keeping::{Matter, Rule};
use crate::log::LogQuery;
use crate::party::{OrganisationKind, Role, Settings};
use crate::policy::Side;
use crate::questionnaire::{Asked, Layout, Reply};
use crate::register::Written;
use crate::request::Ask;
use crate::review::Judgement;
use crate::sheet::{Sheet, SheetId};
use crate::text::{Lang, Text, text};
use crate::vault::KeyRole;
use crate::verdict::VerdictContent;

/// A password or one-time link on its way in; it never shows in logs and is never written out.
#[derive(Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// One row of an import that a person ticked: what the file says of one item.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ImportedAnswer {
    pub item: ItemNo,
    /// The last change of the item's answer or claims that the preview knew of.
    pub base: Pos,
    /// 対応策
    pub text: Option<String>,
    /// 備考
    pub remarks: Option<String>,
    /// 確認したエビデンス, one claim a line, replacing the claims that stand.
    pub evidence: Option<String>,
}

/// One row of an evaluator's import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImportedVerdict {
    pub item: ItemNo,
    /// The verdict version the preview compared with.
    pub base: Pos,
    pub content: VerdictContent,
}

/// What a reviewer says of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SaidOfAccount {
    pub person: Id<id::Person>,
    pub judgement: Judgement,
    #[serde(default)]
    pub remark: String,
}

macro_rules! commands {
    ($( $(#[$doc:meta])* $name:ident $code:literal { $($fields:tt)* } = $ja:literal, $en:literal; )*) => {
        /// Everything that can be asked for. In JSON the field `act` names the variant.
        #[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
        #[serde(tag = "act", rename_all = "snake_case")]
        pub enum Command { $( $(#[$doc])* $name { $($fields)* }, )* }

        /// The kinds of command, for policy, routes and the API document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $( $name, )* }

        impl Kind {
            pub const ALL: &[Kind] = &[ $( Kind::$name, )* ];
            /// The name in URLs and JSON.
            pub const fn code(self) -> &'static str { match self { $( Kind::$name => $code, )* } }
            pub const fn name(self) -> Text { match self { $( Kind::$name => text($ja, $en), )* } }
        }

        impl Command {
            pub const fn kind(&self) -> Kind { match self { $( Command::$name { .. } => Kind::$name, )* } }
        }
    };
}

commands! {
    /// Makes the first organisation and operator; needs the one-time link of the console.
    FoundInstallation "found_installation" { link: Secret, organisation: String, kinds: Vec<OrganisationKind>, name: String, email: String, password: Secret, lang: Lang } = "初期設定", "Set up the installation";
    CreateOrganisation "create_organisation" { name: String, kinds: Vec<OrganisationKind> } = "組織の登録", "Create an organisation";
    InvitePerson "invite_person" { organisation: Id<id::Organisation>, email: String, roles: Vec<Role> } = "招待", "Invite a person";
    AcceptInvitation "accept_invitation" { link: Secret, name: String, password: Secret, lang: Lang } = "招待の受諾", "Accept an invitation";
    SetRoles "set_roles" { organisation: Id<id::Organisation>, person: Id<id::Person>, roles: Vec<Role> } = "役割の設定", "Set roles";
    SetSettings "set_settings" { settings: Settings } = "組織設定の変更", "Change the organisation's settings";
    ChangePassword "change_password" { current: Secret, new: Secret } = "パスワード変更", "Change the password";
    SetLanguage "set_language" { lang: Lang } = "表示言語の変更", "Choose the language";
    CreateProduct "create_product" { name: String, description: String } = "プロダクトの登録", "Add a product";
    ReviseProduct "revise_product" { product: Id<id::Product>, name: String, description: String, #[serde(default)] profile: BTreeMap<String, bool> } = "プロダクトの変更", "Change a product and its profile";
    AddPhrase "add_phrase" { text: String } = "定型文の登録", "Add a phrase";
    RemovePhrase "remove_phrase" { phrase: Id<id::Phrase> } = "定型文の削除", "Remove a phrase";
    IssueToken "issue_token" { name: String, write: bool, expires: Date } = "APIトークンの発行", "Issue a token";
    RevokeToken "revoke_token" { token: Id<id::Token> } = "APIトークンの失効", "Revoke a token";
    MakeRequest "make_request" { #[serde(default)] organisation: Option<Id<id::Organisation>>, ask: Ask, reason: String, #[serde(default)] begin: Option<jiff::Timestamp>, hours: u16 } = "申請", "Make a request";
    DecideRequest "decide_request" { request: Id<id::Request>, approve: bool, #[serde(default)] statement: String } = "申請の承認・却下", "Decide a request";
    EndRequest "end_request" { request: Id<id::Request> } = "申請の取下げ・終了", "Withdraw or end a request";
    ReviewRequest "review_request" { request: Id<id::Request>, finding: String } = "事後確認", "Review what was done";
    SuspendAccount "suspend_account" { person: Id<id::Person>, reason: String } = "アカウントの停止", "Suspend an account";
    CloseAccount "close_account" { person: Id<id::Person>, reason: String } = "アカウントの廃止", "Close an account";
    SetLastDay "set_last_day" { person: Id<id::Person>, ends: Option<Date> } = "利用最終日の設定", "Set the last day";
    /// Stops the credentials at once; without a person, one's own.
    ReportLeak "report_leak" { #[serde(default)] person: Option<Id<id::Person>>, reason: String } = "漏えいの届出", "Report a leak";
    CreateMachine "create_machine" { name: String, roles: Vec<Role> } = "非対話型IDの登録", "Add a machine id";
    IssueMachineToken "issue_machine_token" { machine: Id<id::Person>, name: String, write: bool, expires: Date } = "非対話型IDのトークン発行", "Issue a machine's token";
    CreateEmergency "create_emergency" { name: String, email: String, roles: Vec<Role> } = "非常時アカウントの登録", "Add an emergency account";
    SetAccess "set_access" { access: Box<Access> } = "アクセス規則の設定", "Set the access rules";
    AddTotp "add_totp" { name: String, code: Secret } = "ワンタイムコードの登録", "Register one-time codes";
    AddPasskey "add_passkey" { name: String, response: Secret } = "パスキーの登録", "Register a passkey";
    RemoveFactor "remove_factor" { factor: Id<id::Factor> } = "認証要素の削除", "Remove a factor";
    MakeRecoveryCodes "make_recovery_codes" {} = "リカバリーコードの発行", "Make recovery codes";
    SetNewPassword "set_new_password" { link: Secret, password: Secret } = "再発行後のパスワード設定", "Set a password after a reissue";
    EndSession "end_session" { session: Id<id::Session> } = "セッションの終了", "End a session";
    EndSessions "end_sessions" { person: Id<id::Person>, reason: String } = "全セッションの終了", "End all sessions of a person";
    ReviewAccounts "review_accounts" { said: Vec<SaidOfAccount>, #[serde(default)] finding: String } = "アカウントの定期レビュー", "Review the accounts";
    AcknowledgeAlert "acknowledge_alert" { alert: Id<id::Alert> } = "警告の確認", "Acknowledge an alert";
    SaveGroup "save_group" { #[serde(default)] group: Option<Id<id::Group>>, name: String, members: Vec<Id<id::Person>> } = "情報グループの保存", "Save an information group";
    FileEvidence "file_evidence" { evidence: Id<id::Evidence>, label: Label, group: Option<Id<id::Group>> } = "証跡の区分の設定", "Label and file evidence";
    SaveLogView "save_log_view" { name: String, query: LogQuery } = "台帳の表示条件の保存", "Keep a view of the ledger";
    RemoveLogView "remove_log_view" { view: Id<id::LogView> } = "台帳の表示条件の削除", "Remove a view of the ledger";
    ReviewLog "review_log" { from: jiff::Timestamp, until: jiff::Timestamp, #[serde(default)] query: LogQuery, #[serde(default)] anomaly: bool, finding: String } = "台帳の定期レビュー", "Review the ledger";
    PlaceHold "place_hold" { matter: Matter, reason: String } = "保全の指定", "Place a hold";
    SetRetention "set_retention" { rule: Rule } = "保存期間の規則の設定", "Set a rule of retention";
    ProposeAnchor "propose_anchor" { anchor: AnchorKind, name: String, data: String, #[serde(default)] label: Option<Label> } = "トラストアンカーの登録", "Propose a trust anchor";
    /// The second person types the fingerprint they have from another channel.
    DecideAnchor "decide_anchor" { anchor: Id<id::TrustAnchor>, fingerprint: String } = "トラストアンカーの確認", "Confirm a trust anchor";
    RemoveAnchor "remove_anchor" { anchor: Id<id::TrustAnchor>, reason: String } = "トラストアンカーの削除", "Remove a trust anchor";
    /// Another key takes over for what is new: `signing`, `master`, or the acting organisation's own `files`.
    RotateKey "rotate_key" { key: KeyRole, reason: String } = "鍵の更新", "Rotate a key";
    /// Made only with the file itself.
    #[serde(skip_deserializing)]
    SendPackage "send_package" { case: Id<id::Case>, #[serde(skip)] package: Option<Box<Package>> } = "封印パッケージの送付", "Send a sealed package";
    /// Made only with the file itself.
    #[serde(skip_deserializing)]
    ReceivePackage "receive_package" { #[serde(skip)] package: Option<Box<Package>>, #[serde(skip)] arrival: Option<Box<Arrival>> } = "封印パッケージの受領", "Receive a sealed package";
    /// A new entry of a register, or another version of one. `base` is the position of the version that was read.
    WriteEntry "write_entry" { register: String, #[serde(default)] entry: Option<Id<id::Entry>>, #[serde(default)] base: Pos, #[serde(default)] label: Option<Label>, fields: Written } = "管理簿への記録", "Write an entry of a register";
    MoveEntry "move_entry" { entry: Id<id::Entry>, base: Pos, to: String, #[serde(default)] note: String } = "管理簿の記録の状態変更", "Take an entry to another state";
    /// All of them or none.
    ImportEntries "import_entries" { register: String, rows: Vec<Written> } = "管理簿への一括登録", "Import entries of a register";
    /// A deadline that stands is not needed; `duty` is its key.
    WaiveDuty "waive_duty" { duty: String, reason: String } = "期限の対応不要", "Say that a deadline is not needed";
    /// An address from which a calendar program reads deadlines: one's own, or those of the whole organisation.
    MakeFeed "make_feed" { #[serde(default)] whole: bool } = "期限のカレンダーの発行", "Make an address for a calendar";
    RevokeFeed "revoke_feed" { feed: Id<id::Feed> } = "期限のカレンダーの失効", "Revoke an address for a calendar";
    /// Takes a form whose file lies in the evidence vault.
    AddQuestionnaire "add_questionnaire" { name: String, asker: String, #[serde(default)] due: Option<Date>, case: Id<id::Case>, file: Id<id::Evidence>, layout: Layout, questions: Vec<Asked> } = "質問票の取込み", "Take a questionnaire";
    /// Says which items questions ask about, by their rows; an empty list says that a question asks about none.
    MapQuestions "map_questions" { questionnaire: Id<id::Questionnaire>, mapped: BTreeMap<u32, Vec<ItemNo>> } = "設問と項目の対応付け", "Map questions to items";
    AnswerQuestion "answer_question" { questionnaire: Id<id::Questionnaire>, row: u32, #[serde(default)] base: Pos, #[serde(default)] reply: Reply } = "設問への回答", "Answer a question";
    /// What is kept of one clause. `base` is the position of the version that was read.
    SaveClause "save_clause" { document: String, clause: String, #[serde(default)] base: Pos, #[serde(default)] kept: Kept } = "条項の保存", "Save a clause of a document";
    /// A version of a document as it stands now, for approval: for an entry where each has one, with the answers of a case where it discloses them.
    ProposeDocument "propose_document" { document: String, #[serde(default)] entry: Option<Id<id::Entry>>, #[serde(default)] case: Option<Id<id::Case>>, #[serde(default)] label: Option<Label> } = "文書の版の提出", "Propose a version of a document";
    ApproveDocument "approve_document" { version: Id<id::Document>, from: Date, #[serde(default)] until: Option<Date> } = "文書の版の承認", "Approve a version of a document";
    WithdrawDocument "withdraw_document" { version: Id<id::Document>, reason: String } = "文書の版の取下げ", "Withdraw a version of a document";
    AddSheet "add_sheet" { #[schemars(with = "serde_json::Value")] sheet: Box<Sheet>, #[serde(default)] mapping: Option<serde_json::Value> } = "シートの追加", "Add a sheet";
    ConfirmText "confirm_text" { sheet: SheetId, item: ItemNo, text: String, source: String } = "原文の確認", "Confirm an item's text";
    OpenCase "open_case" { product: Id<id::Product>, body: Id<id::Organisation>, sheet: SheetId } = "案件の作成", "Open a case";
    SubmitRound "submit_round" { case: Id<id::Case> } = "申請", "Submit a round";
    AcceptRound "accept_round" { case: Id<id::Case>, #[serde(default)] number: Option<String> } = "受付", "Accept a round";
    AssignEvaluator "assign_evaluator" { case: Id<id::Case>, person: Id<id::Person>, part: Part } = "評価者の割当て", "Assign an evaluator";
    ReleaseEvaluator "release_evaluator" { case: Id<id::Case>, person: Id<id::Person> } = "割当ての解除", "Release an evaluator";
    DeclareInterest "declare_interest" { case: Id<id::Case>, conflict: bool, #[serde(default)] statement: String } = "利益相反の申告", "Declare interests";
    SetDue "set_due" { case: Id<id::Case>, due: Option<Date> } = "期限の設定", "Set the case's due date";
    ReturnRound "return_round" { case: Id<id::Case>, #[serde(default)] flagged: Option<Vec<ItemNo>>, #[serde(default)] message: String } = "改善依頼", "Return a round";
    DecideCase "decide_case" { case: Id<id::Case>, certify: bool, grounds: String } = "最終判定", "Decide a case";
    IssueCertificate "issue_certificate" { case: Id<id::Case>, #[serde(default)] scope: String } = "認定証の発行", "Issue the certificate";
    RefuseCertificate "refuse_certificate" { case: Id<id::Case> } = "不認定の確定", "Close as refused";
    StartWatch "start_watch" { case: Id<id::Case> } = "経過観察の開始", "Start watching";
    ReportChange "report_change" { case: Id<id::Case>, text: String } = "変更の報告", "Report a change";
    RenewCase "renew_case" { case: Id<id::Case> } = "更新申請", "Renew";
    WithdrawCase "withdraw_case" { case: Id<id::Case>, reason: String } = "取下げ", "Withdraw";
    DiscloseCase "disclose_case" { case: Id<id::Case>, institution: Id<id::Organisation>, on: bool } = "医療機関への開示", "Disclose to an institution";
    AgreePublication "agree_publication" { case: Id<id::Case>, agrees: bool } = "公開への同意", "Agree to publication";
    GiveAnswer "give_answer" { case: Id<id::Case>, item: ItemNo, base: Pos, content: Content, #[serde(default)] ready: bool } = "回答の保存", "Save an answer";
    ConfirmAnswers "confirm_answers" { case: Id<id::Case>, items: Vec<ItemNo> } = "転記した回答の確認", "Confirm copied answers";
    SetWork "set_work" { case: Id<id::Case>, items: Vec<ItemNo>, #[serde(default)] owner: Option<Id<id::Person>>, #[serde(default)] due: Option<Date>, #[serde(default)] status: Option<Status> } = "担当・期限・状態の設定", "Set owner, due date, status";
    ReviewAnswer "review_answer" { case: Id<id::Case>, item: ItemNo, seen: Pos, ok: bool, #[serde(default)] comment: String } = "回答の確認", "Review an answer";
    CopyAnswers "copy_answers" { case: Id<id::Case>, from: Id<id::Case>, #[serde(default)] items: Option<Vec<ItemNo>> } = "過去の案件からの転記", "Copy answers from a case";
    CopyItem "copy_item" { case: Id<id::Case>, item: ItemNo, from: ItemNo } = "関連項目からの転記", "Copy an answer from another item";
    ProposeOutOfScope "propose_out_of_scope" { case: Id<id::Case> } = "対象外の提案", "Propose what is out of scope";
    AnswerImprovement "answer_improvement" { case: Id<id::Case>, item: ItemNo, text: String } = "改善策への回答", "Answer an improvement";
    ImportAnswers "import_answers" { case: Id<id::Case>, file: String, rows: Vec<ImportedAnswer> } = "回答の取込み", "Import answers";
    /// Made only by an upload: the digest is the server's own.
    #[serde(skip_deserializing)]
    AddEvidence "add_evidence" { #[serde(skip)] file: Stored, label: Label, valid_until: Option<Date>, series: Option<Id<id::Evidence>> } = "証跡の登録", "Add evidence";
    MakeClaims "make_claims" { case: Id<id::Case>, items: Vec<ItemNo>, content: ClaimContent } = "証跡の紐付け", "Claim evidence";
    WithdrawClaim "withdraw_claim" { case: Id<id::Case>, item: ItemNo, claim: Id<id::Claim> } = "紐付けの取消し", "Withdraw a claim";
    ConfirmClaim "confirm_claim" { case: Id<id::Case>, item: ItemNo, claim: Id<id::Claim>, finding: Finding, #[serde(default)] comment: String } = "証跡の確認", "Confirm a claim";
    GiveVerdict "give_verdict" { case: Id<id::Case>, item: ItemNo, base: Pos, content: VerdictContent } = "判定の保存", "Save a verdict";
    ImportVerdicts "import_verdicts" { case: Id<id::Case>, file: String, rows: Vec<ImportedVerdict> } = "判定の取込み", "Import verdicts";
    ApproveVerdict "approve_verdict" { case: Id<id::Case>, item: ItemNo, seen: Pos, agrees: bool, #[serde(default)] comment: String } = "判定の承認", "Approve a verdict";
    SendMessage "send_message" { case: Id<id::Case>, item: ItemNo, text: String, #[serde(default)] side: Option<Side> } = "質疑", "Write in the question thread";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PointNo;

    #[test]
    fn every_kind_is_read_by_its_name_except_the_one_that_only_an_upload_makes() {
        for kind in Kind::ALL {
            let answer = serde_json::from_value::<Command>(serde_json::json!({ "act": kind.code() }));
            let unknown = answer.is_err_and(|e| e.to_string().contains("unknown variant"));
            assert_eq!(unknown, matches!(kind, Kind::AddEvidence | Kind::SendPackage | Kind::ReceivePackage), "{}", kind.code());
        }
    }

    #[test]
    fn sub_points_and_large_numbers_arrive_as_they_were_sent() {
        let sent = |points: &str, base: &str| {
            let case = "case_00000000000070008000000000000000";
            serde_json::from_str::<Command>(&format!(
                r#"{{"act":"give_answer","case":"{case}","item":1,"base":{base},"content":{{"text":"x","points":{points}}}}}"#
            ))
        };
        let Ok(Command::GiveAnswer { content, .. }) = sent(r#"{"1":"一","2":"二"}"#, "9007199254740993") else { panic!() };
        assert_eq!(content.points[&PointNo(2)], "二");
        for (points, base) in [(r#"{"-1":"x"}"#, "0"), (r#"{"70000":"x"}"#, "0"), ("{}", "1e30"), ("{}", "99999999999999999999")] {
            assert!(sent(points, base).is_err(), "{points} {base}");
        }
    }

    #[test]
    fn a_secret_does_not_show() {
        let command = Command::ChangePassword { current: Secret("hunter2".into()), new: Secret("hunter3".into()) };
        assert!(!format!("{command:?}").contains("hunter"));
    }
}
