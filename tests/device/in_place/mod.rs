//! Results over what they are made of: bit for bit those that lie elsewhere, by every family, and nothing around the rows
//! changed.

mod at;
mod cross_entropy;
mod places;
mod refusals;
mod rows;
