//! Time of a linear layer with its loss and gradients, and of its parts alone: the same products of all rows at once, and the loss.
//!
//! ```text
//! cargo bench --features bench --bench linear [-- SECONDS [ROWSxFEATURESxCLASSES...]]
//! ```

use std::time::Duration;
use wgpu_softmax::{Error, Gpu, LinearCrossEntropySpec, bench};

/// For GPUs, and for software adapters.
const SHAPES: [&[&str]; 2] = [
    &["512x1024x8192", "4096x1024x50257", "8192x4096x32768"],
    &["128x256x2048", "256x256x4096", "512x1024x8192"],
];

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let seconds = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5.0);
    let given: Vec<String> = arguments.collect();
    let gpu = Gpu::open()?;
    let own = SHAPES[usize::from(gpu.planner().abilities().software)];
    let shapes: Vec<&str> = match given.is_empty() {
        true => own.to_vec(),
        false => given.iter().map(String::as_str).collect(),
    };
    for shape in shapes {
        let extents: Vec<u64> = shape
            .split('x')
            .filter_map(|text| text.parse().ok())
            .collect();
        let &[rows, features, classes] = &extents[..] else {
            println!("{shape}: expected ROWSxFEATURESxCLASSES");
            continue;
        };
        let spec = LinearCrossEntropySpec::new(rows, features, classes);
        let measured = match bench::linear(&gpu, spec, Duration::from_secs_f64(seconds)) {
            Ok(measured) => measured,
            Err(error) => {
                println!("{shape}: {error}");
                continue;
            }
        };
        let ms = |ns: f64| ns / 1e6;
        if let (Some(share), Some(effort)) = (measured.effort_share, measured.effort_ns) {
            let per_second = measured.flops as f64 / effort.median;
            println!(
                "{shape}: in processor time {:.3} of its parts [{:.3}, {:.3}]; {per_second:.2} GFLOP a second",
                share.median, share.lower, share.upper
            );
        }
        println!(
            "{shape}: {:.2} ms in chunks of {}; products {:.2} ms and loss {:.2} ms alone: {:.3} of both [{:.3}, {:.3}]; {:.2} GFLOP/s, {:.1} MiB of memory",
            ms(measured.time_ns.median),
            measured.chunk_rows,
            ms(measured.products_ns.median),
            ms(measured.loss_ns.median),
            measured.share.median,
            measured.share.lower,
            measured.share.upper,
            measured.gflops(),
            measured.scratch_bytes as f64 / f64::from(1 << 20),
        );
    }
    Ok(())
}
