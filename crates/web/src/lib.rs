//! What people see: pages, components, the REST interface, and the files a browser loads.

pub mod assets;
pub mod chart;
pub mod components;
pub mod shell;
