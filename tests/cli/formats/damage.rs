//! Files that are damaged on purpose: a valid file in its parts, edited at random in some of them.
//!
//! Edits of the header's text or of the data are followed by a matching length, so that they reach the checks behind it; edits of
//! the whole file strike the magic and the lengths too.

use super::format::Content;
use super::read::read_all;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use std::cell::Cell;

/// File as a header's text and data, put together by its format.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) text: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) assemble: fn(&[u8], &[u8]) -> Vec<u8>,
}

/// Numbers of damaged files: all, those that pass the magic, and those that pass the header.
#[derive(Debug, Default)]
struct Tally {
    cases: Cell<u32>,
    magic: Cell<u32>,
    header: Cell<u32>,
}

/// Returns the number of cases: 4096, or PROPTEST_CASES, but 512 at least, since fractions of fewer would be chance.
pub(super) fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse::<u32>().ok());
    ProptestConfig::with_cases(cases.unwrap_or(4096).max(512))
}

/// Damages files of a format: each is read or refused, at least half pass the magic, a tenth the header.
pub(super) fn never_panics(
    content: Content,
    valid: impl Strategy<Value = Parts>,
    tokens: &'static [&'static str],
    has_magic: fn(&[u8]) -> bool,
) {
    let tally = Tally::default();
    let damaged = (valid, damage(tokens)).prop_map(|(parts, damage)| damage.applied_to(parts));
    let outcome = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..cases()
    })
    .run(&damaged, |bytes| {
        count(&tally.cases, true);
        count(&tally.magic, has_magic(&bytes));
        let read = read_all(content, &bytes, None);
        count(&tally.header, read.is_some());
        prop_assert!(
            read.is_none_or(|held| held),
            "an array larger than its file"
        );
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    println!("{content:?}: {tally:?}");
    assert!(2 * tally.magic.get() >= tally.cases.get(), "{tally:?}");
    assert!(10 * tally.header.get() >= tally.cases.get(), "{tally:?}");
}

fn count(counter: &Cell<u32>, one: bool) {
    counter.set(counter.get() + u32::from(one));
}

#[derive(Debug, Clone)]
enum Damage {
    Text(Vec<(Index, Edit)>),
    Data(Vec<(Index, Edit)>),
    Anywhere(Vec<(Index, Edit)>),
}

impl Damage {
    fn applied_to(&self, mut parts: Parts) -> Vec<u8> {
        match self {
            Self::Text(edits) => edits.iter().for_each(|edit| apply(&mut parts.text, edit)),
            Self::Data(edits) => edits.iter().for_each(|edit| apply(&mut parts.data, edit)),
            Self::Anywhere(_) => {}
        }
        let mut bytes = (parts.assemble)(&parts.text, &parts.data);
        if let Self::Anywhere(edits) = self {
            edits.iter().for_each(|edit| apply(&mut bytes, edit));
        }
        bytes
    }
}

fn damage(tokens: &'static [&'static str]) -> impl Strategy<Value = Damage> {
    let plausible = select(b"012489<>|=fiubFIUB ,'\"".as_slice()).prop_map(Edit::Set);
    let in_text = prop_oneof![plausible, edit(tokens)];
    let in_data = prop_oneof![3 => any::<u8>().prop_map(Edit::Set), 1 => edit(tokens)];
    prop_oneof![
        2 => edits(in_text).prop_map(Damage::Text),
        1 => edits(in_data).prop_map(Damage::Data),
        1 => edits(edit(tokens)).prop_map(Damage::Anywhere),
    ]
}

fn edits(edit: impl Strategy<Value = Edit>) -> impl Strategy<Value = Vec<(Index, Edit)>> {
    vec((any::<Index>(), edit), 1..4)
}

#[derive(Debug, Clone)]
enum Edit {
    Set(u8),
    Insert(Vec<u8>),
    Cut(usize),
}

fn edit(tokens: &'static [&'static str]) -> impl Strategy<Value = Edit> {
    prop_oneof![
        any::<u8>().prop_map(Edit::Set),
        vec(any::<u8>(), 1..4).prop_map(Edit::Insert),
        select(tokens).prop_map(|token| Edit::Insert(token.into())),
        (1..24_usize).prop_map(Edit::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, (place, edit): &(Index, Edit)) {
    let place = place.index(bytes.len() + 1);
    match edit {
        Edit::Set(byte) => bytes
            .iter_mut()
            .skip(place)
            .take(1)
            .for_each(|old| *old = *byte),
        Edit::Insert(new) => drop(bytes.splice(place..place, new.iter().copied())),
        Edit::Cut(length) => drop(bytes.drain(place..bytes.len().min(place + length))),
    }
}
