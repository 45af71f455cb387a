//! Steps that people answer.

mod ask_choice;
mod ask_date;
mod ask_number;
mod ask_secret;
mod ask_text;
mod checkpoint;
mod confirm;
mod read_back;
mod span;
mod spoken;
mod wait;

pub use checkpoint::{banner, words};
pub(crate) use span::Span;

use officiant_engine::conduct::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with(confirm::Confirm)
        .with(ask_text::AskText)
        .with(ask_choice::AskChoice)
        .with(ask_date::AskDate)
        .with(ask_number::AskNumber)
        .with(ask_secret::AskSecret)
        .with(checkpoint::Checkpoint)
        .with(read_back::ReadBack)
        .with(wait::Wait)
}
