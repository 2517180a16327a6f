//! `examples/loaders/schema.json`, judged by a validator: real exports keep to it, and it knows every value that an export can have.

use crate::folder::*;
use serde::Deserialize;
use serde::de::value::Error as Refused;
use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::Value;
use std::collections::BTreeSet;
use wgpu_softmax::check::Selection;
use wgpu_softmax::export::{Access, Element, Role};
use wgpu_softmax::variant::{Operation, Vendor};

/// The schema as it is in the repository.
fn schema() -> Value {
    let schema = include_str!("../../examples/loaders/schema.json");
    serde_json::from_str(schema).expect("JSON")
}

/// Makes a schema refuse fields that it does not name: readers have to pass over them, but none is to be forgotten in it.
fn close(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
            fields.insert("additionalProperties".into(), false.into());
        }
        fields.values_mut().for_each(close);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(close);
    }
}

/// Takes the names of an enum's values from what serde derives for it.
struct Names<'n>(&'n mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Refused;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Refused> {
        self.0.extend(names);
        Err(Refused::custom("only the names are wanted"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        panic!("this is no enum")
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

fn names_of<'de, T: Deserialize<'de>>() -> Vec<&'static str> {
    let mut names = Vec::new();
    let refused = T::deserialize(Names(&mut names)).is_err();
    assert!(refused && !names.is_empty());
    names
}

#[test]
fn the_schema_knows_every_value_of_every_enum() {
    let schema = schema();
    let of_shards = [Operation::PartialStatistic, Operation::MergeStatistics];
    let operations = Selection::OPERATIONS.into_iter().chain(of_shards);
    let buffer = "/properties/buffers/items/properties";
    let binding = "/properties/dispatches/items/properties/bindings/items/properties";
    for (place, names) in [
        (
            "/properties/op".into(),
            operations.map(Operation::name).collect(),
        ),
        (
            "/properties/abilities/properties/vendor".into(),
            names_of::<Vendor>(),
        ),
        (format!("{buffer}/role"), names_of::<Role>()),
        (format!("{buffer}/dtype"), names_of::<Element>()),
        (format!("{binding}/type"), names_of::<Access>()),
    ] {
        let known = schema.pointer(&place).and_then(|of| of["enum"].as_array());
        let known = known.unwrap_or_else(|| panic!("{place} is no enum"));
        let known: BTreeSet<_> = known.iter().filter_map(Value::as_str).collect();
        assert_eq!(known, names.into_iter().collect(), "{place}");
    }
}

#[test]
fn exports_keep_to_the_schema() {
    let mut schema = schema();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let folder = Folder::new();
    let judge = |line: &str| {
        folder.succeed(&format!("kernel {line} --json export.json"));
        let export = folder.json("export.json");
        let wrong: Vec<_> = validator.iter_errors(&export).collect();
        let in_words = wrong
            .iter()
            .map(|error| format!("{}: {error}", error.instance_path()));
        assert!(
            wrong.is_empty(),
            "{line}: {}",
            in_words.collect::<Vec<_>>().join("\n")
        );
        export
    };
    for line in super::exports::LINES {
        let named = judge(&format!("{line} --device default"));
        let flat = judge(&format!("{line} --device software --flat"));
        let here = judge(line);
        assert_eq!(
            [&named, &flat, &here].map(|of| of["flat"] == true),
            [false, true, false]
        );
        assert!(
            here["adapter"].is_object() && named["adapter"].is_null(),
            "{line}"
        );
    }
}
