//! Adapters of the command line: the list of `devices`, and the choice by `--adapter`.

use super::args::Devices;
use super::failure::{Failure, note};
use super::outputs::Outputs;
use super::report::{self, Adapter, Adapters, Listed};
use wgpu_softmax::{AdapterEntry, Error, Gpu, Selector};

/// Runs `devices`: prints one line an adapter.
pub(crate) fn list(args: &Devices) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let listed = |entry: AdapterEntry| Listed {
        index: entry.index,
        adapter: entry.info.into(),
    };
    let report = Adapters {
        adapters: all()?.into_iter().map(listed).collect(),
    };
    let names = report.adapters.iter().map(|listed| &listed.adapter.name);
    let widest = names.map(|name| name.chars().count()).max().unwrap_or(0);
    outputs.finish([], &[("json", &report::json(&report))])?;
    report.adapters.iter().try_for_each(|listed| {
        let Listed { index, adapter } = listed;
        let Adapter {
            name,
            backend,
            driver,
            device_type,
        } = adapter;
        outputs.say(format!(
            "{index:>2}  {name:<widest$}  {backend:<6}  {device_type:<10}  {driver}"
        ))
    })
}

fn all() -> Result<Vec<AdapterEntry>, Failure> {
    let adapters = wgpu_softmax::adapters();
    if adapters.is_empty() {
        return Err(Error::NoAdapter("the system lists none".into()).into());
    }
    Ok(adapters)
}

/// Opens the adapter that the selector names, or the default one.
pub(crate) fn open(selector: Option<&str>) -> Result<Gpu, Failure> {
    let Some(selector) = selector else {
        return Ok(Gpu::open()?);
    };
    let selector: Selector = selector.parse().map_err(|error| {
        Failure::expected("--adapter", "a selector", format!("{selector}: {error}"))
    })?;
    Ok(Gpu::open_selected(&selector)?)
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
        return Err(Error::NoAdapter("none of those listed gives a device".into()).into());
    }
    Ok(gpus)
}
