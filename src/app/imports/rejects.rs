//! Rows that were kept out, as a file to mend and import again.

use std::io::Write;

use uuid::Uuid;

use crate::app::{App, Error, Result};
use crate::db::{self, TenantScope};

/// Rows fetched at a time.
const PAGE: i64 = 1_000;

impl App {
    /// Writes the rejected rows of an import as CSV: `line`, `reason`, then the cells under the file's own header.
    /// Imported again, the two columns added in front are left out of account.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an import that is not there; what writing fails with.
    pub async fn write_rejects<W: Write>(
        &self,
        scope: &TenantScope,
        import_id: Uuid,
        writer: W,
    ) -> Result<()> {
        let mut tx = self.db.read(scope).await?;
        let import = db::imports::find(&mut tx, import_id).await?.ok_or(Error::NotFound)?;
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(writer);
        let failed = |error: csv::Error| Error::Internal(error.into());
        let header = ["line", "reason"].into_iter().chain(import.columns.header.iter().map(String::as_str));
        csv.write_record(header).map_err(failed)?;
        let mut after = 0;
        loop {
            let page = db::imports::rejects(&mut tx, import_id, after, PAGE).await?;
            for reject in &page {
                let cells = reject.record.as_array().into_iter().flatten();
                let line = reject.line.to_string();
                let row = [line.as_str(), &reject.reason].into_iter();
                csv.write_record(row.chain(cells.map(|cell| cell.as_str().unwrap_or_default())))
                    .map_err(failed)?;
            }
            match page.last() {
                Some(last) if page.len() as i64 == PAGE => after = last.line,
                _ => break,
            }
        }
        csv.flush().map_err(|error| Error::Internal(error.into()))
    }
}
