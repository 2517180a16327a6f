//! Help of the whole command: its commands in groups, and what `--help` says in addition to `-h`.

use super::{Cli, Compute, Inspect, Install, Measure, Verify};
use clap::builder::Styles;
use clap::{CommandFactory, Subcommand};
use wgpu_softmax::wgpu::{Backends, Instance};

/// Title of a group, and the test whether a command is one of it.
type Group = (&'static str, fn(&str) -> bool);

const GROUPS: [Group; 5] = [
    ("Compute", Compute::has_subcommand),
    ("Verify", Verify::has_subcommand),
    ("Measure", Measure::has_subcommand),
    ("Inspect", Inspect::has_subcommand),
    ("Install", Install::has_subcommand),
];

/// Text of the long help after the options. Lines that end with a colon are titles; those that begin with a space are not
/// wrapped.
const MORE: &str = "\
Examples:
  Probabilities of logits that NumPy saved:
    wgpu-softmax softmax logits.npy -o probs.npy
  A loss and its gradient, without the targets that are -100:
    wgpu-softmax cross-entropy x.npy ids.npy --ignore-index -100 --grad g.npy
  Is every kernel right on this machine? Half a minute:
    wgpu-softmax check
  How fast is it on each adapter? A minute, and a page to show:
    wgpu-softmax bench --adapter all --html bench.html

Files:
Inputs are what their bytes say, whatever their names: NumPy's .npy; .npz, one array as FILE.npz#NAME; .safetensors, one \
tensor as FILE.safetensors#NAME, or of several files as FILE.index.json#NAME. #NAME may be left out where there is one. \
Any one input may be -, standard input, or -#NAME of it; so may /dev/stdin.

Floats are float16, bfloat16, float32 or float64, integers of any width, of either byte order, in C or Fortran order. \
The inputs of an operation have one type of floats, and so do its outputs; but loss and lse are float32, their gradients \
may be, and weights are of any type. float64 is computed in float32 and gives float32, unless --reference computes.

Outputs are .npy or .safetensors by their names; one may be -, standard output. bfloat16 goes to .npy with --bf16 only. \
In .safetensors an output is the one tensor of its file, called NAME or after its result (probs, loss, ...). Outputs take \
their places when everything has succeeded, with the mode of what they replace. Files larger than memory are worked on in \
blocks of rows; along another axis than the last one, what lies at one place of the axes before it has to fit.

Environment:
  WGPU_BACKEND       Backends to search: vulkan, metal, dx12, gl
  WGPU_ADAPTER_NAME  Part of a name, where --adapter is not given
  VK_DRIVER_FILES    Vulkan drivers to load, and not those installed
  NO_COLOR           No colours, where it is not empty
  CLICOLOR_FORCE     Colours even where stderr is no terminal

Exit codes:
  0  Done
  1  check or bench found a difference
  2  Bad usage or bad input; nothing is written
  3  No usable adapter
  4  The device failed: lost, or out of memory
";

const HINT: &str = "wgpu-softmax help COMMAND says more about a command.";

/// Returns the command line with its help in groups.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command();
    let template = template(&command);
    let more = more(command.get_styles());
    command
        .help_template(template)
        .after_help(HINT)
        .after_long_help(more)
}

/// Returns the template of the help: clap knows no groups of commands.
fn template(command: &clap::Command) -> String {
    let styles = command.get_styles();
    let literal = styles.get_literal();
    let mut text = String::from("{about}\n\n{usage-heading} {usage}\n");
    for (group, has) in GROUPS {
        text += &format!("\n{}\n", title(styles, group));
        let commands = command.get_subcommands();
        for command in commands.filter(|command| has(command.get_name())) {
            let (name, about) = (command.get_name(), command.get_about());
            let about = about.map(ToString::to_string).unwrap_or_default();
            text += &format!("  {literal}{name:<20}{literal:#}  {about}\n");
        }
    }
    text + &format!("\n{}\n{{options}}{{after-help}}", title(styles, "Options"))
}

fn title(styles: &Styles, text: &str) -> String {
    let header = styles.get_header();
    format!("{header}{text}:{header:#}")
}

/// Returns what only the long help says.
fn more(styles: &Styles) -> String {
    let line = |line: &str| match line.strip_suffix(':') {
        Some(text) if !text.starts_with(' ') => title(styles, text) + "\n",
        _ => format!("{line}\n"),
    };
    MORE.lines().map(line).collect::<String>() + "\n" + HINT
}

/// Returns the text of `--version`: the version, the commit if the build was told, wgpu's version and the backends.
pub(super) fn version() -> String {
    let commit = option_env!("WGPU_SOFTMAX_COMMIT").map(|commit| format!(" ({commit})"));
    let (own, commit) = (env!("CARGO_PKG_VERSION"), commit.unwrap_or_default());
    format!("{own}{commit}\nwgpu {WGPU}\nbackends: {}", backends())
}

/// Major version of wgpu, the part of it that Cargo.toml fixes.
pub(crate) const WGPU: &str = "30";

/// Returns the names of the backends that are compiled in.
pub(crate) fn backends() -> String {
    let compiled = Instance::enabled_backend_features() - Backends::NOOP;
    let names = compiled.iter_names().map(|(name, _)| name.to_lowercase());
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{GROUPS, MORE, WGPU, command, template};

    #[test]
    fn a_group_has_each_command_and_the_help_fits_a_terminal() {
        let command = command();
        let template = template(&command);
        for command in command.get_subcommands() {
            let name = command.get_name();
            let groups = GROUPS.iter().filter(|(_, has)| has(name)).count();
            assert_eq!(groups, 1, "{name}");
            let about = command.get_about().expect("a text").to_string();
            assert!(about.chars().count() <= 56, "{name}: {about}");
            assert!(template.contains(&about), "{name}");
        }
        for line in MORE.lines().filter(|line| line.starts_with(' ')) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn the_version_of_wgpu_is_that_of_cargo_toml() {
        let manifest = include_str!("../../../Cargo.toml");
        let line = format!("wgpu = {{ version = \"{WGPU}.");
        assert!(manifest.contains(&line), "{line}");
    }
}
