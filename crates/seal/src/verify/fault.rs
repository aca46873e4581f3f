//! The first thing that is wrong with an export, and where it stands, in words for people.

use std::fmt;

use super::Epoch;
use crate::note::{Unverified, VerifierKey};
use crate::stamp::StampFault;

/// Where an export is wrong first, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line of the file, from 1.
    pub file_line: u64,
    /// The byte of the file that this line begins at, from 0.
    pub offset: u64,
    /// The line of the ledger, where one is meant.
    pub seq: Option<u64>,
    pub what: What,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The file cannot be read further.
    Unreadable(String),
    /// A line is longer than any that Akashi writes.
    TooLong,
    /// The file is not an export: its first line does not say so.
    NoOpening,
    /// It is of a version that this program does not know.
    Version { version: u8 },
    /// Not exactly the text that Akashi writes: a field is unknown, missing or written otherwise.
    NotCanonical { reason: String },
    /// A line stands where none of its kind belongs.
    Misplaced { found: &'static str },
    /// A field of the line (time, actor, kind, subject …) is not the recorded one.
    Altered,
    /// The payload is not the recorded one.
    PayloadAltered,
    /// The payload is not there, and no later erasure accounts for it.
    PayloadMissing,
    /// Lines before this one are missing.
    Missing { expected: u64 },
    /// The line stands here twice.
    Doubled,
    /// The line belongs before one that came already.
    OutOfOrder { after: u64 },
    /// It does not stand after its predecessor in the order of the installation.
    Position { after: u64 },
    /// The line belongs to another tenant.
    Tenant { found: String, expected: String },
    /// The line is earlier than its predecessor, and no line says that the clock was moved.
    TimeBack { at: String, before: String },
    /// The line is not in the tree of the checkpoint.
    Proof { size: u64 },
    /// A line of kind `epoch_begun`, `signing_key_changed` or `payloads_erased` cannot be understood.
    Event { reason: String },
    /// An epoch does not rise.
    EpochFalls { epoch: u32, before: u32 },
    /// A text that should be a signed checkpoint is none.
    NoCheckpoint { reason: &'static str },
    /// The checkpoint is of another ledger.
    OtherLedger { found: String, expected: String },
    /// A signature is wrong, or none is by a key that the file or the outsider names.
    Signature(Box<Unverified>),
    /// None of the outsider's keys signed the last checkpoint, or not with all algorithms.
    Untrusted { signers: Vec<VerifierKey> },
    /// The checkpoint covers fewer lines than stand before it.
    CheckpointSize { size: u64, lines: u64 },
    /// The lines are not those that were signed: one of them was altered together with its hash.
    CheckpointRoot { from: u64, to: u64 },
    /// A checkpoint covers more lines than there are.
    TailMissing { covered: u64, lines: u64 },
    /// Lines stand after the last checkpoint: nobody signed them.
    Uncovered { lines: u64, covered: u64 },
    /// The outsider kept a checkpoint of this size with another root: two histories were told.
    /// An epoch that began before may be the reason: a backup was restored.
    Fork { size: u64, epoch: Option<Box<Epoch>> },
    /// The same of the installation's super-log.
    SuperFork { size: u64 },
    /// The last checkpoint is not in the super-log where it should be.
    SuperProof { index: u64, size: u64 },
    /// The time stamp is not right.
    Stamp(Box<StampFault>),
    /// The witness signed another super checkpoint.
    WitnessOfAnother,
    /// Nobody but the installation signed the witness's note.
    NoWitness,
    /// A checkpoint that the outsider kept cannot be read.
    KnownUnreadable { reason: &'static str },
    /// The file ends too early.
    EndMissing,
    /// The last line counts other lines than there are.
    EndCount { says: u64, lines: u64 },
    /// Bytes of the file were altered, where nothing else shows it.
    Digest,
    /// Something stands after the last line.
    AfterTheEnd,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the file (byte {})", self.file_line, self.offset)?;
        if let Some(seq) = self.seq {
            write!(f, ", line {seq} of the ledger")?;
        }
        write!(f, ": {}", self.what.words().1)
    }
}
impl std::error::Error for Fault {}

impl Fault {
    /// The fault in Japanese; `Display` is English.
    pub fn ja(&self) -> String {
        let seq = self.seq.map(|seq| format!("、台帳の{seq}行目")).unwrap_or_default();
        format!("ファイルの{}行目（{}バイト目から）{seq}: {}", self.file_line, self.offset, self.what.words().0)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().1)
    }
}

impl What {
    /// Japanese and English, side by side.
    fn words(&self) -> (String, String) {
        match self {
            What::Unreadable(why) => (format!("ファイルを読み取れません: {why}"), format!("the file cannot be read: {why}")),
            What::TooLong => ("行が長すぎます。".into(), "the line is longer than any that Akashi writes".into()),
            What::NoOpening => ("Akashiの台帳ファイルではありません。".into(), "this is no ledger export of Akashi".into()),
            What::Version { version } => (
                format!("形式の版（{version}）に対応していません。新しいAkashiで検証してください。"),
                format!("version {version} of the format is not known here; verify with a newer Akashi"),
            ),
            What::NotCanonical { reason } => (
                format!("Akashiが書き出す正規の形と異なります（{reason}）。"),
                format!("not written exactly as Akashi writes it ({reason})"),
            ),
            What::Misplaced { found } => {
                (format!("この位置にあってはならない行です（{found}）。"), format!("a line '{found}' does not belong here"))
            }
            What::EndMissing => ("ファイルが途中で終わっています。".into(), "the file ends too early: its last part is missing".into()),
            What::EndCount { says, lines } => (
                format!("末尾に記録された行数（{says}）と、実際の行数（{lines}）が異なります。"),
                format!("the end counts {says} lines, but there are {lines}"),
            ),
            What::Digest => (
                "ファイルのどこかのバイトが書き換えられています（全体のハッシュ値が一致しません）。".into(),
                "bytes of the file were altered: its digest is another".into(),
            ),
            What::AfterTheEnd => ("末尾の行より後に余分なデータがあります。".into(), "there is more data after the last line".into()),
            What::Altered => (
                "記録された項目（日時・操作者・種別・対象など）のいずれかが書き換えられています。".into(),
                "one of its fields (time, actor, kind, subject …) was altered".into(),
            ),
            What::PayloadAltered => ("記録の内容が書き換えられています。".into(), "its payload was altered".into()),
            What::PayloadMissing => (
                "記録の内容がありません。これを消去したという記録もありません。".into(),
                "its payload is missing, and no erasure accounts for it".into(),
            ),
            What::Missing { expected } => (
                format!("台帳の{expected}行目があるべき位置です。行が抜けています。"),
                format!("line {expected} of the ledger should stand here: lines are missing"),
            ),
            What::Doubled => ("同じ行が2度あります。".into(), "the line stands here twice".into()),
            What::OutOfOrder { after } => (
                format!("台帳の{after}行目より後にあります。順序が入れ替わっています。"),
                format!("it stands after line {after}: lines are out of order"),
            ),
            What::Position { after } => (
                format!("全体の順序で位置{after}より後でなければなりません。"),
                format!("its position in the order of the installation is not after {after}"),
            ),
            What::Tenant { found, expected } => (
                format!("別の組織（{found}）の台帳の行です。ここは{expected}の台帳です。"),
                format!("it belongs to the ledger of {found}, this is that of {expected}"),
            ),
            What::TimeBack { at, before } => (
                format!("日時（{at}）が直前の行（{before}）より前です。時計の変更の記録もありません。"),
                format!("its time ({at}) is before that of the line before ({before}), and no line says that the clock was moved"),
            ),
            What::Proof { size } => (
                format!("この行が{size}行のチェックポイントに含まれることを、証明が示していません。"),
                format!("its proof does not show that it is in the checkpoint of {size} lines"),
            ),
            What::EpochFalls { epoch, before } => {
                (format!("エポックが{before}から{epoch}へ進んでいません。"), format!("epoch {epoch} does not rise above epoch {before}"))
            }
            What::Event { reason } => (
                format!("検証に必要な内容を解釈できません（{reason}）。"),
                format!("its payload, which the check depends on, cannot be understood ({reason})"),
            ),
            What::NoCheckpoint { reason } => {
                (format!("署名付きチェックポイントとして読めません（{reason}）。"), format!("no signed checkpoint: {reason}"))
            }
            What::OtherLedger { found, expected } => (
                format!("別の台帳（{found}）のチェックポイントです。ここは{expected}です。"),
                format!("the checkpoint is of {found}, this ledger is {expected}"),
            ),
            What::Signature(unverified) => match &**unverified {
                Unverified::NobodyKnown => ("知られている鍵による署名がありません。".into(), unverified.to_string()),
                Unverified::Wrong(key) => {
                    (format!("{}の署名（鍵{}、{}）が正しくありません。", key.name, key.id_text(), key.algorithm), unverified.to_string())
                }
            },
            What::Untrusted { signers } => {
                let signers: Vec<String> = signers.iter().map(|key| format!("{} {} {}", key.name, key.id_text(), key.algorithm)).collect();
                let signers = signers.join(", ");
                (
                    format!(
                        "最後のチェックポイントに、お手元の公開鍵による署名がそろっていません（署名者: {signers}）。鍵が交代した場合は、新しい公開鍵を別の経路で入手してください。"
                    ),
                    format!(
                        "the last checkpoint is not signed by the keys you gave (signed by: {signers}); if keys were changed, get the new public key by another way"
                    ),
                )
            }
            What::CheckpointSize { size, lines } => (
                format!("{lines}行の後にあるチェックポイントが、{size}行しか対象にしていません。"),
                format!("the checkpoint covers {size} lines but stands after {lines}"),
            ),
            What::CheckpointRoot { from, to } => (
                format!("署名された内容と異なります。台帳の{from}行目から{to}行目のいずれかが、ハッシュ値ごと書き換えられています。"),
                format!("the lines are not those that were signed: one of lines {from} to {to} was altered together with its hash"),
            ),
            What::TailMissing { covered, lines } => (
                format!("チェックポイントは{covered}行を対象としていますが、ここには{lines}行しかありません。末尾が失われています。"),
                format!("a checkpoint covers {covered} lines, here are {lines}: the tail is missing"),
            ),
            What::Uncovered { lines, covered } => (
                format!("{lines}行のうち、署名されたチェックポイントの対象は{covered}行までです。"),
                format!("of {lines} lines only {covered} are covered by a signed checkpoint"),
            ),
            What::Fork { size, epoch } => fork(*size, epoch.as_deref()),
            What::SuperFork { size } => (
                format!("お手元の{size}件の全体チェックポイントと異なります。異なる履歴が示されています。"),
                format!("you kept a super checkpoint of size {size} with another root: two histories were told"),
            ),
            What::SuperProof { index, size } => (
                format!("最後のチェックポイントが、全体の台帳（{size}件）の{index}番に含まれることを、証明が示していません。"),
                format!("the proof does not show that the last checkpoint is entry {index} of the super-log of {size}"),
            ),
            What::Stamp(fault) => (fault.ja(), fault.to_string()),
            What::WitnessOfAnother => {
                ("立会人の署名は、別の全体チェックポイントに対するものです。".into(), "the witness signed another super checkpoint".into())
            }
            What::NoWitness => ("立会人の署名がありません。".into(), "nobody but the installation itself signed as a witness".into()),
            What::KnownUnreadable { reason } => (
                format!("お手元のチェックポイントを読めません（{reason}）。"),
                format!("a checkpoint that you kept cannot be read: {reason}"),
            ),
        }
    }
}

fn fork(size: u64, epoch: Option<&Epoch>) -> (String, String) {
    let mut words = (
        format!("お手元の{size}行のチェックポイントと、ここの{size}行の内容が異なります。異なる履歴が示されています。"),
        format!("you kept a checkpoint of {size} lines with another root: two histories were told"),
    );
    if let Some(Epoch { epoch, seq, reason, .. }) = epoch {
        let reason = reason.as_deref().unwrap_or("-");
        words.0.push_str(&format!(
            "台帳の{seq}行目でエポック{epoch}が始まっています（理由: {reason}）。その前の行が失われた可能性があります。"
        ));
        words.1.push_str(&format!("; epoch {epoch} begins at line {seq} (reason: {reason}): lines before it may be lost"));
    }
    words
}
