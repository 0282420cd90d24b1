//! Remembers the stretch of a line from the user to the user agent, which is the same bytes in
//! every event of one client: comparing it is several times cheaper than reading it again.
//!
//! It refuses to guess: a stretch is known only when each of its bytes is that of one that was read.

use std::borrow::Cow;
use std::ops::Range;
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

#[derive(Clone, Debug)]
struct Segment {
    bytes: Box<[u8]>,
    user: Range<usize>,
    agent: Range<usize>,
    address: Range<usize>,
    client: u32,
}

/// The stretches that one worker remembers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segments {
    places: Vec<Option<Segment>>,
    /// Whether lines are compared at all.
    on: bool,
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
        event: &mut Event<'a>,
    ) -> Option<usize> {
        let known = self.places.get(place)?.as_ref()?;
        let bytes = rest.get(..known.bytes.len()).filter(|bytes| **bytes == *known.bytes)?;
        let text = |range: &Range<usize>| std::str::from_utf8(bytes.get(range.clone())?).ok();
        event.user = Cow::Borrowed(text(&known.user)?);
        event.agent = Cow::Borrowed(text(&known.agent)?);
        event.source_ip = Cow::Borrowed(text(&known.address)?);
        self.last = Some(place);
        Some(bytes.len())
    }

    /// Remembers a stretch that was read.
    pub(crate) fn keep(&mut self, place: usize, bytes: &[u8], event: &Event<'_>) {
        let range = |text: &Cow<'_, str>| match text {
            Cow::Borrowed(text) => {
                let start = (text.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
                bytes.get(start..start + text.len())?;
                Some(start..start + text.len())
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
            self.places.resize(PLACES, None);
        }
        if let Some(slot) = self.places.get_mut(place) {
            *slot = Some(Segment { bytes: bytes.into(), user, agent, address, client: UNNUMBERED });
            self.last = Some(place);
        }
    }

    /// The number of the last line's client, to be read or set.
    pub(crate) fn client(&mut self) -> Option<&mut u32> {
        Some(&mut self.places.get_mut(self.last?)?.as_mut()?.client)
    }

    /// Forgets the numbers of clients, which will be given anew.
    pub(crate) fn renumber(&mut self) {
        self.places.iter_mut().flatten().for_each(|segment| segment.client = UNNUMBERED);
    }
}
