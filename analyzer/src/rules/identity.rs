//! The rules of the family `identity`: certificates, clocks, permissions, leaders.

use super::Registered;

mod access_denied_not_unreachable;
mod certificate_expired;
mod clock_skewed;
mod leader_election_churning;

pub static RULES: &[Registered] = &[
    Registered::of::<certificate_expired::CertificateExpired>(),
    Registered::of::<clock_skewed::ClockSkewed>(),
    Registered::of::<access_denied_not_unreachable::AccessDeniedNotUnreachable>(),
    Registered::of::<leader_election_churning::LeaderElectionChurning>(),
];
