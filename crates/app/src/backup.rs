//! Backups (item 137): encrypted copies of everything, restored into an empty place on either engine, and really tried.

mod drill;
mod format;
mod keys;
mod make;
pub(crate) mod restore;
mod schedule;

use std::path::Path;

use rules::text::worded;

pub(crate) use format::refused;
pub use format::{Copied, Header};
pub use keys::{identities, recipient};
pub use make::Made;
pub use restore::{Restored, restore};
pub use schedule::{Backups, Kept, Schedule};

use crate::Error;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Lines {
        done: u64,
        all: u64,
    },
    Files {
        done: u64,
        all: u64,
    },
    /// Files of a drill.
    Compared {
        done: u64,
        all: u64,
    },
}

fn unwritable(place: &Path, error: &std::io::Error) -> Error {
    let place = place.display();
    refused(worded(
        format!("バックアップを {place} に書き込めません（{error}）。場所、権限、空き容量を確認してください。"),
        format!("The backup cannot be written to {place}: {error}. Look at the place, its rights and free space."),
    ))
}
