//! Virtual devices to practise key ceremonies with.
//!
//! Each behaves as its vendor documents it, towards the vendor's own tools as towards this project's: nothing that
//! talks to a device needs to know that it is a virtual one. What keeps a rehearsal from being taken for the real thing
//! is the word `REHEARSAL` in every name that a virtual device certifies (see [`yubihsm::rehearsal_anchors`]).

pub mod yubihsm;
