//! Names of things: typed ids, item numbers and digests, so that one cannot stand for another.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A kind of thing that has ids; the prefix makes an id readable on its own.
pub trait Named {
    const PREFIX: &'static str;
}

/// A UUIDv7 that knows what it names. In text: `case_` and 32 hexadecimal digits.
pub struct Id<T> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

impl<T: Named> Id<T> {
    /// Milliseconds since 1970 and ten random bytes make an id (RFC 9562, version 7).
    pub fn new(millis: u64, random: [u8; 10]) -> Self {
        Id { uuid: uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(), of: PhantomData }
    }

    /// When it was made, to the millisecond.
    pub fn made(self) -> jiff::Timestamp {
        let millis = self.uuid.as_u128() >> 80;
        i64::try_from(millis).ok().and_then(|m| jiff::Timestamp::from_millisecond(m).ok()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<T: Named> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", T::PREFIX, self.uuid.simple())
    }
}
impl<T: Named> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}
impl std::error::Error for NotAnId {}

impl<T: Named> FromStr for Id<T> {
    type Err = NotAnId;
    fn from_str(s: &str) -> Result<Self, NotAnId> {
        let rest = s.strip_prefix(T::PREFIX).and_then(|r| r.strip_prefix('_')).ok_or(NotAnId)?;
        let uuid = Uuid::try_parse(rest).map_err(|_| NotAnId)?;
        Ok(Id { uuid, of: PhantomData })
    }
}
impl<T: Named> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de, T: Named> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let s = String::deserialize(d)?;
        s.parse().map_err(serde::de::Error::custom)
    }
}

impl<T: Named> JsonSchema for Id<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}_id", T::PREFIX).into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^{}_[0-9a-f]{{32}}$", T::PREFIX) })
    }
}
impl JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "digest".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256" })
    }
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {
        $($(#[$doc])* #[derive(Debug, Clone, Copy, PartialEq, Eq)] pub enum $name {}
        impl Named for $name { const PREFIX: &'static str = $prefix; })*
    };
}

named! {
    /// 組織: provider, evaluation body or medical institution; the tenant.
    Organisation = "org";
    /// 利用者: one human being.
    Person = "person";
    /// 評価対象プロダクト.
    Product = "product";
    /// 評価案件: one evaluation of one product against one sheet edition.
    Case = "case";
    /// One version of an evidence file.
    Evidence = "evidence";
    /// A place in an evidence file that is said to show an item.
    Claim = "claim";
    /// An invitation to join an organisation.
    Invitation = "invite";
    /// A sign-in of a person in a browser.
    Session = "session";
    /// A key for the REST API.
    Token = "token";
    /// A phrase to reuse.
    Phrase = "phrase";
    /// A saved column mapping of an imported form.
    Mapping = "mapping";
    /// 認定証.
    Certificate = "certificate";
    /// 認証要素: a one-time code generator, a passkey, a set of recovery codes.
    Factor = "factor";
    /// 申請: something that needs another person's approval.
    Request = "request";
    /// 定期レビュー: one review of accounts and rights.
    Review = "review";
    /// 警告: something that administrators have to see at once.
    Alert = "alert";
    /// One mail in the outbox.
    Mail = "mail";
    /// 情報グループ: people who may see a group of documents.
    Group = "group";
    /// 保全: logs and data that nothing may remove.
    Hold = "hold";
    /// 消去: one erasure with its certificate.
    Erasure = "erasure";
    /// 保存期間の規則: one dated rule of retention.
    Retention = "retention";
    /// A saved view of the ledger.
    LogView = "logview";
    /// One review of the ledger.
    LogReview = "logreview";
    /// 封印パッケージ: a case as a file on its way to another installation.
    Package = "package";
    /// トラストアンカー: a key or certificate of somebody else that is believed.
    TrustAnchor = "anchor";
    /// One backup.
    Backup = "backup";
    /// 管理簿の記録: one entry of a register, through all its versions.
    Entry = "entry";
    /// 期限のカレンダー: an address from which a calendar program reads deadlines.
    Feed = "feed";
    /// 質問票: a form that a medical institution sent.
    Questionnaire = "questionnaire";
    /// 文書の版: one version of a document.
    Document = "doc";
}

/// The number of an item on its sheet (項目番号), from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ItemNo(pub u16);

impl fmt::Display for ItemNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A numbered sub-point of an item; 0 is the item as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct PointNo(pub u16);

impl PointNo {
    pub const WHOLE: PointNo = PointNo(0);
}

impl<'de> Deserialize<'de> for PointNo {
    /// Reads a number or its digits: as the key of a JSON object it is text, and inside a tagged
    /// enum (a command, a change) serde no longer turns such keys into numbers by itself.
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Point;
        impl serde::de::Visitor<'_> for Point {
            type Value = PointNo;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a sub-point")
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<PointNo, E> {
                u16::try_from(n).map(PointNo).map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(n), &self))
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<PointNo, E> {
                u16::try_from(n).map(PointNo).map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(n), &self))
            }
            fn visit_str<E: serde::de::Error>(self, s: &str) -> Result<PointNo, E> {
                s.parse().map(PointNo).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(s), &self))
            }
        }
        d.deserialize_any(Point)
    }
}

/// A position in the installation's ledger; every row carries the one that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pos(pub i64);

impl Pos {
    /// Later than everything: "as it stands now".
    pub const NOW: Pos = Pos(i64::MAX);
    /// Earlier than everything: "nothing of it".
    pub const NEVER: Pos = Pos(0);
}

/// A SHA-256 digest, in text as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Digest {
    type Err = NotAnId;
    fn from_str(s: &str) -> Result<Self, NotAnId> {
        if s.len() != 64 || !s.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAnId);
        }
        let mut out = [0; 32];
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&s[2 * i..2 * i + 2], 16).map_err(|_| NotAnId)?;
        }
        Ok(Digest(out))
    }
}
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_refuses_another_kind() {
        let id: Id<Case> = Id::new(1_700_000_000_000, [7; 10]);
        assert_eq!(id.to_string().parse::<Id<Case>>(), Ok(id));
        assert_eq!(id.to_string().parse::<Id<Person>>(), Err(NotAnId));
        assert_eq!("case_".parse::<Id<Case>>(), Err(NotAnId));
    }

    #[test]
    fn a_digest_reads_back_and_refuses_other_text() {
        let digest = Digest([0xab; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("é".repeat(32).parse::<Digest>().is_err());
    }

    #[test]
    fn a_sub_point_is_read_from_a_number_or_its_digits() {
        let read = |json: &str| serde_json::from_str::<PointNo>(json).ok();
        assert_eq!((read("2"), read("\"2\"")), (Some(PointNo(2)), Some(PointNo(2))));
        for odd in ["-1", "65536", "\"-1\"", "\"x\"", "1.5", "null"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_digest_has_no_signs_in_it() {
        assert!("+f".repeat(32).parse::<Digest>().is_err());
        assert_eq!("AB".repeat(32).parse(), Ok(Digest([0xab; 32])));
    }
}
