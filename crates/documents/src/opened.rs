//! Opening files that strangers send: every format under one set of limits, so that no file can exhaust the machine.

pub(crate) mod delimited;
pub(crate) mod ods;
pub(crate) mod xls;
pub(crate) mod xls_bounds;
pub(crate) mod xlsx;
pub(crate) mod zip_bounds;

use rules::text::{Text, text};

use crate::unreadable::Unreadable;

/// How much one file may hold. The defaults are some twenty times what a full 253-item sheet needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub file: u64,
    /// Bytes of all parts of a zip-based file, unpacked.
    pub unpacked: u64,
    /// How many times larger than packed a part may be, once it has passed four megabytes.
    pub ratio: u64,
    pub parts: u64,
    pub worksheets: u64,
    pub cells: u64,
    /// Bytes of text in all cells.
    pub text: u64,
    pub merged: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file: 32 << 20,
            unpacked: 64 << 20,
            ratio: 400,
            parts: 2_000,
            worksheets: 64,
            cells: 1_000_000,
            text: 64 << 20,
            merged: 50_000,
        }
    }
}

pub(crate) const CELLS: Text = text("セル", "cells");
pub(crate) const PARTS: Text = text("ファイル内の部品", "parts in the file");
pub(crate) const WORKSHEETS: Text = text("シート", "worksheets");
pub(crate) const MERGED: Text = text("結合セル", "merged cells");
pub(crate) const CHARACTERS: Text = text("文字", "characters");

/// What is left of the limits while one file is read.
pub(crate) struct Budget {
    limits: Limits,
    cells: u64,
    text: u64,
    merged: u64,
    worksheets: u64,
}

impl Budget {
    pub(crate) fn of(limits: &Limits) -> Budget {
        Budget { limits: *limits, cells: 0, text: 0, merged: 0, worksheets: 0 }
    }

    pub(crate) fn worksheet(&mut self) -> Result<(), Unreadable> {
        self.worksheets += 1;
        within(self.worksheets, self.limits.worksheets, WORKSHEETS)
    }

    pub(crate) fn cells(&mut self, n: u64) -> Result<(), Unreadable> {
        self.cells = self.cells.saturating_add(n);
        within(self.cells, self.limits.cells, CELLS)
    }

    /// Call before copying a text of so many bytes, `times` times.
    pub(crate) fn text(&mut self, bytes: usize, times: u64) -> Result<(), Unreadable> {
        self.text = self.text.saturating_add((bytes as u64).saturating_mul(times));
        within(self.text, self.limits.text, CHARACTERS)
    }

    pub(crate) fn merged(&mut self, n: u64) -> Result<(), Unreadable> {
        self.merged = self.merged.saturating_add(n);
        within(self.merged, self.limits.merged, MERGED)
    }
}

pub(crate) fn within(found: u64, limit: u64, what: Text) -> Result<(), Unreadable> {
    if found > limit { Err(Unreadable::TooMany { what, limit }) } else { Ok(()) }
}
