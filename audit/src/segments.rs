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

/// How many stretches are remembered; each has one place, where the last one wins.
const PLACES: usize = 1 << 12;

/// Longer stretches are read each time.
const LONGEST: usize = 2048;

/// A client that was not numbered yet.
pub(crate) const UNNUMBERED: u32 = u32::MAX;

static ADDRESSES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"sourceIPs\":[\""));

/// A stretch that was read, and where the names stand in it.
#[derive(Clone, Debug)]
struct Segment {
    /// Empty when nothing is remembered here.
    bytes: Box<[u8]>,
    user: [u16; 2],
    agent: [u16; 2],
    address: [u16; 2],
    client: u32,
}

impl Default for Segment {
    fn default() -> Self {
        Self {
            bytes: Box::default(),
            user: [0; 2],
            agent: [0; 2],
            address: [0; 2],
            client: UNNUMBERED,
        }
    }
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
        let mut sum = 0_u64;
        for (number, word) in
            (1_u64..).zip(name.as_chunks::<8>().0.iter().chain(address.as_chunks::<8>().0))
        {
            let word = u64::from_le_bytes(*word);
            sum = sum.wrapping_add(mix(word ^ 0xa076_1d64_78bd_642f, number << 32 | 0x78bd_642f));
        }
        usize::try_from(sum >> 40).ok().map(|sum| sum % PLACES)
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
            *slot = Segment { bytes: bytes.into(), user, agent, address, client: UNNUMBERED };
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
        self.places.iter().filter(|segment| !segment.bytes.is_empty()).count()
    }

    /// Forgets the numbers of clients, which will be given anew.
    pub(crate) fn renumber(&mut self) {
        self.places.iter_mut().for_each(|segment| segment.client = UNNUMBERED);
    }
}
