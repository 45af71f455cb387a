//! Steps over TUF metadata.

mod event;
