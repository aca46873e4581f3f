//! Writes a paper as a Word document: headings, lists and tables are Word's own, so that a reader can go on working with it.
//!
//! Source of the marks: ECMA-376 (Office Open XML) part 1, sections 17 and 20. Same paper, same bytes.

mod body;
mod fixed;

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use quick_xml::escape::escape;
use rules::document::paper::Paper;
use rules::text::Lang;
use zip::ZipWriter;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

use crate::form::clean;
use body::Body;

/// The document could not be put together: a fault of this program, not of the texts.
#[derive(Debug)]
pub struct Unwritten(pub String);

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the Word document could not be written: {}", self.0)
    }
}

impl std::error::Error for Unwritten {}

impl From<ZipError> for Unwritten {
    fn from(why: ZipError) -> Unwritten {
        Unwritten(why.to_string())
    }
}

impl From<std::io::Error> for Unwritten {
    fn from(why: std::io::Error) -> Unwritten {
        Unwritten(why.to_string())
    }
}

/// Writes the document. Drawings lie in it as SVG, which Word shows since 2016; their rows follow them for every other program.
///
/// # Errors
/// When the file cannot be put together; any text can be written.
pub fn write(paper: &Paper) -> Result<Vec<u8>, Unwritten> {
    let body = Body::of(paper);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: &str, bytes: &[u8]| -> Result<(), Unwritten> {
        // Without a time of its own a part says 1980: same paper, same bytes.
        zip.start_file(name, SimpleFileOptions::DEFAULT)?;
        Ok(zip.write_all(bytes)?)
    };
    put("[Content_Types].xml", fixed::CONTENT_TYPES.as_bytes())?;
    put("_rels/.rels", fixed::RELATIONS.as_bytes())?;
    put("docProps/core.xml", core(paper).as_bytes())?;
    put("word/document.xml", body.document().as_bytes())?;
    put("word/_rels/document.xml.rels", relations(body.drawings.len()).as_bytes())?;
    put("word/styles.xml", fixed::styles(paper.lang).as_bytes())?;
    put("word/settings.xml", fixed::SETTINGS.as_bytes())?;
    put("word/numbering.xml", fixed::numbering(body.numbered).as_bytes())?;
    put("word/footer1.xml", footer(paper).as_bytes())?;
    if !body.drawings.is_empty() {
        put("word/media/blank.png", fixed::BLANK_PNG)?;
    }
    for (n, svg) in body.drawings.iter().enumerate() {
        put(&format!("word/media/drawing{n}.svg"), svg.as_bytes())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// A text as XML can hold it: nothing in it is markup, and no character that XML forbids.
fn plain(words: &str) -> String {
    escape(clean(words).as_str()).into_owned()
}

fn core(paper: &Paper) -> String {
    format!(
        r#"{}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title><dc:creator>{}</dc:creator><dc:language>{}</dc:language></cp:coreProperties>"#,
        fixed::HEAD,
        plain(&paper.title),
        plain(&paper.by),
        paper.lang.tag()
    )
}

fn relations(drawings: usize) -> String {
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut out = format!(r#"{}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#, fixed::HEAD);
    let mut one = |id: String, kind: &str, target: String| {
        let _ = write!(out, r#"<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>"#);
    };
    one("styles".into(), "styles", "styles.xml".into());
    one("settings".into(), "settings", "settings.xml".into());
    one("numbering".into(), "numbering", "numbering.xml".into());
    one("footer".into(), "footer", "footer1.xml".into());
    if drawings > 0 {
        one("blank".into(), "image", "media/blank.png".into());
    }
    for n in 0..drawings {
        one(format!("drawing{n}"), "image", format!("media/drawing{n}.svg"));
    }
    out.push_str("</Relationships>");
    out
}

fn footer(paper: &Paper) -> String {
    let field = |name: &str| format!(r#"<w:fldSimple w:instr=" {name} "><w:r><w:t>1</w:t></w:r></w:fldSimple>"#);
    let said = |words: &str| format!(r#"<w:r><w:t xml:space="preserve">{words}</w:t></w:r>"#);
    let pages = match paper.lang {
        Lang::Ja => format!("{}{}{}{}", field("PAGE"), said(" / "), field("NUMPAGES"), said(" ページ")),
        Lang::En => format!("{}{}{}{}", said("Page "), field("PAGE"), said(" of "), field("NUMPAGES")),
    };
    format!(
        r#"{}<w:ftr {}><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>{}</w:p><w:p><w:pPr><w:pStyle w:val="Footer"/><w:jc w:val="right"/></w:pPr>{pages}</w:p></w:ftr>"#,
        fixed::HEAD,
        fixed::NAMES,
        said(&plain(&paper.footer).replace('\n', " ")),
    )
}

#[cfg(test)]
pub(crate) mod tests;
