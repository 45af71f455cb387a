//! Reading the fields of a mapping, collecting every complaint instead of stopping at the first.

use super::{Complaint, Complaints, Map, Node, NodeKind, Text};

/// The fields of one mapping; remembers which were asked for, so that the rest can be called unknown.
pub(super) struct Fields<'a> {
    noun: &'static str,
    node: &'a Node,
    entries: &'a [(Text, Node)],
    known: Vec<&'static str>,
    is_mapping: bool,
}

impl<'a> Fields<'a> {
    /// The fields of `node`, which `noun` ("a step", "a section") names in complaints; none when it is no mapping, which
    /// is complained of once.
    pub(super) fn of(noun: &'static str, node: &'a Node, complaints: &mut Complaints) -> Self {
        let known = Vec::new();
        if let NodeKind::Mapping(entries) = &node.kind {
            return Self { noun, node, entries, known, is_mapping: true };
        }
        wrong_type(noun, "a mapping", node, complaints);
        Self { noun, node, entries: &[], known, is_mapping: false }
    }

    /// The raw value of a field.
    pub(super) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|(name, _)| name.as_str() == key).map(|(_, node)| node)
    }

    /// Whether the mapping has that field; does not make it known.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.as_str() == key)
    }

    /// A field that holds text.
    pub(super) fn text(&mut self, key: &'static str, complaints: &mut Complaints) -> Option<Text> {
        let node = self.node(key)?;
        text(key, node, complaints)
    }

    /// A field that must be there and hold text.
    pub(super) fn required_text(&mut self, key: &'static str, complaints: &mut Complaints) -> Option<Text> {
        if !self.has(key) {
            self.missing(key, complaints);
        }
        self.text(key, complaints)
    }

    /// A field that holds true or false.
    pub(super) fn boolean(&mut self, key: &'static str, complaints: &mut Complaints) -> Option<bool> {
        let node = self.node(key)?;
        if let NodeKind::Boolean(value) = node.kind {
            return Some(value);
        }
        wrong_type(key, "true or false", node, complaints);
        None
    }

    /// A field that holds a list of texts.
    pub(super) fn texts(&mut self, key: &'static str, complaints: &mut Complaints) -> Vec<Text> {
        let Some(items) = self.list(key, complaints) else { return Vec::new() };
        items.iter().filter_map(|item| text(key, item, complaints)).collect()
    }

    /// A field that holds a list.
    pub(super) fn list(&mut self, key: &'static str, complaints: &mut Complaints) -> Option<&'a [Node]> {
        let node = self.node(key)?;
        if let NodeKind::Sequence(items) = &node.kind {
            return Some(items);
        }
        wrong_type(key, "a list", node, complaints);
        None
    }

    /// A field that holds a mapping from names to things of one kind.
    pub(super) fn map<T>(
        &mut self,
        key: &'static str,
        complaints: &mut Complaints,
        mut read: impl FnMut(&'a Node, &mut Complaints) -> T,
    ) -> Map<T> {
        let Some(node) = self.node(key) else { return Map::default() };
        let NodeKind::Mapping(entries) = &node.kind else {
            wrong_type(key, "a mapping", node, complaints);
            return Map::default();
        };
        entries.iter().map(|(name, node)| (name.clone(), read(node, complaints))).collect()
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        complaints: &mut Complaints,
    ) -> Option<T> {
        let text = self.text(key, complaints)?;
        let found = words.iter().find(|(word, _)| *word == text.as_str()).map(|(_, value)| *value);
        if found.is_none() {
            complaints.push(
                Complaint::error("wrong-type", text.at, format!("`{text}` is no `{key}`"))
                    .suggest(&text, words.iter().map(|(word, _)| *word)),
            );
        }
        found
    }

    /// Complains of a field that is not there.
    pub(super) fn missing(&self, key: &str, complaints: &mut Complaints) {
        if !self.is_mapping {
            return;
        }
        let complaint = Complaint::error("missing-key", self.node.at, format!("{} has no `{key}`", self.noun));
        complaints.push(if (self.noun, key) == ("a runbook", "title") {
            complaint.help("add `title: …` at the top")
        } else {
            complaint
        });
    }

    /// Complains of every field that was not asked for.
    pub(super) fn finish(self, complaints: &mut Complaints) {
        for (name, _) in self.entries {
            if complaints.full() {
                return;
            }
            if !self.known.contains(&name.as_str()) {
                complaints.push(
                    Complaint::error("unknown-key", name.at, format!("unknown key `{name}` in {}", self.noun))
                        .suggest(name, self.known.iter().copied()),
                );
            }
        }
    }
}

/// The text of a node; unquoted numbers and booleans are named as such, so that the author quotes them.
pub(super) fn text(key: &str, node: &Node, complaints: &mut Complaints) -> Option<Text> {
    match &node.kind {
        NodeKind::Text(value) => Some(Text::new(value.as_str(), node.at)),
        NodeKind::Integer(..) | NodeKind::Float(..) | NodeKind::Boolean(_) => {
            complaints.push(
                Complaint::error("wrong-type", node.at, format!("`{key}` must be text, this is {}", node.noun()))
                    .help("put it in quotes"),
            );
            None
        }
        _ => {
            wrong_type(key, "text", node, complaints);
            None
        }
    }
}

/// Complains that a node is not what was wanted.
pub(super) fn wrong_type(what: &str, wanted: &str, node: &Node, complaints: &mut Complaints) {
    let what = if what.contains(' ') { what.to_string() } else { format!("`{what}`") };
    complaints.push(Complaint::error(
        "wrong-type",
        node.at,
        format!("{what} must be {wanted}, this is {}", node.noun()),
    ));
}
