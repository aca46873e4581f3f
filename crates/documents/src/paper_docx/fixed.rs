//! The parts of a Word document that are the same for every paper: styles, numbering, names.

use std::fmt::Write as _;

use rules::text::Lang;

pub const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;

pub const NAMES: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" xmlns:asvg="http://schemas.microsoft.com/office/drawing/2016/SVG/main""#;

pub const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="svg" ContentType="image/svg+xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/><Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/><Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>"#;

pub const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="document" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="core" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>"#;

pub const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:settings xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>"#;

/// One white pixel, for programs that show no SVG: Word wants a picture of the old kinds beside it.
pub const BLANK_PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e,
    0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0xda, 0x63, 0xf8, 0x0f, 0, 0x01, 0x01, 0x01, 0, 0x1c, 0xb0, 0x8c, 0x99, 0, 0, 0,
    0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// Levels of headings that have a style.
pub const LEVELS: usize = 6;
/// The number under which lists with dots stand; numbered ones follow it.
pub const BULLETS: usize = 1;

/// Sizes of headings in half points.
const SIZES: [u8; LEVELS] = [32, 26, 22, 21, 21, 21];

pub fn styles(lang: Lang) -> String {
    let tag = match lang {
        Lang::Ja => "ja-JP",
        Lang::En => "en-GB",
    };
    let mut out = format!(
        r#"{HEAD}<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="BIZ UDPGothic" w:hAnsi="BIZ UDPGothic" w:eastAsia="BIZ UDPGothic" w:cs="BIZ UDPGothic"/><w:color w:val="1A1A1C"/><w:sz w:val="21"/><w:szCs w:val="21"/><w:lang w:val="{tag}" w:eastAsia="ja-JP"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="300" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>"#
    );
    let mut style = |id: &str, name: &str, based: &str, paragraph: &str, run: &str| {
        let _ = write!(
            out,
            r#"<w:style w:type="paragraph" w:styleId="{id}"><w:name w:val="{name}"/><w:basedOn w:val="{based}"/><w:next w:val="Normal"/><w:qFormat/><w:pPr>{paragraph}</w:pPr><w:rPr>{run}</w:rPr></w:style>"#
        );
    };
    for (level, size) in SIZES.iter().enumerate() {
        style(
            &format!("Heading{}", level + 1),
            &format!("heading {}", level + 1),
            "Normal",
            &format!(r#"<w:keepNext/><w:spacing w:before="320" w:after="120"/><w:outlineLvl w:val="{level}"/>"#),
            &format!(r#"<w:b/><w:color w:val="00118F"/><w:sz w:val="{size}"/><w:szCs w:val="{size}"/>"#),
        );
    }
    let small = |size: u8| format!(r#"<w:color w:val="4D4D4D"/><w:sz w:val="{size}"/><w:szCs w:val="{size}"/>"#);
    style(
        "Title",
        "Title",
        "Normal",
        r#"<w:spacing w:after="80"/>"#,
        r#"<w:b/><w:color w:val="00118F"/><w:sz w:val="44"/><w:szCs w:val="44"/>"#,
    );
    style("Subtitle", "Subtitle", "Normal", r#"<w:spacing w:after="240"/>"#, r#"<w:sz w:val="22"/><w:szCs w:val="22"/>"#);
    style(
        "ContentsHeading",
        "TOC Heading",
        "Normal",
        r#"<w:keepNext/><w:spacing w:before="320" w:after="120"/>"#,
        r#"<w:b/><w:color w:val="00118F"/><w:sz w:val="26"/><w:szCs w:val="26"/>"#,
    );
    style("TOC1", "toc 1", "Normal", r#"<w:spacing w:after="40"/>"#, "");
    style("TOC2", "toc 2", "Normal", r#"<w:spacing w:after="40"/><w:ind w:left="320"/>"#, "");
    style("ListParagraph", "List Paragraph", "Normal", r#"<w:spacing w:after="60"/>"#, "");
    style("Serves", "Served items", "Normal", r#"<w:keepNext/>"#, &small(16));
    style("Note", "Note", "Normal", "", &small(17));
    style("TableName", "Table name", "Normal", r#"<w:keepNext/><w:spacing w:before="200" w:after="80"/>"#, "<w:b/>");
    style(
        "Cell",
        "Cell",
        "Normal",
        r#"<w:spacing w:after="0" w:line="264" w:lineRule="auto"/>"#,
        r#"<w:sz w:val="17"/><w:szCs w:val="17"/>"#,
    );
    style(
        "AfterTable",
        "After a table",
        "Normal",
        r#"<w:spacing w:after="60" w:line="120" w:lineRule="exact"/>"#,
        r#"<w:sz w:val="8"/><w:szCs w:val="8"/>"#,
    );
    style(
        "Open",
        "Open point",
        "Normal",
        r#"<w:pBdr><w:top w:val="single" w:sz="4" w:space="4" w:color="8A8A8F"/><w:left w:val="single" w:sz="24" w:space="6" w:color="8A3800"/><w:bottom w:val="single" w:sz="4" w:space="4" w:color="8A8A8F"/><w:right w:val="single" w:sz="4" w:space="4" w:color="8A8A8F"/></w:pBdr><w:spacing w:before="160" w:after="160"/><w:ind w:left="140" w:right="140"/>"#,
        "",
    );
    style("Footer", "footer", "Normal", r#"<w:spacing w:after="0"/>"#, &small(15));
    out.push_str(r#"<w:style w:type="table" w:styleId="PaperTable"><w:name w:val="Paper table"/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="4" w:space="0" w:color="8A8A8F"/><w:left w:val="single" w:sz="4" w:space="0" w:color="8A8A8F"/><w:bottom w:val="single" w:sz="4" w:space="0" w:color="8A8A8F"/><w:right w:val="single" w:sz="4" w:space="0" w:color="8A8A8F"/><w:insideH w:val="single" w:sz="4" w:space="0" w:color="8A8A8F"/><w:insideV w:val="single" w:sz="4" w:space="0" w:color="8A8A8F"/></w:tblBorders><w:tblCellMar><w:top w:w="60" w:type="dxa"/><w:left w:w="100" w:type="dxa"/><w:bottom w:w="60" w:type="dxa"/><w:right w:w="100" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblStylePr w:type="firstRow"><w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="E8EDF5"/></w:tcPr></w:tblStylePr></w:style></w:styles>"#);
    out
}

/// Dots, and so many lists that count from 1.
pub fn numbering(numbered: usize) -> String {
    let mut out = format!(r#"{HEAD}<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">"#);
    for (id, format, words) in [(0, "bullet", "・"), (1, "decimal", "%1.")] {
        let _ = write!(
            out,
            r#"<w:abstractNum w:abstractNumId="{id}"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{format}"/><w:lvlText w:val="{words}"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="420" w:hanging="420"/></w:pPr></w:lvl></w:abstractNum>"#
        );
    }
    let _ = write!(out, r#"<w:num w:numId="{BULLETS}"><w:abstractNumId w:val="0"/></w:num>"#);
    for n in 1..=numbered {
        let _ = write!(
            out,
            r#"<w:num w:numId="{}"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>"#,
            BULLETS + n
        );
    }
    out.push_str("</w:numbering>");
    out
}
