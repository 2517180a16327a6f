//! Every option of cross-entropy on the device: kinds of targets, means, exact zeros, softcap, target weights of all classes,
//! shards.

#![allow(unreachable_pub, reason = "what tests share is as in tests/common")]

mod class_ids;
mod combinations;
mod exact_zeros;
mod families;
mod long_rows;
mod masks;
mod means;
mod places;
mod recordings;
mod refusals;
mod row_scales;
mod row_weights;
mod shards;
mod softcap;
mod spoilt_rows;
