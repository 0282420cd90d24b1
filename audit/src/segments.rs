//! Remembers the stretch of a line from the user to the user agent, which is the same bytes in
//! every event of one client: comparing it is several times cheaper than reading it again.
//!
//! A stretch is known by its bytes, not by a sum over them: whoever chooses a user agent must not be
//! able to choose one that passes for another client.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::budget::mix;
use crate::event::Event;
use crate::time::Clock;

/// How many stretches are remembered; each has one place, where the last one wins.
const PLACES: usize = 1 << 12;

/// Longer stretches are read each time.
const LONGEST: usize = 2048;

/// A client that was not numbered yet.
pub(crate) const UNNUMBERED: u32 = u32::MAX;

const ADDRESSES: &[u8] = b"\"sourceIPs\":[\"";

static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(ADDRESSES));

/// A sum that chooses a place.
#[inline]
fn sum(seed: u64, bytes: &[u8]) -> u64 {
    (1_u64..).zip(bytes.as_chunks::<8>().0).fold(seed, |sum, (number, word)| {
        let word = u64::from_le_bytes(*word) ^ 0xa076_1d64_78bd_642f;
        sum.wrapping_add(mix(word, number << 32 | 0x78bd_642f))
    })
}

fn place_of(sum: u64) -> usize {
    usize::try_from(sum >> 40).unwrap_or(0) % PLACES
}

/// A stretch that was read, and where the names stand in it.
#[derive(Clone, Debug)]
struct Segment {
    /// Empty when nothing is remembered here.
    bytes: Box<[u8]>,
    user: [u16; 2],
    agent: [u16; 2],
    address: [u16; 2],
    client: u32,
    /// The end of the last line of this client, from the annotations on, when nothing in it counts.
    end: Vec<u8>,
}

impl Default for Segment {
    fn default() -> Self {
        Self {
            bytes: Box::default(),
            user: [0; 2],
            agent: [0; 2],
            address: [0; 2],
            client: UNNUMBERED,
            end: Vec::new(),
        }
    }
}

/// The stretches that one worker remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segments {
    places: Vec<Segment>,
    /// How far behind the user's name addresses stood the last time, by that name.
    distances: Vec<u16>,
    /// Whether lines are compared at all.
    on: bool,
    pub(crate) clock: Clock,
    /// Memory for a text that must be unescaped, given back after each line.
    pub(crate) spare: String,
    /// The place of the last line's stretch, when it was known or is now.
    last: Option<usize>,
}

impl Segments {
    /// Remembers; the default does not.
    pub(crate) fn working() -> Self {
        Self { on: true, distances: vec![0; PLACES], ..Self::default() }
    }

    /// Starts a line.
    pub(crate) fn begin(&mut self) {
        self.last = None;
    }

    /// The place of a stretch that begins here, after `"user":`. Where the addresses seem to stand
    /// only chooses the place, so it need not be right.
    pub(crate) fn place(&mut self, rest: &[u8]) -> Option<usize> {
        if !self.on {
            return None;
        }
        let head = rest.get(..rest.len().min(LONGEST))?;
        let name = sum(0, head.get(13..)?.first_chunk::<64>()?);
        let distance = self.distances.get_mut(place_of(name))?;
        let guess = head.get(usize::from(*distance)..).unwrap_or_default();
        let addresses = if guess.starts_with(ADDRESSES) {
            usize::from(*distance)
        } else {
            let found = FINDER.find(head)?;
            *distance = u16::try_from(found).unwrap_or(0);
            found
        };
        let address = head.get(addresses + ADDRESSES.len()..)?.first_chunk::<48>()?;
        Some(place_of(sum(name, address)))
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
        let known = self.places.get(place).filter(|known| !known.bytes.is_empty())?;
        let bytes = rest.get(..known.bytes.len())?;
        if bytes != &*known.bytes {
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
        if bytes.len() > LONGEST {
            return;
        }
        if self.places.is_empty() {
            self.places.resize(PLACES, Segment::default());
        }
        if let Some(slot) = self.places.get_mut(place) {
            let (client, end) = (UNNUMBERED, Vec::new());
            *slot = Segment { bytes: bytes.into(), user, agent, address, client, end };
            self.last = Some(place);
        }
    }

    /// Whether this is how the client's line before ended, so that nothing in it counts.
    #[inline]
    pub(crate) fn ends_as_before(&self, end: &[u8]) -> bool {
        self.last
            .and_then(|last| self.places.get(last))
            .is_some_and(|known| !known.end.is_empty() && known.end == end)
    }

    /// Remembers how a line of the last client ended.
    pub(crate) fn keep_end(&mut self, end: &[u8]) {
        if let Some(known) = self.last.and_then(|last| self.places.get_mut(last))
            && end.len() <= LONGEST
        {
            known.end.clear();
            known.end.extend_from_slice(end);
        }
    }

    /// The number of the last line's client, to be read or set.
    pub(crate) fn client(&mut self) -> Option<&mut u32> {
        Some(&mut self.places.get_mut(self.last?)?.client)
    }

    /// How many stretches are remembered.
    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.places.iter().filter(|segment| !segment.bytes.is_empty()).count()
    }

    /// Forgets the numbers of clients, which will be given anew.
    pub(crate) fn renumber(&mut self) {
        self.places.iter_mut().for_each(|segment| segment.client = UNNUMBERED);
    }
}
