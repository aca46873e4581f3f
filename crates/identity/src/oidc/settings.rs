//! Which providers an installation trusts, for whom, and what a provider's groups mean here.

use std::collections::{BTreeMap, BTreeSet};

use rules::id::{self, Id};
use rules::party::Role;
use rules::text::{Text, text, worded};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use super::wire;

/// A client secret. It has no `Debug`, so that it cannot get into a log.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The content of the secret's file; the line's end that editors append is not part of it. `None` if nothing is left.
    pub fn read(content: &str) -> Option<Secret> {
        let secret = content.trim_end_matches(['\r', '\n']);
        (!secret.is_empty()).then(|| Secret(secret.to_owned()))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// What a provider says when the person used a second factor. Nothing named: nobody did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecondFactor {
    /// Values of the `acr` claim; they are also asked for at sign-in.
    pub acr: BTreeSet<String>,
    /// Values of the `amr` claim (RFC 8176), such as `otp` or `hwk`; one of them is enough.
    pub amr: BTreeSet<String>,
}

/// One provider: whose people come by it, and what is believed of what it says.
#[derive(Clone)]
pub struct Provider {
    /// Stands in addresses: `a`-`z`, `0`-`9` and `-`.
    pub id: String,
    /// The words on the button of the sign-in page.
    pub title: Text,
    /// Byte for byte as the provider writes it (OpenID Connect Discovery 1.0, section 4.3).
    pub issuer: String,
    pub client_id: String,
    /// Where the secret lies. `None`: a public client, protected by PKCE alone.
    pub client_secret_file: Option<String>,
    /// PEM certificates of the provider's own authority; then only these are trusted, else the well-known ones.
    pub root_file: Option<String>,
    /// The organisation whose people come this way.
    pub organisation: String,
    /// Lower case. Only mail addresses of exactly these domains are accepted; never empty.
    pub email_domains: BTreeSet<String>,
    /// What is asked for beside `openid email profile`.
    pub scopes: BTreeSet<String>,
    pub groups_claim: String,
    /// From a group's name at the provider to the words of [`Role`].
    pub groups: BTreeMap<String, Vec<String>>,
    pub second_factor: SecondFactor,
    /// People who are unknown so far may be made.
    pub join: bool,
    /// The content of `client_secret_file`, handed over by whoever reads the configuration.
    pub secret: Option<Secret>,
    /// The content of `root_file`, handed over likewise.
    pub root: Option<String>,
}

/// All providers of an installation.
pub struct Providers;

impl Providers {
    /// Reads the tables of a configuration file (`[[provider]]`), as `toml::from_str` gives them. All faults at once,
    /// each with the provider and the field; none of the providers is used if there is one.
    pub fn read(tables: Value) -> Result<Vec<Provider>, Vec<Text>> {
        let mut file = match tables {
            Value::Object(file) => file,
            _ => return Err(vec![text("認証連携先の設定が表になっていません。", "The settings of providers are not a table.")]),
        };
        let list = match file.remove("provider") {
            None => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                return Err(vec![text("認証連携先は [[provider]] として書いてください。", "Write each provider as a table [[provider]].")]);
            }
        };
        let mut faults: Vec<Text> = file.keys().map(|key| unknown("", key)).collect();
        let mut providers = Vec::new();
        let mut seen = BTreeSet::new();
        for (i, table) in list.into_iter().enumerate() {
            let Value::Object(table) = table else {
                faults.push(worded(
                    format!("{}番目の認証連携先が表になっていません。", i + 1),
                    format!("Provider number {} is not a table.", i + 1),
                ));
                continue;
            };
            let name = match table.get("id") {
                Some(Value::String(id)) => id.clone(),
                _ => format!("#{}", i + 1),
            };
            if !seen.insert(name.clone()) {
                faults.push(worded(
                    format!("認証連携先「{name}」が2回書かれています。どちらかを削除してください。"),
                    format!("Provider “{name}” is written twice. Remove one."),
                ));
            }
            providers.extend(Table { name: &name, fields: table, faults: &mut faults }.provider());
        }
        if faults.is_empty() { Ok(providers) } else { Err(faults) }
    }
}

/// One `[[provider]]` while it is read.
struct Table<'a> {
    name: &'a str,
    fields: Map<String, Value>,
    faults: &'a mut Vec<Text>,
}

impl Table<'_> {
    /// `None` if a field is missing or cannot be read; the fault is told then.
    fn provider(mut self) -> Option<Provider> {
        let id = self.needed::<String>("id").filter(|id| {
            let good = !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            self.check(good, "id", "半角の英小文字、数字、ハイフンだけで書いてください。", "Use only a-z, 0-9 and hyphens.")
        });
        let title = self.needed::<Text>("title").filter(|title| {
            let good = !title.ja.trim().is_empty() && !title.en.trim().is_empty();
            self.check(good, "title", "日本語と英語の両方で書いてください。", "Write it in Japanese and in English.")
        });
        let issuer = self.needed::<String>("issuer").filter(|issuer| {
            let good = Url::parse(issuer)
                .is_ok_and(|url| wire::may_be_called(&url, wire::is_loopback(&url)) && url.query().is_none() && url.fragment().is_none());
            self.check(good, "issuer", "https:// で始まる発行者のアドレスを書いてください。", "Write the issuer's address with https://.")
        });
        let client_id = self
            .needed::<String>("client_id")
            .filter(|id| self.check(!id.is_empty(), "client_id", "クライアントIDを書いてください。", "Write the client id."));
        let client_secret_file = self.optional::<String>("client_secret_file");
        let root_file = self.optional::<String>("root_file");
        let organisation = self.needed::<String>("organisation").filter(|organisation| {
            let good = organisation.parse::<Id<id::Organisation>>().is_ok();
            self.check(good, "organisation", "組織のIDを書いてください。", "Write the id of the organisation.")
        });
        let email_domains = self.needed::<BTreeSet<String>>("email_domains").filter(|domains| {
            let good = !domains.is_empty() && domains.iter().all(|domain| is_domain(domain));
            self.check(
                good,
                "email_domains",
                "受け入れるメールアドレスのドメインを1つ以上、半角で書いてください（例：hospital.example）。",
                "Write at least one domain of mail addresses to accept, in ASCII, such as hospital.example.",
            )
        });
        let scopes = self.optional::<BTreeSet<String>>("scopes").unwrap_or_default();
        // RFC 6749, section 3.3: a space would ask for two.
        let good = scopes.iter().all(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\'));
        self.check(good, "scopes", "スコープは空白を含まない半角文字で書いてください。", "Write scopes in ASCII without spaces.");
        let groups_claim = self.optional::<String>("groups_claim").unwrap_or_else(|| "groups".to_owned());
        let groups = self.optional::<BTreeMap<String, Vec<String>>>("groups").unwrap_or_default();
        for (group, words) in &groups {
            for word in words.iter().filter(|word| !is_role(word)) {
                self.fault(
                    "groups",
                    &format!("グループ「{group}」に割り当てた「{word}」という役割はありません。"),
                    &format!("Group “{group}” is given “{word}”, which is no role."),
                );
            }
        }
        let second_factor = self.second_factor();
        let join = self.optional::<bool>("join").unwrap_or(false);
        let left: Vec<Text> = self.fields.keys().map(|key| unknown(self.name, key)).collect();
        self.faults.extend(left);
        Some(Provider {
            id: id?,
            title: title?,
            issuer: issuer?,
            client_id: client_id?,
            client_secret_file,
            root_file,
            organisation: organisation?,
            email_domains: email_domains?.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
            scopes,
            groups_claim,
            groups,
            second_factor,
            join,
            secret: None,
            root: None,
        })
    }

    fn second_factor(&mut self) -> SecondFactor {
        let mut lists = self.optional::<BTreeMap<String, BTreeSet<String>>>("second_factor").unwrap_or_default();
        let found = SecondFactor { acr: lists.remove("acr").unwrap_or_default(), amr: lists.remove("amr").unwrap_or_default() };
        let left: Vec<Text> = lists.keys().map(|key| unknown(self.name, &format!("second_factor.{key}"))).collect();
        self.faults.extend(left);
        found
    }

    fn optional<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.fields.remove(key)?;
        let read = serde_json::from_value(value);
        if read.is_err() {
            self.fault(
                key,
                "書き方が違います。設定の説明を確認してください。",
                "This is not written as the description of the settings says.",
            );
        }
        read.ok()
    }

    fn needed<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if !self.fields.contains_key(key) {
            self.fault(key, "この項目を書いてください。", "This field is needed.");
        }
        self.optional(key)
    }

    fn check(&mut self, good: bool, key: &str, ja: &str, en: &str) -> bool {
        if !good {
            self.fault(key, ja, en);
        }
        good
    }

    fn fault(&mut self, key: &str, ja: &str, en: &str) {
        self.faults.push(worded(format!("認証連携先「{}」の{key}：{ja}", self.name), format!("Provider “{}”, {key}: {en}", self.name)));
    }
}

fn unknown(name: &str, key: &str) -> Text {
    worded(
        format!("認証連携先「{name}」に「{key}」という設定項目はありません。"),
        format!("Provider “{name}” has “{key}”, which is no setting."),
    )
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    domain.contains('.') && domain.split('.').all(is_label)
}

fn is_role(word: &str) -> bool {
    serde_json::from_value::<Role>(Value::String(word.to_owned())).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> Value {
        json!({
            "id": "hospital-1",
            "title": { "ja": "病院の共通ID", "en": "Hospital account" },
            "issuer": "https://id.hospital.example/realms/staff",
            "client_id": "akashi",
            "client_secret_file": "/etc/akashi/hospital.secret",
            "organisation": "org_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b",
            "email_domains": ["Hospital.example"],
            "groups": { "安全管理委員会": ["institution_officer"] },
            "second_factor": { "amr": ["otp", "hwk"] },
            "join": true,
        })
    }

    #[test]
    fn a_provider_is_read_and_what_is_not_said_is_denied() {
        let all = Providers::read(json!({ "provider": [table()] })).ok().unwrap();
        let provider = &all[0];
        assert_eq!(provider.groups_claim, "groups");
        assert!(provider.email_domains.contains("hospital.example"));
        assert!(provider.join && provider.secret.is_none() && provider.second_factor.acr.is_empty());
        let mut bare = table();
        for field in ["groups", "second_factor", "join"] {
            bare.as_object_mut().unwrap().remove(field);
        }
        let all = Providers::read(json!({ "provider": [bare] })).ok().unwrap();
        assert!(!all[0].join && all[0].groups.is_empty() && all[0].second_factor == SecondFactor::default());
        assert_eq!(Providers::read(json!({})).ok().unwrap().len(), 0);
    }

    #[test]
    fn every_fault_of_every_provider_is_told_at_once() {
        let mut first = table();
        first["id"] = json!("Hospital 1");
        first["issuer"] = json!("http://id.hospital.example");
        first["organisation"] = json!("hospital");
        first["email_domains"] = json!([]);
        first["groups"] = json!({ "staff": ["institution_officer", "god"] });
        first["second_factor"] = json!({ "amr": ["otp"], "sms": ["yes"] });
        first["joins"] = json!(true);
        first["join"] = json!("yes");
        first.as_object_mut().unwrap().remove("client_id");
        let faults = Providers::read(json!({ "provider": [first, table(), table(), 7], "other": 1 })).err().unwrap();
        for part in [
            "“other”",
            "“Hospital 1”, id:",
            "issuer:",
            "organisation:",
            "email_domains:",
            "“god”",
            "second_factor.sms",
            "“joins”",
            "join:",
            "client_id: This field is needed",
            "“hospital-1” is written twice",
            "number 4",
        ] {
            assert_eq!(faults.iter().filter(|fault| fault.en.contains(part)).count(), 1, "{part}: {faults:#?}");
        }
        assert_eq!(faults.len(), 12, "{faults:#?}");
    }

    #[test]
    fn plain_http_is_for_the_machine_itself_only() {
        for (issuer, good) in [
            ("http://127.0.0.1:4000", true),
            ("http://[::1]:4000", true),
            ("http://127.0.0.1.evil.example", false),
            ("http://10.0.0.1", false),
            ("ftp://127.0.0.1", false),
            ("https://id.example/?x=1", false),
            ("https://user:word@id.example", false),
            ("javascript:alert(1)", false),
        ] {
            let mut table = table();
            table["issuer"] = json!(issuer);
            assert_eq!(Providers::read(json!({ "provider": [table] })).is_ok(), good, "{issuer}");
        }
    }

    #[test]
    fn a_secret_loses_the_editors_line_end_and_nothing_else() {
        assert_eq!(Secret::read(" s e \r\n").unwrap().text(), " s e ");
        assert!(Secret::read("\n").is_none());
    }
}
