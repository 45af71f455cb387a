//! `officiant schema`.

use super::print_line;
use crate::outcome::Outcome;
use clap::{Args, ValueEnum};
use officiant_engine::{conduct::Bindings, notation::Runbook, record::Entry};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// Arguments of `schema`.
#[derive(Args)]
pub struct SchemaCommand {
    /// Which schema
    #[arg(value_enum)]
    what: What,
}

/// What there is a schema of.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// A runbook.
    Runbook,
    /// bindings.toml.
    Bindings,
    /// One line of a transcript.
    Transcript,
}

impl SchemaCommand {
    /// Prints the schema.
    pub fn carry_out(self) -> Outcome {
        let schema = match self.what {
            What::Runbook => schema::<Runbook>("An officiant runbook, notation 1"),
            What::Bindings => schema::<Bindings>("officiant bindings"),
            What::Transcript => schema::<Entry>("One line of an officiant transcript, format 1"),
        };
        match serde_json::to_string_pretty(&schema) {
            Ok(text) => print_line(&text).err().unwrap_or(Outcome::Holds),
            Err(error) => Outcome::not_tried(format!("the schema has no JSON form: {error}")),
        }
    }
}

fn schema<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    schema["title"] = title.into();
    schema
}
