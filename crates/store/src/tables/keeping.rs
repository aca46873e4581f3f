//! Rules of retention, holds and erasures.

use rules::keeping::Keeping;

use super::Meta;
use crate::engine::{Conn, statements};
use crate::error::Error;

statements! {}

pub(super) fn apply(_conn: &mut Conn, _change: &Keeping, _meta: &Meta) -> Result<(), Error> {
    Ok(())
}
