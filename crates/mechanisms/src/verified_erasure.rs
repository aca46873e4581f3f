//! After an erasure its words stand in no byte of database, files or index, and a certificate says so (items 9, 213, 214, 217).

use rules::id::Pos;
use rules::keeping::Matter;
use rules::request::Ask;
use rules::text::text;

use crate::retention_lock::{approve, ask, years};
use crate::scratch::{OFFICER, REVIEWER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

/// Nothing else holds this name.
const NAME: &str = "canary-of-the-erasure-4c2e.pdf";

pub static MECHANISM: Mechanism = Mechanism {
    id: "verified_erasure",
    name: text("消去の確認", "Verified erasure"),
    checks: &[Check {
        shows: &[(9, 0), (213, 0), (214, 0), (217, 0)],
        what: text(
            "消去した文書の名称と内容は、データベース、ファイル、索引のどこにもなく、証明書が残り、台帳は検証できる。",
            "Name and content of an erased document are in no byte of database, files and index; a certificate stays, and the ledger verifies.",
        ),
        run: nowhere_any_more,
        break_it: |s| {
            s.later(|s| {
                // A copy lies where nobody thinks of it.
                s.put_secret("forgotten", "copy", NAME)
            })
        },
    }],
};

fn stands(s: &Scratch) -> Result<bool, Failed> {
    Ok(s.bytes()?.windows(NAME.len()).any(|part| part == NAME.as_bytes()))
}

fn nowhere_any_more(s: &Scratch) -> Tried {
    let reviewer = s.signed_in(REVIEWER)?.signed()?.actor;
    let (series, officer) = s.document(OFFICER, NAME, "%PDF-1.7 leaves for ever")?;
    expect(stands(s)?, "消去前に見つかりません", "it is not found before the erasure")?;
    years(s, 6);
    let request = ask(s, &officer, Ask::Erase { matter: Matter::Evidence { series } })?;
    approve(s, &reviewer, request)?;
    s.meanwhile()?;
    expect(s.app().finish_erasures()? == 1, "消去が完了しません", "the erasure is not finished")?;
    expect(!stands(s)?, "消去した名称が残っています", "the erased name is still there")?;
    expect(s.app().file(&officer, series, None).is_err(), "消去した文書が開けます", "the erased document opens")?;
    let certified = s.lines_after(Pos::NEVER)?.into_iter().find(|l| l.kind == "erasure_certified");
    let certified = certified.ok_or_else(|| Failed::new("証明書がありません", "there is no certificate"))?;
    expect(certified.change["clean"] == true, "証明書が残存を示しています", "the certificate says that something is left")?;
    s.app().verify()?;
    Ok(())
}
