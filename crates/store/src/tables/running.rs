//! Starts and stops, epochs, backups and drills.

use rules::running::Running;

use super::Meta;
use crate::engine::{Conn, statements};
use crate::error::Error;

statements! {}

pub(super) fn apply(_conn: &mut Conn, _change: &Running, _meta: &Meta) -> Result<(), Error> {
    Ok(())
}
