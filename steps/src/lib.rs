//! Step handlers.
