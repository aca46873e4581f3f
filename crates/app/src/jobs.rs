//! Timed jobs: what has to happen although nobody asks for it.

use rules::act::Actor;
use rules::case;
use store::tables::evaluation;

use crate::{App, Error};

impl App {
    /// Ends certificates whose validity is over; returns how many. Running it twice does no harm.
    pub fn expire_certificates(&self) -> Result<usize, Error> {
        let today = rules::act::japan(self.clock.now()).date();
        let due = self.store.read(|conn| evaluation::run_out(conn, today))?;
        let mut ended = 0;
        for id in due {
            let act = self.act(Actor::system())?;
            ended += self.store.write(|tx| -> Result<usize, Error> {
                let change = evaluation::facts(tx, id)?.and_then(|facts| case::expire(&facts, today));
                match change {
                    Some(change) => tx.enact(&act, &change, identity::random()?).map(|_| 1).map_err(Error::from),
                    None => Ok(0),
                }
            })?;
        }
        Ok(ended)
    }
}
