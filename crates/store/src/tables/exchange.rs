//! Packages, receipts and trust anchors.

use rules::exchange::Exchanging;

use super::Meta;
use crate::engine::{Conn, statements};
use crate::error::Error;

statements! {}

pub(super) fn apply(_conn: &mut Conn, _change: &Exchanging, _meta: &Meta) -> Result<(), Error> {
    Ok(())
}
