//! burn on wgpu, by its WGSL compiler: operations composed of its tensors' own, which its fusion may join.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::prelude::*;
use burn::tensor::{TensorData, activation};
use peer::{Case, Inputs};
use std::rc::Rc;

fn main() {
    peer::serve(|op, inputs| prepare(op, &inputs));
}

fn prepare(op: &str, inputs: &Inputs) -> Option<Case> {
    let plain = Device::wgpu(Default::default());
    let device = match op {
        "cross-entropy-fused" => plain.clone().autodiff(),
        _ => plain.clone(),
    };
    let (rows, cols) = (inputs.rows, inputs.cols);
    let logits = TensorData::new(inputs.logits.clone(), [rows, cols]);
    let targets = TensorData::new(inputs.targets.clone(), [rows]);
    let logits = Tensor::<2>::from_data(logits, &device);
    let targets = Tensor::<1, Int>::from_data(targets, &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let loss = move |logits: Tensor<2>| loss.forward(logits, targets.clone());
    let compute: Box<dyn Fn() -> Tensor<1>> = match op {
        "softmax" => Box::new(move || activation::softmax(logits.clone(), 1).flatten(0, 1)),
        "log-softmax" => Box::new(move || activation::log_softmax(logits.clone(), 1).flatten(0, 1)),
        "cross-entropy" => Box::new(move || loss(logits.clone())),
        "cross-entropy-fused" => Box::new(move || {
            let logits = logits.clone().detach().require_grad();
            let gradients = loss(logits.clone()).backward();
            logits.grad(&gradients).expect("a gradient").flatten(0, 1)
        }),
        _ => return None,
    };
    let element = if op == "cross-entropy" {
        0
    } else {
        inputs.probed()
    };
    let compute = Rc::new(compute);
    let run = compute.clone();
    Some(Case {
        run: Box::new(move || {
            let _result = run();
            plain.sync().expect("the device works");
        }),
        probe: Box::new(move || {
            let values = compute().into_data().to_vec::<f32>();
            values.expect("values")[element]
        }),
    })
}
