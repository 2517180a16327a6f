//! The command `wgpu-softmax`: softmax and cross-entropy on NumPy files, on the crate's public API alone.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
