//! Facts of the machine that advice rests on: the distribution and its packages, GPUs on the bus, rights.

use std::env;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

/// A family of Linux distributions, what it lacks, and what installs that.
const PACKAGES: &str = "\
ubuntu software apt-get install mesa-vulkan-drivers libvulkan1
ubuntu NVIDIA ubuntu-drivers install, and apt-get install libvulkan1
ubuntu AMD apt-get install mesa-vulkan-drivers libvulkan1
ubuntu Intel apt-get install mesa-vulkan-drivers libvulkan1
debian software apt-get install mesa-vulkan-drivers libvulkan1
debian NVIDIA apt-get install nvidia-driver libvulkan1 (contrib and non-free in sources.list)
debian AMD apt-get install mesa-vulkan-drivers libvulkan1
debian Intel apt-get install mesa-vulkan-drivers libvulkan1
fedora software dnf install mesa-vulkan-drivers vulkan-loader
fedora NVIDIA dnf install akmod-nvidia vulkan-loader (from RPM Fusion)
fedora AMD dnf install mesa-vulkan-drivers vulkan-loader
fedora Intel dnf install mesa-vulkan-drivers vulkan-loader
arch software pacman -S vulkan-swrast vulkan-icd-loader
arch NVIDIA pacman -S nvidia-utils vulkan-icd-loader
arch AMD pacman -S vulkan-radeon vulkan-icd-loader
arch Intel pacman -S vulkan-intel vulkan-icd-loader
suse software zypper install libvulkan_lvp libvulkan1
suse NVIDIA the driver from NVIDIA's repository for openSUSE, and zypper install libvulkan1
suse AMD zypper install libvulkan_radeon libvulkan1
suse Intel zypper install libvulkan_intel libvulkan1
alpine software apk add mesa-vulkan-swrast vulkan-loader
alpine NVIDIA another distribution: NVIDIA's driver needs glibc
alpine AMD apk add mesa-vulkan-ati vulkan-loader
alpine Intel apk add mesa-vulkan-intel vulkan-loader
";

/// Returns what installs the driver of a maker, or a software adapter, on a known distribution of Linux.
pub(super) fn install(what: &str) -> Option<&'static str> {
    package(&release()?, what)
}

fn package(release: &str, what: &str) -> Option<&'static str> {
    let names = ["ID", "ID_LIKE"].map(|key| value(release, key).unwrap_or_default());
    let mut names = names.iter().flat_map(|names| names.split_whitespace());
    names.find_map(|name| {
        let start = format!("{name} {what} ");
        PACKAGES.lines().find_map(|line| line.strip_prefix(&start))
    })
}

/// Returns the name of the operating system, and of the machine's architecture.
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
        let value = line.strip_prefix(key)?.strip_prefix('=')?;
        Some(value.trim_matches('"').to_owned())
    };
    release.lines().find_map(value)
}

/// Returns the makers of the displays on the PCI bus, by their numbers; none where the system does not tell.
pub(super) fn makers_on_bus() -> Vec<u32> {
    let number = |path: PathBuf| {
        let text = fs::read_to_string(path).ok()?;
        u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
    };
    let is_display = |device: &PathBuf| number(device.join("class")).is_some_and(|n| n >> 16 == 3);
    let devices = entries("/sys/bus/pci/devices").filter(is_display);
    devices
        .filter_map(|device| number(device.join("vendor")))
        .collect()
}

/// Returns a GPU that the user may not open.
pub(super) fn barred() -> Option<PathBuf> {
    let is_open = |node: &Path| OpenOptions::new().read(true).write(true).open(node).is_ok();
    let mut nodes = entries("/dev/dri").filter(|node| node.to_string_lossy().contains("renderD"));
    nodes.find(|node| !is_open(node))
}

pub(super) fn is_container() -> bool {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    marks.iter().any(|mark| Path::new(mark).exists())
}

fn entries(folder: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::{package, value};

    #[test]
    fn a_distribution_is_known_by_its_family() {
        let mint = "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        assert_eq!(value(mint, "NAME").as_deref(), Some("Linux Mint"));
        let nvidia = package(mint, "NVIDIA").expect("Ubuntu's");
        assert!(nvidia.starts_with("ubuntu-drivers"), "{nvidia}");
        let leap = "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n";
        let software = package(leap, "software").expect("SUSE's");
        assert!(software.starts_with("zypper"), "{software}");
        assert_eq!(package("ID=plan9\n", "AMD"), None);
    }
}
