//! What each pack promises, through the service: data in by import or API, out on pages and the API. Every test names
//! the promises it keeps by their ids (SG: segments, LC: lifecycle, ON: onboarding, RK: risks, RN: renewals, PB:
//! playbooks, SL: support, CM: communications, AU: automation, FB: feedback); those that other tests keep are named there.

mod automation;
mod communications;
mod desk;
mod lifecycle;
mod onboarding;
mod pipelines;
mod plays;
mod renewals;
mod risks;
mod segments;
mod support;
mod talk;
