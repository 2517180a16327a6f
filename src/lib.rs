//! wip
mod caps;
pub mod check;
mod cross_entropy;
mod error;
pub mod gpu;
mod jacobian;
mod kernel;
mod planner;
mod reduction;
pub mod reference;
mod rows;
pub mod shader;
mod softmax;
mod tensor;
pub mod variant;

pub use caps::wanted;
pub use cross_entropy::*;
pub use error::Error;
pub use gpu::{CrossEntropyOutput, CrossEntropyWants, Gpu};
pub use jacobian::{JacobianBuffers, JacobianPlan};
pub use kernel::{Bound, Params};
pub use planner::Planner;
pub use reduction::Reduction;
pub use softmax::*;
pub use wgpu;
