//! What anybody may see without signing in: a certificate by its code, and the registry both sides agreed to.

use std::collections::BTreeMap;

use rules::case::{CaseFacts, Certificate, State};
use rules::id::Digest;
use rules::item::ItemFacts;
use rules::refusal::Refusal;
use rules::text::Text;
use store::Conn;
use store::tables::{evaluation, party};

use crate::{App, Error};

/// A certificate as its verification page and the registry show it.
#[derive(Debug, Clone)]
pub struct PublicCertificate {
    pub certificate: Certificate,
    pub state: State,
    pub provider: String,
    pub body: String,
    pub product: String,
    pub sheet: Text,
    pub edition: String,
    pub self_evaluation: bool,
    pub decided: jiff::civil::Date,
    /// Of the snapshot the decision rests on.
    pub snapshot: Digest,
}

fn load(app: &App, conn: &mut Conn, facts: CaseFacts) -> Result<PublicCertificate, Error> {
    let (Some(certificate), Some(decision), Some(round)) = (facts.certificate.clone(), &facts.decision, facts.round()) else {
        return Err(Refusal::not_found().into());
    };
    let sheet = app.content.sheet(&app.store, &facts.case.sheet)?;
    let name = |o: Option<rules::party::Organisation>| o.map(|o| o.name).unwrap_or_default();
    Ok(PublicCertificate {
        state: facts.case.state,
        provider: name(party::organisation(conn, facts.case.provider)?),
        body: name(party::organisation(conn, facts.case.body)?),
        product: party::product(conn, facts.case.product)?.map(|p| p.name).unwrap_or_default(),
        sheet: sheet.title.clone(),
        edition: sheet.id.0.split_once('@').map_or_else(|| sheet.id.0.clone(), |(_, e)| e.to_owned()),
        self_evaluation: facts.case.is_self_evaluation(),
        decided: rules::act::japan(decision.at).date(),
        snapshot: round.digest,
        certificate,
    })
}

impl App {
    /// The certificate with this verification code. Who has the code holds the certificate itself.
    pub fn certificate_by_code(&self, code: &str) -> Result<PublicCertificate, Error> {
        let code: String = code.trim().to_uppercase();
        self.store.read(|conn| {
            let case = evaluation::case_of_code(conn, &code)?.ok_or(Refusal::not_found())?;
            let facts = evaluation::facts(conn, case)?.ok_or(Refusal::not_found())?;
            load(self, conn, facts)
        })
    }

    /// Certificates whose publication both sides agreed to, the newest first.
    pub fn registry(&self) -> Result<Vec<PublicCertificate>, Error> {
        self.store.read(|conn| {
            let mut out = vec![];
            for case in evaluation::registry(conn)? {
                if let Some(facts) = evaluation::facts(conn, case)? {
                    out.push(load(self, conn, facts)?);
                }
            }
            Ok(out)
        })
    }
}

/// Verdicts by mark, in the order of the scale.
pub fn totals(sheet: &rules::sheet::Sheet, items: &[ItemFacts]) -> Vec<(Text, u32)> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for verdict in items.iter().filter_map(|i| i.verdict.as_ref()) {
        *counts.entry(verdict.content.mark.as_str()).or_default() += 1;
    }
    sheet.scale.iter().map(|m| (m.name.clone(), counts.get(m.code.as_str()).copied().unwrap_or(0))).collect()
}
