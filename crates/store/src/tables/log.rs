//! Saved views and reviews of the ledger.

use rules::log::Looking;

use super::Meta;
use crate::engine::Conn;
use crate::error::Error;

pub(super) fn apply(_conn: &mut Conn, _change: &Looking, _meta: &Meta) -> Result<(), Error> {
    Ok(())
}
