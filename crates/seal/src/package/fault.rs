//! Why a package is refused, each reason with its place, in both languages.

use std::fmt;

/// Why a package was refused. Nothing of it may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageFault {
    /// It does not begin like a package.
    NotAPackage,
    /// The file ends at this byte, before the package does.
    Truncated { offset: u64 },
    /// The content is not what the manifest says.
    Altered { path: String },
    /// The file is there, but what stands around it differs from what a package has there.
    Header { path: String, offset: u64 },
    /// A file that the manifest does not name.
    Extra { path: String },
    /// A file that the manifest names is not there.
    Missing { path: String },
    /// A file at another place than in the manifest, or for the second time.
    Order { path: String },
    /// A file whose name may lead out of the folder it is unpacked into, or is not the same on every system.
    BadName { path: String },
    /// A file that is compressed or encrypted: packages keep files as they are.
    Compressed { path: String },
    /// Bytes that belong to no file: before, between or after them.
    Stray { offset: u64 },
    /// The table of files at the end is not that of the files.
    Directory { offset: u64 },
    /// The manifest says something that no manifest may say.
    Manifest(BadManifest),
    /// The signature under the manifest.
    Signature(BadSignature),
    /// The signature is right, but of a sender whose keys are not known here.
    UnknownSender { name: String, keys: Vec<String> },
    /// It was made for another receiver.
    OtherReceiver { name: String },
    /// It was accepted before.
    Replayed { id: String },
    /// More than can be taken, in bytes.
    TooLarge { path: String, size: u64 },
    /// The file could not be read.
    Unreadable(String),
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadManifest {
    /// Made by a newer program.
    Version(u64),
    /// No canonical JSON of exactly the known fields; the reader's words.
    NotCanonical(String),
    /// This field.
    Field(&'static str),
    /// More files than a package holds.
    Files(usize),
    /// A name that no file may have.
    Path(String),
    /// Two files of one name, or one that is called like another's folder.
    Doubled(String),
    /// Evidence that is not called by its digest.
    NotItsDigest(String),
    /// The digest of this file is no SHA-256 digest.
    Digest(String),
    /// The media type of this file.
    Media(String),
    /// All files together are larger than any disk.
    TooLarge,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadSignature {
    /// No signed note; the reader's words.
    NotANote(String),
    /// The signatures stand under another manifest.
    OtherManifest,
    /// A signature is wrong; the verifier's words.
    Wrong(String),
    /// Signed by a known installation, which is not the one that the manifest names as sender.
    OtherSender { signed: String, named: String },
    /// The sender has keys of this algorithm, and the package is not signed with it.
    Lacking(&'static str),
}

impl std::error::Error for PackageFault {}
impl std::error::Error for BadManifest {}

/// A name from a stranger, safe to print: at most 100 characters, nothing that moves a cursor.
fn shown(name: &str) -> String {
    let mut text: String = name.chars().take(100).flat_map(char::escape_debug).collect();
    if name.chars().count() > 100 {
        text.push('…');
    }
    text
}

impl fmt::Display for PackageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().1)
    }
}

impl fmt::Display for BadManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().1)
    }
}

impl PackageFault {
    /// What happened, where and what to do, in Japanese. `Display` says it in English.
    pub fn ja(&self) -> String {
        self.words().0
    }

    fn words(&self) -> (String, String) {
        match self {
            PackageFault::NotAPackage => (
                "このファイルはパッケージ（.akashi）ではありません。選んだファイルを確かめてください。".to_owned(),
                "This file is not a package (.akashi). Check that you chose the right file.".to_owned(),
            ),
            PackageFault::Truncated { offset } => (
                format!("パッケージが{offset}バイト目で途切れています。もう一度受け取ってください。"),
                format!("The package breaks off at byte {offset}. Fetch it again."),
            ),
            PackageFault::Altered { path } => (
                format!("「{}」の内容が目録と異なります。送り主に再送を依頼してください。", shown(path)),
                format!("The content of '{}' is not what the manifest says. Ask the sender to send it again.", shown(path)),
            ),
            PackageFault::Header { path, offset } => (
                format!("{offset}バイト目：「{}」の見出しが書き換えられています。送り主に再送を依頼してください。", shown(path)),
                format!("Byte {offset}: the header of '{}' was changed. Ask the sender to send it again.", shown(path)),
            ),
            PackageFault::Extra { path } => (
                format!("目録にないファイル「{}」が入っています。送り主に確認してください。", shown(path)),
                format!("It holds a file '{}' that the manifest does not name. Ask the sender.", shown(path)),
            ),
            PackageFault::Missing { path } => (
                format!("目録にあるファイル「{}」がありません。送り主に再送を依頼してください。", shown(path)),
                format!("The file '{}' of the manifest is missing. Ask the sender to send it again.", shown(path)),
            ),
            PackageFault::Order { path } => (
                format!("ファイル「{}」が目録と異なる位置にあるか、2つあります。送り主に再送を依頼してください。", shown(path)),
                format!(
                    "The file '{}' stands at another place than in the manifest, or twice. Ask the sender to send it again.",
                    shown(path)
                ),
            ),
            PackageFault::BadName { path } => (
                format!("使えないファイル名「{}」が入っています。送り主に確認してください。", shown(path)),
                format!("It holds a file with a name that is not allowed: '{}'. Ask the sender.", shown(path)),
            ),
            PackageFault::Compressed { path } => (
                format!("「{}」が圧縮または暗号化されています。パッケージを解凍・再圧縮せず、受け取ったまま使ってください。", shown(path)),
                format!("'{}' is compressed or encrypted. Use the package as it came, without packing it again.", shown(path)),
            ),
            PackageFault::Stray { offset } => (
                format!("{offset}バイト目から、どのファイルにも属さないデータがあります。送り主に再送を依頼してください。"),
                format!("From byte {offset} on there is data that belongs to no file. Ask the sender to send it again."),
            ),
            PackageFault::Directory { offset } => (
                format!("{offset}バイト目：末尾のファイル一覧が実際のファイルと異なります。送り主に再送を依頼してください。"),
                format!("Byte {offset}: the table of files at the end is not that of the files. Ask the sender to send it again."),
            ),
            PackageFault::Manifest(reason) => {
                let (ja, en) = reason.words();
                (format!("目録（manifest.json）：{ja}"), format!("The manifest (manifest.json): {en}"))
            }
            PackageFault::Signature(reason) => reason.words(),
            PackageFault::UnknownSender { name, .. } => (
                format!("送り主「{}」の鍵が登録されていません。別の手段で鍵を確かめ、登録してからもう一度開いてください。", shown(name)),
                format!(
                    "The keys of the sender '{}' are not known here. Confirm them by another way, register them, then open it again.",
                    shown(name)
                ),
            ),
            PackageFault::OtherReceiver { name } => (
                format!("このパッケージは「{}」宛てです。送り主に宛先を確認してください。", shown(name)),
                format!("This package is addressed to '{}'. Ask the sender about the address.", shown(name)),
            ),
            PackageFault::Replayed { id } => (
                format!("このパッケージ（{}）は受領済みです。訂正版であれば、送り主に新しいパッケージを依頼してください。", shown(id)),
                format!("This package ({}) was accepted before. If it is meant as a correction, ask the sender for a new one.", shown(id)),
            ),
            PackageFault::TooLarge { path, size } => (
                format!("「{}」が大きすぎます（{size}バイト）。送り主に確認してください。", shown(path)),
                format!("'{}' is too large ({size} bytes). Ask the sender.", shown(path)),
            ),
            PackageFault::Unreadable(why) => (
                format!("ファイルを読み取れません（{}）。保存場所を確かめ、もう一度開いてください。", shown(why)),
                format!("The file cannot be read ({}). Check where it is stored, then open it again.", shown(why)),
            ),
        }
    }
}

impl BadManifest {
    /// In Japanese. `Display` says it in English.
    pub fn ja(&self) -> String {
        self.words().0
    }

    fn words(&self) -> (String, String) {
        match self {
            BadManifest::Version(v) => (
                format!("新しい版（{v}）の形式です。このプログラムを更新してください。"),
                format!("it has a newer version ({v}). Update this program."),
            ),
            BadManifest::NotCanonical(why) => (
                format!("書式が正しくありません（{}）。送り主に再送を依頼してください。", shown(why)),
                format!("it is not written as it must be ({}). Ask the sender to send it again.", shown(why)),
            ),
            BadManifest::Field(name) => (
                format!("「{name}」の値が正しくありません。送り主に確認してください。"),
                format!("the value of '{name}' is not allowed. Ask the sender."),
            ),
            BadManifest::Files(count) => (
                format!("ファイルが多すぎます（{count}件、上限{}件）。分けて送ってください。", super::FILES),
                format!("too many files ({count}; at most {}). Send them in parts.", super::FILES),
            ),
            BadManifest::Path(path) => (
                format!("使えないファイル名「{}」があります。送り主に確認してください。", shown(path)),
                format!("a file name that is not allowed: '{}'. Ask the sender.", shown(path)),
            ),
            BadManifest::Doubled(path) => (
                format!("同じ名前のファイル「{}」が2つあります。送り主に確認してください。", shown(path)),
                format!("two files are called '{}'. Ask the sender.", shown(path)),
            ),
            BadManifest::NotItsDigest(path) => (
                format!("エビデンス「{}」の名前が内容のハッシュ値と異なります。送り主に確認してください。", shown(path)),
                format!("the evidence '{}' is not called by its digest. Ask the sender.", shown(path)),
            ),
            BadManifest::Digest(path) => (
                format!("「{}」のハッシュ値の書式が正しくありません。送り主に確認してください。", shown(path)),
                format!("the digest of '{}' is not a SHA-256 digest. Ask the sender.", shown(path)),
            ),
            BadManifest::Media(path) => (
                format!("「{}」のメディア種別の書式が正しくありません。送り主に確認してください。", shown(path)),
                format!("the media type of '{}' is not one. Ask the sender.", shown(path)),
            ),
            BadManifest::TooLarge => (
                "ファイルの合計が大きすぎます。分けて送ってください。".to_owned(),
                "the files are too large together. Send them in parts.".to_owned(),
            ),
        }
    }
}

impl BadSignature {
    fn words(&self) -> (String, String) {
        match self {
            BadSignature::NotANote(why) => (
                format!("署名（manifest.note）を読み取れません（{}）。送り主に再送を依頼してください。", shown(why)),
                format!("The signature (manifest.note) cannot be read ({}). Ask the sender to send it again.", shown(why)),
            ),
            BadSignature::OtherManifest => (
                "目録（manifest.json）が署名されたものと異なります。送り主に再送を依頼してください。".to_owned(),
                "The manifest (manifest.json) is not the one that was signed. Ask the sender to send it again.".to_owned(),
            ),
            BadSignature::Wrong(why) => (
                format!("署名が正しくありません（{}）。このパッケージを使わず、送り主に確認してください。", shown(why)),
                format!("The signature is wrong ({}). Do not use this package; ask the sender.", shown(why)),
            ),
            BadSignature::OtherSender { signed, named } => (
                format!(
                    "署名者「{}」は、目録の送り主「{}」ではありません。このパッケージを使わず、送り主に確認してください。",
                    shown(signed),
                    shown(named)
                ),
                format!(
                    "It is signed by '{}', who is not the sender '{}' of the manifest. Do not use this package; ask the sender.",
                    shown(signed),
                    shown(named)
                ),
            ),
            BadSignature::Lacking(algorithm) => (
                format!("送り主の{algorithm}の鍵による署名がありません。このパッケージを使わず、送り主に確認してください。"),
                format!("The sender's signature by its {algorithm} key is missing. Do not use this package; ask the sender."),
            ),
        }
    }
}
