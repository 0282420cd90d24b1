//! Remembers the stretch of a line from the user to the user agent, which is the same bytes in
//! every event of one client: comparing it is several times cheaper than reading it again.
//!
//! A stretch is known by its length and two sums of 64 bits each over all of its bytes: the bytes
//! themselves would have to be fetched from memory, which costs more than to sum what was just read.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::budget::mix;
use crate::event::Event;

/// How many stretches are remembered; each has one place, where the last one wins.
const PLACES: usize = 1 << 12;

/// Longer stretches are read each time.
const LONGEST: usize = 2048;

/// A client that was not numbered yet.
pub(crate) const UNNUMBERED: u32 = u32::MAX;

static ADDRESSES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"sourceIPs\":[\""));

/// A stretch that was read: its length, what its bytes sum up to, and where the names stand in it.
#[derive(Clone, Copy, Debug)]
struct Segment {
    sum: [u64; 2],
    length: u16,
    user: [u16; 2],
    agent: [u16; 2],
    address: [u16; 2],
    client: u32,
}

impl Segment {
    const EMPTY: Self = Self {
        sum: [0; 2],
        length: 0,
        user: [0; 2],
        agent: [0; 2],
        address: [0; 2],
        client: UNNUMBERED,
    };
}

/// The stretches that one worker remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segments {
    places: Vec<Segment>,
    /// Whether lines are compared at all.
    on: bool,
    /// Memory for a text that must be unescaped, given back after each line.
    pub(crate) spare: String,
    /// The place of the last line's stretch, when it was known or is now.
    last: Option<usize>,
}

impl Segments {
    /// Remembers; the default does not.
    pub(crate) fn working() -> Self {
        Self { on: true, ..Self::default() }
    }

    /// Starts a line.
    pub(crate) fn begin(&mut self) {
        self.last = None;
    }

    /// The place of a stretch that begins here, after `"user":`. Where the addresses seem to stand
    /// only chooses the place, so it need not be right.
    pub(crate) fn place(&self, rest: &[u8]) -> Option<usize> {
        if !self.on {
            return None;
        }
        let head = rest.get(..rest.len().min(LONGEST))?;
        let addresses = ADDRESSES.find(head)?;
        let name = head.get(13..)?.first_chunk::<64>()?;
        let address = head.get(addresses + 14..)?.first_chunk::<48>()?;
        let mut sum = 0x9e37_79b9_7f4a_7c15_u64;
        for word in name.as_chunks::<8>().0.iter().chain(address.as_chunks::<8>().0) {
            sum = mix(sum ^ u64::from_le_bytes(*word), 0xa076_1d64_78bd_642f);
        }
        usize::try_from(sum >> 32).ok().map(|sum| sum % PLACES)
    }

    /// Takes user, address and agent from a stretch that is known; returns its length.
    #[inline]
    pub(crate) fn take<'a>(
        &mut self,
        place: usize,
        rest: &'a [u8],
        text: Option<&'a str>,
        event: &mut Event<'a>,
    ) -> Option<usize> {
        let known = self.places.get(place).filter(|known| known.length > 0)?;
        let bytes = rest.get(..usize::from(known.length))?;
        if sum(bytes) != known.sum {
            return None;
        }
        let part = |[start, end]: [u16; 2]| {
            let range = usize::from(start)..usize::from(end);
            match text {
                Some(text) => text.get(range),
                None => std::str::from_utf8(bytes.get(range)?).ok(),
            }
        };
        event.user = Cow::Borrowed(part(known.user)?);
        event.agent = Cow::Borrowed(part(known.agent)?);
        event.source_ip = Cow::Borrowed(part(known.address)?);
        self.last = Some(place);
        Some(bytes.len())
    }

    /// Remembers a stretch that was read.
    pub(crate) fn keep(&mut self, place: usize, bytes: &[u8], event: &Event<'_>) {
        let range = |text: &Cow<'_, str>| match text {
            Cow::Borrowed(text) => {
                let start = (text.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
                bytes.get(start..start + text.len())?;
                Some([u16::try_from(start).ok()?, u16::try_from(start + text.len()).ok()?])
            }
            Cow::Owned(_) => None,
        };
        let (Some(user), Some(agent), Some(address)) =
            (range(&event.user), range(&event.agent), range(&event.source_ip))
        else {
            return;
        };
        let Some(length) = u16::try_from(bytes.len()).ok().filter(|_| bytes.len() <= LONGEST)
        else {
            return;
        };
        if self.places.is_empty() {
            self.places.resize(PLACES, Segment::EMPTY);
        }
        if let Some(slot) = self.places.get_mut(place) {
            *slot = Segment { sum: sum(bytes), length, user, agent, address, client: UNNUMBERED };
            self.last = Some(place);
        }
    }

    /// The number of the last line's client, to be read or set.
    pub(crate) fn client(&mut self) -> Option<&mut u32> {
        Some(&mut self.places.get_mut(self.last?)?.client)
    }

    /// How many stretches are remembered.
    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.places.iter().filter(|segment| segment.length > 0).count()
    }

    /// Forgets the numbers of clients, which will be given anew.
    pub(crate) fn renumber(&mut self) {
        self.places.iter_mut().for_each(|segment| segment.client = UNNUMBERED);
    }
}

/// Two sums over all bytes, sixteen at a time.
#[inline]
fn sum(bytes: &[u8]) -> [u64; 2] {
    let (mut left, mut right) = (0x9e37_79b9_7f4a_7c15 ^ bytes.len() as u64, 0x2d35_8dcc_aa6c_78a5);
    let (pairs, rest) = bytes.as_chunks::<16>();
    let mut last = [0_u8; 16];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    for pair in pairs.iter().chain([&last]) {
        let word = u128::from_le_bytes(*pair);
        let (low, high) = (word as u64, (word >> 64) as u64);
        left = mix(left ^ low, 0xa076_1d64_78bd_642f ^ high);
        right = mix(right ^ high, 0xe703_7ed1_a0b4_28db ^ low.rotate_left(29));
    }
    [left, right]
}
