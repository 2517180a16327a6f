//! Completions, driven by bash, and man pages.

use crate::folder::*;
use std::io::ErrorKind;
use std::process::Command;

/// Loads the completions, and completes the words after the first as bash does on a tab at the end of the last.
const COMPLETE: &str = r#"
source completions.bash
[[ $(complete -p "$1") =~ -F\ ([^ ]+) ]] || exit 9
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
"${BASH_REMATCH[1]}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// Candidates of bash for the last of these words; none where there is no bash.
fn candidates(folder: &Folder, words: &str) -> Option<Vec<String>> {
    let mut bash = Command::new("bash");
    bash.current_dir(folder.path("."))
        .args(["--norc", "-c", COMPLETE, "bash"]);
    let output = match bash.args(words.split(' ')).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        output => output.expect("bash starts"),
    };
    assert!(output.status.success(), "{words}: {}", stderr(&output));
    let mut found: Vec<_> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect();
    found.sort();
    Some(found)
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let folder = Folder::new();
    let script = folder.succeed("completions bash");
    folder.put("completions.bash", script.as_bytes());
    for (words, expected) in [
        ("wgpu-softmax so", &["softmax", "softmax-backward"][..]),
        ("wgpu-softmax softmax --re", &["--reference"]),
        (
            "wgpu-softmax cross-entropy x.npy y.npy --red",
            &["--reduction"],
        ),
        (
            "wgpu-softmax cross-entropy --reduction ",
            &["mean", "none", "sum"],
        ),
        ("wgpu-softmax check --dtype b", &["bf16"]),
        ("wgpu-softmax nothing-like-it", &[""]),
    ] {
        let Some(found) = candidates(&folder, words) else {
            eprintln!("skipped: there is no bash to complete for");
            return;
        };
        assert_eq!(found, expected, "{words}");
    }
}

#[test]
fn every_shell_has_a_script_and_every_command_a_page() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.succeed(&format!("completions {shell}"));
        assert!(
            script.contains("log-softmax-backward") && script.contains("ignore-index"),
            "{shell}"
        );
    }
    folder.succeed("man share/man1");
    let page =
        |name: &str| String::from_utf8(folder.get(&format!("share/man1/{name}.1"))).expect("text");
    let whole = page("wgpu-softmax");
    assert!(
        whole.contains(".TH wgpu-softmax 1") && whole.contains("Exit codes"),
        "{whole}"
    );
    assert!(page("wgpu-softmax-cross-entropy").contains("ignore\\-index"));
    folder.fail("man x.npy", 2, &["x.npy", "cannot write"]);
}
