//! Matches that read the packet's bytes: u32, BPF and string.

use crate::model::{BpfInstruction, U32Operation, U32Test};

/// `xt_u32`: every test's value lies in one of its ranges; reading behind the end fails the match.
pub(super) fn u32_match(bytes: &[u8], tests: &[U32Test]) -> Option<bool> {
    for test in tests {
        let mut base = 0_usize;
        let mut value = word(bytes, test.first as usize)?;
        for (operation, number) in &test.operations {
            match operation {
                U32Operation::And => value &= number,
                U32Operation::Left => value = value.checked_shl(*number).unwrap_or(0),
                U32Operation::Right => value = value.checked_shr(*number).unwrap_or(0),
                U32Operation::At => {
                    base = base.checked_add(value as usize)?;
                    value = word(bytes, base.checked_add(*number as usize)?)?;
                }
            }
        }
        if !test.ranges.iter().any(|(first, last)| (*first..=*last).contains(&value)) {
            return Some(false);
        }
    }
    Some(true)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

fn load(bytes: &[u8], at: u32, size: u16) -> Option<u32> {
    let at = at as usize;
    match size {
        0x00 => word(bytes, at),
        0x08 => {
            let two: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
            Some(u16::from_be_bytes(two).into())
        }
        _ => bytes.get(at).map(|byte| u32::from(*byte)),
    }
}

/// Runs a classic BPF program; absent where it does what this reader does not know.
pub(super) fn bpf_match(bytes: &[u8], program: &[BpfInstruction]) -> Option<bool> {
    let (mut a, mut x) = (0_u32, 0_u32);
    let mut memory = [0_u32; 16];
    let mut place = 0;
    // Jumps only go forward, so the program ends.
    while let Some(instruction) = program.get(place) {
        place += 1;
        let k = instruction.k;
        let size = instruction.code & 0x18;
        match (instruction.code & 0x07, instruction.code & 0xe0) {
            (0, 0x20) => match load(bytes, k, size) {
                Some(value) => a = value,
                None => return Some(false),
            },
            (0, 0x40) => match load(bytes, x.checked_add(k)?, size) {
                Some(value) => a = value,
                None => return Some(false),
            },
            (0, 0x00) => a = k,
            (0, 0x60) => a = *memory.get(k as usize)?,
            (0, 0x80) => a = u32::try_from(bytes.len()).ok()?,
            (1, 0x00) => x = k,
            (1, 0x60) => x = *memory.get(k as usize)?,
            (1, 0xa0) => x = u32::from(*bytes.get(k as usize)? & 0x0f) * 4,
            (2, _) => *memory.get_mut(k as usize)? = a,
            (3, _) => *memory.get_mut(k as usize)? = x,
            (4, _) => {
                let operand = if instruction.code & 0x08 != 0 { x } else { k };
                a = match instruction.code & 0xf0 {
                    0x00 => a.wrapping_add(operand),
                    0x10 => a.wrapping_sub(operand),
                    0x20 => a.wrapping_mul(operand),
                    0x30 => a.checked_div(operand)?,
                    0x40 => a | operand,
                    0x50 => a & operand,
                    0x60 => a.checked_shl(operand).unwrap_or(0),
                    0x70 => a.checked_shr(operand).unwrap_or(0),
                    0x80 => a.wrapping_neg(),
                    0x90 => a.checked_rem(operand)?,
                    0xa0 => a ^ operand,
                    _ => return None,
                };
            }
            (5, _) => {
                let operand = if instruction.code & 0x08 != 0 { x } else { k };
                let taken = match instruction.code & 0xf0 {
                    0x00 => {
                        place = place.checked_add(k as usize)?;
                        continue;
                    }
                    0x10 => a == operand,
                    0x20 => a > operand,
                    0x30 => a >= operand,
                    0x40 => a & operand != 0,
                    _ => return None,
                };
                place +=
                    usize::from(if taken { instruction.jump_true } else { instruction.jump_false });
            }
            (6, _) => return Some(if instruction.code & 0x18 == 0x10 { a != 0 } else { k != 0 }),
            (7, _) if instruction.code & 0xf8 == 0x80 => a = x,
            (7, _) => x = a,
            _ => return None,
        }
    }
    None
}

/// `xt_string`: the pattern lies within `from..to` of the packet's bytes; kernels before 6.7 let it reach
/// beyond.
pub(super) fn contains(
    bytes: &[u8],
    pattern: &[u8],
    ignore_case: bool,
    from: usize,
    to: usize,
) -> bool {
    let end = to.min(bytes.len());
    let Some(part) = bytes.get(from..end) else { return false };
    if pattern.is_empty() {
        return true;
    }
    if ignore_case {
        return part.windows(pattern.len()).any(|window| window.eq_ignore_ascii_case(pattern));
    }
    memchr::memmem::find(part, pattern).is_some()
}
