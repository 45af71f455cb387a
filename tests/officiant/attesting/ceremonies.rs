//! In a ceremony.
