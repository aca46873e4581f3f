//! Opening a session: place, time, certificate and number are checked, and one that it takes the place of ends.

use rules::access::Coming;
use rules::account::{Account, AccountKind, Method, Stage};
use rules::act::{Actor, Means};
use rules::change::{Change, Failure};
use rules::id::{self, Id};
use rules::refusal::{Refusal, Why};
use rules::request::{Ask, Request};
use rules::text::text;
use store::tables::{accounts, requests};

use super::{Door, Instead, Known, NewSession, SESSION, refused, sessions, throttle};
use crate::execute::Doing;
use crate::{App, Error};

impl App {
    /// Checks place, time and number of sessions, and opens one.
    pub(crate) fn come_in(
        &self,
        known: &Known,
        door: Door<'_>,
        method: Method,
        stage: Stage,
        under: Option<&Request>,
    ) -> Result<NewSession, Error> {
        self.come_in_instead(known, door, (method, stage), under, Instead::default())
    }

    /// As [`App::come_in`], in place of an earlier session.
    pub(crate) fn come_in_instead(
        &self,
        known: &Known,
        door: Door<'_>,
        (method, stage): (Method, Stage),
        under: Option<&Request>,
        instead: Instead,
    ) -> Result<NewSession, Error> {
        let now = self.clock.now();
        // By whatever factor: an emergency account is used as one, under its mark.
        let method = if known.account.kind == AccountKind::Emergency { Method::Emergency } else { method };
        let coming = Coming { at: now, address: door.address, certificate: door.certificate };
        if let Err(refusal) = known.access.admits_from(&coming) {
            self.note_failure(&known.person, door, Failure::Place)?;
            return Err(refusal.into());
        }
        let exception = known.exception(now, |ask| matches!(ask, Ask::OutOfHours { .. }));
        let exception = exception.filter(|r| r.organisation == known.membership.organisation && !known.access.is_open_at(now));
        if let Err(refusal) = known.access.admits_now(now, exception.is_some() || instead.admitted) {
            self.note_failure(&known.person, door, Failure::Hours)?;
            return Err(refusal.into());
        }
        // An emergency account lives under the request that activated it.
        let glass = known.exception(now, |ask| matches!(ask, Ask::BreakGlass { .. }));
        // So does whoever came by an alternate code, through every further step and into other organisations.
        let alternate = known.exception(now, |ask| matches!(ask, Ask::Alternate { .. }));
        let under = under.or(glass.filter(|_| method == Method::Emergency)).or(alternate.filter(|_| method == Method::Alternate));
        let under = under.map(|r| (r.id, r.until));
        if matches!(method, Method::Emergency | Method::Alternate) && under.is_none() {
            return Err(self.fail(&known.person.email, Some(&known.person), door, Failure::Closed)?);
        }
        let secret = identity::Token::fresh()?.text().to_owned();
        let organisation = known.membership.organisation;
        let mut actor =
            Actor { person: Some(known.person.id), organisation: Some(organisation), address: door.address.to_owned(), ..Actor::system() };
        actor.grants.marks.extend(under.and_then(|(request, _)| sessions::mark(method, request)));
        let since = instead.since.filter(|_| stage == Stage::Full);
        let shut = self.store.write(|tx| -> Result<Option<(Failure, Refusal)>, Error> {
            let mut doing = Doing::new(self, tx, actor.clone())?;
            // Looked at again where nothing comes in between: since then the account may have been stopped, the places
            // taken, the exception used, the first step ended.
            if let Some(shut) = self.shut_since(doing.tx, known, &instead, exception)? {
                return Ok(Some(shut));
            }
            let session = doing.act.fresh();
            doing.act.actor.means = Means::Session(session);
            if let Some(earlier) = instead.session {
                doing.write(&Change::SignedOut { session: earlier })?;
            }
            doing.tx.put_secret(&session.to_string(), SESSION, &identity::digest(&secret).to_string())?;
            doing.tx.put_secret(&session.to_string(), sessions::SEEN, &now.to_string())?;
            doing.write(&Change::SignedIn { session, person: known.person.id, organisation, method, stage, under, since })?;
            if stage == Stage::Full {
                doing.tx.delete_secret(&throttle::owner(&known.person.email), throttle::ATTEMPTS)?;
                // An approved out-of-hours use opens the door once (item 86).
                if let Some(request) = exception.map(|r| r.id) {
                    doing.write(&Change::RequestEnded { request, state: rules::request::RequestState::Ended })?;
                }
                if method == Method::Emergency {
                    doing.alert_emergency_use(&known.person, organisation)?;
                }
            }
            Ok(None)
        })?;
        if let Some((why, refusal)) = shut {
            self.note_failure(&known.person, door, why)?;
            return Err(refusal.into());
        }
        // The session it took the place of, or the request it used up, may be remembered.
        self.sessions.forget();
        Ok(NewSession { secret, person: known.person.clone(), stage })
    }

    /// Why nothing opens after all, where something changed since it was looked at.
    fn shut_since(
        &self,
        conn: &mut store::Conn,
        known: &Known,
        instead: &Instead,
        exception: Option<&Request>,
    ) -> Result<Option<(Failure, Refusal)>, Error> {
        let now = self.clock.now();
        let settled = |a: &Account| (a.standing, a.ends, a.initial, a.password_set);
        if accounts::account(conn, known.person.id)?.is_none_or(|a| settled(&a) != settled(&known.account)) {
            return Ok(Some((Failure::Closed, refused())));
        }
        if let Some(earlier) = instead.session
            && accounts::session(conn, earlier)?.is_none()
        {
            return Ok(Some((Failure::Closed, sessions::sign_in_again())));
        }
        if let Some(used) = exception
            && requests::request(conn, used.id)?.is_none_or(|r| !r.is_active(now))
            && let Err(refusal) = known.access.admits_now(now, false)
        {
            return Ok(Some((Failure::Hours, refusal)));
        }
        Ok(self.too_many_sessions(conn, known, instead.session)?.map(|refusal| (Failure::Sessions, refusal)))
    }

    fn too_many_sessions(&self, conn: &mut store::Conn, known: &Known, besides: Option<Id<id::Session>>) -> Result<Option<Refusal>, Error> {
        let own = self.live_sessions_of(conn, known.person.id)?.iter().filter(|s| Some(s.id) != besides).count();
        if own >= usize::from(known.access.sessions) {
            return Ok(Some(Refusal::new(
                Why::Forbidden,
                text(
                    "同時に利用できるセッション数の上限に達しています。ほかの端末でサインアウトしてから、もう一度お試しください。",
                    "You have as many sessions as allowed. Sign out elsewhere and try again.",
                ),
            )));
        }
        let together = self.live_sessions_in(conn, known.membership.organisation)?.iter().filter(|s| Some(s.id) != besides).count();
        Ok((together >= usize::from(known.access.sessions_together)).then(|| {
            Refusal::new(
                Why::Forbidden,
                text(
                    "組織全体で同時に利用できるセッション数の上限に達しています。組織管理者に連絡してください。",
                    "Your organisation has as many sessions as allowed. Tell your administrator.",
                ),
            )
        }))
    }
}
