//! A field for files, and the bar that shows how far an upload has come.

use maud::{Markup, html};
use rules::text::{Lang, text, worded};

use super::Field;

/// One file, or several. `accept` lists types or endings (`.pdf,.xlsx`); `limit` is the most bytes the server takes.
/// The form around it needs `method="post" enctype="multipart/form-data" data-upload`.
pub fn file_field(lang: Lang, field: &Field, accept: &str, limit: u64, multiple: bool) -> Markup {
    let size = size(limit);
    let kinds = accept.replace(',', " ");
    let hint = match &field.hint {
        Some(hint) => worded(format!("{} {kinds}、{size}まで。", hint.ja), format!("{} {kinds}, up to {size}.", hint.en)),
        None => worded(format!("{kinds}、{size}まで。"), format!("{kinds}, up to {size}.")),
    };
    let field = &Field { hint: Some(hint), ..field.clone() };
    field.frame(
        lang,
        html! {
            input type="file" id=(field.id()) name=(field.name) accept=(accept) multiple[multiple] required[field.required]
                aria-describedby=[field.described_by()] aria-invalid=[field.invalid()];
        },
    )
}

/// Shown by the script while a `data-upload` form is on its way, and when it did not arrive.
pub fn upload_progress(lang: Lang) -> Markup {
    html! {
        div.progress hidden {
            div.words { span { (text("送信しています", "Uploading").get(lang)) } span data-upload-words { } }
            progress data-upload-bar value="0" max="100" aria-label=(text("送信の進み具合", "Progress of the upload").get(lang)) { }
        }
        p.field-error hidden tabindex="-1" role="alert" data-upload-failed {
            (text("送信できませんでした。通信とファイルの大きさを確かめて、もう一度お試しください。", "The upload did not arrive. Check the connection and the size of the file, then try again.").get(lang))
        }
    }
}

/// A size as people write it: powers of 1024, one decimal below ten.
pub fn size(bytes: u64) -> String {
    let (unit, name) =
        [(1u64 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")].into_iter().find(|(unit, _)| bytes >= *unit).unwrap_or((1, "B"));
    let tenths = bytes * 10 / unit;
    if tenths < 100 && !tenths.is_multiple_of(10) {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", tenths / 10)
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    html! {
        (file_field(lang, &Field::new("evidence", text("証拠のファイル", "Evidence file")).required(), ".pdf,.png,.xlsx", 100 << 20, false))
        (upload_progress(lang))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_naturally() {
        assert_eq!(size(100 << 20), "100 MB");
        assert_eq!(size(1536), "1.5 kB");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(43_131 << 20), "42 GB");
    }
}
