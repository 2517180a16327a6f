//! Errors, with what was expected and what was found.

/// Reason why a plan, a binding or a run was refused.
///
/// Every variant is raised before any work is recorded; nothing is written on an error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A slice does not hold a whole number of rows, or two slices disagree.
    #[error("{what}: expected {expected} elements, found {found}")]
    Length {
        /// Name of the argument.
        what: &'static str,
        /// Number of elements that the other arguments ask for.
        expected: u64,
        /// Number of elements given.
        found: u64,
    },
    /// A number in a spec is outside its valid range.
    #[error("{what}: expected {expected}, found {found}")]
    Value {
        /// Name of the setting.
        what: &'static str,
        /// The valid range in words.
        expected: &'static str,
        /// The value given.
        found: String,
    },
    /// A buffer is too small for the rows that were asked for.
    #[error("buffer `{what}`: expected at least {expected} bytes, found {found}")]
    BufferSize {
        /// The buffer's role.
        what: &'static str,
        /// Bytes needed.
        expected: u64,
        /// Bytes that the buffer has.
        found: u64,
    },
    /// A buffer was created without a usage that its role needs.
    #[error("buffer `{what}`: expected a usage with {expected:?}, found {found:?}")]
    BufferUsage {
        /// The buffer's role.
        what: &'static str,
        /// The usage needed.
        expected: wgpu::BufferUsages,
        /// The usages that the buffer has.
        found: wgpu::BufferUsages,
    },
    /// One buffer was given for two roles of which at least one is written.
    #[error(
        "buffers `{first}` and `{second}`: expected two buffers, found the same one twice \
         (only `in_place()` of a spec puts a result over the first input)"
    )]
    Aliased {
        /// One role.
        first: &'static str,
        /// The other role.
        second: &'static str,
    },
    /// Two buffers were given for a result in place, which lies over its input in one buffer.
    #[error("buffers `{first}` and `{second}`: expected the same one twice, in place, found two")]
    Apart {
        /// The role that is read.
        first: &'static str,
        /// The role that is written.
        second: &'static str,
    },
    /// The device cannot serve the shape: it exceeds a limit.
    #[error("{what} needs {needed}, but the device's limit `{limit}` is {available}")]
    Limit {
        /// The buffer, kernel or shape that exceeds the limit.
        what: String,
        /// The limit, by its name in wgpu.
        limit: &'static str,
        /// Amount needed.
        needed: u64,
        /// Amount that the device has.
        available: u64,
    },
    /// A kernel variant was forced that cannot run on this device or this shape.
    #[error("kernel {kernel} cannot run here: {reason}")]
    Variant {
        /// The kernel's name.
        kernel: String,
        /// The first reason found.
        reason: String,
    },
    /// No tuning was made for the device: kernels that are the fastest elsewhere may be slow here.
    #[error(
        "tuning: expected the {what} {expected:?}, found {found:?}; measure it here by `wgpu-softmax tune`"
    )]
    Tuning {
        /// The fact in which the tuning that comes nearest differs.
        what: &'static str,
        /// The fact of this device.
        expected: String,
        /// The fact of the tuning.
        found: String,
    },
    /// No adapter was found, or it gave no device.
    #[error("no usable adapter: {0}")]
    NoAdapter(String),
    /// The device is lost: unplugged, reset by its driver, or destroyed by the program. Nothing works on it any more.
    #[error("the device is lost, at {at}: open another one")]
    Lost {
        /// The operation and its size.
        at: String,
    },
    /// The device, or the host for it, has less free memory than was asked for.
    #[error("out of memory at {at}: free some, or work on fewer rows at a time")]
    OutOfMemory {
        /// The operation and its size.
        at: String,
    },
    /// The device reported an error of another kind, for example about a destroyed buffer, or one of another device.
    #[error("the device failed at {at}: {reason}")]
    Device {
        /// The operation and its size.
        at: String,
        /// The device's own words.
        reason: String,
    },
}

impl Error {
    /// Makes the error about a value: [`Value`](Self::Value).
    pub(crate) fn value(
        what: &'static str,
        expected: &'static str,
        found: impl std::fmt::Display,
    ) -> Self {
        let found = found.to_string();
        Self::Value {
            what,
            expected,
            found,
        }
    }
}
