//! Which adapter computes: the list of `devices`, and the choice by `--adapter` and `--reference`.

use super::args::{Common, Devices};
use super::failure::{Failure, note};
use super::outputs::{Content, Outputs};
use super::progress;
use super::report::{self, Adapter, Adapters, Listed};
use super::rows::Rows;
use wgpu_softmax::gpu::{self, Selector};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{Error, Gpu};

/// `devices`: one line an adapter.
pub(crate) fn list(args: &Devices) -> Result<(), Failure> {
    let outputs = Outputs::default().text("json", args.json.path.as_deref())?;
    let adapters: Vec<Listed> = all()?
        .into_iter()
        .map(|entry| Listed {
            index: entry.index,
            adapter: entry.info.into(),
        })
        .collect();
    let widest = adapters
        .iter()
        .map(|listed| listed.adapter.name.chars().count())
        .max()
        .unwrap_or(0);
    let report = Adapters { adapters };
    outputs.write(&[("json", Content::Text(&report::json(&report)))])?;
    report
        .adapters
        .iter()
        .try_for_each(|Listed { index, adapter }| {
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

fn all() -> Result<Vec<gpu::AdapterEntry>, Failure> {
    let adapters = gpu::adapters();
    if adapters.is_empty() {
        return Err(Error::NoAdapter("the system lists none".into()).into());
    }
    Ok(adapters)
}

fn open(selector: Option<&str>) -> Result<Gpu, Failure> {
    let Some(selector) = selector else {
        return Ok(Gpu::open()?);
    };
    let selector: Selector = selector.parse().map_err(|error| {
        Failure::expected("--adapter", "a selector", format!("{selector}: {error}"))
    })?;
    Ok(Gpu::open_selected(&selector)?)
}

/// Opens every adapter that the selectors name, `all` being all that give a device; the default one without any.
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

/// What computes an operation.
#[derive(Debug)]
pub(crate) enum Engine {
    Reference,
    Gpu(Box<Gpu>),
}

impl Engine {
    pub(crate) fn open(common: &Common) -> Result<Self, Failure> {
        if common.reference {
            return Ok(Self::Reference);
        }
        open(common.adapter.as_deref()).map(|gpu| Self::Gpu(Box::new(gpu)))
    }

    /// Computes an operation on `rows`, on the GPU or by the reference.
    pub(crate) fn compute<T>(
        &self,
        rows: &Rows,
        on_gpu: impl FnOnce(&Gpu) -> Result<T, Error>,
        by_reference: impl FnOnce() -> T,
    ) -> Result<T, Failure> {
        if rows.dtype == "f8" {
            note(
                "note",
                format!("{}: f8 is computed in f32", rows.path.display()),
            );
        }
        progress::during(
            format!("computing on {}", rows.describe()),
            |_| match self {
                Self::Reference => Ok(by_reference()),
                Self::Gpu(gpu) => on_gpu(gpu).map_err(|error| Failure::Library {
                    at: rows.describe(),
                    error,
                }),
            },
        )
    }

    /// The JSON report of the command `operation`, for which this engine has `computed` on `rows`.
    pub(crate) fn report(
        &self,
        operation: &str,
        computed: Operation,
        rows: &Rows,
        outputs: &Outputs,
        loss: Option<f32>,
    ) -> Result<String, Failure> {
        let (adapter, kernel) = match self {
            Self::Reference => (None, Some("reference".into())),
            Self::Gpu(gpu) => (
                Some(gpu.adapter_info().into()),
                kernel(gpu, computed, rows)?,
            ),
        };
        let outputs = outputs
            .arrays()
            .map(|(name, path)| (name, path.display().to_string()))
            .collect();
        let (rows, cols, loss) = (rows.rows, rows.cols, loss.map(report::Number));
        Ok(report::json(&report::Operation {
            operation,
            adapter,
            kernel,
            rows,
            cols,
            outputs,
            loss,
        }))
    }
}

/// The kernel that runs there; none where there is nothing to run.
fn kernel(gpu: &Gpu, operation: Operation, rows: &Rows) -> Result<Option<String>, Failure> {
    if rows.rows == 0 {
        return Ok(None);
    }
    let kernel = gpu.kernel(operation, rows.rows, rows.cols);
    kernel.map(Some).map_err(|error| Failure::Library {
        at: rows.describe(),
        error,
    })
}

/// The reference's values as the files hold them.
pub(crate) fn narrow(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}
