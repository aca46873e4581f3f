//! Packages, receipts and trust anchors.

use rules::exchange::Exchanging;

use super::Meta;
use crate::engine::Conn;
use crate::error::Error;

pub(super) fn apply(_conn: &mut Conn, _change: &Exchanging, _meta: &Meta) -> Result<(), Error> {
    Ok(())
}
