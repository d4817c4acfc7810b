//! A file on its way in: what it is, its header, its rows. Never more of it in memory than a row and a batch.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, StringRecord};

/// How much of a file is looked at to find out what it is; a header must fit.
pub const SAMPLE: usize = 64 * 1024;
/// No row may be larger: a quote that is never closed would take in the rest of the file.
const LARGEST_ROW: u64 = 1024 * 1024;

/// A file whose header was read.
pub(super) struct Source {
    reader: csv::Reader<Guard>,
    row_budget: Arc<AtomicU64>,
    /// The names in the first line.
    pub(super) header: Vec<String>,
    skipped: u64,
    last_line: i64,
}

/// A row as it stands in the file.
pub(super) struct Raw {
    pub(super) line: i64,
    /// Its cells, or its bytes when they are not UTF-8.
    pub(super) record: Result<StringRecord, ByteRecord>,
}

/// Ends reading when a single row takes too much.
struct Guard {
    inner: Box<dyn Read + Send>,
    left: Arc<AtomicU64>,
}

impl Read for Guard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(io::Error::other(
                "a row of more than 1 MB begins here; perhaps a quote is opened and never closed",
            ));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let n = self.inner.read(&mut buffer[..most])?;
        self.left.store(left - n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Source {
    /// Finds out separator and header. The error is a sentence for whoever brought the file.
    pub(super) fn open(mut inner: Box<dyn Read + Send>) -> Result<Source, String> {
        let mut sample = Vec::with_capacity(SAMPLE);
        inner.by_ref().take(SAMPLE as u64).read_to_end(&mut sample).map_err(unreadable)?;
        let (delimiter, skipped) = sniff(&sample)?;
        let mut whole = Cursor::new(sample);
        whole.set_position(skipped);
        let row_budget = Arc::new(AtomicU64::new(LARGEST_ROW));
        let guard = Guard { inner: Box::new(whole.chain(inner)), left: Arc::clone(&row_budget) };
        let mut reader = builder(delimiter).from_reader(guard);
        let mut header = ByteRecord::new();
        if !reader.read_byte_record(&mut header).map_err(broken)? {
            return Err("The file is empty.".to_owned());
        }
        let source = Source { reader, row_budget, header: names(&header), skipped, last_line: 1 };
        source.refill();
        Ok(source)
    }

    /// The next row that is not blank, `None` at the end. The error is a sentence about the whole file.
    pub(super) fn next(&mut self) -> Result<Option<Raw>, String> {
        let mut record = ByteRecord::new();
        loop {
            let more = self.reader.read_byte_record(&mut record);
            if !more.map_err(|error| format!("After line {}: {}", self.last_line, broken(error)))? {
                return Ok(None);
            }
            self.refill();
            let line = record.position().map_or(0, |at| i64::try_from(at.line()).unwrap_or(i64::MAX));
            // A file with old line ends has but one line; rows still need to be told apart.
            self.last_line = line.max(self.last_line + 1);
            if record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                let record = StringRecord::from_byte_record(record).map_err(|e| e.into_byte_record());
                return Ok(Some(Raw { line: self.last_line, record }));
            }
        }
    }

    /// How far the file was read.
    pub(super) fn bytes_done(&self) -> i64 {
        i64::try_from(self.reader.position().byte() + self.skipped).unwrap_or(i64::MAX)
    }

    fn refill(&self) {
        self.row_budget.store(LARGEST_ROW, Ordering::Relaxed);
    }
}

impl Raw {
    /// The cells as JSON can hold them.
    pub(super) fn cells(&self) -> serde_json::Value {
        let texts: Vec<String> = match &self.record {
            Ok(record) => record.iter().map(|cell| cell.replace('\0', "\u{fffd}")).collect(),
            Err(bytes) => {
                bytes.iter().map(|cell| String::from_utf8_lossy(cell).replace('\0', "\u{fffd}")).collect()
            }
        };
        serde_json::json!(texts)
    }
}

/// The header of a file's beginning, and up to `rows` whole rows after it.
pub(super) fn preview(sample: &[u8], rows: usize) -> Result<(Vec<String>, Vec<StringRecord>), String> {
    let (delimiter, skipped) = sniff(sample)?;
    let start = usize::try_from(skipped).unwrap_or_default();
    let mut reader = builder(delimiter).from_reader(&sample[start..]);
    let mut header = ByteRecord::new();
    if !reader.read_byte_record(&mut header).map_err(broken)? {
        return Err("The file is empty.".to_owned());
    }
    let examples = reader.records().filter_map(Result::ok).take(rows).collect();
    Ok((names(&header), examples))
}

fn builder(delimiter: u8) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter);
    builder
}

/// The separator, and how many bytes of a byte order mark to skip.
fn sniff(sample: &[u8]) -> Result<(u8, u64), String> {
    let (text, skipped) = match sample {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (rest, 3),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            return Err("The file is UTF-16 text; save it as CSV in UTF-8.".to_owned());
        }
        [b'P', b'K', 3, 4, ..] | [0xD0, 0xCF, 0x11, 0xE0, ..] => {
            return Err("The file is a workbook or an archive, not CSV; save the sheet as CSV.".to_owned());
        }
        all => (all, 0),
    };
    if text.trim_ascii().is_empty() {
        return Err("The file is empty.".to_owned());
    }
    let mut quoted = false;
    let mut seen = [0_usize; 3];
    let separators = [b',', b';', b'\t'];
    let mut began = false;
    let mut ended = sample.len() < SAMPLE;
    for &byte in text {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && began => {
                ended = true;
                break;
            }
            _ if !quoted => {
                if let Some(at) = separators.iter().position(|s| *s == byte) {
                    seen[at] += 1;
                }
            }
            _ => {}
        }
        began |= !byte.is_ascii_whitespace();
    }
    if !ended {
        return Err("The first line is longer than 64 KB; is it a CSV file with a header?".to_owned());
    }
    // Of equals the first wins: comma, semicolon, tab.
    let best = (0..3).rev().max_by_key(|&at| seen[at]).unwrap_or_default();
    Ok((separators[best], skipped))
}

fn names(header: &ByteRecord) -> Vec<String> {
    let name = |(at, cell): (usize, &[u8])| {
        let name = String::from_utf8_lossy(cell).trim().replace('\0', "\u{fffd}");
        if name.is_empty() { format!("column {}", at + 1) } else { name }
    };
    header.iter().enumerate().map(name).collect()
}

fn unreadable(error: io::Error) -> String {
    format!("The file could not be read: {error}.")
}

fn broken(error: csv::Error) -> String {
    let line = error.position().map(csv::Position::line);
    match (error.into_kind(), line) {
        (csv::ErrorKind::Io(error), _) => unreadable(error),
        (kind, Some(line)) => format!("The file could not be read at line {line}: {kind:?}."),
        (kind, None) => format!("The file could not be read: {kind:?}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<String>, Vec<(i64, Vec<String>)>) {
        let mut source = Source::open(Box::new(Cursor::new(bytes.to_vec()))).unwrap();
        let mut rows = Vec::new();
        while let Some(raw) = source.next().unwrap() {
            rows.push((raw.line, raw.record.unwrap().iter().map(str::to_owned).collect()));
        }
        assert_eq!(source.bytes_done(), bytes.len() as i64);
        (source.header.clone(), rows)
    }

    #[test]
    fn separators_marks_and_line_ends() {
        let rows = vec![(2, vec!["1".to_owned(), "x".to_owned()])];
        for file in ["a,b\n1,x\n", "\u{feff}a;b\r\n1;x\r\n", "a\tb\n1\tx", "\"a\",b\r1,x\r"] {
            let (header, read) = read(file.as_bytes());
            assert_eq!((header, read), (vec!["a".to_owned(), "b".to_owned()], rows.clone()), "{file:?}");
        }
    }

    #[test]
    fn lines_of_rows() {
        let (_, rows) = read(b"a,b\n1,\"two\nlines\"\n\n,\n3,x\n");
        assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 6]);
        assert_eq!(rows[0].1[1], "two\nlines");
    }

    #[test]
    fn what_is_no_csv() {
        for (bytes, why) in [
            (&b""[..], "empty"),
            (b"\xEF\xBB\xBF \r\n", "empty"),
            (b"\xFF\xFEa\0", "UTF-16"),
            (b"PK\x03\x04rest", "workbook"),
            (&vec![b'x'; SAMPLE + 1], "64 KB"),
        ] {
            let sentence = Source::open(Box::new(Cursor::new(bytes.to_vec()))).err().unwrap();
            assert!(sentence.contains(why), "{sentence}");
        }
    }

    #[test]
    fn a_quote_left_open_does_not_swallow_the_file() {
        let endless = b"a,b\n1,\"".chain(io::repeat(b'x'));
        let mut source = Source::open(Box::new(endless)).unwrap();
        let sentence = source.next().err().unwrap();
        assert!(sentence.contains("quote"), "{sentence}");
    }
}
