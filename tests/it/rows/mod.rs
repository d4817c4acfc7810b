//! What each pack promises, through the service: data in by import or API, out on pages and the API. Every test names
//! the promises it keeps, by the ids of the packs' sources (SG: segments, LC: lifecycle, ON: onboarding, RK: risks,
//! AU: automation).

mod automation;
mod desk;
mod lifecycle;
mod onboarding;
mod risks;
mod segments;
