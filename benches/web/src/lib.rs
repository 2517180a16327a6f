//! Check and bench of a browser's adapter, for the scripts of the page. Results are the command line's JSON.

mod bench;
mod check;

use serde::Serialize;
use wasm_bindgen::prelude::*;
use wgpu_softmax::bench::Host;
use wgpu_softmax::wgpu::AdapterInfo;
use wgpu_softmax::{AdapterFacts, Gpu};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn error(words: &str);

    /// Who watches a run: `worker.js` has it.
    pub type Watch;

    /// Returns true if the run is to end.
    #[wasm_bindgen(method)]
    fn stopped(this: &Watch) -> bool;

    /// Is told what begins, how much is done, and how much there is.
    #[wasm_bindgen(method)]
    fn begins(this: &Watch, what: &str, done: usize, of: usize);

    /// Is told of a group of a check, as JSON, and of its worst element.
    #[wasm_bindgen(method)]
    fn checked(this: &Watch, group: &str, worst: &str);

    /// Is told the results of a bench so far, as JSON.
    #[wasm_bindgen(method)]
    fn measured(this: &Watch, report: &str);

    /// Completes when the page can be seen.
    #[wasm_bindgen(method)]
    async fn visible(this: &Watch);

    /// Returns how often the page was hidden so far.
    #[wasm_bindgen(method)]
    fn hidings(this: &Watch) -> u32;

    /// Completes after so many seconds of rest.
    #[wasm_bindgen(method)]
    async fn rest(this: &Watch, seconds: f64);
}

/// The adapter that the browser gives, opened.
#[wasm_bindgen]
pub struct Device {
    gpu: Gpu,
    info: AdapterInfo,
    host: Host,
}

#[wasm_bindgen]
impl Device {
    /// Opens the adapter. The browser tells scripts of it, not this module: its name, the browser in place of a driver, the
    /// system, and the number of cores.
    pub async fn open(
        name: String,
        driver: String,
        system: String,
        cores: usize,
    ) -> Result<Device, JsError> {
        std::panic::set_hook(Box::new(|panic| error(&panic.to_string())));
        let gpu = Gpu::open_async().await?;
        let info = AdapterInfo {
            name,
            driver,
            ..gpu.adapter_info()
        };
        let host = Host {
            os: system,
            cpu: String::new(),
            cores,
        };
        Ok(Self { gpu, info, host })
    }

    /// Returns the facts of the adapter, as JSON.
    pub fn facts(&self) -> String {
        json(&AdapterFacts::from(self.info.clone()))
    }

    /// Returns the names of the operations that are timed.
    pub fn operations() -> Vec<String> {
        let all = wgpu_softmax::variant::Operation::ALL.into_iter();
        all.map(|operation| operation.name().into()).collect()
    }

    /// Returns the names of the operations that are checked.
    pub fn checked_operations() -> Vec<String> {
        let all = wgpu_softmax::check::Selection::OPERATIONS.into_iter();
        all.map(|operation| operation.name().into()).collect()
    }

    /// Checks everything, or quickly; returns what `check --json` writes.
    pub async fn check(&self, quick: bool, watch: &Watch) -> Result<String, JsError> {
        check::run(self, quick, watch).await
    }

    /// Times the named operations for so many seconds; `command` tells how the run was begun, and `date` when. Watch is told the
    /// results, as `bench --json` writes them.
    pub async fn bench(
        &self,
        operations: Vec<String>,
        seconds: f64,
        command: String,
        date: String,
        watch: &Watch,
    ) -> Result<(), JsError> {
        bench::run(self, &operations, seconds, (command, date), watch).await
    }
}

/// Returns results as JSON, which all of them can be.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
