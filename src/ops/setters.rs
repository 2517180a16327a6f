//! Setters of buffers that may be given or not.

/// Declares them for a type with one lifetime, whose fields of these names are optional buffers.
macro_rules! buffer_setters {
    ($type:ident: $($(#[$doc:meta])* $name:ident,)*) => {
        impl<'a> $type<'a> {
            $($(#[$doc])*
            #[must_use]
            pub const fn $name(self, $name: &'a wgpu::Buffer) -> Self {
                Self {
                    $name: Some($name),
                    ..self
                }
            })*
        }
    };
}
pub(crate) use buffer_setters;
