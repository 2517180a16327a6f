// A target distribution over all classes: t = w ((1 - e) q + e / C), with q of the target, the label smoothing e and the class
// weight w. A factor of exactly 0 makes a t of exactly 0, whatever the other one is; otherwise NaN makes no number, and infinity
// an infinite t.

// Faults of a loss: infinite of either sign, by a t at a logit of -infinity or by an infinite t, and NaN.
const PLUS_BY_LOGIT: u32 = 1u;
const PLUS_BY_TARGET: u32 = 2u;
const NO_NUMBER: u32 = 4u;
const MINUS_BY_LOGIT: u32 = 8u;
const MINUS_BY_TARGET: u32 = 16u;
const PLUS: u32 = PLUS_BY_LOGIT | PLUS_BY_TARGET;
const MINUS: u32 = MINUS_BY_LOGIT | MINUS_BY_TARGET;

struct Targets { value: vec4<f32>, used: vec4<bool>, faults: vec4<u32> }

fn targets_of(x: Cached, column: u32, row: Row) -> Targets {
    let weights = class_weights_at(min(columns_of(column), vec4<u32>(params.grid.cols - 1u)));
    var probs: vec4<u32>;
    probs = x.probs; // if PROBS
    probs = select(vec4<u32>(0u), vec4<u32>(ONE), columns_of(column) == row.column); // if !PROBS
    let from_target = !is_zero(probs) & vec4<bool>(params.loss.target_share != 0.0);
    let used = !is_zero(weights) & (from_target | vec4<bool>(params.loss.uniform_share != 0.0));
    let q = select(vec4<u32>(0u), probs, from_target);
    let t = value(weights) * (params.loss.target_share * value(q) + params.loss.uniform_share);
    let infinite = select(vec4<u32>(PLUS_BY_TARGET), vec4<u32>(MINUS_BY_TARGET), t < vec4<f32>(0.0));
    let of_numbers = select(infinite, vec4<u32>(0u), is_finite(weights) & is_finite(q));
    let faults = select(of_numbers, vec4<u32>(NO_NUMBER), is_nan(weights) | is_nan(q));
    return Targets(select(vec4<f32>(0.0), t, used), used, select(vec4<u32>(0u), faults, used));
}

fn with_target_terms(terms: Terms, x: Cached, column: u32, last: u32, max_: vec4<f32>, row: Row) -> Terms {
    var next = terms;
    let of_target = targets_of(x, column, row);
    let in_row = inside(column, last);
    next.targets = select(vec4<f32>(0.0), of_target.value, in_row);
    let counts = is_finite(x.logits) & of_target.used;
    next.distances = select(vec4<f32>(0.0), -next.targets * shifted(value(x.logits), max_), counts);
    let infinite = select(vec4<u32>(PLUS_BY_LOGIT), vec4<u32>(MINUS_BY_LOGIT), of_target.value < vec4<f32>(0.0));
    let at_excluded = select(vec4<u32>(0u), infinite, is_negative_infinity(x.logits) & of_target.used);
    next.faults = select(vec4<u32>(0u), of_target.faults | at_excluded, in_row);
    return next;
}

// Maxima merge: of a sign the worst fault remains, and NO_NUMBER hides those that would be infinite.
fn merge_faults(place: Place, mine: u32) -> u32 {
    let merged = reduce_extremes(place, Extremes(f32(mine & (PLUS | NO_NUMBER)), mine & MINUS));
    return u32(merged.max) | merged.special;
}

fn has_fault(s: Statistic, faults: u32) -> vec4<bool> {
    return (vec4<u32>(s.faults) & vec4<u32>(faults)) != vec4<u32>(0u);
}

fn target_sum_of(row: Row, s: Statistic) -> vec4<u32> {
    let faulty = has_fault(s, PLUS_BY_TARGET | MINUS_BY_TARGET | NO_NUMBER);
    return select(bitcast<vec4<u32>>(vec4<f32>(s.target_sum)), vec4<u32>(NAN), faulty);
}

// The sum of t (scale (max - x) + ln(sum)).
fn loss_of(row: Row, s: Statistic, log_sum: vec4<f32>) -> vec4<u32> {
    let is_plus = has_fault(s, PLUS);
    let is_minus = has_fault(s, MINUS);
    let distance = vec4<f32>(s.distance);
    let of_numbers = bitcast<vec4<u32>>(params.scaling.postscale * distance + vec4<f32>(s.target_sum) * log_sum);
    let infinite = select(vec4<u32>(INFINITY), vec4<u32>(NEGATIVE_INFINITY), is_minus);
    let loss = select(of_numbers, infinite, is_plus | is_minus);
    return select(loss, vec4<u32>(NAN), has_fault(s, NO_NUMBER) | (is_plus & is_minus));
}
