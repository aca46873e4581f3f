//! RFC 3161 against OpenSSL: what both accept, and what must be refused.

mod authority;
mod chains;
mod flips;
mod forms;
mod peers;
