//! The REST interface: every act and every view, for programs with a token.

use axum::Router;

use crate::server::Shared;

/// The routes under `/api`.
pub fn router() -> Router<Shared> {
    Router::new()
}
