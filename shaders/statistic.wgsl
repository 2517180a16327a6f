// The statistic of a row: its largest value, the sum of its weights relative to that, and the worst special value. Two merge into
// one: max = max(a.max, b.max), sum = a.sum exp(a.max - max) + b.sum exp(b.max - max), special = max(a.special, b.special).
// A lane folds elements, lanes merge, and the parts of a row merge: always the maximum first, so that each sum is rescaled once.
//
// DENSE adds the sums of a target distribution t: of t, and of t (max - x). TRACK_ENTROPY adds the moment, the sum of
// w scale (x - max) over the weights w. TRACK_ARGMAX adds the lowest column that holds the maximum.

// `special` is the magnitude bits of the worst element: INFINITY for +infinity, above it for NaN, below it for neither.
struct Extremes { max: RowF32, special: RowU32 }

struct Statistic {
    max: RowF32,
    special: RowU32,
    sum: RowF32,
    target_sum: RowF32, // if DENSE
    distance: RowF32, // if DENSE
    faults: RowU32, // if DENSE
    moment: RowF32, // if TRACK_ENTROPY
    peak: Peak, // if TRACK_ARGMAX
}

// The terms that one access adds to the sums.
struct Terms {
    weights: vec4<f32>,
    targets: vec4<f32>, // if DENSE
    distances: vec4<f32>, // if DENSE
    faults: vec4<u32>, // if DENSE
    moments: vec4<f32>, // if TRACK_ENTROPY
    peaks: vec4<u32>, // if TRACK_ARGMAX
    argmaxes: vec4<u32>, // if TRACK_ARGMAX
}

// A sum in which no accumulator takes more than 16 terms before it moves up a level.
struct NestedSum { level0: RowF32, level1: RowF32, level2: RowF32, level3: RowF32 }

struct Sums {
    weights: NestedSum,
    targets: NestedSum, // if DENSE
    distances: NestedSum, // if DENSE
    faults: RowU32, // if DENSE
    moments: NestedSum, // if TRACK_ENTROPY
    peak: Peak, // if TRACK_ARGMAX
}

fn terms_of(x: Cached, column: u32, last: u32, max_: vec4<f32>, row: Row) -> Terms {
    var terms: Terms;
    terms.weights = weight_of(x.logits, max_); // if HAS_MAX
    terms.weights = term_of(x); // if !HAS_MAX
    terms = with_target_terms(terms, x, column, last, max_, row); // if DENSE
    terms.moments = moments_of(x.logits, terms.weights, max_); // if TRACK_ENTROPY
    if TRACK_ARGMAX {
        terms.peaks = peaks_of(x.logits);
        terms.argmaxes = columns_of(column);
    }
    return terms;
}

// A logit that weighs nothing has a moment of 0: it is bounded as for its weight.
fn moments_of(logits: vec4<u32>, weights: vec4<f32>, max_: vec4<f32>) -> vec4<f32> {
    let weighing = bitcast<vec4<f32>>(min(logits, vec4<u32>(LOWEST_BITS)));
    let difference = max(shifted(weighing, max_), vec4<f32>(params.scaling.negligible_shifted));
    return weights * (params.scaling.postscale * difference);
}

// Logits in order as unsigned numbers, -0 with 0, for every device to compare exactly, subnormal ones too. None is 0: that is
// where nothing was seen.
fn peaks_of(logits: vec4<u32>) -> vec4<u32> {
    let above = logits | vec4<u32>(~MAGNITUDE);
    let below = vec4<u32>(0u) - logits;
    return select(above, below, logits > vec4<u32>(MAGNITUDE));
}

// The highest logit of a row and its lowest column, a height of 0 where nothing was seen. The first block of a row may be folded
// last: columns are compared.
struct Peak { height: RowU32, column: RowU32 }

fn row_peak(heights: vec4<u32>, columns: vec4<u32>) -> Peak {
    let height = row_max(heights);
    return Peak(height, row_min(select(vec4<u32>(NO_COLUMN), columns, heights == vec4<u32>(height))));
}

fn higher(a: Peak, b: Peak) -> Peak {
    let is_b = (b.height > a.height) | ((b.height == a.height) & (b.column < a.column));
    return Peak(select(a.height, b.height, is_b), select(a.column, b.column, is_b));
}

fn add_terms(a: Terms, b: Terms) -> Terms {
    var terms: Terms;
    terms.weights = a.weights + b.weights;
    if DENSE {
        terms.targets = a.targets + b.targets;
        terms.distances = a.distances + b.distances;
        terms.faults = a.faults | b.faults;
    }
    terms.moments = a.moments + b.moments; // if TRACK_ENTROPY
    if TRACK_ARGMAX {
        let is_b = (b.peaks > a.peaks) | ((b.peaks == a.peaks) & (b.argmaxes < a.argmaxes));
        terms.peaks = select(a.peaks, b.peaks, is_b);
        terms.argmaxes = select(a.argmaxes, b.argmaxes, is_b);
    }
    return terms;
}

// Adds the terms of a block: few blocks, that a row in registers has.
fn add_block(so_far: Statistic, terms: Terms) -> Statistic {
    var s = so_far;
    s.sum += row_sum(terms.weights);
    if DENSE {
        s.target_sum += row_sum(terms.targets);
        s.distance += row_sum(terms.distances);
        s.faults |= row_or(terms.faults);
    }
    s.moment += row_sum(terms.moments); // if TRACK_ENTROPY
    if TRACK_ARGMAX {
        s.peak = higher(s.peak, row_peak(terms.peaks, terms.argmaxes));
    }
    return s;
}

// Adds the terms of the count-th block, from 1.
fn add_nested(sums: Sums, terms: Terms, count: u32) -> Sums {
    var next = sums;
    next.weights = add_term(sums.weights, row_sum(terms.weights), count);
    if DENSE {
        next.targets = add_term(sums.targets, row_sum(terms.targets), count);
        next.distances = add_term(sums.distances, row_sum(terms.distances), count);
        next.faults = sums.faults | row_or(terms.faults);
    }
    next.moments = add_term(sums.moments, row_sum(terms.moments), count); // if TRACK_ENTROPY
    next.peak = higher(sums.peak, row_peak(terms.peaks, terms.argmaxes)); // if TRACK_ARGMAX
    return next;
}

fn add_term(sum: NestedSum, term: RowF32, count: u32) -> NestedSum {
    var next = sum;
    next.level0 += term;
    if (count & 15u) == 0u {
        next.level1 += next.level0;
        next.level0 = RowF32();
        if (count & 255u) == 0u {
            next.level2 += next.level1;
            next.level1 = RowF32();
            if (count & 4095u) == 0u {
                next.level3 += next.level2;
                next.level2 = RowF32();
            }
        }
    }
    return next;
}

fn rescaled(sum: NestedSum, factor: RowF32) -> NestedSum {
    return NestedSum(sum.level0 * factor, sum.level1 * factor, sum.level2 * factor, sum.level3 * factor);
}

fn total(sum: NestedSum) -> RowF32 {
    return (sum.level0 + sum.level1) + (sum.level2 + sum.level3);
}

// The weight of `old` relative to `new_`, and scale (old - new_), down to where it weighs nothing.
fn rescaling(old: RowF32, new_: RowF32) -> RowF32 {
    return row_f32(exp_shifted(vec4<f32>(old), vec4<f32>(new_)));
}

fn depth_of(old: RowF32, new_: RowF32) -> RowF32 {
    let difference = max(shift_between(old, new_), RowF32(params.scaling.negligible_shifted));
    return params.scaling.postscale * difference;
}

fn shift_between(old: RowF32, new_: RowF32) -> RowF32 {
    return row_f32(bounded_shifted(vec4<f32>(old), vec4<f32>(new_)));
}

// Sums relative to `new_` from those relative to `old`. Where the maximum rises by r, exp(-r) (moment - r (sum of weights)) is
// left of a moment, and a distance grows by r (sum of targets).
fn relative_to(sums: Sums, old: RowF32, new_: RowF32) -> Sums {
    var next = sums;
    let factor = rescaling(old, new_);
    next.weights = rescaled(sums.weights, factor);
    if TRACK_ENTROPY {
        let depth = depth_of(old, new_);
        next.moments.level0 += depth * sums.weights.level0;
        next.moments.level1 += depth * sums.weights.level1;
        next.moments.level2 += depth * sums.weights.level2;
        next.moments.level3 += depth * sums.weights.level3;
        next.moments = rescaled(next.moments, factor);
    }
    next.distances.level3 -= total(sums.targets) * shift_between(old, new_); // if DENSE
    return next;
}

fn statistic_of(extremes: Extremes, sums: Sums) -> Statistic {
    var s: Statistic;
    s.max = extremes.max;
    s.special = extremes.special;
    s.sum = total(sums.weights);
    if DENSE {
        s.target_sum = total(sums.targets);
        s.distance = total(sums.distances);
        s.faults = sums.faults;
    }
    s.moment = total(sums.moments); // if TRACK_ENTROPY
    s.peak = sums.peak; // if TRACK_ARGMAX
    return s;
}

// The statistic of a row from those of its lanes, which are relative to one maximum.
fn merge_lanes(place: Place, mine: Statistic) -> Statistic {
    var merged = mine;
    merged.sum = reduce_sum(place, mine.sum);
    if DENSE {
        merged.target_sum = reduce_sum(place, mine.target_sum);
        merged.distance = reduce_sum(place, mine.distance);
        merged.faults = merge_faults(place, mine.faults);
    }
    merged.moment = reduce_sum(place, mine.moment); // if TRACK_ENTROPY
    if TRACK_ARGMAX {
        merged.peak.height = reduce_extremes(place, Extremes(LOWEST, mine.peak.height)).special;
        // Of the lanes at the peak, the lowest column is the largest from the other end.
        let from_end = select(0u, ~mine.peak.column, mine.peak.height == merged.peak.height);
        merged.peak.column = ~reduce_extremes(place, Extremes(LOWEST, from_end)).special;
    }
    return merged;
}

// Rows with NaN or +infinity, and those with nothing left, unless these are to give zeros, have no probabilities.
fn has_no_probs(s: Statistic) -> vec4<bool> {
    let is_empty = (vec4<f32>(s.sum) == vec4<f32>(0.0)) & vec4<bool>(params.scaling.zero_empty_rows == 0u);
    return is_empty | (vec4<u32>(s.special) >= vec4<u32>(INFINITY));
}

fn is_special(s: Statistic) -> vec4<bool> {
    return vec4<u32>(s.special) >= vec4<u32>(INFINITY);
}

// 1 / sum, exactly 1 for 1.
fn inverse(sum: vec4<f32>) -> vec4<f32> {
    return select(1.0 / max(sum, vec4<f32>(0x1p-126f)), vec4<f32>(1.0), sum == vec4<f32>(1.0));
}

fn log_of_sum(s: Statistic) -> vec4<f32> {
    return natural_log(max(vec4<f32>(s.sum), vec4<f32>(1.0)));
}

fn lse_of(s: Statistic) -> vec4<u32> {
    let lse = bitcast<vec4<u32>>(params.scaling.scale * vec4<f32>(s.max) + log_of_sum(s));
    let of_numbers = select(lse, vec4<u32>(NEGATIVE_INFINITY), vec4<f32>(s.sum) == vec4<f32>(0.0));
    let of_special = select(vec4<u32>(INFINITY), vec4<u32>(NAN), vec4<u32>(s.special) > vec4<u32>(INFINITY));
    return select(of_numbers, of_special, is_special(s));
}
