//! Reads Kubernetes quantities (`128Mi`, `500m`, `1e3`) as plain numbers: cores, bytes, counts.

/// The value of a quantity; `None` for what is none.
pub fn quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let suffix_at =
        text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(suffix_at);
    let number = plain(digits)?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" | "µ" => 1e-6,
        "m" => 1e-3,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        exponent => {
            let power = exponent.strip_prefix(['e', 'E'])?;
            let power: i32 = power.strip_prefix('+').unwrap_or(power).parse().ok()?;
            10f64.powi(power.clamp(-30, 30))
        }
    };
    Some(number * factor)
}

/// Only digits, a sign and a point: `inf`, `nan` and Rust's other spellings are no quantities.
fn plain(digits: &str) -> Option<f64> {
    let allowed = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-');
    if digits.is_empty() || !digits.bytes().all(allowed) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::quantity;

    #[test]
    fn every_suffix_has_its_factor() {
        let cases = [
            ("128Mi", 134_217_728.0),
            ("500m", 0.5),
            ("1e3", 1000.0),
            ("12E6", 12e6),
            ("2Gi", 2_147_483_648.0),
            ("1.5", 1.5),
            ("2E", 2e18),
            ("250000n", 0.000_25),
            ("16393268Ki", 16_786_706_432.0),
            (".5", 0.5),
            ("-1", -1.0),
        ];
        for (text, value) in cases {
            let got = quantity(text).unwrap();
            assert!((got - value).abs() <= value.abs() * 1e-9, "{text}: {got}");
        }
    }

    #[test]
    fn other_words_are_no_quantities() {
        for text in ["", "<none>", "NaN", "inf", "1Xi", "12 Mi", "e3", "1e", "--"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }
}
