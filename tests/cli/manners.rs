//! Flags that every command line of its kind has: `--output`, `-q`, `-v`; and progress, on terminals only.

use crate::folder::*;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::process::Command;

#[test]
fn output_is_the_long_form_of_o() {
    let folder = Folder::new();
    folder.succeed("softmax x.npy -o short.npy --reference");
    folder.succeed("softmax x.npy --output long.npy --reference");
    assert_eq!(folder.get("short.npy"), folder.get("long.npy"));
    folder.succeed("cross-entropy x.npy y.npy --ignore-index -100 --output=loss.npy --reference");
    assert_eq!(parse(&folder.get("loss.npy")).1.len(), 1);
}

#[test]
fn quiet_silences_notes_and_not_results_or_errors() {
    let folder = Folder::new();
    let wide = bytes([0.0_f64, 1.0].map(f64::to_le_bytes));
    folder.put("wide.npy", &npy(1, "<f8", false, "(1, 2)", &wide));
    let note = |line: &str| stderr(&folder.run(line));
    assert!(note("softmax wide.npy -o p.npy").contains("float64 is computed in float32"));
    assert_eq!(note("softmax wide.npy -o p.npy -q"), "");
    assert_eq!(note("--quiet softmax wide.npy -o p.npy"), "");
    let loss = "cross-entropy x.npy y.npy --ignore-index -100 --reference";
    assert_eq!(folder.succeed(&format!("{loss} -q")), folder.succeed(loss));
    folder.fail("softmax absent.npy -o out.npy -q", 2, &["cannot read"]);
    folder.fail(
        "softmax x.npy -o out.npy -q -v",
        2,
        &["cannot be used with"],
    );
    // A check that passes has nothing to say.
    assert_eq!(
        folder.succeed("check -q --op logsumexp --dtype float16"),
        ""
    );
}

#[test]
fn verbose_says_what_computes() {
    let folder = Folder::new();
    folder.succeed("softmax x.npy -o p.npy --json j.json");
    let report = folder.json("j.json");
    let told = stderr(&folder.run("softmax x.npy -o p.npy -v"));
    for fact in [&report["adapter"]["name"], &report["kernel"]] {
        assert!(told.contains(fact.as_str().expect("a name")), "{told}");
    }
    assert!(stderr(&folder.run("softmax x.npy -o p.npy -v --reference")).contains("f64 reference"));
}

/// Runs a check of some seconds on a terminal that util-linux's `script` makes.
#[test]
#[cfg(target_os = "linux")]
fn progress_moves_every_second_and_tells_the_time_left() {
    let folder = Folder::new();
    let line = format!(
        "{} check --op softmax --dtype f32",
        env!("CARGO_BIN_EXE_wgpu-softmax")
    );
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .env("XDG_RUNTIME_DIR", folder.path("."));
    let begun = std::time::Instant::now();
    let output = match script.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: there is no `script` to make a terminal");
            return;
        }
        output => output.expect("it starts"),
    };
    let seconds = begun.elapsed().as_secs();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains(" 0 FAILED"),
        "{told}"
    );
    let frames: HashSet<_> = told
        .split(['\r', '\n'])
        .filter(|frame| frame.contains("checking"))
        .collect();
    // The first second is silent, and one more is for starting.
    assert!(
        frames.len() as u64 + 2 >= seconds,
        "{frames:?} in {seconds} s"
    );
    let is_timed = |frame: &&&str| frame.contains(" left") && frame.contains(" of ");
    assert!(
        seconds < 3 || frames.iter().any(|frame| is_timed(&frame)),
        "{frames:?}"
    );
}
