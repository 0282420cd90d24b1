//! Times and places in few bytes: a cluster has millions of them.

use std::fmt;

use jiff::Timestamp;
use konspect_bundle::{ArtifactId, Span};

/// Steps of a second: a step is a tenth of a microsecond, so that every year that can be written fits into one word.
const STEPS: i64 = 10_000_000;

/// Nanoseconds of a step.
const NANOSECONDS: i32 = 100;

/// A time, or that none is known, which comes before all others; in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct When(i64);

impl When {
    const UNKNOWN: Self = Self(i64::MIN);

    pub fn get(self) -> Option<Timestamp> {
        if self == Self::UNKNOWN {
            return None;
        }
        // Behind a second's fraction there are at most seven digits.
        let fraction = i32::try_from(self.0 % STEPS).ok()?;
        Timestamp::new(self.0 / STEPS, fraction * NANOSECONDS).ok()
    }

    pub fn is_some(self) -> bool {
        self != Self::UNKNOWN
    }

    pub fn is_none(self) -> bool {
        self == Self::UNKNOWN
    }
}

impl Default for When {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl From<Option<Timestamp>> for When {
    fn from(time: Option<Timestamp>) -> Self {
        time.map_or(Self::UNKNOWN, |time| {
            let fraction = time.subsec_nanosecond() / NANOSECONDS;
            Self(time.as_second() * STEPS + i64::from(fraction))
        })
    }
}

impl fmt::Debug for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(formatter)
    }
}

/// A part of an artefact of less than four gigabytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct At {
    start: u64,
    length: u32,
    artifact: ArtifactId,
}

impl At {
    pub fn get(self) -> Span {
        let end = self.start.saturating_add(u64::from(self.length));
        Span { artifact: self.artifact, start: self.start, end }
    }
}

impl From<Span> for At {
    fn from(span: Span) -> Self {
        let length = u32::try_from(span.end.saturating_sub(span.start)).unwrap_or(u32::MAX);
        Self { start: span.start, length, artifact: span.artifact }
    }
}

impl fmt::Debug for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_places_come_back_as_they_were() {
        assert_eq!(When::default().get(), None);
        assert_eq!(When::from(None), When::default());
        for text in [
            "2026-05-01T00:00:00Z",
            "1969-12-31T23:59:59.9999999Z",
            "1970-01-01T00:00:00Z",
            "2026-05-01T08:15:00.123456Z",
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(When::from(Some(time)).get(), Some(time), "{text}");
        }
        for time in [Timestamp::MIN, Timestamp::MAX] {
            let kept = When::from(Some(time)).get().unwrap();
            assert!(time.duration_since(kept).abs().as_nanos() < 100, "{time}");
        }
        for span in [
            Span { artifact: ArtifactId(7), start: 5 << 40, end: (5 << 40) + 300 },
            Span::BUNDLE,
            Span::default(),
        ] {
            assert_eq!(At::from(span).get(), span);
        }
        let long = Span { artifact: ArtifactId(1), start: 1, end: 1 << 33 };
        assert_eq!(At::from(long).get().start, 1);
    }
}
