//! Tests that need no device: the reference, the bounds, the check's own tools, the choice of kernels, and their text.

#[path = "../common/sweep.rs"]
mod sweep;

mod check_bounds;
mod check_bounds_linear;
mod check_bounds_options;
mod check_compare;
mod check_inputs;
mod choose;
mod dtype;
mod kernel_texts;
mod layers;
mod mask;
mod numbers;
mod printed;
mod reference;
mod reference_options;
mod specs;
mod variants;
