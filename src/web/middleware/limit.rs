//! How many API requests each tenant may make, and how many are left.

use std::num::NonZeroU32;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use crate::web::Web;
use crate::web::error::Problem;
use crate::web::extract::key;

type Limiter = RateLimiter<Uuid, DefaultKeyedStateStore<Uuid>, DefaultClock, StateInformationMiddleware>;

/// Requests of each tenant, as a leaky bucket of one minute's worth.
#[derive(Debug)]
pub struct Limits {
    per_minute: u32,
    limiter: Limiter,
}

/// What is left, for the `RateLimit` headers.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    limit: u32,
    remaining: u32,
    reset_seconds: u64,
}

impl Limits {
    /// A limit for each tenant.
    pub fn new(per_minute: u32) -> Self {
        let burst = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let limiter =
            RateLimiter::keyed(Quota::per_minute(burst)).with_middleware::<StateInformationMiddleware>();
        Limits { per_minute, limiter }
    }

    /// Counts one request of a tenant.
    ///
    /// # Errors
    /// 429 with `Retry-After` when there is none left.
    #[expect(clippy::result_large_err, reason = "a rejection is a response")]
    pub fn check(&self, tenant: Uuid) -> Result<Left, Response> {
        match self.limiter.check_key(&tenant) {
            Ok(snapshot) => {
                let remaining = snapshot.remaining_burst_capacity();
                let missing = u64::from(self.per_minute.saturating_sub(remaining));
                let reset_seconds = (missing * 60).div_ceil(u64::from(self.per_minute.max(1)));
                Ok(Left { limit: self.per_minute, remaining, reset_seconds })
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
                let text =
                    format!("The limit is {} requests a minute. Try again in {wait} s.", self.per_minute);
                let mut response =
                    Problem::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests", &text).into_response();
                response.headers_mut().insert("retry-after", HeaderValue::from(wait));
                Left { limit: self.per_minute, remaining: 0, reset_seconds: wait }
                    .write(response.headers_mut());
                Err(response)
            }
        }
    }
}

impl Left {
    fn write(self, headers: &mut HeaderMap) {
        headers.insert("ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("ratelimit-reset", HeaderValue::from(self.reset_seconds));
    }
}

/// Finds the key of an API request, counts the request, and says in the answer what is left.
pub async fn api(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let holder = match key::find(&web, request.headers()).await {
        Ok(holder) => holder,
        Err(response) => return response,
    };
    let left = match web.limits.check(holder.scope.tenant_id()) {
        Ok(left) => left,
        Err(response) => return response,
    };
    request.extensions_mut().insert(holder);
    let mut response = next.run(request).await;
    left.write(response.headers_mut());
    response
}
