//! Advice on a missing adapter: what to install or to set on this system for the one that is wanted.

mod system;

pub(crate) use system::system;

use std::env;
use system::{barred, install, is_container, makers_on_bus};
use wgpu_softmax::AdapterEntry;
use wgpu_softmax::wgpu::{Backend, Backends, DeviceType, Instance};

/// Maker of GPUs.
struct Maker {
    name: &'static str,
    /// Number on the PCI bus, and of its adapters.
    vendor: u32,
    /// Words in the names of its adapters.
    words: &'static [&'static str],
}

const MAKERS: [Maker; 3] = [
    Maker {
        name: "NVIDIA",
        vendor: 0x10de,
        words: &["nvidia", "geforce", "rtx", "gtx", "quadro", "tesla"],
    },
    Maker {
        name: "AMD",
        vendor: 0x1002,
        words: &["amd", "radeon", "radv"],
    },
    Maker {
        name: "Intel",
        vendor: 0x8086,
        words: &["intel", "arc", "iris", "anv"],
    },
];

/// Words in the names of software adapters.
const SOFTWARE: [&str; 6] = [
    "software",
    "cpu",
    "lavapipe",
    "llvmpipe",
    "swiftshader",
    "warp",
];

/// Variables that keep adapters from being found, and what each keeps to.
const RESTRICTIONS: [(&str, &str); 3] = [
    ("WGPU_BACKEND", "backend is searched"),
    ("VK_DRIVER_FILES", "Vulkan driver is loaded"),
    ("VK_ICD_FILENAMES", "Vulkan driver is loaded"),
];

/// Returns the adapter that is wanted: the selector, or what the environment says where there is none.
pub(crate) fn wanted(selector: Option<&str>) -> Option<String> {
    selector
        .map(str::to_owned)
        .or_else(|| variable("WGPU_ADAPTER_NAME"))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns what helps to get the adapter that is `wanted`, or any, where `found` are there and do not serve.
pub(crate) fn on(wanted: Option<&str>, found: &[AdapterEntry]) -> Vec<String> {
    let wanted = self::wanted(wanted).unwrap_or_default().to_lowercase();
    let (name, backend) = wanted.rsplit_once('@').unwrap_or((&wanted, &wanted));
    let names = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let maker = MAKERS.iter().find(|maker| names(maker.words));
    let mut advice = Vec::new();
    for (name, kind) in RESTRICTIONS {
        if let Some(value) = variable(name) {
            advice.push(format!("{name} is {value:?}: no other {kind}"));
        }
    }
    advice.extend(on_backend(backend));
    let is_vulkan = |entry: &AdapterEntry| entry.info.backend == Backend::Vulkan;
    let lacks_vulkan = ["vulkan", "vk"].contains(&backend) && !found.iter().any(is_vulkan);
    let found = if lacks_vulkan { &[] } else { found };
    match maker {
        Some(maker) => advice.extend(on_maker(maker, found)),
        None if names(&SOFTWARE) => advice.push(on_software(found)),
        None if found.is_empty() => {
            advice.extend(on_unserved(found));
            advice.push(on_software(found));
        }
        None => {
            advice.push("`wgpu-softmax devices` lists the adapters and their indices".into());
            advice.push(on_software(found));
        }
    }
    advice.extend(on_rights());
    advice
}

/// Returns what helps to get adapters of the GPUs that are there and have none.
pub(crate) fn on_hardware(found: &[AdapterEntry]) -> Vec<String> {
    on_unserved(found).chain(on_rights()).collect()
}

fn on_unserved(found: &[AdapterEntry]) -> impl Iterator<Item = String> {
    let there = makers_on_bus();
    let is_unserved = move |maker: &&Maker| {
        let serves = |entry: &AdapterEntry| entry.info.vendor == maker.vendor;
        there.contains(&maker.vendor) && !found.iter().any(serves)
    };
    MAKERS
        .iter()
        .filter(is_unserved)
        .flat_map(|maker| on_maker(maker, found))
}

/// Returns what helps if the user may not open a GPU.
fn on_rights() -> Option<String> {
    let node = barred()?;
    let node = node.display();
    Some(format!(
        "{node} cannot be opened: join its group (usermod -aG render $USER) and log in again"
    ))
}

/// Returns what helps if a backend is wanted that is not compiled in.
fn on_backend(wanted: &str) -> Option<String> {
    let backend = Backends::from_comma_list(wanted);
    let (feature, systems) = match backend {
        Backends::VULKAN => ("vulkan", "Linux, Windows and Android"),
        Backends::METAL => ("metal", "macOS and iOS"),
        Backends::DX12 => ("dx12", "Windows"),
        Backends::GL => ("gles", "Linux, Windows and Android"),
        _ => return None,
    };
    let is_compiled = Instance::enabled_backend_features().contains(backend);
    (!is_compiled).then(|| format!("built without {feature}, a feature for {systems}"))
}

/// Returns what helps to get an adapter of a maker.
fn on_maker(Maker { name, vendor, .. }: &Maker, found: &[AdapterEntry]) -> Vec<String> {
    if let Some(entry) = found.iter().find(|entry| entry.info.vendor == *vendor) {
        let (index, its) = (entry.index, &entry.info.name);
        return vec![format!("--adapter {index} is by {name}: {its}")];
    }
    let mut advice = Vec::new();
    if cfg!(target_os = "linux") {
        advice.push(match makers_on_bus().contains(vendor) {
            true => format!("a GPU by {name} is on the PCI bus, but no driver answers for it"),
            false => {
                format!("no GPU by {name} is on the PCI bus: is it passed on to this machine?")
            }
        });
    }
    advice.push(match install(name) {
        Some(packages) => format!("{name}'s driver for Vulkan: {packages}"),
        None => format!("{name}'s own driver has what is needed"),
    });
    if *name == "NVIDIA" && is_container() {
        advice.push("in a container, NVIDIA_DRIVER_CAPABILITIES=all lets Vulkan through".into());
    }
    advice
}

/// Returns how to get a software adapter, which is there or can be installed.
fn on_software(found: &[AdapterEntry]) -> String {
    let is_software = |entry: &&AdapterEntry| entry.info.device_type == DeviceType::Cpu;
    if let Some(entry) = found.iter().find(is_software) {
        return format!("--adapter software takes {}", entry.info.name);
    }
    if cfg!(target_os = "windows") {
        return "a software adapter, WARP, is part of Windows: build with the feature dx12".into();
    }
    if cfg!(target_os = "macos") {
        return "every Mac has an adapter, by Metal: build with the feature metal".into();
    }
    let packages = install("software").unwrap_or("install Mesa's Vulkan drivers and the loader");
    format!("a software adapter, Mesa's lavapipe: {packages}")
}

#[cfg(test)]
mod tests {
    use super::on;

    #[test]
    fn advice_fits_what_is_wanted() {
        let of = |wanted| on(Some(wanted), &[]).join("\n");
        assert!(of("nvidia").contains("NVIDIA") && !of("nvidia").contains("lavapipe"));
        assert!(of("radeon@vulkan").contains("AMD"));
        assert!(of("software").contains("software adapter"));
        let foreign = if cfg!(target_os = "macos") {
            "dx12"
        } else {
            "metal"
        };
        assert!(of(foreign).contains(&format!("built without {foreign}")));
    }
}
