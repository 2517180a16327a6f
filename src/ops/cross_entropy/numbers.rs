//! From a spec to kernels: their shape, their code and their numbers.

use std::fmt::Display;

use crate::error::Error;
use crate::ops::plan::sealed;
use crate::shader::loss_flags::{
    DIVISORS_GIVEN, GIVES_ARGMAX, GIVES_ENTROPY, GIVES_HIT, GIVES_MAX_PROB, GIVES_TARGET_LOG_PROB,
    GIVES_Z_LOSS, HAS_IGNORE_INDEX, UNSIGNED_IDS, ZERO_VALID,
};
use crate::shader::params::{Loss, Params, word};
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::{LossOptions, ZeroValid};
use crate::spec::mask::MaskKind;
use crate::spec::target_type::TargetType;
use crate::variant::problem::Geometry;
use crate::variant::{KernelOptions, Masking, Operation, TargetKind};

impl CrossEntropySpec {
    pub(super) fn options(&self) -> KernelOptions {
        let target_kind = match self.targets {
            TargetType::Probs => TargetKind::Probabilities,
            _ if self.loss.label_smoothing > 0.0 => TargetKind::Smoothed,
            _ => TargetKind::OneHot,
        };
        KernelOptions {
            target_kind,
            capped: self.loss.softcap.is_some(),
            ..KernelOptions::default()
        }
    }

    /// Returns true if the spec itself gives the loss options; buffers that are bound may add others.
    fn has_options(&self) -> bool {
        let has_wide_ids = match self.targets {
            TargetType::I64 => true,
            // Negative ids cannot be distinguished from the highest ones.
            TargetType::I32 => self.all_classes > 1 << 31,
            TargetType::U32 | TargetType::Probs => false,
        };
        has_wide_ids || self.loss.z_loss != 0.0 || self.loss.mean_over.is_some() || self.is_shard()
    }

    /// Code options of an operation.
    pub(super) fn options_of(&self, operation: Operation) -> KernelOptions {
        let options = self.options();
        match operation {
            Operation::CrossEntropy | Operation::CrossEntropyFused => {
                let (entropy, argmax) = self.row_outputs.tells();
                KernelOptions {
                    entropy,
                    argmax,
                    loss_options: self.has_options(),
                    ..options
                }
            }
            // Row outputs do not depend on the smoothing of the target distribution.
            Operation::RowOutputs if options.target_kind == TargetKind::Smoothed => KernelOptions {
                target_kind: TargetKind::OneHot,
                ..options
            },
            _ => options,
        }
    }

    /// Code option of the mask: single elements are read beside row outputs.
    fn masking(&self, geometry: &Geometry) -> Masking {
        match (geometry.problem.operation, self.mask) {
            (Operation::RowOutputs, Some(_)) => Masking::Kept,
            _ => geometry.masking(self.mask.as_ref()),
        }
    }

    fn check_mask(&self, operation: Operation) -> Result<(), Error> {
        let Some(mask) = self.mask else {
            return Ok(());
        };
        let refuse = |expected, found: &dyn Display| Err(Error::value("mask", expected, found));
        if mask.kind() != MaskKind::Boolean {
            let expected = "a boolean one for a loss; values can be added to the logits beforehand";
            return refuse(expected, &"an additive one");
        }
        if self.is_shard() || operation == Operation::CrossEntropyFromPairs {
            return refuse(
                "none in a shard of the classes, nor for losses from pairs",
                &"one",
            );
        }
        mask.require_of(self.rows, self.classes)
    }

    pub(super) fn is_shard(&self) -> bool {
        self.first_class > 0 || self.all_classes != self.classes
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |what, expected, found: &dyn Display| Err(Error::value(what, expected, found));
        let LossOptions {
            label_smoothing,
            z_loss,
            ..
        } = self.loss;
        let last = self.first_class.saturating_add(self.classes);
        if last > self.all_classes || self.all_classes > u64::from(u32::MAX) {
            let expected = "a range within all classes, of at most 4,294,967,295";
            let found = format!("{} to {last} of {}", self.first_class, self.all_classes);
            return refuse("classes of a shard", expected, &found);
        }
        if !(0.0..=1.0).contains(&label_smoothing) {
            return refuse("label smoothing", "0 to 1", &label_smoothing);
        }
        if !z_loss.is_finite() {
            return refuse("z-loss", "a finite number", &z_loss);
        }
        let (weight_sum, _) = self.loss.mean_over.unwrap_or_default();
        if !(weight_sum >= 0.0 && weight_sum.is_finite()) {
            return refuse("weight sum of a mean", "finite, 0 or above", &weight_sum);
        }
        self.row_outputs.check(self.targets, self.is_shard())?;
        match (self.targets, self.loss.ignore_index) {
            (TargetType::Probs, Some(ignored)) => {
                let expected = "none where targets are probabilities";
                refuse("ignore index", expected, &ignored)
            }
            _ if self.is_shard() && self.inner != 1 => {
                refuse("inner extent", "1 in a shard of the classes", &self.inner)
            }
            _ if self.is_shard() && self.options().is_dense() => {
                let expected = "class ids without smoothing in a shard of the classes";
                refuse("targets", expected, &self.options())
            }
            _ => Ok(()),
        }
    }

    fn flags(&self) -> u32 {
        let (loss, given) = (&self.loss, &self.row_outputs);
        let can_be = |ignored| self.targets.holds(ignored);
        flags([
            (loss.ignore_index.is_some_and(can_be), HAS_IGNORE_INDEX),
            (loss.zero_valid == ZeroValid::Zero, ZERO_VALID),
            (loss.mean_over.is_some(), DIVISORS_GIVEN),
            (self.targets == TargetType::U32, UNSIGNED_IDS),
            (given.target_log_prob, GIVES_TARGET_LOG_PROB),
            (given.entropy, GIVES_ENTROPY),
            (given.argmax, GIVES_ARGMAX),
            (given.hit, GIVES_HIT),
            (given.max_prob, GIVES_MAX_PROB),
            (given.z_loss, GIVES_Z_LOSS),
        ])
    }

    /// Returns `e / C`, the uniform part of the target distribution; 0 only if the smoothing is 0.
    fn uniform_share(&self) -> f32 {
        let share = f64::from(self.loss.label_smoothing) / self.classes as f64;
        let least = if share > 0.0 { f32::MIN_POSITIVE } else { 0.0 };
        (share as f32).max(least)
    }
}

impl sealed::Spec for CrossEntropySpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        self.check()?;
        self.check_mask(operation)?;
        let from_pairs = operation == Operation::CrossEntropyFromPairs;
        if from_pairs && self.options().is_dense() {
            let expected = "class ids without smoothing for losses from pairs";
            return Err(Error::value("targets", expected, self.options()));
        }
        if from_pairs && self.row_outputs.any() {
            let found = format!("{:?}", self.row_outputs);
            return Err(Error::value(
                "row outputs",
                "none for losses from pairs",
                found,
            ));
        }
        let shape = [self.rows, self.classes, self.inner];
        let geometry = Geometry::new(operation, shape, self.dtype, self.layouts)?;
        let geometry = geometry.options(KernelOptions {
            masking: self.masking(&geometry),
            ..self.options_of(operation)
        });
        // Neither the pass for the loss without its gradient nor that for the row outputs writes a matrix: never in
        // place.
        let apart = matches!(operation, Operation::CrossEntropy | Operation::RowOutputs);
        match self.in_place && !apart {
            true => geometry.in_place(),
            false => Ok(geometry),
        }
    }

    fn params(&self) -> Result<Params, Error> {
        self.check()?;
        let ignored = self.loss.ignore_index.unwrap_or(0).cast_unsigned();
        let (weight_sum, valid_rows) = self.loss.mean_over.unwrap_or_default();
        let read = match self.loss.softcap {
            Some(softcap) => Params::capped(self.loss.scale, softcap)?,
            None => Params::scaled(self.loss.scale)?,
        };
        let loss = Loss {
            flags: self.flags(),
            first_class: word(self.first_class),
            classes: word(self.all_classes),
            id_words: self.targets.words(),
            ignored_low: word(ignored & u64::from(u32::MAX)),
            ignored_high: word(ignored >> 32),
            z_loss: self.loss.z_loss,
            target_share: (1.0 - f64::from(self.loss.label_smoothing)) as f32,
            uniform_share: self.uniform_share(),
            weight_sum: weight_sum.to_bits(),
            valid_rows: (valid_rows as f32).to_bits(),
            row_words: self.row_outputs.layout().words,
            candidates: self.row_outputs.log_probs_of,
            saved_words: self.row_outputs.saved_words(),
            ..read.loss
        };
        let read = self.mask.as_ref().map_or(read, |mask| read.masked(mask));
        Ok(Params { loss, ..read })
    }
}

/// Joins the flags whose condition is true.
pub(super) fn flags<const N: usize>(all: [(bool, u32); N]) -> u32 {
    let set = all.into_iter().filter(|(is_set, _)| *is_set);
    set.fold(0, |flags, (_, flag)| flags | flag)
}
