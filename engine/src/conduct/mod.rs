//! Conducting a ceremony: the interpreter, and the edges to people, devices and the record.

mod bindings;
mod ceremony;
mod console;
mod exhibit;
mod failure;
mod handler;
mod happenings;
mod interpreter;
mod live;
mod opening;
mod question;
mod secret;
mod stage;

pub use bindings::{Bindings, DeviceBinding, KmsBindings, YubiHsmBindings};
pub use ceremony::{Ceremony, Session};
pub use console::{Console, Notice, Position, Unanswered};
pub use exhibit::{Exhibit, Objection, Performed};
pub use failure::Failure;
pub use handler::{Announcement, Effect, Handler, Probed, Registry, StepHandler};
pub use happenings::{Divergence, Doubt, Halt, Happenings, Outcome, Task};
pub use interpreter::{conduct, count};
pub use live::Live;
pub use opening::{Opening, OpeningError};
pub use question::{Question, QuestionKind, Reply};
pub use secret::{Secret, SecretName};
pub use stage::{LOST_SECRET, Made, NamedDevice, Stage};
