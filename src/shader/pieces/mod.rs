//! Which files a program is joined from.

use std::borrow::Cow;

use super::Program;
use crate::variant::{Operation, Reduce};

/// A file under `shaders/` with its name.
macro_rules! piece {
    ($name:literal) => {
        (
            $name,
            $crate::shader::pieces::text(
                $name,
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $name)),
            ),
        )
    };
}

/// A file as it is.
#[cfg(not(feature = "planted-faults"))]
const fn text(_: &'static str, text: &'static str) -> Cow<'static, str> {
    Cow::Borrowed(text)
}

#[cfg(feature = "planted-faults")]
use super::faults::text;

mod formula;
mod masked;
mod stages;
mod storage;

type Piece = (&'static str, Cow<'static, str>);

impl Program {
    /// The whole WGSL text.
    pub fn wgsl(&self) -> String {
        let mut text = String::new();
        for (name, piece) in self.pieces() {
            text.push_str("// ---- ");
            text.push_str(name);
            text.push('\n');
            text.push_str(&piece);
            text.push('\n');
        }
        text
    }

    fn pieces(&self) -> Vec<Piece> {
        let mut list = vec![
            reduce_piece(self.reduce),
            match self.beside {
                None => piece!("rows/one.wgsl"),
                Some(_) => piece!("rows/four.wgsl"),
            },
            piece!("grid.wgsl"),
            match (self.form.causal, self.operation) {
                (true, _) => piece!("slots/queries.wgsl"),
                (false, Operation::Jacobian) => piece!("slots/some.wgsl"),
                (false, _) => piece!("slots/all.wgsl"),
            },
            piece!("bits.wgsl"),
            piece!("scaled.wgsl"),
            piece!("statistic.wgsl"),
        ];
        if self.stage.is_tally() {
            list.extend(formula::targets(self.form));
            list.push(piece!("tally.wgsl"));
            return list;
        }
        list.extend(storage::of(self));
        list.extend(formula::of(self));
        list.extend(stages::exception(self));
        if !matches!(
            self.operation,
            Operation::LseFromPairs | Operation::RowOutputs
        ) {
            list.extend(masked::limits(self));
        }
        list.push(if self.operation.writes_matrix() {
            piece!("result/stored.wgsl")
        } else {
            piece!("result/none.wgsl")
        });
        list.extend(match self.beside {
            None => stages::one_by_one(self),
            Some(beside) => stages::side_by_side(self, beside),
        });
        list
    }
}

fn reduce_piece(reduce: Reduce) -> Piece {
    match reduce {
        Reduce::Invocation => piece!("reduce/invocation.wgsl"),
        Reduce::Subgroup => piece!("reduce/subgroup.wgsl"),
        Reduce::Workgroup => piece!("reduce/workgroup.wgsl"),
    }
}
