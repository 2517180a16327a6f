//! Adapters of this machine, and the choice of one by a name.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use wgpu::{
    Adapter, AdapterInfo, Backend, Backends, DeviceType, Features, Instance, InstanceDescriptor,
};

use crate::error::Error;

/// Adapter in the list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterEntry {
    /// Place in the list.
    pub index: usize,
    /// Description by the adapter itself.
    pub info: AdapterInfo,
    /// Features that a device of the adapter may ask for.
    pub features: Features,
}

/// Selector of an adapter: an index, part of a name, a backend, `NAME@BACKEND`, or `software`.
///
/// ```no_run
/// use wgpu_softmax::Gpu;
///
/// let gpu = Gpu::open_selected(&"nvidia@vulkan".parse()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

impl FromStr for Selector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_ascii_lowercase()))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Selector {
    /// Returns true if the selector means this adapter.
    pub fn matches(&self, entry: &AdapterEntry) -> bool {
        let Self(text) = self;
        if let Ok(index) = text.parse::<usize>() {
            return index == entry.index;
        }
        let named = |name: &str| entry.info.name.to_ascii_lowercase().contains(name);
        match text.rsplit_once('@') {
            Some((name, backend)) => named(name) && is_backend(backend, entry.info.backend),
            None if text == "software" => entry.info.device_type == DeviceType::Cpu,
            None => is_backend(text, entry.info.backend) || named(text),
        }
    }
}

fn is_backend(text: &str, backend: Backend) -> bool {
    let names: &[&str] = match backend {
        Backend::Vulkan => &["vulkan", "vk"],
        Backend::Metal => &["metal", "mtl"],
        Backend::Dx12 => &["dx12", "d3d12"],
        Backend::Gl => &["gl", "gles", "opengl"],
        Backend::BrowserWebGpu => &["webgpu"],
        Backend::Noop => &["noop"],
    };
    names.contains(&text)
}

/// Returns every adapter that can be opened, in the order Vulkan, Metal, DX12, GL.
#[cfg(not(target_arch = "wasm32"))]
pub fn adapters() -> Vec<AdapterEntry> {
    let list = pollster::block_on(enumerate());
    list.iter().enumerate().map(entry).collect()
}

#[cfg(not(target_arch = "wasm32"))]
fn entry((index, adapter): (usize, &Adapter)) -> AdapterEntry {
    AdapterEntry {
        index,
        info: adapter.get_info(),
        features: adapter.features(),
    }
}

async fn enumerate() -> Vec<Adapter> {
    let mut descriptor = InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends = Backends::from_env().unwrap_or(Backends::all()) - Backends::NOOP;
    let instance = Instance::new(descriptor);
    listed(&instance).await
}

#[cfg(not(target_arch = "wasm32"))]
async fn listed(instance: &Instance) -> Vec<Adapter> {
    let mut list = instance.enumerate_adapters(Backends::all()).await;
    list.sort_by_key(|adapter| backend_order(adapter.get_info().backend));
    list
}

/// Asks for the one adapter that a browser gives: of two GPUs the thrifty one, unless it is asked for the other.
#[cfg(target_arch = "wasm32")]
async fn listed(instance: &Instance) -> Vec<Adapter> {
    let powerful = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    let adapter = instance.request_adapter(&powerful).await;
    adapter.into_iter().collect()
}

#[cfg(not(target_arch = "wasm32"))]
fn backend_order(backend: Backend) -> u8 {
    match backend {
        Backend::Vulkan => 0,
        Backend::Metal => 1,
        Backend::Dx12 => 2,
        Backend::Gl => 3,
        Backend::BrowserWebGpu => 4,
        Backend::Noop => 5,
    }
}

fn power_order(device_type: DeviceType) -> u8 {
    match device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

/// Reason where the system has no adapter at all, with what helps.
const NONE: &str = match cfg!(target_arch = "wasm32") {
    false => {
        "none was found. A software adapter will do: install Mesa's lavapipe \
         (Debian, Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1)"
    }
    true => "this browser has no WebGPU, or none for this device",
};

/// Returns the most powerful adapter among those that `WGPU_ADAPTER_NAME` allows.
pub(super) async fn default_adapter() -> Result<Adapter, Error> {
    let wanted = std::env::var("WGPU_ADAPTER_NAME")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let found = enumerate().await;
    let names = names(&found);
    found
        .into_iter()
        .filter(|adapter| {
            adapter
                .get_info()
                .name
                .to_ascii_lowercase()
                .contains(&wanted)
        })
        .min_by_key(|adapter| power_order(adapter.get_info().device_type))
        .ok_or_else(|| match wanted.as_str() {
            "" => Error::NoAdapter(NONE.into()),
            name => Error::NoAdapter(format!("WGPU_ADAPTER_NAME is {name:?}, found {names}")),
        })
}

/// Returns the first adapter that `selector` means.
#[cfg(not(target_arch = "wasm32"))]
pub(super) async fn select(selector: &Selector) -> Result<Adapter, Error> {
    let found = enumerate().await;
    let names = names(&found);
    let mut entries = found.iter().enumerate().map(entry);
    match entries.position(|entry| selector.matches(&entry)) {
        Some(index) => Ok(found[index].clone()),
        None => Err(Error::NoAdapter(format!(
            "expected one that matches {:?}, found {names}",
            selector.0
        ))),
    }
}

fn names(adapters: &[Adapter]) -> String {
    let name = |adapter: &Adapter| {
        let info = adapter.get_info();
        format!("{:?} ({})", info.name, info.backend)
    };
    let list: Vec<_> = adapters.iter().map(name).collect();
    if list.is_empty() {
        "none".into()
    } else {
        list.join(", ")
    }
}
