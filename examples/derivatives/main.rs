//! The calculus of softmax and cross-entropy, executed on the GPU.
//!
//! For logits x and a target class it prints p = softmax(x), the Jacobian dp_i/dx_j = p_i ([i = j] - p_j), the
//! gradient of L = -ln p_t by the probabilities, dL/dp_i = -[i = t] / p_i, and then dL/dx three times: as the product
//! of the two, by the backward pass of softmax, and fused, p - y. The exit code is 1 unless the three agree.
//!
//! `cargo run --release --example derivatives -- 2 1 0 -1 @ 0` takes your own logits, and the target after `@`.

mod chain_rule;

use std::process::ExitCode;

use wgpu_softmax::{CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Error, Gpu};

use chain_rule::chain_rule;

/// Largest difference allowed between the three ways: a few roundings of values up to 1.
const TOLERANCE: f32 = 1e-6;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((logits, target)) = parse(&arguments) else {
        eprintln!("expected logits, then @ and the target's column, as in: 2 1 0 -1 @ 0");
        return ExitCode::from(2);
    };
    match show(&logits, target) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("derivatives: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Option<(Vec<f32>, usize)> {
    if arguments.is_empty() {
        return Some((vec![2.0, 1.0, 0.0, -1.0], 0));
    }
    let at = arguments.iter().position(|argument| argument == "@")?;
    let logits: Option<Vec<f32>> = arguments[..at].iter().map(|x| x.parse().ok()).collect();
    let target = arguments.get(at + 1)?.parse().ok()?;
    logits
        .filter(|logits| target < logits.len())
        .map(|logits| (logits, target))
}

fn show(logits: &[f32], target: usize) -> Result<bool, Error> {
    let gpu = Gpu::open()?;
    let classes = logits.len();
    println!("on {}\n", gpu.adapter_info().name);
    print("logits              x", logits);

    let probs = gpu.softmax(logits, 1)?;
    print("softmax             p", &probs);
    let jacobian = gpu.jacobian(logits, 1)?;
    for (i, row) in jacobian.chunks(classes).enumerate() {
        print(&format!("Jacobian     dp_{i}/dx"), row);
    }

    let (grad_probs, product) = chain_rule(&gpu, &probs, &jacobian, target)?;
    print("-y/p            dL/dp", &grad_probs);
    print("J^T dL/dp       dL/dx", &product);
    let backward = gpu.softmax_backward(&probs, &grad_probs, 1)?;
    print("softmax backward    \"", &backward);
    let fused = fused_gradient(&gpu, logits, target)?;
    print("fused p - y         \"", &fused);

    let apart = largest_difference(&product, &fused).max(largest_difference(&backward, &fused));
    println!("\nthe three differ by {apart:e} at most; {TOLERANCE:e} is allowed");
    Ok(apart <= TOLERANCE)
}

fn fused_gradient(gpu: &Gpu, logits: &[f32], target: usize) -> Result<Vec<f32>, Error> {
    let spec = CrossEntropySpec::new(1, logits.len() as u64);
    let wants = CrossEntropyWants {
        grad_logits: true,
        ..Default::default()
    };
    let target = i32::try_from(target).unwrap_or(i32::MAX);
    let output = gpu.cross_entropy(&spec, CrossEntropyInputs::new(logits, &[target]), wants)?;
    println!("cross-entropy       L  {:9.6}", output.losses[0]);
    Ok(output.grad_logits.unwrap_or_default())
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

fn print(name: &str, values: &[f32]) {
    let values: Vec<String> = values.iter().map(|value| format!("{value:9.6}")).collect();
    println!("{name}  {}", values.join(" "));
}
