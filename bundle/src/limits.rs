//! What a bundle may cost: every number that keeps a hostile archive from eating the machine.
//!
//! Each limit that acts is a diagnostic or an error that names it; none acts in silence.

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The limits of opening and reading. Bytes unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A compressed archive file.
    pub bundle: u64,
    /// Members of all sources together.
    pub members: usize,
    /// A zip's central directory.
    pub directory: u64,
    /// A member's name; longer ones are shortened.
    pub name: usize,
    /// Levels of a member's name.
    pub levels: usize,
    /// One member after decompression. Streams take constant memory, so this bounds time only.
    pub member: u64,
    /// All members after the archive's own decompression.
    pub total: u64,
    /// Bytes out for each byte in that a member may have for free.
    pub ratio: u64,
    /// All bytes past `ratio`, in one bundle: what a small bomb may cost.
    pub ratio_allowance: u64,
    /// The largest artefact that is handed over whole; larger ones come in blocks.
    pub whole: u64,
    /// A block of a large artefact.
    pub block: usize,
    /// A member that declares at most so much is inflated in one call, which costs less than a stream.
    pub at_once: u64,
    /// A step of an artefact that is read line by line: it stays in a core's cache.
    pub step: usize,
    /// A line that blocks keep whole; the rest of a longer one is counted and left out.
    pub line: usize,
    /// What a compressed tar may keep in memory; a larger one is decompressed again on each pass.
    pub tar_memory: u64,
    /// How deep archives inside archives are opened; those that are named themselves do not count.
    pub nested_levels: usize,
    /// So many archives inside others are opened.
    pub nested_archives: usize,
    /// What all of them may keep in memory.
    pub nested_memory: u64,
    /// Standard input, which is kept in memory.
    pub stdin: u64,
    /// The dictionary or window an xz or zstd stream may ask for.
    pub window: u64,
    /// Whether members are compared with the manifest's digests.
    pub verify: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bundle: 4 * GIB,
            members: 200_000,
            directory: 64 * MIB,
            name: 4096,
            levels: 64,
            member: 16 * GIB,
            total: 32 * GIB,
            ratio: 200,
            ratio_allowance: 256 * MIB,
            whole: 64 * MIB,
            block: 4 << 20,
            at_once: 8 * MIB,
            step: 256 << 10,
            line: 64 << 20,
            tar_memory: 256 * MIB,
            nested_levels: 2,
            nested_archives: 1000,
            nested_memory: 256 * MIB,
            stdin: GIB,
            window: 128 * MIB + KIB,
            verify: true,
        }
    }
}

impl Limits {
    /// What `stored` bytes may become before they count against the allowance.
    pub(crate) fn free(&self, stored: u64) -> u64 {
        stored.saturating_mul(self.ratio)
    }
}
