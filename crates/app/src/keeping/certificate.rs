//! The certificate of an erasure (PDF, Japanese and English): what left, on whose authority, how, and what was looked at.

use jiff::civil::Date;
use rules::act::japan;
use rules::id::Digest;
use rules::keeping::Erasure;
use rules::text::{Text, text, worded};
use seal::Line;

use super::finish::Looked;
use crate::Error;

/// What the certificate says besides the erasure itself.
pub(super) struct Facts {
    pub organisation: String,
    pub asked: String,
    pub approved: String,
    pub reason: String,
    /// The ledger line that says so.
    pub line: Option<Line>,
}

fn same(words: impl Into<String>) -> Text {
    let words = words.into();
    worded(words.clone(), words)
}

/// The certificate's bytes. No word of what was erased is in them.
pub(super) fn pdf(erasure: &Erasure, facts: &Facts, looked: &Looked, on: Date) -> Result<Vec<u8>, Error> {
    let kind = erasure.matter.name();
    let lines: u64 = erasure.seqs.iter().map(|(from, to)| to - from + 1).sum();
    let rows: Vec<Text> = erasure.rows.iter().map(|(table, n)| same(format!("{table}: {n}"))).collect();
    let mut what =
        vec![worded(format!("{}（{}）", kind.ja, erasure.matter.subject()), format!("{} ({})", kind.en, erasure.matter.subject()))];
    what.push(worded(
        format!("この組織の台帳の{lines}行の本文。他の組織の台帳にある行は、それぞれの台帳に記録しています。"),
        format!("The payloads of {lines} lines of this organisation's ledger. Lines in ledgers of others are told in those."),
    ));
    if let rules::keeping::Matter::Person { .. } = erasure.matter {
        what.push(text(
            "氏名とアドレスは中立の語に置き換え、本人の操作の記録は番号だけで残しています。",
            "Name and address were replaced by neutral words; records of the person's acts stay under a number alone.",
        ));
    }
    let files: Vec<Text> = if erasure.files.is_empty() {
        vec![text("なし", "None")]
    } else {
        erasure.files.iter().map(|f| same(format!("SHA-256 {f}"))).collect()
    };
    let outcome = if looked.clean {
        text("消去した内容の残りは見つかりませんでした。", "Nothing of what was erased was found.")
    } else {
        text(
            "消去した内容の残りが見つかりました。下の記載を確認してください。",
            "Something of what was erased was found: see what was looked at.",
        )
    };
    let mut place = vec![same(format!("{} / {}", erasure.organisation, erasure.id))];
    if let Some(line) = &facts.line {
        let head = &line.head;
        place.push(worded(
            format!("台帳 {} の {} 行目（全体の位置 {}）", head.tenant, head.seq, head.pos),
            format!("Ledger {}, line {} (position {})", head.tenant, head.seq, head.pos),
        ));
        place.push(worded(
            format!("本文のSHA-256 {}", Digest(head.payload_digest)),
            format!("SHA-256 of the payload {}", Digest(head.payload_digest)),
        ));
        place.push(worded(format!("葉のハッシュ値 {}", Digest(line.leaf)), format!("Leaf hash {}", Digest(line.leaf))));
    }
    let at = japan(erasure.at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let request = erasure.request.map(|r| r.to_string()).unwrap_or_default();
    let statement = pdf::Statement {
        title: text("消去証明書", "Certificate of Erasure"),
        number: erasure.id.to_string(),
        says: text(
            "下記の記録について、保存期間が終わったことを確認し、2人の承認のもとで消去したことを証します。",
            "This certifies that the time of the records named below was over, and that they were erased with the approval of two people.",
        ),
        facts: vec![
            (text("消去したもの", "What was erased"), what),
            (text("削除した行（表ごと）", "Rows by table"), if rows.is_empty() { vec![text("なし", "None")] } else { rows }),
            (text("削除したファイル", "Files"), files),
            (
                text("根拠", "Authority"),
                vec![
                    worded(format!("保存期間の規則: {}", erasure.authority), format!("Rule of retention: {}", erasure.authority)),
                    worded(format!("申請 {request}: {}", facts.reason), format!("Request {request}: {}", facts.reason)),
                ],
            ),
            (
                text("申請者と承認者", "Asked by, approved by"),
                vec![
                    worded(format!("申請 {}", facts.asked), format!("Asked by {}", facts.asked)),
                    worded(format!("承認・実行 {}", facts.approved), format!("Approved and done by {}", facts.approved)),
                ],
            ),
            (text("日時（日本時間）", "When (Japan)"), vec![same(at)]),
            (text("方法", "How"), erasure.how.clone()),
            (text("事後の確認", "Looked at afterwards"), std::iter::once(outcome).chain(looked.words.iter().cloned()).collect()),
            (text("台帳上の位置", "In the ledger"), place),
        ],
        limits: vec![
            text(
                "利用者が書き出したファイル、印刷物、送付済みのメールやパッケージ、他のシステムに写された内容は対象ではありません。",
                "Files that people exported, papers, mails and packages already sent, and copies in other systems are not covered.",
            ),
            text(
                "ディスク装置の内部で使われなくなった領域（ウェアレベリングなど）の状態は、ソフトウェアからは確認できません。装置の廃棄時の消去と暗号化で守ってください。",
                "What a disk keeps inside itself in areas no longer in use (wear levelling) cannot be seen by software: rely on encryption of the disk and on its disposal.",
            ),
        ],
        by: facts.organisation.clone(),
        on,
    };
    pdf::statement(&statement).map_err(|e| Error::Broken(format!("the certificate of {} cannot be set: {e}", erasure.id)))
}
