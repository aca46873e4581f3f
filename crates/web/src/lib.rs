//! What people see: pages, components, the REST interface, and the files a browser loads.

mod answer;
pub mod api;
pub mod assets;
mod blocking;
pub mod chart;
pub mod components;
pub mod pages;
pub mod peer;
pub mod route;
pub mod server;
mod session;
pub mod shell;
#[doc(hidden)]
pub mod testing;
pub mod tls;
pub mod urls;
pub mod visit;
