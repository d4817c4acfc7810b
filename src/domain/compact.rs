//! Bytes for what is kept in great numbers: variable-length integers, figures that take as few bytes as they need and
//! come back to the last bit, short texts.
//!
//! The layout is stored, so it never changes: a new layout gets a new first byte from whoever writes it.

use thiserror::Error;

/// Decimal places up to which a figure is stored as a scaled integer.
const PLACES: u32 = 6;
/// The mark of a figure stored as its eight bytes.
const RAW: u64 = 7;
/// Integers a float holds exactly, with room for the mark.
const EXACT: f64 = (1_u64 << 53) as f64;

/// Bytes that do not read as what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("stored bytes end early or were not written by this version")]
pub struct Broken;

/// Writes values one after another.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole number, small ones in one byte.
    pub fn uint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }

    /// A signed whole number, those near zero in one byte.
    pub fn int(&mut self, n: i64) {
        self.uint(((n << 1) ^ (n >> 63)) as u64);
    }

    /// A figure, to the last bit: a scaled integer where up to six decimals say it exactly, else its eight bytes.
    pub fn figure(&mut self, n: f64) {
        for places in 0..=PLACES {
            let scale = 10_f64.powi(places as i32);
            let scaled = n * scale;
            let whole = scaled.round();
            // Minus zero and what is not finite fail the comparison of bits.
            if whole.abs() < EXACT && (whole / scale).to_bits() == n.to_bits() {
                let zigzag = {
                    let whole = whole as i64;
                    ((whole << 1) ^ (whole >> 63)) as u64
                };
                return self.uint(zigzag << 3 | u64::from(places));
            }
        }
        self.uint(RAW);
        self.bytes.extend_from_slice(&n.to_bits().to_le_bytes());
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.uint(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// One byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// All of it.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads what a [`Writer`] wrote, in the same order. Never panics, whatever the bytes are.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// From the first byte on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Broken)?;
        self.rest = rest;
        Ok(taken)
    }

    /// One byte.
    ///
    /// # Errors
    /// At the end.
    pub fn byte(&mut self) -> Result<u8, Broken> {
        self.take(1).map(|taken| taken[0])
    }

    /// A whole number.
    ///
    /// # Errors
    /// When there is none.
    pub fn uint(&mut self) -> Result<u64, Broken> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(Broken)
    }

    /// A signed whole number.
    ///
    /// # Errors
    /// When there is none.
    pub fn int(&mut self) -> Result<i64, Broken> {
        self.uint().map(unzigzag)
    }

    /// A figure.
    ///
    /// # Errors
    /// When there is none.
    pub fn figure(&mut self) -> Result<f64, Broken> {
        let n = self.uint()?;
        if n == RAW {
            let bytes = self.take(8)?.try_into().map_err(|_| Broken)?;
            return Ok(f64::from_bits(u64::from_le_bytes(bytes)));
        }
        let places = u32::try_from(n & 7).map_err(|_| Broken)?;
        if places > PLACES {
            return Err(Broken);
        }
        Ok(unzigzag(n >> 3) as f64 / 10_f64.powi(places as i32))
    }

    /// A text.
    ///
    /// # Errors
    /// When there is none, or it is not UTF-8.
    pub fn text(&mut self) -> Result<&'a str, Broken> {
        let length = usize::try_from(self.uint()?).map_err(|_| Broken)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Broken)
    }
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn length(n: f64) -> usize {
        let mut writer = Writer::new();
        writer.figure(n);
        writer.finish().len()
    }

    #[test]
    fn common_figures_are_short() {
        assert_eq!([0.0, 7.0, 100.0, 12.5, 33.333_333, 1.0 / 3.0].map(length), [1, 1, 2, 2, 5, 9]);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            figures in prop::collection::vec(any::<u64>().prop_map(f64::from_bits), 0..20),
            rounded in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, 0..7), 0..20),
            ints in prop::collection::vec(any::<i64>(), 0..20),
            text in ".{0,40}",
        ) {
            let rounded = rounded.iter().map(|(n, places)| *n as f64 / 10_f64.powi(*places));
            let figures: Vec<f64> = figures.into_iter().chain(rounded).collect();
            let mut writer = Writer::new();
            figures.iter().for_each(|n| writer.figure(*n));
            ints.iter().for_each(|n| writer.int(*n));
            ints.iter().for_each(|n| writer.uint(*n as u64));
            writer.text(&text);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for n in &figures {
                prop_assert_eq!(reader.figure()?.to_bits(), n.to_bits());
            }
            for n in &ints {
                prop_assert_eq!(reader.int()?, *n);
            }
            for n in &ints {
                prop_assert_eq!(reader.uint()?, *n as u64);
            }
            prop_assert_eq!(reader.text()?, text);
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() {
                let before = reader.rest.len();
                let read = (reader.figure().is_ok(), reader.text().is_ok(), reader.int().is_ok());
                prop_assert!(read != (false, false, false) || reader.rest.len() <= before);
                if reader.rest.len() == before {
                    break;
                }
            }
        }
    }
}
