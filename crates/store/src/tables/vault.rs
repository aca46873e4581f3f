//! What scans found, and which keys there are.

use rules::vault::Vaulting;

use super::Meta;
use crate::engine::{Conn, statements};
use crate::error::Error;

statements! {}

pub(super) fn apply(_conn: &mut Conn, _change: &Vaulting, _meta: &Meta) -> Result<(), Error> {
    Ok(())
}
