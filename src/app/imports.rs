//! CSV files in: streamed, mapped, checked row by row.
