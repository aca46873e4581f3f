//! Deadlines as a calendar (RFC 5545), for calendar programs that read an address with a secret in it.

use icalendar::{Calendar, Component, Event, Property};
use rules::act::Actor;
use rules::deadline::{About, Urgency};
use rules::refusal::Refusal;
use rules::text::{Lang, text};

use crate::deadlines::Task;
use crate::{App, Error};

impl App {
    /// The calendar that an address opens, in the words of its owner.
    ///
    /// # Errors
    /// Not found where the address never was, was revoked, or its owner may not see deadlines any more.
    pub fn calendar(&self, secret: &str) -> Result<String, Error> {
        let (person, tasks) = self.fed(secret)?.ok_or(Refusal::not_found())?;
        Ok(self.written(&tasks, person.lang))
    }

    /// The actor's own deadlines, or all that they see, as a file.
    pub fn calendar_file(&self, actor: &Actor, whole: bool, lang: Lang) -> Result<String, Error> {
        let mut tasks = self.tasks(actor)?.tasks;
        tasks.retain(|task| whole || task.mine);
        Ok(self.written(&tasks, lang))
    }

    /// One event a duty. Whoever reads a calendar may be anybody: it holds words of the catalogue, item numbers and addresses
    /// of pages that ask for a sign-in, and nothing that people wrote.
    fn written(&self, tasks: &[Task], lang: Lang) -> String {
        let stamp = self.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let address = &self.config.address;
        let mut calendar = Calendar::new();
        calendar.name(text("証し 期限", "Akashi deadlines").get(lang));
        for task in tasks {
            let duty = &task.duty;
            let (about, page) = match &duty.about {
                About::Entry { entry, register } => {
                    let name = self.content.catalog.register(register).map(|r| r.name.get(lang).to_owned()).unwrap_or_default();
                    (name, format!("{address}/entries/{entry}"))
                }
                About::Item { case, item } => {
                    (format!("{} {item}", text("項目", "Item").get(lang)), format!("{address}/cases/{case}/items/{item}"))
                }
                About::Evidence { evidence } => (text("証跡", "Evidence").get(lang).to_owned(), format!("{address}/evidence/{evidence}")),
                About::Certificate { case } => (text("認定証", "Certificate").get(lang).to_owned(), format!("{address}/cases/{case}")),
            };
            let urgent = if task.urgency == Urgency::Overdue { Urgency::Overdue.name() } else { text("", "") };
            let summary = [urgent.get(lang), about.as_str(), duty.what.get(lang)];
            let summary = summary.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(": ");
            let mut day = Property::new("DTSTART", duty.due.strftime("%Y%m%d").to_string());
            day.add_parameter("VALUE", "DATE");
            let mut event = Event::new();
            // The key names the duty and its day; a slash is no letter of an id on every server.
            event.uid(&format!("{}@akashi", duty.key.replace('/', "-")));
            event.add_property("DTSTAMP", &stamp);
            event.append_property(day);
            event.summary(&summary);
            event.url(&page);
            calendar.push(event.done());
        }
        calendar.to_string()
    }
}
