//! Kernels of a row operation as readable text.

use std::sync::Arc;

use crate::device::kernel_text::{Dispatches, KernelText, Said};
use crate::device::rows::{Planned, RowKernels};
use crate::device::tensor::{Role, Shape, check_roles, shapes_of};
use crate::device::window::Window;
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::variant::Variant;

/// Condition under which a row is served by words.
const TAIL: &str = "for the last row, if its buffer ends amid an access of four";

impl RowKernels {
    /// Returns the kernels that serve all rows of the plan, with these roles for buffers, in the order of their
    /// dispatches.
    pub(crate) fn texts(&self, roles: &[Role], base: Params) -> Result<Vec<KernelText>, Error> {
        check_roles(
            roles,
            self.geometry.problem.rows,
            self.planner.limits().max_buffer_size,
        )?;
        let windows = match self.geometry.problem.rows {
            0 => Vec::new(),
            rows => self.windows(shapes_of(roles), rows)?,
        };
        let shapes: Vec<_> = roles.iter().map(|role| role.shape).collect();
        let whole = (self.variant, self.programs.as_slice());
        let each = |window| self.dispatches(whole, &shapes, window, base);
        let dispatches: Vec<_> = windows.iter().copied().flat_map(each).collect();
        let mut list = self.of_dispatches(self.variant, &dispatches, roles, None)?;
        if let (Some((variant, programs)), Some(last)) = (&self.tail, windows.last()) {
            let (_, last) = last.without_last();
            let dispatches = self.dispatches((*variant, programs), &shapes, last, base);
            list.extend(self.of_dispatches(*variant, &dispatches, roles, Some(TAIL))?);
        }
        Ok(list)
    }

    /// Returns the kernels that serve a window, of which the matrices are bound whole.
    pub(crate) fn texts_of_chunk(
        &self,
        window: Window,
        roles: &[Role],
        base: Params,
    ) -> Result<Vec<KernelText>, Error> {
        let whole = (self.variant, self.programs.as_slice());
        let dispatches = self.dispatches(whole, &[], window, base);
        self.of_dispatches(self.variant, &dispatches, roles, None)
    }

    /// Returns a text for each program of these dispatches, in the order in which they are first dispatched.
    fn of_dispatches(
        &self,
        variant: Variant,
        dispatches: &[Planned<'_>],
        roles: &[Role],
        condition: Option<&'static str>,
    ) -> Result<Vec<KernelText>, Error> {
        let partials = (self.programs.len() > 1).then(|| {
            let bytes = self.partial_bytes();
            Role::new(Binding::Partials, "partials", Shape::PerRow { bytes })
        });
        let roles: Vec<_> = roles.iter().copied().chain(partials).collect();
        let mut list = Vec::new();
        for (index, first) in dispatches.iter().enumerate() {
            let is_same = |other: &&Planned<'_>| Arc::ptr_eq(other.runnable, first.runnable);
            if dispatches[..index].iter().any(|other| is_same(&other)) {
                continue;
            }
            let (mut all, mut params) = (Dispatches::default(), first.params);
            for dispatch in dispatches.iter().filter(is_same) {
                params = dispatch.params;
                all.add(
                    first
                        .runnable
                        .workgroups(first.runnable.slots(&params.grid))?,
                );
                let bound = roles.iter().map(|role| role.binding);
                let window = |binding| dispatch.piece.of_binding(binding, dispatch.window);
                all.windows
                    .extend(bound.map(|binding| (binding, window(binding))));
            }
            let said = Said {
                variant: variant.in_words(),
                reason: self.reason(variant, condition.is_some()),
                condition,
            };
            list.push(KernelText::new(first.runnable, said, &roles, &params, &all));
        }
        Ok(list)
    }

    fn reason(&self, variant: Variant, is_tail: bool) -> String {
        match is_tail {
            true => "Words can be moved wherever they lie.".into(),
            false => self.planner.reason(self.geometry.problem, variant),
        }
    }
}
