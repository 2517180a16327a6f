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

// t without the class weights.
fn shares_of(x: Cached, column: u32, row: Row) -> Targets {
    var shares: Targets;
    var from_target = vec4<bool>(params.loss.target_share != 0.0);
    if PROBS {
        from_target &= !is_zero(x.probs);
        let q = select(vec4<u32>(0u), x.probs, from_target);
        shares.value = params.loss.target_share * value(q) + params.loss.uniform_share;
        let infinite = select(vec4<u32>(PLUS_BY_TARGET), vec4<u32>(MINUS_BY_TARGET), q > vec4<u32>(MAGNITUDE));
        let special = select(infinite, vec4<u32>(NO_NUMBER), is_nan(q));
        shares.faults = select(special, vec4<u32>(0u), is_finite(q));
    } else {
        from_target &= columns_of(column) == row.column;
        let at_target = params.loss.target_share + params.loss.uniform_share;
        shares.value = select(vec4<f32>(params.loss.uniform_share), vec4<f32>(at_target), from_target);
    }
    shares.used = from_target | vec4<bool>(params.loss.uniform_share != 0.0);
    return shares;
}

fn targets_of(x: Cached, column: u32, row: Row) -> Targets {
    let shares = shares_of(x, column, row);
    return shares; // if PLAIN_LOSS
    let weights = class_weights_at(min(columns_of(column), vec4<u32>(params.grid.cols - 1u)));
    let used = shares.used & !is_zero(weights);
    let t = value(weights) * shares.value;
    let infinite = select(vec4<u32>(PLUS_BY_TARGET), vec4<u32>(MINUS_BY_TARGET), t < vec4<f32>(0.0));
    let is_number = is_finite(weights) & (shares.faults == vec4<u32>(0u));
    let of_numbers = select(infinite, vec4<u32>(0u), is_number);
    let is_none = is_nan(weights) | (shares.faults == vec4<u32>(NO_NUMBER));
    let faults = select(of_numbers, vec4<u32>(NO_NUMBER), is_none);
    return Targets(select(vec4<f32>(0.0), t, used), used, select(vec4<u32>(0u), faults, used));
}

// The row is NaN where a logit is NaN or +infinity, whatever comes of these here.
fn with_target_terms(terms: Terms, x: Cached, column: u32, last: u32, max_: vec4<f32>, row: Row) -> Terms {
    var next = terms;
    let of_target = targets_of(x, column, row);
    let used = of_target.used & inside(column, last);
    next.targets = select(vec4<f32>(0.0), of_target.value, used);
    let weighing = min(x.logits, vec4<u32>(LOWEST_BITS));
    let is_excluded = weighing != x.logits;
    let distances = -next.targets * shifted(bitcast<vec4<f32>>(weighing), max_);
    // A share of 0 hides what may be infinite: the difference of huge scales.
    next.distances = select(vec4<f32>(0.0), distances, used & !is_excluded);
    let infinite = select(vec4<u32>(PLUS_BY_LOGIT), vec4<u32>(MINUS_BY_LOGIT), next.targets < vec4<f32>(0.0));
    let by_logit = select(vec4<u32>(0u), infinite, is_excluded);
    next.faults = select(vec4<u32>(0u), of_target.faults | by_logit, used);
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
