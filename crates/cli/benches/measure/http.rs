//! Requests straight into the router: the server's own time, without a network.

use std::sync::Arc;

use app::App;
use tower::ServiceExt;

pub struct Pages {
    router: axum::Router,
    runtime: tokio::runtime::Runtime,
}

impl Pages {
    pub fn new(app: Arc<App>) -> Pages {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        Pages { router: web::server::router(app), runtime }
    }

    /// Gets a page and returns its size in bytes.
    pub fn get(&self, path: &str, cookie: &str) -> usize {
        let request = axum::http::Request::get(path).header("cookie", cookie).body(axum::body::Body::empty()).expect("a request");
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("a response");
            assert!(response.status().is_success(), "{path}: {}", response.status());
            axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body").len()
        })
    }
}
