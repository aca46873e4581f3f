//! 認定証: one page that says who judged what, against which edition, when, and where to check it.

use jiff::civil::Date;
use rules::id::Digest;
use rules::text::{Lang, Text, text};
use serde_json::{Value, json};

use crate::Error;
use crate::words::{GETA, lines, printable};

/// Everything that stands on the certificate. All texts are people's: they are printed, never interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// 認定番号.
    pub number: String,
    /// What a reader types on the verification page; printed in groups of four unless it has hyphens of its own.
    pub verification_code: String,
    pub verification_url: String,
    /// 評価申請元: the organisation that offers the product.
    pub holder: String,
    pub product: String,
    pub product_version: Option<String>,
    pub sheet_title: String,
    pub sheet_edition: String,
    /// The organisation whose people judged.
    pub body: String,
    /// The judging people belong to the holder; the paper says so in its title and in a box of its own.
    pub self_evaluation: bool,
    /// 評価範囲.
    pub scope: String,
    pub decided_on: Date,
    pub issued_on: Date,
    /// `None`: the body sets no end of validity.
    pub valid_until: Option<Date>,
    /// The grounds of the decision; long ones go to an annex.
    pub grounds: String,
    /// Mark of the sheet's scale and number of items that have it, in the scale's order.
    pub totals: Vec<(String, u32)>,
    /// SHA-256 of the sealed snapshot that was judged.
    pub snapshot_digest: Digest,
    /// The person or office that issued the certificate.
    pub issued_by: String,
}

/// Full-width characters in one line of the table's right column.
const COLUMN: usize = 35;
/// Texts longer than so many lines go to the annex, so that the first page stays one page.
const LINES_ON_PAGE: usize = 5;

/// The certificate as a tagged PDF/A-2b: one page, and an annex if scope or grounds are long. Same input, same bytes.
pub fn certificate(c: &Certificate, lang: Lang) -> Result<Vec<u8>, Error> {
    let ident = format!("{} {} {}", c.number, c.verification_code, lang.tag());
    crate::page::write(include_str!("certificate.typ"), &data(c, lang), &ident, c.issued_on)
}

/// What the page description reads: prepared texts only.
fn data(c: &Certificate, lang: Lang) -> Value {
    let say = |t: &Text| t.get(lang).to_owned();
    let person = |s: &str| printable(s.trim());
    let fact = |name: Text, value: String| json!({ "name": say(&name), "value": value });
    let mut annexes = Vec::new();
    let mut or_annex = |name: &Text, value: &str| {
        let value = person(value);
        if lines(&value, COLUMN) <= LINES_ON_PAGE {
            return value;
        }
        annexes.push(json!({ "name": say(name), "value": value }));
        say(&text("別紙のとおり", "See the annex"))
    };
    let scope = or_annex(&text("評価範囲", "Scope"), &c.scope);
    let grounds = or_annex(&text("決定の理由", "Grounds of the decision"), &c.grounds);
    let title = if c.self_evaluation {
        text("自己評価結果証", "Statement of Self-Evaluation")
    } else {
        text("認定証", "Certificate of Evaluation")
    };
    let judged = if c.self_evaluation {
        text(
            "上記のプロダクトについて、申請元の組織に属する者が、下記の版のチェックシートに照らして評価し、その結果を次のとおり決定したことを証します。",
            "This states that people of the provider itself judged the product named above against the stated edition of the check sheet, and decided as follows.",
        )
    } else {
        text(
            "上記のプロダクトについて、評価者が、下記の版のチェックシートに照らして評価し、その結果を次のとおり決定したことを証します。",
            "This certifies that evaluators judged the product named above against the stated edition of the check sheet, and that the decision below was made.",
        )
    };
    let until = c.valid_until.map_or_else(|| say(&text("定めなし", "No end date is set")), |d| date(d, lang));
    let sheet = match lang {
        Lang::Ja => person(&format!("{}（{}）", c.sheet_title, c.sheet_edition)),
        Lang::En => person(&format!("{} ({})", c.sheet_title, c.sheet_edition)),
    };
    let facts = vec![
        fact(text("評価申請元", "Provider"), person(&c.holder)),
        fact(text("評価範囲", "Scope"), scope),
        fact(text("チェックシート", "Check sheet"), sheet),
        fact(text("評価した組織", "Judged by"), person(&c.body)),
        fact(text("決定日", "Decided on"), date(c.decided_on, lang)),
        fact(text("有効期限", "Valid until"), until),
        fact(text("決定の理由", "Grounds"), grounds),
    ];
    let product = person(&c.product);
    let shown = json!({
        "lang": lang.tag(),
        "title": say(&title),
        "number": { "name": say(&text("認定番号", "No.")), "value": person(&c.number) },
        "self_evaluation": c.self_evaluation.then(|| json!({
            "name": say(&text("自己評価", "SELF-EVALUATION")),
            "note": say(&text("第三者による評価ではありません。", "Not judged by a third party.")),
        })),
        "product": product,
        "running": product.chars().take(40).collect::<String>().replace('\n', " "),
        "version": c.product_version.as_deref().map(person),
        "statement": say(&judged),
        "facts": facts,
        "totals": {
            "name": say(&text("項目ごとの判定", "Items by verdict")),
            "marks": c.totals.iter().map(|(mark, n)| json!({ "mark": person(mark), "count": count(*n, lang) })).collect::<Vec<_>>(),
        },
        "issued": { "on": date(c.issued_on, lang), "by": person(&c.issued_by), "name": say(&text("発行", "Issued")) },
        "verify": {
            "name": say(&text("この証の確かめ方", "How to verify this paper")),
            "how": say(&text("次のページを開き、確認コードを入力してください。", "Open this page and type the verification code.")),
            "url": person(&c.verification_url),
            "code_name": say(&text("確認コード", "Verification code")),
            "code": grouped(&person(&c.verification_code)),
            "digest_name": say(&text("評価した提出内容のSHA-256", "SHA-256 of the submission that was judged")),
            "digest": c.snapshot_digest.to_string(),
        },
        "limits": {
            "name": say(&text("この証が示すこと・示さないこと", "What this paper says, and what it does not")),
            "lines": [
                say(&text(
                    "記載の決定日に、記載の版のチェックシートに照らして、人が提出内容を評価した結果を示します。判定は人が行い、ソフトウェアは行いません。",
                    "It states what people judged, on the stated date, against the stated edition of the check sheet. People gave every verdict; software gave none.",
                )),
                say(&text(
                    "決定日より後の変更、記載の範囲の外、他の版の要求への適合、事故が起きないことを示すものではありません。",
                    "It says nothing of changes after that date, of anything outside the scope, of other editions, and it does not promise that no incident happens.",
                )),
                say(&text(
                    "有効かどうか（取下げを含む）は、上のページで確かめられます。",
                    "The page above tells whether it is still valid or has been withdrawn.",
                )),
            ],
        },
        "annex": say(&text("別紙", "Annex")),
        "annexes": annexes,
    });
    with_geta_note(shown, lang)
}

/// If a character could not be drawn, the paper itself says what 〓 means.
fn with_geta_note(mut shown: Value, lang: Lang) -> Value {
    if shown.to_string().contains(GETA) {
        let note = text(
            "〓は、この書面の書体にない文字です。正しい表記は上のページで確かめられます。",
            "〓 stands for a character that this paper's font lacks; the page above shows the exact spelling.",
        );
        if let Some(lines) = shown["limits"]["lines"].as_array_mut() {
            lines.push(note.get(lang).into());
        }
    }
    shown
}

fn date(d: Date, lang: Lang) -> String {
    const MONTHS: [&str; 12] =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    match lang {
        Lang::Ja => format!("{}年{}月{}日", d.year(), d.month(), d.day()),
        Lang::En => format!("{} {} {}", d.day(), MONTHS[usize::from(d.month().unsigned_abs()) - 1], d.year()),
    }
}

fn count(n: u32, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{n}項目"),
        Lang::En => n.to_string(),
    }
}

/// The parts of a code as they are printed: at its own hyphens, else every four characters.
fn grouped(code: &str) -> Vec<String> {
    let code = code.replace('\u{200b}', "");
    if code.contains('-') {
        return code.split('-').map(str::to_owned).collect();
    }
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect()).collect()
}

#[cfg(test)]
mod tests;
