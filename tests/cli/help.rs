//! Help: every command once, in a group; examples that run; `-h` short and `--help` long.

use crate::folder::*;

/// Lines of the short help that name a command, with the group of each.
fn commands(help: &str) -> Vec<(String, String)> {
    let (mut group, mut found) = (String::new(), Vec::new());
    for line in help.lines() {
        match (line.strip_suffix(':'), line.strip_prefix("  ")) {
            (Some(title), _) => group = title.to_owned(),
            (_, Some(entry)) if !entry.starts_with(['-', ' ']) => {
                let name = entry.split_whitespace().next().expect("a name");
                found.push((group.clone(), name.to_owned()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_command_is_in_one_group() {
    let folder = Folder::new();
    let listed = commands(&folder.succeed("-h"));
    // What bash completes after the name of the program: its flags and commands.
    let script = folder.succeed("completions bash");
    let mut options = script.lines().map(str::trim);
    let options = options.find_map(|line| line.strip_prefix("opts=\"-q"));
    let (_, options) = options
        .expect("the words")
        .split_once("--version ")
        .expect("flags first");
    let words = options.trim_end_matches('"').split_whitespace();
    let mut expected: Vec<_> = words.filter(|word| *word != "help").collect();
    let mut names: Vec<_> = listed.iter().map(|(_, name)| name.as_str()).collect();
    expected.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, expected);
    assert!(names.len() > 14, "{names:?}");
    for (group, name) in &listed {
        assert!(!group.is_empty(), "{name}");
        let long = folder.succeed(&format!("help {name}"));
        assert_eq!(long, folder.succeed(&format!("{name} --help")), "{name}");
        assert!(
            long.contains(&format!("Usage: wgpu-softmax {name}")),
            "{long}"
        );
    }
    let of = |wanted: &str| {
        listed
            .iter()
            .find(|(_, name)| name == wanted)
            .expect("it")
            .0
            .clone()
    };
    assert_eq!(
        [of("jacobian"), of("check"), of("bench")],
        ["Compute", "Verify", "Measure"]
    );
}

#[test]
fn short_help_is_short_and_long_help_has_what_else_there_is_to_know() {
    let folder = Folder::new();
    let (short, long) = (folder.succeed("-h"), folder.succeed("--help"));
    assert_eq!(long, folder.succeed("help"));
    for title in ["Examples:", "Files:", "Environment:", "Exit codes:"] {
        assert!(long.contains(title) && !short.contains(title), "{title}");
    }
    assert!(short.lines().count() < 45, "{short}");
    let of_one = |flag: &str| folder.succeed(&format!("softmax {flag}")).lines().count();
    assert!(of_one("-h") < 30 && of_one("--help") > of_one("-h") + 20);
}

#[test]
fn the_examples_run() {
    let folder = Folder::new();
    folder.floats("logits.npy", "(3, 4)", &X);
    folder.put("ids.npy", &folder.get("y.npy"));
    let help = folder.succeed("--help");
    let examples = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("wgpu-softmax "));
    let examples: Vec<_> = examples.filter(|line| !line.starts_with("help ")).collect();
    assert_eq!(examples.len(), 4, "{examples:?}");
    for example in examples {
        // Those of a minute stop at an adapter that is not there: their flags were right.
        let (more, code) = match example.starts_with("check") || example.starts_with("bench") {
            true => ("--adapter no-such-adapter", 3),
            false => ("--reference", 0),
        };
        let output = folder.run(&format!("{example} {more}"));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{example}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn the_variables_of_the_help_work() {
    let folder = Folder::new();
    let softmax = "softmax x.npy -o p.npy --adapter no-such-adapter";
    let with = |line: &str, variables: &[(&str, &str)]| {
        let mut command = folder.command(line);
        command.envs(variables.iter().copied());
        let output = command.output().expect("the command starts");
        (output.status.code(), stderr(&output))
    };
    let (code, message) = with("devices", &[("WGPU_BACKEND", "webgpu")]);
    assert!(
        code == Some(3) && message.contains("WGPU_BACKEND is \"webgpu\""),
        "{message}"
    );
    let (code, message) = with(
        "softmax x.npy -o p.npy",
        &[("WGPU_ADAPTER_NAME", "no-such")],
    );
    assert!(code == Some(3) && message.contains("no-such"), "{message}");
    let red = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m no usable adapter";
    let (_, message) = with(softmax, &[("CLICOLOR_FORCE", "1")]);
    assert!(message.starts_with(red), "{message:?}");
    let (_, message) = with(softmax, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
    assert!(
        message.starts_with("error: no usable adapter"),
        "{message:?}"
    );
    let (_, message) = with(softmax, &[]);
    assert!(
        message.starts_with("error: no usable adapter"),
        "{message:?}"
    );
}

#[test]
fn the_version_is_short_or_says_what_it_was_built_of() {
    let folder = Folder::new();
    let short = format!("wgpu-softmax {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(folder.succeed("-V"), short);
    let long = folder.succeed("--version");
    let lines: Vec<_> = long.lines().collect();
    assert!(
        long.starts_with(short.trim_end()) && lines.len() == 3,
        "{long}"
    );
    assert!(
        lines[1].starts_with("wgpu ") && lines[2].starts_with("backends: "),
        "{long}"
    );
}
