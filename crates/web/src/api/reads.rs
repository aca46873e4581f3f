//! Views through the interface: each asks the app as the token's actor and shapes the answer.

use rules::act::Means;
use rules::id::ItemNo;
use rules::refusal::Refusal;
use rules::sheet::SheetId;
use serde::Serialize;

use super::call::Call;
use super::problem::{self, Failure};
use super::{Reply, views};

/// A view as JSON.
pub fn json(view: &impl Serialize) -> Result<Reply, Failure> {
    serde_json::to_value(view).map(Reply::Json).map_err(|error| {
        tracing::error!(%error, "a view cannot be written as JSON");
        problem::broken()
    })
}

pub fn me(call: &Call) -> Result<Reply, Failure> {
    let actor = call.actor()?;
    let organisation = call.app.own_organisation(actor)?;
    let write = matches!(actor.means, Means::Token { write: true, .. });
    json(&views::Me { person: actor.person, organisation, roles: actor.roles.clone(), write })
}

pub fn cases(call: &Call) -> Result<Reply, Failure> {
    let found = call.app.cases(call.actor()?, call.query.read("before")?)?;
    let next = found.last().filter(|_| found.len() == app::read::home::PAGE as usize).map(|r| r.case.id);
    json(&views::Cases { cases: found.into_iter().map(views::CaseRow::from).collect(), next })
}

pub fn case(call: &Call) -> Result<Reply, Failure> {
    json(&views::CaseDetail::from(call.app.case(call.actor()?, call.param("case")?, call.side()?)?))
}

pub fn items(call: &Call) -> Result<Reply, Failure> {
    json(&views::Items::from(call.app.case(call.actor()?, call.param("case")?, call.side()?)?))
}

pub fn item(call: &Call) -> Result<Reply, Failure> {
    let no = ItemNo(call.param("no")?);
    json(&views::ItemDetail::from(call.app.item(call.actor()?, call.param("case")?, call.side()?, no)?))
}

pub fn quality(call: &Call) -> Result<Reply, Failure> {
    let read = call.app.case(call.actor()?, call.param("case")?, call.side()?)?;
    json(&views::Quality { side: read.side, remarks: read.remarks() })
}

pub fn round(call: &Call) -> Result<Reply, Failure> {
    let n = call.param("n")?;
    let read = call.app.round(call.actor()?, call.param("case")?, call.side()?, n)?;
    json(&views::RoundDetail::of(read, n).ok_or(Refusal::not_found())?)
}

pub fn sheets(call: &Call) -> Result<Reply, Failure> {
    call.actor()?;
    json(&views::Sheets { sheets: call.app.content.sheets().iter().map(|s| views::SheetRow::from(s.as_ref())).collect() })
}

pub fn sheet(call: &Call) -> Result<Reply, Failure> {
    let id = SheetId(call.param("sheet")?);
    json(&views::SheetDetail::from(call.app.sheet(call.actor()?, &id)?))
}

pub fn products(call: &Call) -> Result<Reply, Failure> {
    json(&views::Products { products: call.app.products(call.actor()?)? })
}

pub fn library(call: &Call) -> Result<Reply, Failure> {
    json(&views::Library { evidence: call.app.library(call.actor()?)? })
}

pub fn search(call: &Call) -> Result<Reply, Failure> {
    let hits = call.app.search(call.actor()?, call.query.text("q"))?;
    json(&views::Search { hits: hits.into_iter().map(views::Hit::from).collect() })
}

pub fn registry(call: &Call) -> Result<Reply, Failure> {
    json(&views::Registry { certificates: call.app.registry()?.into_iter().map(views::Published::from).collect() })
}
