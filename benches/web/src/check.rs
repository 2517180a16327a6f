//! Every operation against the f64 reference.

use std::ops::ControlFlow;

use serde::Serialize;
use wasm_bindgen::JsError;
use wgpu_softmax::AdapterFacts;
use wgpu_softmax::check::{self, Checked, Group, Selection};

use super::{Device, Watch, json};

#[derive(Serialize)]
struct Adapters {
    adapters: [Checked; 1],
}

pub(super) async fn run(device: &Device, quick: bool, watch: &Watch) -> Result<String, JsError> {
    let selection = match quick {
        true => Selection::quick(),
        false => Selection::default(),
    };
    let all = selection.groups(&device.gpu).unwrap_or_default();
    let mut done = 0;
    watch.begins("the first kernel", done, all);
    let tell = |group: &Group| {
        done += 1;
        watch.checked(&json(group), group.note.as_deref().unwrap_or_default());
        watch.begins(&format!("{} {}", group.op, group.dtype), done, all);
        match watch.stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let report = check::run_async(&device.gpu, &selection, tell).await?;
    let checked = Checked {
        adapter: AdapterFacts::from(device.info.clone()),
        groups: report.groups,
    };
    Ok(json(&Adapters {
        adapters: [checked],
    }))
}
