//! candle on the CPU: its fused softmax, and its loss, which is composed of general operations.

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::{loss, ops};
use peer::{Case, Inputs};

fn main() {
    peer::serve(|op, inputs| prepare(op, &inputs).expect("tensors"));
}

fn prepare(op: &str, inputs: &Inputs) -> Result<Option<Case>> {
    let logits = Tensor::from_slice(&inputs.logits, (inputs.rows, inputs.cols), &Device::Cpu)?;
    let targets: Vec<u32> = inputs.targets.iter().map(|&target| target as u32).collect();
    let targets = Tensor::from_vec(targets, inputs.rows, &Device::Cpu)?;
    let var = Var::from_tensor(&logits)?;
    let compute: Box<dyn Fn() -> Result<Tensor>> = match op {
        "softmax" => Box::new(move || ops::softmax_last_dim(&logits)),
        "log-softmax" => Box::new(move || ops::log_softmax(&logits, D::Minus1)),
        "cross-entropy" => Box::new(move || loss::cross_entropy(&logits, &targets)),
        "cross-entropy-fused" => Box::new(move || {
            let loss = loss::cross_entropy(var.as_tensor(), &targets)?;
            Ok(loss.backward()?.get(&var).expect("a gradient").clone())
        }),
        _ => return Ok(None),
    };
    let element = if op == "cross-entropy" {
        0
    } else {
        inputs.probed()
    };
    let compute = std::rc::Rc::new(compute);
    let run = compute.clone();
    Ok(Some(Case {
        run: Box::new(move || drop(run().expect("a result"))),
        probe: Box::new(move || {
            let values = compute().and_then(|tensor| tensor.flatten_all()?.to_vec1::<f32>());
            values.expect("values")[element]
        }),
    }))
}
