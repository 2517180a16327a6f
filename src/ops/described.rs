//! Plans of rows as dispatches over described memory.

use crate::device::described::{Described, Element, memory_of};
use crate::device::memory::described_scratch;
use crate::device::tensor::{Role, check_roles};
use crate::error::Error;
use crate::ops::plan::{Holds, RowPlan};
use crate::shader::Binding;
use crate::spec::mask::MaskKind;

impl RowPlan {
    /// Describes the dispatches that serve all rows.
    pub(crate) fn described(&self) -> Result<Described, Error> {
        let problem = self.kernels.geometry.problem;
        let (rows, roles) = (problem.rows, self.roles());
        check_roles(&roles, rows, self.kernels.planner.limits().max_buffer_size)?;
        let memory = memory_of(&roles, rows, problem.options.in_place)?;
        let tensors = self.tensors(&memory);
        let steps = self.steps(rows, &tensors, &described_scratch)?;
        let written = |role: &Role| {
            let mut written = tensors.iter().filter(|tensor| tensor.written);
            written.any(|tensor| tensor.binding == role.binding)
        };
        let holds = |role: &Role| (written(role), self.element(role));
        let shape = [rows, problem.cols.into(), problem.inner.into()];
        let given = roles.into_iter().zip(memory.iter().cloned());
        Ok(Described::new(shape, steps, given, holds))
    }

    fn element(&self, role: &Role) -> Element {
        let kind = self.mask().map(|mask| mask.kind());
        let mut operands = self.operands.iter();
        let operand = operands.find(|operand| operand.binding == role.binding);
        match (operand.map(|operand| operand.holds), kind) {
            (Some(Holds::Matrix | Holds::Squares), _) => self.kernels.geometry.problem.dtype.into(),
            (Some(Holds::Records), _) => Element::Words,
            (Some(Holds::ClassId), _) if self.params.loss.id_words == 2 => Element::I64,
            (Some(Holds::ClassId), _) => Element::I32,
            (None, Some(MaskKind::Boolean)) if role.binding == Binding::Mask => Element::U8,
            _ => Element::F32,
        }
    }
}
