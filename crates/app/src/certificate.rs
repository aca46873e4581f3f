//! The certificate as a PDF, made anew from what stands each time: same facts, same bytes.

use rules::act::{Actor, japan};
use rules::id::{self, Id};
use rules::refusal::Refusal;
use rules::text::Lang;

use crate::read::public::{PublicCertificate, totals};
use crate::{App, Error};

impl App {
    /// The certificate of a case the actor may see.
    pub fn certificate_pdf(&self, actor: &Actor, case: Id<id::Case>, lang: Lang) -> Result<(String, Vec<u8>), Error> {
        let read = self.case(actor, case, None)?;
        let facts = &read.facts;
        let (Some(certificate), Some(decision), Some(round)) = (&facts.certificate, &facts.decision, facts.round()) else {
            return Err(Refusal::not_found().into());
        };
        let edition = read.sheet.id.0.split_once('@').map_or("", |(_, e)| e);
        let page = pdf::Certificate {
            number: certificate.number.clone(),
            verification_code: certificate.code.clone(),
            verification_url: self.verification_address(&certificate.code),
            holder: read.provider.name.clone(),
            product: read.product.name.clone(),
            product_version: None,
            sheet_title: read.sheet.title.get(lang).to_owned(),
            sheet_edition: edition.to_owned(),
            body: read.body.name.clone(),
            self_evaluation: facts.case.is_self_evaluation(),
            scope: certificate.scope.clone(),
            decided_on: japan(decision.at).date(),
            issued_on: certificate.issued,
            valid_until: certificate.valid_until,
            grounds: decision.grounds.clone(),
            totals: totals(&read.sheet, &read.items).into_iter().map(|(name, n)| (name.get(lang).to_owned(), n)).collect(),
            snapshot_digest: round.digest,
            issued_by: read.body.name.clone(),
        };
        let bytes = pdf::certificate(&page, lang).map_err(|e| Error::Broken(format!("the certificate of {case} cannot be set: {e}")))?;
        Ok((format!("{}.pdf", certificate.number), bytes))
    }

    /// Where anybody can check a certificate.
    pub fn verification_address(&self, code: &str) -> String {
        format!("{}/verify/{code}", self.config.address)
    }
}

impl PublicCertificate {
    /// It stands today: neither expired, withdrawn nor renewed.
    pub fn is_valid(&self) -> bool {
        self.state.is_certified()
    }
}
