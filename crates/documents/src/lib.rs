//! What Akashi writes and reads as files: check sheets, papers, registers. Bytes go in, bytes come out; no I/O.

pub mod archive;
pub mod fault;
pub mod fill;
mod fold;
pub mod form;
mod headings;
mod layout;
mod opened;
pub mod paper_docx;
mod paper_words;
pub mod paper_xlsx;
pub mod picture;
pub mod questions;
pub mod read_form;
pub mod read_sheet;
pub mod read_table;
mod row_height;
pub mod rows;
pub mod sheet_csv;
pub mod sheet_xlsx;
pub mod table;
pub mod unreadable;
pub mod words;

pub use headings::LoneEvidence;
