//! The runbook notation: source files with positions, the model, and the expressions inside it.

mod complaint;
mod decode;
mod expression;
mod fields;
mod filter;
mod hostile;
mod load;
mod model;
mod node;
mod pattern;
mod source;
mod spelling;
mod suggest;
mod template;
mod text;
mod toml;
mod yaml;
mod yaml_words;

pub use complaint::{Complaint, Complaints, Severity};
pub use expression::{Evaluated, Expression, ExpressionError, Reference, Segment, Used};
pub use filter::{FILTERS, Filter, TESTS};
pub use hostile::is_hostile;
pub use load::{Loaded, RunbookFile, load, load_text};
pub use model::{
    Computer, Deviations, Device, DeviceFault, Do, End, Expectation, FaultEffect, FaultMoment, GoTo, If, Input,
    InputType, Level, Map, OnFailure, Participant, Rehearsal, Runbook, Sealing, Section, Step, StepKind, VirtualDevice,
};
pub use node::{LARGEST, Node, NodeKind};
pub use pattern::{Pattern, PatternError};
pub use source::{Place, Source, Sources};
pub use spelling::{is_kebab, is_snake, to_kebab, to_snake};
pub use suggest::nearest;
pub use template::Template;
pub use text::Text;
