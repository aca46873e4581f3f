//! Words of a PDF: each page is drawn onto nothing, and the characters of its glyphs are noted.
//!
//! Which character a glyph stands for is said by its font (ISO 32000-2, 9.10). A page that is a picture has no words.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::font::Glyph;
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, GlyphDrawMode, Image, InterpreterCache, InterpreterSettings, Paint, PathDrawMode, SoftMask,
    interpret_page,
};
use kurbo::{Affine, BezPath, Point, Rect};

use super::{Growing, NotRead};

pub(super) fn read(bytes: Vec<u8>, out: &mut Growing<'_>) -> Result<(), NotRead> {
    let pdf = Pdf::new(bytes).map_err(|why| match why {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => NotRead::Encrypted,
        _ => NotRead::Damaged,
    })?;
    let mut damaged = 0;
    for page in pdf.pages().iter() {
        out.goes_on()?;
        if !out.page() {
            break;
        }
        // A page of its own: one that is damaged costs the others nothing.
        let drawn = catch_unwind(AssertUnwindSafe(|| {
            let cache = InterpreterCache::new();
            let settings = InterpreterSettings { render_annotations: false, ..InterpreterSettings::default() };
            let mut context = Context::new(Affine::IDENTITY, Rect::new(0.0, 0.0, 1e5, 1e5), &cache, page.xref(), settings);
            interpret_page(page, &mut context, &mut Listening { out, last: None });
        }));
        damaged += usize::from(drawn.is_err());
    }
    // Whoever set `stop` hears that, not that the last page came out wrong.
    out.goes_on()?;
    if damaged > 0 && damaged == out.words.pages.len() { Err(NotRead::Damaged) } else { Ok(()) }
}

/// Hears glyphs, and draws nothing.
struct Listening<'o, 's> {
    out: &'o mut Growing<'s>,
    /// Where the glyph before ended, and how large it was.
    last: Option<(Point, f64)>,
}

impl Listening<'_, '_> {
    /// There is no way to end the drawing of a page but this; the page's `catch_unwind` takes it.
    fn rest(&self) {
        if self.out.stopped() || self.out.words.cut {
            std::panic::resume_unwind(Box::new("stopped"));
        }
    }
}

impl<'a> Device<'a> for Listening<'_, '_> {
    fn draw_glyph(&mut self, glyph: &Glyph<'a>, transform: Affine, glyph_transform: Affine, _: &Paint<'a>, _: &GlyphDrawMode) {
        self.rest();
        let placed = transform * glyph_transform;
        // A glyph is drawn on a square of 1000 units.
        let (begin, top) = (placed * Point::ORIGIN, placed * Point::new(0.0, 1000.0));
        let size = begin.distance(top);
        let advance = match glyph {
            Glyph::Outline(outline) => outline.advance_width().map_or(500.0, f64::from),
            Glyph::Type3(_) => 500.0,
        };
        if let Some((end, before)) = self.last {
            let size = size.min(before).max(0.01);
            let gap = begin - end;
            if gap.y.abs() > size * 0.6 || gap.x < -size * 2.0 {
                self.out.push("\n");
            } else if gap.x > size * 0.2 {
                self.out.push(" ");
            }
        }
        self.last = Some((placed * Point::new(advance, 0.0), size));
        match glyph.as_unicode() {
            Some(BfString::Char(c)) => self.out.push(c.encode_utf8(&mut [0; 4])),
            Some(BfString::String(text)) => self.out.push(&text),
            None => true,
        };
    }
    fn draw_path(&mut self, _: &BezPath, _: Affine, _: &Paint<'a>, _: &PathDrawMode) {
        self.rest();
    }
    fn draw_rect(&mut self, _: &Rect, _: Affine, _: &Paint<'a>, _: &PathDrawMode) {
        self.rest();
    }
    fn draw_image(&mut self, _: Image<'a, '_>, _: Affine) {
        self.rest();
    }
    fn push_clip_path(&mut self, _: &ClipPath) {
        self.rest();
    }
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.rest();
    }
    fn set_soft_mask(&mut self, _: Option<SoftMask<'a>>) {
        self.rest();
    }
    fn set_blend_mode(&mut self, _: BlendMode) {
        self.rest();
    }
    fn pop_clip_path(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
