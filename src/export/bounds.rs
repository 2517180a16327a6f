//! The bounds of outputs in words, as `check::bounds` has them.

use crate::variant::Operation;

/// Absolute error of an output, by its name; none for an output that has several types, and for the pairs, which only other
/// kernels read.
pub(super) const fn within(operation: Operation, name: &str) -> Option<&'static str> {
    Some(match (operation, name.as_bytes()) {
        (_, b"probs" | b"sink_probs") => {
            "(8 + 2 abs(x - max) + 2 ln N) u p where p >= 1e-30, else 1e-35"
        }
        (_, b"log_probs") => "(8 max(1, abs(w)) + 2 ln N) u, w the log-probability",
        (_, b"lse") => "(8 max(1, abs(max), ln sum) + 2 ln N) u",
        (Operation::LinearCrossEntropy, b"losses") => {
            "that of the logits' losses, and e + ln sum p exp(e) for errors of logits e = (32 + D / 256) u (sum abs(h w) + abs(b)), D \
             features; check::bounds::linear_row_loss has it as code"
        }
        (Operation::LinearCrossEntropy, b"grad_hidden" | b"grad_weight" | b"grad_bias") => {
            "with g the gradients by the logits, dg their bounds and x the other factor of T terms, sum dg abs(x) + (32 + T / 256) u \
             sum (abs(g) + dg) abs(x), and a rounding for each further chunk of rows; check::bounds::linear_gradients has it as code"
        }
        (_, b"losses") => {
            "of a row (8 max(1, abs(w)) + 2 ln N) u, w the target's log-probability; of their mean or sum, the mean or sum of \
             these, and 8 u times that of abs(loss); what options add is in check::bounds"
        }
        (_, b"jacobian") => {
            "b_i abs(d_ij - p_j) + (p_i + b_i) b_j and two roundings, b_i the bound of the probability p_i"
        }
        (Operation::SoftmaxBackward, b"grad_logits") => {
            "u p (4 abs(g) + (8 + 2 ln N) sum p abs(g)) + 1e-37"
        }
        (Operation::LogSoftmaxBackward, b"grad_logits") => {
            "u (2 abs(g) + exp(w) (8 + 2 abs(w) + 2 ln N) sum abs(g))"
        }
        (Operation::LogSumExpBackward, b"grad_logits") => {
            "abs(g) times the bound of the probability, and one rounding"
        }
        (Operation::LogSumExpBackward, b"grad_sinks") => {
            "abs(g) times the bound of the sink's probability, and one rounding"
        }
        (_, b"grad_sinks") => {
            "u p (8 + 2 ln N) A, p the sink's probability, A the sum of p abs(g), or of abs(g) for log-softmax"
        }
        (_, b"grad_logits") => {
            "((10 + 4 abs(w) + 2 ln N) p + 2 at the target) u abs(upstream); what options add is in check::bounds"
        }
        _ => return None,
    })
}
