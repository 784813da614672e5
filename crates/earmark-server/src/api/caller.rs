//! Who calls.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::Service;
use crate::config::Config;
use crate::problem::{Kind, Problem};
use crate::store::{Principal, Role};

/// Wrong tokens that an address may send in a minute: enough for a person who
/// pastes badly, nothing for a machine that guesses.
const WRONG_TOKENS_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Callers that limits remember before they forget those at rest.
const CALLERS_KEPT: usize = 100_000;

/// Limits of rate.
pub struct Limiters {
    strangers: Option<DefaultKeyedRateLimiter<IpAddr>>,
    tokens: Option<DefaultKeyedRateLimiter<String>>,
    wrong: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limiters {
    /// The limits that the operator set.
    pub fn new(config: &Config) -> Self {
        let quota = |requests| NonZeroU32::new(requests).map(Quota::per_minute);
        Limiters {
            strangers: quota(config.requests_a_minute).map(RateLimiter::keyed),
            tokens: quota(config.token_requests_a_minute).map(RateLimiter::keyed),
            wrong: RateLimiter::keyed(Quota::per_minute(WRONG_TOKENS_A_MINUTE)),
        }
    }

    /// Forgets callers at rest, when there are many.
    pub fn tidy(&self) {
        let many = |limiter: &DefaultKeyedRateLimiter<IpAddr>| limiter.len() > CALLERS_KEPT;
        if let Some(strangers) = self.strangers.as_ref().filter(|limiter| many(limiter)) {
            strangers.retain_recent();
        }
        if many(&self.wrong) {
            self.wrong.retain_recent();
        }
        if let Some(tokens) = self.tokens.as_ref().filter(|limiter| limiter.len() > CALLERS_KEPT) {
            tokens.retain_recent();
        }
    }
}

fn within<K: std::hash::Hash + Eq + Clone>(
    limiter: Option<&DefaultKeyedRateLimiter<K>>,
    key: &K,
) -> Result<(), Problem> {
    let Some(limiter) = limiter else { return Ok(()) };
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Problem::new(Kind::TooMany, "this caller asks more often than the operator allows")
            .retry_after(wait.as_secs() + 1)
    })
}

/// Somebody who may ask.
pub(super) struct Caller(pub Principal);

impl Caller {
    /// Refuses a caller without a right.
    pub(super) fn must(&self, may: impl FnOnce(Role) -> bool, what: &str) -> Result<(), Problem> {
        if may(self.0.role) {
            return Ok(());
        }
        Err(Problem::new(Kind::Forbidden, format!("the role {} may not {what}", self.0.role.name())))
    }
}

impl FromRequestParts<Service> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let address = address(parts, service.config.behind_proxy);
        let Some(header) = parts.headers.get(AUTHORIZATION) else {
            if !service.config.open {
                return Err(Problem::new(
                    Kind::Unauthenticated,
                    "send a token as `Authorization: Bearer em_…`",
                ));
            }
            within(service.limiters.strangers.as_ref(), &address)?;
            let name = format!("address {address}");
            return Ok(Caller(Principal { name, role: Role::Asker, owner: None, licensee: None }));
        };
        let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
        let principal = service.store.principal(token).map_err(|error| {
            tracing::error!(%error, "tokens cannot be read");
            Problem::new(Kind::Failed, "tokens cannot be checked")
        })?;
        let Some(principal) = principal else {
            // Counted only now: a valid token behind a shared address is never locked out.
            within(Some(&service.limiters.wrong), &address)?;
            tracing::warn!(%address, "a token was refused");
            return Err(Problem::new(Kind::Unauthenticated, "this token is not valid"));
        };
        within(service.limiters.tokens.as_ref(), &principal.name)?;
        Ok(Caller(principal))
    }
}

/// Where a request comes from. Behind a proxy that is the last address that it
/// added: everything before it was written by whoever asks.
fn address(parts: &Parts, behind_proxy: bool) -> IpAddr {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(address)| address.ip());
    if !behind_proxy {
        return peer;
    }
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
    forwarded
        .and_then(|value| value.to_str().ok())
        .and_then(|list| list.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok())
        .unwrap_or(peer)
}
