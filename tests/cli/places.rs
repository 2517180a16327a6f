//! Replacement of files by outputs: with the mode of the file replaced, behind links, and not at all in a run that ends early.

#![cfg(unix)]

use crate::folder::*;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

fn mode(folder: &Folder, name: &str) -> u32 {
    let metadata = fs::metadata(folder.path(name)).expect("it is there");
    metadata.mode() & 0o777
}

#[test]
fn an_output_keeps_the_mode_of_what_it_replaces() {
    let folder = Folder::new();
    fs::write(folder.path("plain"), "").expect("the folder takes files");
    for kept in [0o600, 0o640, 0o444, 0o666] {
        let path = folder.path("out.npy");
        fs::set_permissions(&path, Permissions::from_mode(kept)).expect("it is ours");
        folder.succeed("softmax x.npy -o out.npy --json new.json --reference");
        assert_eq!(mode(&folder, "out.npy"), kept, "{kept:o}");
    }
    assert_eq!(mode(&folder, "new.json"), mode(&folder, "plain"));
}

#[test]
fn an_output_goes_behind_links() {
    let folder = Folder::new();
    fs::create_dir(folder.path("far")).expect("the folder takes folders");
    folder.put("far/old.npy", OLD);
    for (link, target) in [
        ("old", "far/old.npy"),
        ("new", "far/new.npy"),
        ("twice", "new2"),
    ] {
        symlink(target, folder.path(link)).expect("the folder takes links");
    }
    symlink("far/new2.npy", folder.path("new2")).expect("the folder takes links");
    symlink("circle", folder.path("circle")).expect("the folder takes links");
    folder.succeed("softmax x.npy -o expected.npy --reference");
    for (link, target) in [("old", "old"), ("new", "new"), ("twice", "new2")] {
        folder.succeed(&format!("softmax x.npy -o {link} --reference"));
        let found = fs::symlink_metadata(folder.path(link)).expect("it is there");
        assert!(found.is_symlink(), "{link}");
        assert_eq!(
            folder.get(&format!("far/{target}.npy")),
            folder.get("expected.npy")
        );
    }
    let line = "softmax x.npy -o circle --reference";
    folder.fail(line, 2, &["expected a file, found links in a circle"]);
}

/// Waits until temporary files lie next to the older output.
fn wait_for_temporary(folder: &Folder, child: &mut Child) {
    let begun = Instant::now();
    while !folder.names().iter().any(|name| name.starts_with(".wgpu")) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "no output is begun"
        );
        assert_eq!(
            child.try_wait().expect("a child"),
            None,
            "it waits for its input"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    for (name, signal) in [("HUP", 1), ("INT", 2), ("TERM", 15)] {
        let folder = Folder::new();
        let names = folder.names();
        // The command waits for its values, some of which it has written.
        let mut command = folder.command("log-softmax - -o out.npy --json new.json --reference");
        let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(&npy(1, "<f4", false, "(60000, 1000)", &[0; 4_000_000]))
            .expect("it is read");
        wait_for_temporary(&folder, &mut child);
        let killed = Command::new("kill")
            .args([&format!("-{name}"), &child.id().to_string()])
            .status();
        assert!(killed.expect("there is kill").success());
        let status = child.wait().expect("it ends");
        assert_eq!(status.signal(), Some(signal), "{name}: {status}");
        assert_eq!(folder.names(), names, "{name}");
        assert_eq!(folder.get("out.npy"), OLD, "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_was_ignored_stays_ignored() {
    let folder = Folder::new();
    let x = folder.get("x.npy");
    let program = env!("CARGO_BIN_EXE_wgpu-softmax");
    let line = format!("trap '' HUP; exec {program} softmax - -o new.npy --reference");
    let mut command = Command::new("sh");
    let command = command.current_dir(folder.path(".")).args(["-c", &line]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(&x[..x.len() - 4]).expect("it is read");
    wait_for_temporary(&folder, &mut child);
    let killed = Command::new("kill")
        .args(["-HUP", &child.id().to_string()])
        .status();
    assert!(killed.expect("there is kill").success());
    pipe.write_all(&x[x.len() - 4..]).expect("it is read");
    drop(pipe);
    assert!(child.wait().expect("it ends").success());
    folder.succeed("softmax x.npy -o expected.npy --reference");
    assert_eq!(folder.get("new.npy"), folder.get("expected.npy"));
}
