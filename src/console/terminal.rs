//! The terminal of a ceremony: where am I, what is asked, what happens if I say no.

use super::{
    interrupt::{Doing, GoingOn, Interrupt},
    markdown::{brief, safe, styled, verbatim},
};
use console::{Style, Term};
use dialoguer::{Input, Password, theme::ColorfulTheme};
use indicatif::{ProgressBar, ProgressStyle};
use officiant_engine::conduct::{Console, Notice, Position, Question, QuestionKind, Reply, Secret, Unanswered};
use std::time::{Duration, Instant};

/// Columns before a step's text.
const INDENT: usize = 9;

/// Prompts and notices on a real terminal, on standard error.
pub struct Terminal {
    term: Term,
    theme: ColorfulTheme,
    position: Position,
    rehearsal: bool,
    waiting: Option<ProgressBar>,
    interrupt: Interrupt,
}

impl Terminal {
    /// The terminal that standard error is; what is stopped there can perhaps be gone on with.
    pub fn new(rehearsal: bool, going_on: Option<GoingOn>) -> Self {
        let theme = ColorfulTheme {
            prompt_prefix: style().yellow().apply_to(format!("{:>1$}", "?", INDENT - 1)),
            success_prefix: style().dim().apply_to(format!("{:>1$}", "·", INDENT - 1)),
            error_prefix: style().red().apply_to(format!("{:>1$}", "✘", INDENT - 1)),
            ..ColorfulTheme::default()
        };
        Self {
            term: Term::stderr(),
            theme,
            position: Position::default(),
            rehearsal,
            waiting: None,
            interrupt: Interrupt::listen(going_on),
        }
    }

    fn line(&self, text: &str) {
        // A terminal that is gone is noticed at the next question.
        let _ = self.term.write_line(text);
    }

    fn width(&self) -> usize {
        usize::from(self.term.size().1).clamp(40, 100)
    }

    fn body(&self, text: &str) {
        self.line(&format!("{}{}", " ".repeat(INDENT), styled(text, self.width(), INDENT)));
    }

    fn heading(&self, title: &str, computer: Option<&str>, estimate: Option<&str>) {
        let title = safe(title);
        let mark = if self.rehearsal { " REHEARSAL " } else { "" };
        let used = title.chars().count() + mark.chars().count() + 5;
        let rule = "━".repeat(self.width().saturating_sub(used).max(3));
        let bold = style().bold();
        self.line("");
        self.line(&format!("━━ {} {rule}{}", bold.apply_to(title), style().yellow().apply_to(mark)));
        let facts: Vec<String> = [computer.map(|it| format!("on {it}")), estimate.map(|it| format!("about {it}"))]
            .into_iter()
            .flatten()
            .map(|fact| safe(&fact))
            .collect();
        if !facts.is_empty() {
            self.body(&facts.join(" · "));
        }
    }

    fn answer(&self, question: &Question) -> dialoguer::Result<Reply> {
        let prompt = safe(&question.text);
        // What only the real device would tell: the number that is printed on it, for example.
        if let (true, Some(answer), QuestionKind::Text { .. } | QuestionKind::Number | QuestionKind::Date) =
            (self.rehearsal, &question.rehearse, &question.kind)
        {
            let answer = answer.as_str().map_or_else(|| answer.to_string(), str::to_string);
            self.body(&format!("In this rehearsal: {answer}"));
        }
        match &question.kind {
            QuestionKind::Confirm | QuestionKind::Decision => {
                if let Some(consequence) = &question.if_no {
                    self.body(&format!("If no: {consequence}."));
                }
                self.line_of_text(&prompt, "y/n", true)
            }
            QuestionKind::Choice(options) => self.choice(&prompt, options),
            QuestionKind::Text { optional, .. } => self.line_of_text(&prompt, "", *optional),
            QuestionKind::Number => self.line_of_text(&prompt, "a number", false),
            QuestionKind::Date => self.line_of_text(&prompt, "YYYY-MM-DD", false),
            QuestionKind::Secret { min_length, max_length, dice } => {
                let unit = if *dice { "rolls, digits 1 to 6" } else { "characters" };
                let length = match max_length {
                    Some(most) if most == min_length => most.to_string(),
                    Some(most) => format!("{min_length} to {most}"),
                    None => format!("at least {min_length}"),
                };
                let prompt = self.fitting(&prompt, &format!("{length} {unit}; not shown"));
                let password = Password::with_theme(&self.theme)
                    .with_prompt(prompt)
                    .with_confirmation("The same again", "The two are not the same.");
                Ok(Reply::Secret(Secret::new(password.interact_on(&self.term)?)))
            }
            QuestionKind::SecretAgain { .. } => {
                let password = Password::with_theme(&self.theme).with_prompt(self.fitting(&prompt, "not shown"));
                Ok(Reply::Secret(Secret::new(password.interact_on(&self.term)?)))
            }
        }
    }

    /// One of several, by its number or its name: keys that are pressed by mistake choose nothing.
    fn choice(&self, prompt: &str, options: &[(String, String)]) -> dialoguer::Result<Reply> {
        self.body(prompt);
        for (number, (_, label)) in (1..).zip(options) {
            let shown = styled(label, self.width(), INDENT + 4);
            self.line(&format!("{}{number:>2}  {shown}", " ".repeat(INDENT)));
        }
        let reply = self.line_of_text("Number", &format!("1 to {}", options.len()), true)?;
        let Reply::Value(serde_json::Value::String(typed)) = &reply else { return Ok(reply) };
        let number = typed.trim().parse::<usize>().ok().and_then(|number| options.get(number.checked_sub(1)?));
        Ok(number.map_or_else(|| reply.clone(), |(value, _)| Reply::Value(value.clone().into())))
    }

    fn line_of_text(&self, prompt: &str, hint: &str, empty: bool) -> dialoguer::Result<Reply> {
        let input = Input::<String>::with_theme(&self.theme).with_prompt(self.fitting(prompt, hint)).allow_empty(empty);
        Ok(Reply::Value(input.interact_text_on(&self.term)?.into()))
    }

    /// A prompt that leaves room for the answer on its line: one that does not is told above it.
    fn fitting(&self, prompt: &str, hint: &str) -> String {
        let hint = if hint.is_empty() { String::new() } else { format!("({hint})") };
        if prompt.chars().count() + hint.chars().count() + INDENT + 24 <= self.width() {
            return format!("{prompt} {hint}").trim_end().to_string();
        }
        self.body(prompt);
        if hint.is_empty() { "Answer".into() } else { hint }
    }

    fn note(&self, note: &str) {
        let shown = styled(note, self.width(), INDENT);
        self.line(&format!("{}{}", " ".repeat(INDENT), style().dim().apply_to(shown)));
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        if self.waiting.as_ref().is_some_and(|bar| bar.length() != Some(of) || bar.message() != safe(what)) {
            self.stop_waiting();
        }
        let bar = self.waiting.get_or_insert_with(|| {
            let template = format!("{}{{bar:30}} {{msg}} ({{eta}} left)", " ".repeat(INDENT));
            let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(of).with_style(style).with_message(safe(what))
        });
        bar.set_position(done);
        if done >= of {
            self.stop_waiting();
        }
    }

    fn stop_waiting(&mut self) {
        if let Some(bar) = self.waiting.take() {
            bar.finish_and_clear();
        }
    }
}

impl Console for Terminal {
    fn at(&mut self, position: &Position) {
        self.stop_waiting();
        self.position = position.clone();
    }

    fn show(&mut self, notice: &Notice) {
        if let Notice::Progress { what, done, of } = notice {
            self.progress(what, *done, *of);
            return;
        }
        self.stop_waiting();
        match notice {
            Notice::Section { title, computer, estimate, note } => {
                self.heading(title, computer.as_deref(), estimate.as_deref());
                if let Some(note) = note {
                    self.body(note);
                }
            }
            Notice::Step { word, text, by, level, note, estimate } => {
                let place = format!("{}/{}", self.position.number, self.position.of);
                let word_shown = style().bold().cyan().apply_to(word);
                let indent = INDENT + word.len() + 1;
                self.line("");
                self.line(&format!("{place:>7}  {word_shown} {}", styled(text, self.width(), indent)));
                let level = (*level != "must").then(|| format!("this {level} be done"));
                let by = by.as_ref().map(|by| format!("by {by}"));
                let estimate = estimate.as_ref().map(|estimate| format!("about {estimate}"));
                let section = Some(self.position.title.clone());
                let facts: Vec<String> = [section, by, level, estimate].into_iter().flatten().collect();
                let facts = style().dim().apply_to(styled(&facts.join(" · "), self.width(), INDENT)).to_string();
                self.line(&format!("{}{facts}", " ".repeat(INDENT)));
                if let Some(note) = note {
                    self.note(note);
                }
            }
            Notice::Note(note) => {
                self.line("");
                self.note(note);
            }
            Notice::Information(text) => self.body(text),
            Notice::Irreversible(text) => {
                self.line(&format!(
                    "{}{} {}",
                    " ".repeat(INDENT),
                    style().bold().yellow().apply_to("cannot be undone:"),
                    styled(text, self.width(), INDENT + 18)
                ));
            }
            Notice::Outcome(lines) => {
                let widest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
                for (name, value) in lines {
                    let name = format!("{:<widest$}", safe(name));
                    let value = verbatim(&brief(value), self.width(), INDENT + widest + 2);
                    self.line(&format!("{}{}  {value}", " ".repeat(INDENT), style().green().apply_to(name)));
                }
            }
            Notice::Announcement(lines) => {
                let widest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
                let indent = if widest == 0 { INDENT } else { INDENT + widest + 2 };
                for (name, value) in lines {
                    let name = if widest == 0 { String::new() } else { format!("{:<widest$}  ", safe(name)) };
                    let value = verbatim(value, self.width(), indent);
                    self.line(&format!("{}{}{value}", " ".repeat(INDENT), style().bold().apply_to(name)));
                }
            }
            Notice::Failed(failure) => {
                let failed = style().bold().red().apply_to("failed:");
                let text = styled(&failure.message, self.width(), INDENT + 8);
                self.line(&format!("{}{failed} {text}", " ".repeat(INDENT)));
                if let Some(next) = &failure.next {
                    self.body(&format!("next: {next}"));
                }
            }
            Notice::Banner(text) => {
                self.line("");
                for line in safe(text).lines() {
                    self.line(&format!("    {line}"));
                }
                self.line("");
            }
            Notice::Progress { .. } => {}
        }
    }

    fn ask(&mut self, question: &Question, complaint: Option<&str>) -> Result<Reply, Unanswered> {
        self.stop_waiting();
        if let Some(complaint) = complaint {
            let text = styled(complaint, self.width(), INDENT + 11);
            self.line(&format!("{}{} {text}", " ".repeat(INDENT), style().yellow().apply_to("not taken:")));
        }
        let stopped = || Unanswered(format!("stopped at step {} by the keyboard", self.position.step()));
        if self.interrupt.pressed() {
            return Err(stopped());
        }
        self.interrupt.during(if question.kind.is_secret() { Doing::Hidden } else { Doing::Keys });
        let answer = self.answer(question).inspect(|_| self.interrupt.during(Doing::Step));
        answer.map_err(|error| {
            let _ = self.term.show_cursor();
            let dialoguer::Error::IO(error) = error;
            match error.kind() {
                std::io::ErrorKind::Interrupted => stopped(),
                _ => {
                    Unanswered(format!("step {} asks and the terminal does not answer: {error}", self.position.step()))
                }
            }
        })
    }

    fn wait(&mut self, duration: Duration, what: &str) {
        if duration < Duration::from_secs(2) {
            // Short waits come one after the other, while something is waited for.
            let bar = self.waiting.get_or_insert_with(|| {
                let template = format!("{}{{spinner}} {{msg}} ({{elapsed}})", " ".repeat(INDENT));
                let style =
                    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner());
                ProgressBar::new_spinner().with_style(style)
            });
            bar.set_message(safe(what));
            bar.tick();
            std::thread::sleep(duration);
            return;
        }
        self.stop_waiting();
        let template = format!("{}{{bar:30}} {{msg}} ({{eta}} left)", " ".repeat(INDENT));
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let total = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let bar = ProgressBar::new(total).with_style(style).with_message(safe(what));
        let started = Instant::now();
        while started.elapsed() < duration {
            bar.set_position(u64::try_from(started.elapsed().as_millis()).unwrap_or(total));
            std::thread::sleep(Duration::from_millis(100).min(duration));
        }
        bar.finish_and_clear();
    }
}

fn style() -> Style {
    Style::new().for_stderr()
}
