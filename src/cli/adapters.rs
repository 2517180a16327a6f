//! Adapters of the command line: the list of `devices`, and the choice by `--adapter`.

use super::advice;
use super::args::Devices;
use super::failure::{Failure, note};
use super::outputs::Outputs;
use super::report::{self, Adapter, Adapters, Listed};
use wgpu_softmax::{AdapterEntry, Error, Gpu, Selector};

/// Runs `devices`: prints one line an adapter.
pub(crate) fn list(args: &Devices) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let report = Adapters {
        adapters: all()?.iter().map(Listed::of).collect(),
    };
    outputs.finish([], &[("json", &report::json(&report))])?;
    let lines = lines(report.adapters.iter());
    lines.iter().try_for_each(|line| outputs.say(line))
}

/// Returns a line an adapter, in columns.
pub(crate) fn lines<'a>(listed: impl Iterator<Item = &'a Listed> + Clone) -> Vec<String> {
    let names = listed.clone().map(|listed| &listed.adapter.name);
    let widest = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let line = |listed: &Listed| {
        let Listed { index, adapter } = listed;
        let Adapter {
            name,
            backend,
            driver,
            device_type,
        } = adapter;
        format!("{index:>2}  {name:<widest$}  {backend:<6}  {device_type:<10}  {driver}")
    };
    listed.map(line).collect()
}

fn all() -> Result<Vec<AdapterEntry>, Failure> {
    let adapters = wgpu_softmax::adapters();
    match adapters.is_empty() {
        true => Err(none(String::new(), None)),
        false => Ok(adapters),
    }
}

/// Opens the adapter that the selector names, or the default one.
pub(crate) fn open(selector: Option<&str>) -> Result<Gpu, Failure> {
    let opened = match selector {
        Some(text) => Gpu::open_selected(&meant(text)),
        None => Gpu::open(),
    };
    opened.map_err(|error| match error {
        Error::NoAdapter(reason) => none(reason, selector),
        other => other.into(),
    })
}

/// Returns the selector that a text is: any text is one.
pub(crate) fn meant(text: &str) -> Selector {
    let Ok(selector) = text.parse();
    selector
}

/// Returns the failure to find the adapter that is wanted, with what helps.
pub(crate) fn none(reason: String, wanted: Option<&str>) -> Failure {
    let found = wgpu_softmax::adapters();
    let reason = match found.is_empty() {
        true => "none was found".into(),
        false => reason,
    };
    let advice = advice::on(wanted, &found);
    Failure::NoAdapter { reason, advice }
}

/// Opens every adapter that the selectors name, where `all` is all that give a device; without selectors, the default one.
pub(crate) fn open_each(selectors: &[String]) -> Result<Vec<Gpu>, Failure> {
    if selectors.is_empty() {
        return Ok(vec![open(None)?]);
    }
    let mut gpus = Vec::new();
    for selector in selectors {
        match selector.as_str() {
            "all" => gpus.extend(open_all()?),
            one => gpus.push(open(Some(one))?),
        }
    }
    Ok(gpus)
}

fn open_all() -> Result<Vec<Gpu>, Failure> {
    let mut gpus = Vec::new();
    for entry in all()? {
        match open(Some(&entry.index.to_string())) {
            Ok(gpu) => gpus.push(gpu),
            Err(failure) => note("skipped", format!("adapter {}: {failure}", entry.index)),
        }
    }
    if gpus.is_empty() {
        return Err(none("none of those listed gives a device".into(), None));
    }
    Ok(gpus)
}
