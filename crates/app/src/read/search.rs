//! search
pub struct Hit;
