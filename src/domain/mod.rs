//! Pure rules of customer success: no async, no I/O, no clock.
