//! What every certificate must keep: the same bytes, one page, and people's texts exactly as they wrote them.

use super::*;
use crate::oracle::{keep, oracle, pages};

fn sample() -> Certificate {
    Certificate {
        number: "AK-2026-0007".into(),
        verification_code: "7QX4M2KD9TRB".into(),
        verification_url: "https://akashi.example.jp/verify".into(),
        holder: "株式会社みどりクラウド".into(),
        product: "みどり電子カルテ クラウド".into(),
        product_version: Some("第5.2版".into()),
        sheet_title: "医療情報システム 安全管理チェックシート".into(),
        sheet_edition: "2026年4月版".into(),
        body: "一般社団法人 医療情報評価機構".into(),
        self_evaluation: false,
        scope: "東京・大阪の2拠点から提供する電子カルテと予約の機能。紙の帳票の保管は含みません。".into(),
        decided_on: jiff::civil::date(2026, 11, 18),
        issued_on: jiff::civil::date(2026, 11, 22),
        valid_until: Some(jiff::civil::date(2028, 11, 17)),
        grounds: "全253項目のうち対象外を除く全てが適合と判定され、条件付適合の3項目は改善策の実施が確認されたため。".into(),
        totals: vec![("適合".into(), 214), ("条件付適合".into(), 3), ("不適合".into(), 0), ("対象外".into(), 36), ("保留".into(), 0)],
        snapshot_digest: Digest([0x5a; 32]),
        issued_by: "一般社団法人 医療情報評価機構 事務局".into(),
    }
}

fn made(c: &Certificate, lang: Lang, name: &str) -> Vec<u8> {
    let bytes = certificate(c, lang).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(bytes.starts_with(b"%PDF-1.7"));
    keep(name, &bytes);
    bytes
}

#[test]
fn a_certificate_is_one_page_in_both_languages_and_of_both_kinds() {
    let third = sample();
    let own = Certificate { self_evaluation: true, product_version: None, valid_until: None, body: third.holder.clone(), ..sample() };
    for lang in [Lang::Ja, Lang::En] {
        assert_eq!(pages(&made(&third, lang, &format!("certificate.{}.pdf", lang.tag()))), 1);
        assert_eq!(pages(&made(&own, lang, &format!("self.{}.pdf", lang.tag()))), 1);
    }
}

#[test]
fn the_same_certificate_is_the_same_bytes() {
    let first = certificate(&sample(), Lang::Ja).unwrap();
    typst::comemo::evict(0);
    assert_eq!(first, certificate(&sample(), Lang::Ja).unwrap());
    assert_ne!(first, certificate(&Certificate { number: "AK-2026-0008".into(), ..sample() }, Lang::Ja).unwrap());
}

#[test]
fn the_file_says_that_it_is_pdf_a_2b_and_pdf_ua_1_and_when_it_was_issued() {
    let bytes = certificate(&sample(), Lang::Ja).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("<pdfaid:part>2</pdfaid:part>") && text.contains("<pdfaid:conformance>B</pdfaid:conformance>"));
    assert!(text.contains("<pdfuaid:part>1</pdfuaid:part>"));
    assert!(text.contains("2026-11-22T00:00:00+09:00"));
    assert!(text.contains("/Marked true") && text.contains("/Lang"));
}

#[test]
fn other_programs_find_the_file_sound_and_its_fonts_inside() {
    let pdf = certificate(&sample(), Lang::Ja).unwrap();
    oracle("qpdf", &["--check", "FILE"], &pdf);
    if let Some(fonts) = oracle("pdffonts", &["FILE"], &pdf) {
        let fonts: Vec<&str> = fonts.lines().skip(2).collect();
        assert_eq!(fonts.len(), 2);
        assert!(fonts.iter().all(|font| font.contains("BIZUDPGothic") && font.contains("yes yes yes")), "{fonts:?}");
    }
    if let Some(read) = oracle("pdftotext", &["-layout", "FILE", "-"], &pdf) {
        for fact in ["AK-2026-0007", "みどり電子カルテ", "7QX4-M2KD-9TRB", &"5a".repeat(32), "214", "一般社団法人"] {
            assert!(read.contains(fact), "{fact} can be copied from the paper:\n{read}");
        }
    }
}

#[test]
fn texts_of_people_are_printed_and_never_interpreted() {
    let hostile = "#import \"x\": *\n#panic() *bold* _em_ $x^2$ \\ @ref <label> `raw` // c /* c */ = H\n- list\n+ enum\n~ -- \"q\" '";
    let c = Certificate {
        number: hostile.into(),
        verification_code: hostile.into(),
        verification_url: hostile.into(),
        holder: hostile.into(),
        product: hostile.into(),
        product_version: Some(hostile.into()),
        sheet_title: hostile.into(),
        sheet_edition: hostile.into(),
        body: hostile.into(),
        scope: hostile.into(),
        grounds: hostile.into(),
        totals: vec![(hostile.into(), u32::MAX)],
        issued_by: hostile.into(),
        ..sample()
    };
    let pdf = made(&c, Lang::Ja, "hostile.ja.pdf");
    if let Some(read) = oracle("pdftotext", &["FILE", "-"], &pdf) {
        for line in hostile.lines() {
            assert!(read.matches(line).count() >= 8, "{line} is printed as it was written:\n{read}");
        }
    }
    let shown = data(&c, Lang::Ja);
    assert_eq!(shown["product"], printable(hostile), "the page gets the text itself as a value");
    assert!(!include_str!("../certificate.typ").contains("eval("), "nothing on the page evaluates a text");
}

#[test]
fn long_and_strange_texts_stay_legible() {
    let long = Certificate {
        product: "みどり電子カルテ".repeat(25),
        holder: "X".repeat(300),
        verification_url: format!("https://akashi.example.jp/{}", "a".repeat(200)),
        grounds: (1..=100)
            .map(|n| format!("第{n}の理由：項目{n}について、証跡の版と該当箇所を確認し、対応策が要求を満たすことを確かめました。"))
            .collect::<Vec<_>>()
            .join("\n"),
        ..sample()
    };
    let n = pages(&made(&long, Lang::Ja, "long.ja.pdf"));
    assert!((3..=5).contains(&n), "a first page and an annex of 100 lines, not {n} pages");

    let strange = Certificate {
        product: "🏥 A\u{202e}B\u{0}\r\n髙橋﨑 株式会社 が\u{3099} e\u{301} العربية".into(),
        grounds: String::new(),
        totals: vec![],
        ..sample()
    };
    assert_eq!(pages(&made(&strange, Lang::En, "strange.en.pdf")), 1);
    assert!(data(&strange, Lang::En)["limits"]["lines"].as_array().unwrap().len() == 4, "〓 is explained where it occurs");
    assert!(data(&sample(), Lang::En)["limits"]["lines"].as_array().unwrap().len() == 3);
}

#[test]
fn every_character_there_is_can_stand_on_the_paper() {
    let all: String = ('\0'..'\u{30000}').filter(|c| !printable(&c.to_string()).contains(GETA)).collect();
    assert!(all.chars().count() > 7_000, "the fonts draw Japanese");
    made(&Certificate { grounds: all.clone(), ..sample() }, Lang::Ja, "all.ja.pdf");
    let undrawable: String = ('\u{1f300}'..'\u{1f400}').chain('\u{e000}'..'\u{e100}').collect();
    made(&Certificate { product: undrawable.clone(), grounds: undrawable, ..sample() }, Lang::En, "none.en.pdf");
}

#[test]
fn a_self_evaluation_never_calls_itself_a_certificate_of_a_third_party() {
    let own = data(&Certificate { self_evaluation: true, ..sample() }, Lang::Ja);
    assert_eq!(own["title"], "自己評価結果証");
    assert_eq!(own["self_evaluation"]["name"], "自己評価");
    assert!(data(&sample(), Lang::Ja)["self_evaluation"].is_null());
}

#[test]
fn codes_are_printed_in_groups() {
    assert_eq!(grouped("7QX4M2KD9"), ["7QX4", "M2KD", "9"]);
    assert_eq!(grouped("AB-CDE"), ["AB", "CDE"]);
}
