//! The managed PostgreSQL for a machine with no `DATABASE_URL`.
