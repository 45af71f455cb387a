//! Where the ceremony goes: sections that are never reached, steps that are never performed, GO TOs that never come back,
//! paths without END.
//!
//! Every section is turned into points with the points that follow them, and the points are spread over until nothing new
//! is reached. A GO TO is passed when the section that it goes to can come back; whether it can is learnt on the way. The
//! work is in the number of points, however the sections go to each other.

mod count;

use super::book::{Book, Call};
use crate::notation::{Complaint, Complaints, Level, Place, Step, StepKind, Text};
use std::collections::HashSet;

/// How deep GO TO may be nested; the interpreter refuses more.
const DEPTH: usize = 100;

/// Most sections of a path that are shown.
const SHOWN: usize = 12;

/// Complains of everything about where the ceremony goes.
pub(super) fn check(book: &Book<'_>, complaints: &mut Complaints) {
    let Some(start) = book.start() else { return };
    let mut flow = Flow::new(book);
    flow.spread();
    cycles(book, &flow, complaints);
    flow.suppose_that_cycles_come_back();
    never_performed(book, &flow, complaints);
    if flow.reached[flow.backs[start]] && !book.chapters[start].section.steps.is_empty() {
        runs_off(book, start, complaints);
    }
    reach(book, start, complaints);
    nested(book, start, complaints);
    count::check(book, start, complaints);
}

/// A point of a section: before a step, or after the last one.
enum Point {
    /// A step that is followed by another point.
    Step { next: usize },
    /// IF.
    Either { then: usize, otherwise: usize },
    /// GO TO a section, where there is one of that name.
    GoTo { section: usize, to: Option<usize>, next: usize, may_be_skipped: bool },
    /// END.
    End { section: usize },
    /// After the last step of a section.
    Back { section: usize },
}

/// A step and the point before it.
struct Listed<'a> {
    step: &'a Step,
    point: usize,
    /// The step before it in the same list, and the point before that one.
    before: Option<(&'a Step, usize)>,
}

struct Flow<'a> {
    points: Vec<Point>,
    /// The first point of each section.
    entries: Vec<usize>,
    /// The last point of each section.
    backs: Vec<usize>,
    /// The steps of each section with their points.
    steps: Vec<Vec<Listed<'a>>>,
    reached: Vec<bool>,
    /// For each section, the GO TOs to it that are reached.
    waiting: Vec<Vec<usize>>,
    /// Whether the section's end can be reached.
    comes_back: Vec<bool>,
    /// Whether an END can be reached in it, or in a section that it goes to.
    can_end: Vec<bool>,
    open: Vec<usize>,
}

impl<'a> Flow<'a> {
    fn new(book: &Book<'a>) -> Self {
        let count = book.chapters.len();
        let mut flow = Self {
            points: Vec::new(),
            entries: Vec::with_capacity(count),
            backs: Vec::with_capacity(count),
            steps: Vec::with_capacity(count),
            reached: Vec::new(),
            waiting: vec![Vec::new(); count],
            comes_back: vec![false; count],
            can_end: vec![false; count],
            open: Vec::new(),
        };
        for (section, chapter) in book.chapters.iter().enumerate() {
            let back = flow.point(Point::Back { section });
            let mut listed = Vec::new();
            let entry = flow.list(book, section, &chapter.section.steps, back, &mut listed);
            flow.entries.push(entry);
            flow.backs.push(back);
            flow.steps.push(listed);
        }
        flow.reached = vec![false; flow.points.len()];
        flow.open.clone_from(&flow.entries);
        flow
    }

    fn point(&mut self, point: Point) -> usize {
        self.points.push(point);
        self.points.len() - 1
    }

    /// Adds the points of a list of steps, which `after` follows; returns the first.
    fn list(
        &mut self,
        book: &Book<'a>,
        section: usize,
        steps: &'a [Step],
        after: usize,
        listed: &mut Vec<Listed<'a>>,
    ) -> usize {
        let mut next = after;
        let mut own = Vec::with_capacity(steps.len());
        for step in steps.iter().rev() {
            let point = match &step.kind {
                StepKind::Do(_) => Point::Step { next },
                StepKind::GoTo(go_to) => {
                    let may_be_skipped = go_to.text.is_some() && go_to.level != Level::Must;
                    Point::GoTo { section, to: book.find(&go_to.section), next, may_be_skipped }
                }
                StepKind::If(condition) => {
                    let then = self.list(book, section, &condition.then, next, listed);
                    let otherwise = self.list(book, section, &condition.otherwise, next, listed);
                    Point::Either { then, otherwise }
                }
                StepKind::End(_) => Point::End { section },
            };
            next = self.point(point);
            own.push(listed.len());
            listed.push(Listed { step, point: next, before: None });
        }
        for pair in own.windows(2) {
            listed[pair[0]].before = Some((listed[pair[1]].step, listed[pair[1]].point));
        }
        next
    }

    /// Reaches all that can be reached.
    fn spread(&mut self) {
        while let Some(point) = self.open.pop() {
            if std::mem::replace(&mut self.reached[point], true) {
                continue;
            }
            match self.points[point] {
                Point::Step { next } => self.open.push(next),
                Point::Either { then, otherwise } => self.open.extend([then, otherwise]),
                Point::GoTo { section, to, next, may_be_skipped } => {
                    let Some(to) = to else {
                        self.open.push(next);
                        continue;
                    };
                    self.waiting[to].push(point);
                    if may_be_skipped || self.comes_back[to] {
                        self.open.push(next);
                    }
                    if self.can_end[to] {
                        self.ends(section);
                    }
                }
                Point::End { section } => self.ends(section),
                Point::Back { section } => self.come_back(section),
            }
        }
    }

    fn come_back(&mut self, section: usize) {
        if std::mem::replace(&mut self.comes_back[section], true) {
            return;
        }
        for point in &self.waiting[section] {
            if let Point::GoTo { next, .. } = self.points[*point] {
                self.open.push(next);
            }
        }
    }

    fn ends(&mut self, section: usize) {
        let mut open = vec![section];
        while let Some(section) = open.pop() {
            if std::mem::replace(&mut self.can_end[section], true) {
                continue;
            }
            for point in &self.waiting[section] {
                if let Point::GoTo { section, .. } = self.points[*point] {
                    open.push(section);
                }
            }
        }
    }

    /// Whether a section can neither come back nor END.
    fn is_stuck(&self, section: usize) -> bool {
        !self.comes_back[section] && !self.can_end[section]
    }

    /// What stands after a GO TO that never comes back is not complained of as well.
    fn suppose_that_cycles_come_back(&mut self) {
        for section in 0..self.entries.len() {
            if self.is_stuck(section) {
                self.come_back(section);
            }
        }
        self.spread();
    }
}

/// GO TOs that go round and round, whatever is decided on the way.
fn cycles(book: &Book<'_>, flow: &Flow<'_>, complaints: &mut Complaints) {
    let mut next: Vec<Option<(usize, &Text)>> = vec![None; book.chapters.len()];
    for (section, listed) in flow.steps.iter().enumerate() {
        if !flow.is_stuck(section) {
            continue;
        }
        next[section] = listed
            .iter()
            .filter(|it| flow.reached[it.point])
            .filter_map(|it| match (&it.step.kind, &flow.points[it.point]) {
                (StepKind::GoTo(go_to), Point::GoTo { to: Some(to), .. }) if flow.is_stuck(*to) => {
                    Some((*to, &go_to.section))
                }
                _ => None,
            })
            .min_by_key(|(_, section)| section.at);
    }
    let mut walk_of = vec![usize::MAX; next.len()];
    for first in 0..next.len() {
        let mut path = Vec::new();
        let mut section = first;
        while let Some((to, go_to)) = next[section].filter(|_| walk_of[section] == usize::MAX) {
            walk_of[section] = first;
            path.push((section, go_to));
            section = to;
        }
        let Some(begins) = path.iter().position(|(visited, _)| *visited == section) else { continue };
        let round = &path[begins..];
        let Some((_, last)) = round.last() else { continue };
        let names = round.iter().map(|(section, _)| *section).chain([section]);
        let message = format!("this GO TO never comes back: {}", route(book, names));
        complaints.push(
            Complaint::error("endless", last.at, message)
                .help("every path goes round again; there must be one that does not, behind an IF"),
        );
    }
}

/// Sections, one after the other; the middle of a long path is left out.
fn route(book: &Book<'_>, sections: impl Iterator<Item = usize>) -> String {
    let names: Vec<&str> = sections.map(|section| book.chapters[section].name.as_str()).collect();
    if names.len() <= SHOWN {
        return names.join(" → ");
    }
    let (begin, end) = (&names[..SHOWN / 2], &names[names.len() - SHOWN / 2..]);
    format!("{} → … → {}", begin.join(" → "), end.join(" → "))
}

/// Steps that stand behind an END, or behind a GO TO to a section that always ENDs.
fn never_performed(book: &Book<'_>, flow: &Flow<'_>, complaints: &mut Complaints) {
    for it in flow.steps.iter().flatten() {
        if complaints.full() {
            return;
        }
        let Some((before, point_before)) = it.before else { continue };
        if flow.reached[it.point] || !flow.reached[point_before] {
            continue;
        }
        let line = book.sources.line(before.at);
        let why = match &before.kind {
            StepKind::End(_) => format!("the END at line {line} stands before it"),
            StepKind::If(_) => format!("both branches of the IF at line {line} END"),
            StepKind::GoTo(go_to) => format!("`{}`, at line {line}, always ENDs the ceremony", go_to.section),
            StepKind::Do(_) => continue,
        };
        let place = words(it.step);
        complaints.push(Complaint::warning("never-performed", place, "this step is never performed").help(why));
    }
}

/// What a step says, for showing it.
fn words(step: &Step) -> Place {
    match &step.kind {
        StepKind::Do(act) => act.text.at,
        StepKind::GoTo(go_to) => go_to.text.as_ref().unwrap_or(&go_to.section).at,
        StepKind::If(condition) => condition.text.at,
        StepKind::End(end) => end.text.at,
    }
}

/// The start runs off its end: shown at the last step that it does so from.
fn runs_off(book: &Book<'_>, start: usize, complaints: &mut Complaints) {
    let Some(step) = book.chapters[start].section.steps.last() else { return };
    let name = book.chapters[start].name;
    let help = match &step.kind {
        StepKind::If(_) => "not every branch of this ENDs; put `- end: …` after it".to_string(),
        StepKind::GoTo(go_to) => {
            format!("`{}` comes back here, and nothing follows; put `- end: …` after it", go_to.section)
        }
        StepKind::Do(_) | StepKind::End(_) => "put `- end: …` after this step".to_string(),
    };
    let message = format!("the ceremony can run off the end of its first section `{name}` without END");
    complaints.push(Complaint::error("no-end", words(step), message).help(help));
}

/// Sections that no GO TO and no remedy leads to.
fn reach(book: &Book<'_>, start: usize, complaints: &mut Complaints) {
    let mut from: Vec<Vec<usize>> = vec![Vec::new(); book.chapters.len()];
    for Call { from: section, to, .. } in &book.calls {
        from[*section].extend(to);
    }
    let mut reached = vec![false; book.chapters.len()];
    let mut open = vec![start];
    while let Some(section) = open.pop() {
        if !std::mem::replace(&mut reached[section], true) {
            open.extend(&from[section]);
        }
    }
    let import = |section: usize| book.chapters[section].name.split_once('/').map(|(import, _)| import);
    let used: HashSet<&str> = (0..reached.len()).filter(|it| reached[*it]).filter_map(import).collect();
    let loaded: HashSet<&str> = (0..reached.len()).filter_map(import).collect();
    for (section, chapter) in book.chapters.iter().enumerate() {
        if !reached[section] && import(section).is_none() && !complaints.full() {
            let message = format!("the section `{}` is never reached", chapter.name);
            complaints.push(
                Complaint::warning("never-reached", chapter.name.at, message)
                    .help("no GO TO and no `on_failure` leads here from the start"),
            );
        }
    }
    let unused = |name: &&Text| loaded.contains(name.as_str()) && !used.contains(name.as_str());
    for name in book.runbook.imports.keys().filter(unused) {
        let message = format!("no section of the import `{name}` is ever reached");
        complaints.push(Complaint::warning("never-reached", name.at, message));
    }
}

/// The first GO TO that leads deeper than the interpreter follows. Sections that go to each other in a circle are left
/// out: how deep they get is decided on the way.
fn nested(book: &Book<'_>, start: usize, complaints: &mut Complaints) {
    let count = book.chapters.len();
    let mut calls: Vec<Vec<&Call<'_>>> = vec![Vec::new(); count];
    let mut calls_left = vec![0_usize; count];
    for call in &book.calls {
        if let Some(to) = call.to {
            calls[call.from].push(call);
            calls_left[to] += 1;
        }
    }
    let mut depth = vec![0_usize; count];
    let mut came_from = vec![None; count];
    depth[start] = 1;
    let mut open: Vec<usize> = (0..count).filter(|section| calls_left[*section] == 0).collect();
    while let Some(section) = open.pop() {
        for call in &calls[section] {
            let Some(to) = call.to else { continue };
            if depth[section] > 0 && depth[to] <= depth[section] {
                depth[to] = depth[section] + 1;
                came_from[to] = Some(section);
                if depth[to] > DEPTH {
                    let back = std::iter::successors(Some(to), |section| came_from[*section]);
                    let mut path: Vec<usize> = back.take(DEPTH + 1).collect();
                    path.reverse();
                    let message =
                        format!("GO TO is nested deeper than {DEPTH} sections here: {}", route(book, path.into_iter()));
                    complaints.push(Complaint::error("too-deep", call.section.at, message));
                    return;
                }
            }
            calls_left[to] -= 1;
            if calls_left[to] == 0 {
                open.push(to);
            }
        }
    }
}
