//! Probes measure a service instead of believing what is said of it: look first, judge later.

mod av_definition_age;
mod contract;
mod login_config;
mod net;
mod outcome;
mod password_policy;
mod profile;
mod raid_state;
mod settings;

pub use contract::{Exception, Facts, Finding, Probe, Reading, Rule, Snapshot, Target, Unreached, Verdict, combined};
pub use net::Net;
pub use outcome::{Outcome, judged, unreached};
pub use profile::{Limits, PasswordRule, Profile, profiles};

/// Every probe there is, in the order they run.
pub static PROBES: &[Probe] = &[login_config::PROBE, password_policy::PROBE, av_definition_age::PROBE, raid_state::PROBE];
