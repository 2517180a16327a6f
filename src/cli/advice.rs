//! Advice on a missing adapter: what to install or to set on this system for the one that is wanted.

use std::env;
use std::fs::{self, OpenOptions};
use wgpu_softmax::AdapterEntry;
use wgpu_softmax::wgpu::{Backends, DeviceType, Instance};

/// Maker of GPUs: its name, its number on the PCI bus, and words in the names of its adapters.
type Maker = (&'static str, u32, &'static [&'static str]);

const MAKERS: [Maker; 3] = [
    (
        "NVIDIA",
        0x10de,
        &["nvidia", "geforce", "rtx", "gtx", "quadro", "tesla"],
    ),
    ("AMD", 0x1002, &["amd", "radeon", "radv"]),
    ("Intel", 0x8086, &["intel", "arc", "iris", "anv"]),
];

const SOFTWARE: [&str; 7] = [
    "software",
    "cpu",
    "lavapipe",
    "llvmpipe",
    "swiftshader",
    "warp",
    "basic render",
];

/// What brings a software adapter and the drivers of NVIDIA, AMD and Intel, on a family of Linux distributions.
type Packages = (&'static str, [&'static str; 4]);

const PACKAGES: [Packages; 6] = [
    (
        "ubuntu",
        [
            "apt-get install mesa-vulkan-drivers libvulkan1",
            "ubuntu-drivers install; apt-get install libvulkan1",
            "apt-get install mesa-vulkan-drivers libvulkan1",
            "apt-get install mesa-vulkan-drivers libvulkan1",
        ],
    ),
    (
        "debian",
        [
            "apt-get install mesa-vulkan-drivers libvulkan1",
            "apt-get install nvidia-driver libvulkan1 (with contrib and non-free in sources.list)",
            "apt-get install mesa-vulkan-drivers libvulkan1",
            "apt-get install mesa-vulkan-drivers libvulkan1",
        ],
    ),
    (
        "fedora",
        [
            "dnf install mesa-vulkan-drivers vulkan-loader",
            "dnf install akmod-nvidia vulkan-loader (from RPM Fusion)",
            "dnf install mesa-vulkan-drivers vulkan-loader",
            "dnf install mesa-vulkan-drivers vulkan-loader",
        ],
    ),
    (
        "arch",
        [
            "pacman -S vulkan-swrast vulkan-icd-loader",
            "pacman -S nvidia-utils vulkan-icd-loader",
            "pacman -S vulkan-radeon vulkan-icd-loader",
            "pacman -S vulkan-intel vulkan-icd-loader",
        ],
    ),
    (
        "suse",
        [
            "zypper install libvulkan_lvp libvulkan1",
            "the driver from NVIDIA's repository for openSUSE, and libvulkan1",
            "zypper install libvulkan_radeon libvulkan1",
            "zypper install libvulkan_intel libvulkan1",
        ],
    ),
    (
        "alpine",
        [
            "apk add mesa-vulkan-swrast vulkan-loader",
            "another distribution: NVIDIA's driver needs glibc",
            "apk add mesa-vulkan-ati vulkan-loader",
            "apk add mesa-vulkan-intel vulkan-loader",
        ],
    ),
];

/// Returns what helps to get the adapter that is `wanted`, or any, where `found` are there and do not serve.
pub(crate) fn on(wanted: Option<&str>, found: &[AdapterEntry]) -> Vec<String> {
    let by_name = env::var("WGPU_ADAPTER_NAME").ok();
    let wanted = wanted.map(str::to_owned).or(by_name).unwrap_or_default();
    let wanted = wanted.to_lowercase();
    let (name, backend) = wanted.rsplit_once('@').unwrap_or((&wanted, &wanted));
    let maker = MAKERS
        .iter()
        .position(|(.., words)| words.iter().any(|word| name.contains(word)));
    let mut advice = Vec::new();
    advice.extend(
        env::var("WGPU_BACKEND")
            .ok()
            .map(|backends| format!("WGPU_BACKEND is {backends:?}: no other backend is searched")),
    );
    advice.extend(on_backend(backend));
    if let Some(maker) = maker {
        advice.extend(on_maker(maker, found));
    } else if SOFTWARE.iter().any(|word| name.contains(word)) {
        advice.extend(on_software(found));
    } else if found.is_empty() {
        advice.extend(
            present()
                .into_iter()
                .flat_map(|maker| on_maker(maker, found)),
        );
        advice.extend(on_software(found));
    } else {
        advice.push("`wgpu-softmax devices` lists the adapters by their indices".into());
        advice.extend(on_software(found));
    }
    advice.extend(barred());
    advice
}

/// Returns what helps if a backend is wanted that is not compiled in.
fn on_backend(wanted: &str) -> Option<String> {
    let backend = Backends::from_comma_list(wanted);
    let compiled = Instance::enabled_backend_features();
    let (feature, systems) = match backend {
        Backends::VULKAN => ("vulkan", "Linux, Windows and Android"),
        Backends::METAL => ("metal", "macOS and iOS"),
        Backends::DX12 => ("dx12", "Windows"),
        Backends::GL => ("gles", "Linux, Windows and Android"),
        _ => return None,
    };
    (!compiled.contains(backend)).then(|| {
        format!("this program is built without {feature}, a Cargo feature that {systems} have")
    })
}

/// Returns what helps to get an adapter of a maker.
fn on_maker(maker: usize, found: &[AdapterEntry]) -> Vec<String> {
    let (name, vendor, _) = MAKERS[maker];
    if let Some(entry) = found.iter().find(|entry| entry.info.vendor == vendor) {
        let (index, its) = (entry.index, &entry.info.name);
        return vec![format!("--adapter {index} is by {name}: {its}")];
    }
    let mut advice = Vec::new();
    if cfg!(target_os = "linux") {
        let (there, driver) = match present().contains(&maker) {
            true => ("there is", "no Vulkan driver answers for it"),
            false => (
                "there is no",
                "see to the hardware, or pass it to this container or virtual machine",
            ),
        };
        advice.push(format!("on the PCI bus {there} GPU by {name}: {driver}"));
    }
    advice.push(match install(maker + 1) {
        Some(packages) => format!("{name}'s driver for Vulkan: {packages}"),
        None => format!("{name}'s driver comes from {name}"),
    });
    if name == "NVIDIA" && is_container() {
        advice.push("in a container of NVIDIA's toolkit, set NVIDIA_DRIVER_CAPABILITIES=all: Vulkan is graphics".into());
    }
    advice
}

/// Returns how to get a software adapter, which is there or can be installed.
fn on_software(found: &[AdapterEntry]) -> Option<String> {
    if let Some(entry) = found
        .iter()
        .find(|entry| entry.info.device_type == DeviceType::Cpu)
    {
        return Some(format!("--adapter software takes {}", entry.info.name));
    }
    Some(match install(0) {
        Some(packages) => format!("a software adapter, Mesa's lavapipe: {packages}"),
        None if cfg!(target_os = "windows") => {
            "a software adapter, WARP, is part of Windows: build with the feature dx12".into()
        }
        None if cfg!(target_os = "macos") => {
            "every Mac has an adapter, by Metal: build with the feature metal".into()
        }
        None => "a software adapter is Mesa's lavapipe: install Mesa's Vulkan drivers and the Vulkan loader".into(),
    })
}

/// Returns the command that installs what is asked for, on a known distribution of Linux.
fn install(what: usize) -> Option<&'static str> {
    let release = release()?;
    packages(&release).map(|packages| packages[what])
}

fn packages(release: &str) -> Option<&'static [&'static str; 4]> {
    let names = ["ID", "ID_LIKE"].map(|key| value(release, key).unwrap_or_default());
    let mut names = names.iter().flat_map(|names| names.split_whitespace());
    names.find_map(|name| {
        let known = PACKAGES.iter().find(|(family, _)| name.starts_with(family));
        known.map(|(_, packages)| packages)
    })
}

/// Returns the name of the operating system.
pub(crate) fn system() -> String {
    let release = release().and_then(|release| value(&release, "PRETTY_NAME"));
    let name = release.unwrap_or_else(|| env::consts::OS.to_owned());
    format!("{name}, {}", env::consts::ARCH)
}

fn release() -> Option<String> {
    fs::read_to_string("/etc/os-release").ok()
}

fn value(release: &str, key: &str) -> Option<String> {
    let value = |line: &str| {
        Some(
            line.strip_prefix(key)?
                .strip_prefix('=')?
                .trim_matches('"')
                .to_owned(),
        )
    };
    release.lines().find_map(value)
}

/// Returns the makers of the GPUs on the PCI bus; none where the system does not tell.
fn present() -> Vec<usize> {
    let devices = fs::read_dir("/sys/bus/pci/devices")
        .into_iter()
        .flatten()
        .flatten();
    let number = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path).ok()?;
        u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
    };
    // 3 is the class of displays.
    let displays = devices
        .filter(|device| number(device.path().join("class")).is_some_and(|class| class >> 16 == 3));
    let vendors: Vec<_> = displays
        .filter_map(|device| number(device.path().join("vendor")))
        .collect();
    (0..MAKERS.len())
        .filter(|&maker| vendors.contains(&MAKERS[maker].1))
        .collect()
}

/// Returns what helps if the user may not open a GPU.
fn barred() -> Option<String> {
    let nodes = fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    let mut nodes = nodes
        .map(|node| node.path())
        .filter(|path| path.to_string_lossy().contains("renderD"));
    let node = nodes.find(|path| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .is_err()
    })?;
    Some(format!(
        "{} cannot be opened: join its group (usermod -aG render $USER) and log in again",
        node.display()
    ))
}

fn is_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"]
        .iter()
        .any(|path| fs::exists(path).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::{on, packages, value};

    #[test]
    fn a_distribution_is_known_by_its_family() {
        let mint = "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        assert_eq!(value(mint, "NAME").as_deref(), Some("Linux Mint"));
        assert!(packages(mint).expect("Ubuntu")[1].contains("ubuntu-drivers"));
        let leap = "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n";
        assert!(packages(leap).expect("SUSE")[0].starts_with("zypper"));
        assert_eq!(packages("ID=plan9\n"), None);
    }

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
