//! Views: what pages, the API and exports show, each for one actor and never more than they may see.

pub mod accounts;
pub mod asking;
pub mod case;
pub mod documents;
pub mod home;
pub mod ledger;
pub mod ledger_reviews;
pub(crate) mod ledger_sight;
pub mod parties;
pub mod public;
pub mod questionnaires;
pub mod register_proof;
pub mod registers;
pub mod reviews;
pub mod search;
pub(crate) mod sight;

pub use accounts::{AccountRead, AccountsRead, AlertRead, RequestRead, ViewingRead};
pub use asking::{Askable, Asked};
pub use case::{CaseRead, Filed, ItemRead, LabelRead, RoundDiff};
pub use home::{Board, CaseRow, Home, Overview, Task};
pub use parties::{OrganisationRead, SheetRead};
pub use public::PublicCertificate;
pub use search::Hit;
