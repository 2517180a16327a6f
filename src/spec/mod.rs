//! Requests of callers, as plain data.

pub(crate) mod cross_entropy;
pub(crate) mod dtype;
pub(crate) mod layout;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod mask;
pub(crate) mod row_outputs;
pub(crate) mod shards;
pub(crate) mod softmax;
pub(crate) mod target_type;
