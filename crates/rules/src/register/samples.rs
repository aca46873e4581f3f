//! A small register and the world around it, for the tests of registers.
#![cfg(test)]

use std::collections::BTreeSet;

use jiff::civil::date;

use super::Register;
use super::check::{Facts, Linked, Written};

pub const ASSET: &str = "entry_01890a5d000070008000000000000001";
pub const HANA: &str = "person_01890a5d000070008000000000000003";
pub const MEDIA: &str = "entry_01890a5d000070008000000000000002";

pub fn register() -> Register {
    toml::from_str(
        r#"
        id = "disposal_record"
        name = { ja = "廃棄・消去記録", en = "Disposal records" }
        about = { ja = "廃棄の記録", en = "A disposal." }
        title = ["number"]
        label = "confidential"
        kept_months = 60
        items = ["214"]
        states = [{ id = "done", name = { ja = "済", en = "Done" }, open = false }]
        fields = [
            { id = "number", name = { ja = "番号", en = "Number" }, kind = "line", required = true, unique = true, serves = ["214:2"] },
            { id = "asset", name = { ja = "資産", en = "Asset" }, kind = "entry", to = "asset_ledger", many = true },
            { id = "requested_at", name = { ja = "申請", en = "Requested" }, kind = "moment" },
            { id = "worked_on", name = { ja = "作業", en = "Worked" }, kind = "date" },
            { id = "valid_until", name = { ja = "期限", en = "Until" }, kind = "date" },
            { id = "outside", name = { ja = "委託", en = "Outside" }, kind = "yes_no" },
            { id = "proof", name = { ja = "証明書", en = "Proof" }, kind = "line" },
            { id = "requester", name = { ja = "申請者", en = "Requester" }, kind = "person" },
            { id = "approver", name = { ja = "承認者", en = "Approver" }, kind = "person" },
        ]
        checks = [
            { kind = "not_before", field = "worked_on", other = "requested_at", words = { ja = "順", en = "order" } },
            { kind = "not_future", field = "worked_on", words = { ja = "未来", en = "future" } },
            { kind = "not_over", field = "valid_until", words = { ja = "期限切れ", en = "over" } },
            { kind = "needed_if", field = "proof", other = "outside", is = "yes", words = { ja = "証明書", en = "proof" } },
            { kind = "different", field = "approver", other = "requester", words = { ja = "同一人", en = "same" } },
            { kind = "linked", field = "asset", states = ["retired"], words = { ja = "状態", en = "state" } },
            { kind = "one_of", fields = ["worked_on", "requested_at"], words = { ja = "いずれか", en = "one" } },
        ]
        example = { number = "D-1" }
        "#,
    )
    .unwrap()
}

pub fn facts() -> Facts {
    let entry = |register: &str, state: &str| Linked { register: register.into(), state: state.into() };
    Facts {
        today: date(2026, 11, 20),
        now: "2026-11-20T03:00:00Z".parse().unwrap(),
        entries: [(ASSET.to_owned(), entry("asset_ledger", "retired")), (MEDIA.to_owned(), entry("media_ledger", "retired"))].into(),
        known: BTreeSet::from([HANA.to_owned()]),
        taken: [("number".to_owned(), "D-7".to_owned())].into(),
    }
}

pub fn written(fields: &[(&str, &str)]) -> Written {
    let mut out = Written::new();
    for (field, value) in fields {
        out.entry((*field).to_owned()).or_default().push((*value).to_owned());
    }
    out
}
