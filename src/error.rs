//! What can go wrong, with what was expected and what was found.

/// Why a plan, a binding or a run was refused.
///
/// Every variant is raised before any work is recorded; nothing is written on an error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A slice does not hold a whole number of rows, or two slices disagree.
    #[error("{what}: expected {expected} elements, found {found}")]
    Length {
        /// The argument, by its name.
        what: &'static str,
        /// The number of elements that the other arguments ask for.
        expected: u64,
        /// The number of elements given.
        found: u64,
    },
    /// A number in a spec is outside its valid range.
    #[error("{what}: expected {expected}, found {found}")]
    Value {
        /// The setting, by its name.
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
    /// Two buffers were given where the result is to lie over what is read.
    #[error("buffers `{first}` and `{second}`: expected the same one twice, in place, found two")]
    Apart {
        /// The role that is read.
        first: &'static str,
        /// The role that is written.
        second: &'static str,
    },
    /// The device cannot serve the shape: a limit stands in the way.
    #[error("{what} needs {needed}, but the device's limit `{limit}` is {available}")]
    Limit {
        /// What was asked for.
        what: String,
        /// The limit, by wgpu's name for it.
        limit: &'static str,
        /// How much of it is needed.
        needed: u64,
        /// How much of it the device has.
        available: u64,
    },
    /// A kernel variant was forced that this device or shape cannot run.
    #[error("kernel {kernel} cannot run here: {reason}")]
    Variant {
        /// The kernel's name.
        kernel: String,
        /// What it lacks.
        reason: String,
    },
    /// No adapter was found, or it gave no device.
    #[error(
        "no usable adapter: {0}. A software adapter will do: install Mesa's lavapipe \
         (Debian, Ubuntu: apt-get install mesa-vulkan-drivers libvulkan1)"
    )]
    NoAdapter(String),
    /// The device is lost: unplugged, reset by its driver, or destroyed by the program. Nothing works on it any more.
    #[error("the device is lost, at {at}: open another one")]
    Lost {
        /// The operation and its size.
        at: String,
    },
    /// The device, or the host for it, has not as much memory as was asked for.
    #[error("out of memory at {at}: free some, or work on fewer rows at a time")]
    OutOfMemory {
        /// The operation and its size.
        at: String,
    },
    /// The device reported an error of its own: of a destroyed buffer, or one of another device, for one.
    #[error("the device failed at {at}: {reason}")]
    Device {
        /// The operation and its size.
        at: String,
        /// The device's own words.
        reason: String,
    },
}
