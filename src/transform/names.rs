//! Finds the place of a field by its name.
//!
//! The records of a file nearly always have their fields in the same order. So the name at the same
//! position of the last record is compared first, and the hash map is used only if it differs.

use std::collections::HashMap;

/// A list of different names, and where each stands in it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    list: Vec<Box<str>>,
    places: HashMap<Box<str>, usize>,
    /// What stood at each position of the last record, and its place.
    last: Vec<(String, Option<usize>)>,
}

impl Names {
    /// Adds a name to the end. False if it is there already.
    pub fn add(&mut self, name: &str) -> bool {
        if self.places.contains_key(name) {
            return false;
        }
        self.places.insert(name.into(), self.list.len());
        self.list.push(name.into());
        self.last.clear();
        true
    }

    /// The names in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.list.iter().map(|name| &**name)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Where a name stands.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Where the name of the field at `position` of a record stands.
    #[inline]
    pub fn find(&mut self, position: usize, name: &str) -> Option<usize> {
        match self.last.get(position) {
            Some((last, place)) if last == name => *place,
            _ => self.look_up(position, name),
        }
    }

    #[cold]
    fn look_up(&mut self, position: usize, name: &str) -> Option<usize> {
        let place = self.position(name);
        // Bounds the memory: one record may have a million fields.
        if position < 4096 {
            let (wanted, blank) = (self.last.len().max(position + 1), self.position(""));
            self.last.resize_with(wanted, || (String::new(), blank));
            let (last, known) = &mut self.last[position];
            last.clear();
            last.push_str(name);
            *known = place;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whatever_stood_at_its_position_before() {
        let mut names = Names::default();
        assert!(names.add("a") && names.add("b") && !names.add("a"));
        for (position, name, want) in [
            (0, "a", Some(0)),
            (0, "b", Some(1)),
            (0, "c", None),
            (0, "c", None),
            (0, "a", Some(0)),
            (5, "b", Some(1)),
            (3, "", None),
            (9, "b", Some(1)),
            (1_000_000, "a", Some(0)),
        ] {
            assert_eq!(names.find(position, name), want, "{position} {name}");
        }
    }

    #[test]
    fn an_empty_name_is_found_at_a_position_never_seen() {
        let mut names = Names::default();
        names.add("");
        assert_eq!(names.find(3, "x"), None);
        assert_eq!(names.find(1, ""), Some(0));
    }

    #[test]
    fn a_name_that_is_added_later_is_found() {
        let mut names = Names::default();
        assert_eq!(names.find(0, "a"), None);
        names.add("a");
        assert_eq!(names.find(0, "a"), Some(0));
    }
}
