//! Views: what pages, the API and exports show, each for one actor and never more than they may see.

pub mod case;
pub mod home;
pub mod parties;
pub mod public;
pub mod search;

pub use case::{CaseRead, ItemRead, RoundDiff};
pub use home::{Board, CaseRow, Home, Overview, Task};
pub use parties::{OrganisationRead, SheetRead};
pub use public::PublicCertificate;
pub use search::Hit;
