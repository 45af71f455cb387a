//! What happened, in order, section by section.

use super::{
    course::Course,
    devices::Collected,
    item::{Item, VALUES},
    ledger::{Breach, Ledger, Place},
    names::Names,
    sentence::{Block, blocks, plain},
    shown::{BRIEF, LONGEST, clip, value},
    times::{between, day_and_time},
};
use crate::record::{Answered, Entry, Event, Expected, Failed, FileRecord, Finished, HostFacts, Line, Resumed};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most characters of the whole timeline: what a browser can open, and many times what 10,000 steps say.
const BUDGET: usize = 32 * 1024 * 1024;

/// Most entries of the timeline.
const MOST: usize = 150_000;

/// What each entry costs of the budget, whatever it says.
const ENTRY: usize = 200;

/// With more steps than this, sections are folded.
const UNFOLDED: usize = 300;

/// Part of a section's performance: from where it was entered, or from where it went on, to where another one begins.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    line: usize,
    title: String,
    takes: String,
    computer: String,
    at: String,
    continued: bool,
    /// Whether the section was entered here.
    entered: bool,
    duration: String,
    /// How many steps have something that did not go as planned.
    exceptions: usize,
    open: bool,
    gap: Option<Gap>,
    items: Vec<Item>,
    #[serde(skip)]
    performance: Option<usize>,
}

/// A break.
#[derive(Debug, Serialize)]
struct Gap {
    from: String,
    to: String,
    duration: String,
    /// At which step.
    step: String,
    head: String,
    words: String,
    torn: Option<String>,
    set_aside: Vec<String>,
    machine: &'static str,
}

/// A section's performance in the overview.
#[derive(Debug, Serialize)]
pub(super) struct Performance {
    line: usize,
    title: String,
    takes: String,
    computer: String,
    at: String,
    duration: String,
    steps: usize,
    exceptions: usize,
    /// How deep it is in other sections; 4 is the deepest that is shown.
    depth: usize,
    #[serde(skip)]
    entered: String,
    #[serde(skip)]
    section: String,
    #[serde(skip)]
    last: Option<Last>,
}

/// The step that was begun last.
#[derive(Debug, Clone)]
struct Last {
    step: String,
    sentence: Vec<Block>,
    /// The same on one line.
    plain: String,
    course: Course,
}

/// The timeline, and what was found on the way through the record.
pub(super) struct Timeline<'a> {
    names: &'a Names<'a>,
    pub(super) groups: Vec<Group>,
    pub(super) performances: Vec<Performance>,
    pub(super) ledger: Ledger,
    pub(super) collected: Collected,
    stack: Vec<usize>,
    /// The step that was begun last outside any section.
    outside: Option<Last>,
    last_at: &'a str,
    /// Whether the people said last that they are not yet at another computer.
    on_the_way: bool,
    host: Option<&'a HostFacts>,
    budget: usize,
    pub(super) steps: usize,
    /// The lines of entries, each with the line of the item that it is in.
    anchors: Vec<(usize, usize)>,
    /// The line from which on the timeline holds nothing.
    pub(super) left_out: Option<usize>,
}

impl<'a> Timeline<'a> {
    /// The timeline of a record.
    pub(super) fn of(lines: &'a [Line], names: &'a Names<'a>) -> Self {
        let mut timeline = Self {
            names,
            groups: Vec::new(),
            performances: Vec::new(),
            ledger: Ledger::default(),
            collected: Collected::default(),
            stack: Vec::new(),
            outside: None,
            last_at: "",
            on_the_way: false,
            host: None,
            budget: BUDGET,
            steps: 0,
            anchors: Vec::new(),
            left_out: None,
        };
        for line in lines {
            match &line.entry {
                Ok(entry) => timeline.entry(entry, line.number),
                Err(why) => timeline.unreadable(why, line.number),
            }
        }
        timeline.close();
        timeline
    }

    fn entry(&mut self, entry: &'a Entry, line: usize) {
        match &entry.event {
            Event::Finished(Finished { outputs: Some(outputs), rehearsed, .. }) => {
                self.collected.take(outputs, *rehearsed, line);
            }
            Event::Failed(Failed { outputs: Some(outputs), .. }) => self.collected.take(outputs, false, line),
            _ => {}
        }
        if let Event::Began(began) = &entry.event {
            let step = entry.step.clone().unwrap_or_default();
            let (sentence, plain) = (blocks(&began.text), plain(&began.text, BRIEF));
            *self.last_mut() = Some(Last { step, sentence, plain, course: Course::begun(entry, line) });
        }
        let cost = ENTRY + cost(entry);
        if self.left_out.is_some() || line > MOST || cost > self.budget {
            self.left_out = self.left_out.or(Some(line));
        } else {
            self.budget -= cost;
            self.place(entry, line);
        }
        self.stand_out(entry, line);
        self.last_at = &entry.at;
        self.on_the_way = is_elsewhere(&entry.event);
        if let Some(last) = self.last_mut().as_mut().filter(|last| entry.step.as_ref() == Some(&last.step)) {
            last.course.take(entry);
        }
    }

    /// Where the ceremony broke off that is resumed now.
    fn breach(&self, at: &str) -> Breach {
        let step = self.last().map(|last| last.course.at_break(&clip(&last.step, BRIEF)));
        let mut step = step.unwrap_or_else(|| "no step was under way".into());
        if self.on_the_way {
            step.push_str("; the people were on their way to another computer");
        }
        Breach { duration: between(self.last_at, at).unwrap_or_else(|| "an unknown time".into()), step }
    }

    fn last(&self) -> Option<&Last> {
        match self.stack.last() {
            Some(at) => self.performances[*at].last.as_ref(),
            None => self.outside.as_ref(),
        }
    }

    fn last_mut(&mut self) -> &mut Option<Last> {
        match self.stack.last() {
            Some(at) => &mut self.performances[*at].last,
            None => &mut self.outside,
        }
    }

    fn stand_out(&mut self, entry: &Entry, line: usize) {
        let section = self.stack.last().map(|at| self.performances[*at].title.clone()).unwrap_or_default();
        let is_break = matches!(entry.event, Event::Resumed(_));
        let last = self.last().filter(|last| is_break || entry.step.as_ref() == Some(&last.step));
        let sentence = last.map(|last| last.plain.clone()).unwrap_or_default();
        let anchor = self.anchor(line);
        let broke_off = if is_break { self.breach(&entry.at) } else { Breach::default() };
        let place = Place { line, anchor, section: &section, sentence: &sentence, broke_off: &broke_off };
        self.ledger.take(entry, self.names, place);
    }

    fn place(&mut self, entry: &'a Entry, line: usize) {
        match &entry.event {
            Event::Opened(opened) => self.host = Some(&opened.host),
            Event::Entered(entered) => {
                let takes = pairs(&entered.takes, ", ", BRIEF);
                self.stack.push(self.performances.len());
                self.performances.push(Performance {
                    line,
                    title: clip(&entered.title, BRIEF),
                    takes,
                    computer: entered.on.as_ref().map(|on| clip(on, BRIEF)).unwrap_or_default(),
                    at: day_and_time(&entry.at),
                    duration: String::new(),
                    steps: 0,
                    exceptions: 0,
                    depth: (self.stack.len() - 1).min(4),
                    entered: entry.at.clone(),
                    section: entered.section.clone(),
                    last: None,
                });
                self.group(line, &entry.at);
            }
            Event::Left(_) => {
                if let Some(at) = self.stack.pop() {
                    let performance = &mut self.performances[at];
                    performance.duration = between(&performance.entered, &entry.at).unwrap_or_default();
                    performance.last = None;
                }
            }
            Event::Resumed(resumed) => self.gap(resumed, line, &entry.at),
            _ => self.step(entry, line),
        }
    }

    /// The group that an entry belongs to, a new one when another section was performed in between.
    fn group(&mut self, line: usize, at: &str) -> &mut Group {
        let performance = self.stack.last().copied();
        let fits = |group: &Group| group.performance == performance && group.gap.is_none();
        if !self.groups.last().is_some_and(fits) {
            let of = performance.map(|at| &self.performances[at]);
            let fallback = if self.groups.is_empty() { "Opening" } else { "Outside any section" };
            self.groups.push(Group {
                line,
                title: of.map_or(fallback.into(), |it| it.title.clone()),
                takes: of.map(|it| it.takes.clone()).unwrap_or_default(),
                computer: of.map(|it| it.computer.clone()).unwrap_or_default(),
                at: day_and_time(at),
                continued: of.is_some_and(|it| it.line != line),
                entered: of.is_some_and(|it| it.line == line),
                duration: String::new(),
                exceptions: 0,
                open: false,
                gap: None,
                items: Vec::new(),
                performance,
            });
        }
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    /// The item that an entry belongs to, a new one when it is of another step than the one before.
    fn item(&mut self, entry: &Entry, line: usize, fresh: bool) -> &mut Item {
        let section = self.stack.last().map(|at| self.performances[*at].section.clone());
        let known = self.last().filter(|last| entry.step.as_ref() == Some(&last.step)).cloned();
        let names = self.names;
        let group = self.group(line, &entry.at);
        let same = group.items.last().is_some_and(|item| item.is_of(entry));
        if fresh || !same {
            let step = entry.step.as_deref().unwrap_or_default();
            let within = section.and_then(|section| step.strip_prefix(&section)?.strip_prefix('/'));
            let mut item = Item::new(entry, line, within.unwrap_or(step));
            if let Some(Last { sentence, course, .. }) = known {
                item.take_over(course, names);
                if !fresh {
                    item.go_on(sentence);
                }
            }
            group.items.push(item);
        }
        let last = group.items.len() - 1;
        &mut group.items[last]
    }

    fn step(&mut self, entry: &'a Entry, line: usize) {
        let stands_out = Ledger::stands_out(&entry.event);
        let names = self.names;
        let fresh = matches!(entry.event, Event::Began(_) | Event::Checkpoint(_) | Event::Ended(_) | Event::Aborted(_));
        if matches!(entry.event, Event::Began(_)) {
            self.steps += 1;
            if let Some(at) = self.stack.last() {
                self.performances[*at].steps += 1;
            }
        }
        let item = self.item(entry, line, fresh);
        let first = stands_out && !item.stands_out();
        item.take(entry, names, stands_out);
        let (anchor, continued) = (item.line(), item.is_continued());
        self.anchors.push((line, anchor));
        if first {
            if let Some(at) = self.stack.last().filter(|_| !continued) {
                self.performances[*at].exceptions += 1;
            }
            if let Some(group) = self.groups.last_mut() {
                group.exceptions += 1;
            }
        }
    }

    /// The line of the item that an entry is in, where links lead; 0 when it is in none.
    pub(super) fn anchor(&self, line: usize) -> usize {
        self.anchors.binary_search_by_key(&line, |(line, _)| *line).map_or(0, |at| self.anchors[at].1)
    }

    fn gap(&mut self, resumed: &'a Resumed, line: usize, at: &str) {
        let machine = if self.host == Some(&resumed.host) {
            "It went on with the same machine facts as before."
        } else {
            "It went on on another machine, or on one whose facts had changed: see “Where”."
        };
        self.host = Some(&resumed.host);
        self.anchors.push((line, line));
        let set_aside = resumed.set_aside.iter().take(VALUES).map(|file| clip(&file.path, BRIEF));
        let Breach { duration, step } = self.breach(at);
        let gap = Gap {
            from: day_and_time(self.last_at),
            to: day_and_time(at),
            duration,
            step,
            head: clip(&resumed.head, BRIEF),
            words: clip(&resumed.words, LONGEST),
            torn: resumed.torn.as_ref().map(|torn| format!("{} bytes, SHA-256 {}", torn.size, clip(&torn.sha256, 64))),
            set_aside: set_aside.collect(),
            machine,
        };
        let group = self.group(line, at);
        if !group.items.is_empty() || group.line != line {
            let at = day_and_time(at);
            self.groups.push(Group {
                line,
                title: "Break".into(),
                takes: String::new(),
                computer: String::new(),
                at,
                continued: false,
                entered: false,
                duration: String::new(),
                exceptions: 0,
                open: true,
                gap: Some(gap),
                items: Vec::new(),
                performance: None,
            });
        } else {
            group.title = "Break".into();
            group.gap = Some(gap);
        }
    }

    fn unreadable(&mut self, why: &str, line: usize) {
        if self.left_out.is_some() {
            return;
        }
        let group = self.group(line, "");
        group.items.push(Item::unreadable(why, line));
        group.exceptions += 1;
    }

    /// Says at each part of a step that was interrupted how it ended.
    fn tell_ends(&mut self) {
        let mut ends: BTreeMap<usize, String> = BTreeMap::new();
        for item in self.groups.iter_mut().rev().flat_map(|group| group.items.iter_mut().rev()) {
            match ends.get(&item.of()) {
                Some(end) => item.ends(end),
                None if item.of() > 0 && !item.outcome().is_empty() => {
                    ends.insert(item.of(), item.outcome().to_string());
                }
                None => {}
            }
        }
    }

    /// Fills in what is known only at the end.
    fn close(&mut self) {
        while let Some(at) = self.stack.pop() {
            let performance = &mut self.performances[at];
            performance.duration = between(&performance.entered, self.last_at).unwrap_or_default();
        }
        self.tell_ends();
        let folded = self.steps > UNFOLDED;
        for group in &mut self.groups {
            if let Some(at) = group.performance.filter(|_| !group.continued) {
                group.duration.clone_from(&self.performances[at].duration);
            }
            group.open = !folded || group.exceptions > 0 || group.gap.is_some();
        }
    }
}

/// Whether the people are not yet at the computer that the ceremony goes on at.
fn is_elsewhere(event: &Event) -> bool {
    let Event::Answered(Answered { slot: Some(slot), answer: Some(answer), .. }) = event else { return false };
    slot == "computer" && *answer == Value::Bool(false)
}

fn pairs(values: &Map<String, Value>, between: &str, most: usize) -> String {
    let all: Vec<String> = values.iter().map(|(name, found)| format!("{name}: {}", value(found, most))).collect();
    clip(&all.join(between), most)
}

/// What an entry may add to the page, in bytes of the record, each text no more than is shown of it.
fn cost(entry: &Entry) -> usize {
    let outputs = |outputs: &Option<Value>| outputs.as_ref().and_then(Value::as_object).map_or(BRIEF, length);
    let files = |files: &[FileRecord]| files.iter().take(VALUES).map(|file| ENTRY + file.path.len().min(LONGEST)).sum();
    let expected = |expected: &[Expected]| expected.len().min(VALUES) * LONGEST / 4;
    match &entry.event {
        Event::Began(it) => it.text.len().min(LONGEST) + length(&it.with),
        Event::Finished(it) => {
            let made: usize = files(&it.products);
            let kept: usize = files(&it.evidence);
            outputs(&it.outputs) + made + kept + expected(&it.expected) + it.devices.len().min(VALUES) * BRIEF
        }
        Event::Failed(it) => {
            let made: usize = files(&it.products);
            let kept: usize = files(&it.evidence);
            outputs(&it.outputs) + made + kept + expected(&it.expected) + LONGEST
        }
        Event::Decided(it) => BRIEF + it.values.len().min(VALUES) * BRIEF,
        Event::Resumed(it) => LONGEST + it.set_aside.len().min(VALUES) * BRIEF,
        Event::Entered(_) => LONGEST / 2,
        _ => BRIEF,
    }
}

/// How much of some values is shown, at most.
fn length(values: &Map<String, Value>) -> usize {
    let length = |found: &Value| match found {
        Value::String(text) => text.len(),
        Value::Array(_) | Value::Object(_) => BRIEF,
        _ => 10,
    };
    values.iter().take(VALUES).map(|(name, found)| 100 + name.len().min(BRIEF) + length(found).min(BRIEF)).sum()
}
