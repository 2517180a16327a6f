// loss = sum of t (scale (max - x) + ln(sum)) + L lse^2 over the target distribution t: the target's weight, or as smoothing and
// probabilities have it. dL/dx = S (p (a T + 2 b L lse) - a t), p = exp(scale (x - max)) / sum, T the sum of t; a and b are the
// upstream gradient, divided by what a mean of cross-entropy and z-loss divides by.
// The row's weight is a factor of a and of the cross-entropy; if it is 0, the row is ignored. // if ROW_WEIGHTED
// An ignored row has loss and gradient 0 whatever it holds; a row with a bad target, or without probabilities, has NaN.
// An excluded class has a gradient of 0, target or not; in a row that is NaN, it is NaN. // if MASK_EXCLUDES
// Columns may be those of some classes only, from first_class on: a target beyond them is valid, and has no column and no loss
// here.

@group(0) @binding(6) var<storage, read_write> losses: array<u32>;
@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>; // if FROM_PAIRS
@group(0) @binding(7) var<storage, read_write> pairs: array<vec2<u32>>; // if !FROM_PAIRS && !AUXILIARY
@group(0) @binding(7) var<storage, read_write> pairs: array<vec4<u32>>; // if !FROM_PAIRS && AUXILIARY
@group(0) @binding(13) var<storage, read> grad_losses: array<u32>;
@group(0) @binding(14) var<uniform> tally: Tally;

// The gradient is prob_coeff exp(scale (x - max)) - target_coeff t, of which kept_bits leave nothing in an ignored row.
struct Row {
    rows: vec4<u32>, // if !PLAIN_LOSS
    role: vec4<u32>,
    column: vec4<u32>,
    weight: vec4<u32>, // if !PLAIN_LOSS
    row_weight: vec4<u32>, // if ROW_WEIGHTED
    logit: vec4<u32>, // if !DENSE
    excluded: vec4<bool>, // if MASK_EXCLUDES && !DENSE
    max: vec4<f32>,
    pair: Pair,
    entropy: vec4<u32>, // if AUXILIARY
    argmax: vec4<u32>, // if AUXILIARY
    loss: vec4<u32>,
    z_loss: vec4<u32>, // if !PLAIN_LOSS
    prob_coeff: vec4<f32>,
    target_coeff: vec4<f32>,
    nan_rows: vec4<bool>,
    kept_bits: vec4<u32>,
    column_output: vec4<u32>, // if WRITES_COLUMN
}

fn load_row(rows: vec4<u32>) -> Row {
    let found = load_target(rows);
    var row: Row;
    row.role = found.role;
    row.column = found.class_;
    if !PLAIN_LOSS {
        row.rows = rows;
        row.weight = target_weight(found);
        row.row_weight = found.row_weight; // if ROW_WEIGHTED
        let column = found.class_ - params.loss.first_class;
        let has_column = (found.class_ >= vec4<u32>(params.loss.first_class)) & (column < vec4<u32>(params.grid.cols));
        row.column = select(vec4<u32>(NO_COLUMN), column, has_column);
    }
    row.logit = load_target_logits(rows, row.column); // if !DENSE && !HOLDS_TARGET
    return with_mask(row, rows); // if MASK_EXCLUDES && !DENSE
    return row;
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    var row = loaded;
    row.pair = pair_of(s);
    if TRACK_ENTROPY {
        let entropy = log_of_sum(s) - vec4<f32>(s.moment) * inverse(vec4<f32>(s.sum));
        row.entropy = select(bitcast<vec4<u32>>(max(entropy, vec4<f32>(0.0))), vec4<u32>(NAN), has_no_probs(s));
    }
    row.argmax = select(vec4<u32>(s.peak.column), vec4<u32>(NO_COLUMN), has_no_probs(s)); // if TRACK_ARGMAX
    return with_loss(row, s, log_of_sum(s));
}

fn load_saved(loaded: Row, rows: vec4<u32>) -> Row {
    var row = loaded;
    let at = params.grid.bound_row + rows;
    let a = pairs[at.x];
    let b = pairs[at.y];
    let c = pairs[at.z];
    let d = pairs[at.w];
    row.pair = Pair(per_row(vec4<u32>(a.x, b.x, c.x, d.x)), per_row(vec4<u32>(a.y, b.y, c.y, d.y)));
    return with_loss(row, Statistic(), log_sum_of(row.pair));
}

fn with_loss(concluded: Row, s: Statistic, log_sum: vec4<f32>) -> Row {
    var row = concluded;
    row.max = value(row.pair.max);
    let is_ignored = row.role == vec4<u32>(IGNORED);
    let has_no_loss = (row.role == vec4<u32>(BAD)) | !is_finite(row.pair.max);
    row.loss = select(loss_of(row, s, log_sum), vec4<u32>(NAN), has_no_loss);
    row.loss = times(row.loss, row.row_weight); // if ROW_WEIGHTED
    row.loss = select(row.loss, vec4<u32>(0u), is_ignored);
    row.kept_bits = select(vec4<u32>(~0u), vec4<u32>(0u), is_ignored);
    row.z_loss = select(z_loss_of(row, log_sum), vec4<u32>(0u), has_no_loss | is_ignored); // if !PLAIN_LOSS
    row = with_gradient(row, s, log_sum);
    row.nan_rows |= has_no_loss;
    row.column_output = gradient_at_target(row); // if WRITES_COLUMN
    return row;
}

// Once over all shards: where the target's column is.
fn z_loss_of(row: Row, log_sum: vec4<f32>) -> vec4<u32> {
    let lse = value(bounded(bitcast<vec4<u32>>(params.scaling.scale * row.max + log_sum)));
    let z_loss = bounded(bitcast<vec4<u32>>(params.loss.z_loss * lse * lse));
    return select(z_loss, vec4<u32>(0u), row.column == vec4<u32>(NO_COLUMN));
}

fn with_gradient(concluded: Row, s: Statistic, log_sum: vec4<f32>) -> Row {
    var row = concluded;
    var of_loss = vec4<u32>(ONE);
    of_loss = grad_losses_of(row.rows); // if !PLAIN_LOSS
    var of_z_loss = of_loss; // if !PLAIN_LOSS
    if is_asked(MEAN) {
        let divisors = divisors_of(tally);
        of_z_loss = quotient(of_loss, vec4<u32>(divisors.valid_rows)); // if !PLAIN_LOSS
        of_loss = quotient(of_loss, vec4<u32>(divisors.weight_sum)); // if !PLAIN_LOSS
        of_loss = bitcast<vec4<u32>>(1.0 / value(vec4<u32>(divisors.weight_sum))); // if PLAIN_LOSS
    }
    of_loss = times(of_loss, row.row_weight); // if ROW_WEIGHTED
    let inverse_sum = value(row.pair.inverse_sum);
    row.target_coeff = params.scaling.slope * value(of_loss);
    row.prob_coeff = row.target_coeff * inverse_sum; // if !HAS_TARGET_SUM
    if HAS_TARGET_SUM {
        let target_sum = target_sum_of(row, s);
        row.prob_coeff = row.target_coeff * value(target_sum) * inverse_sum;
        row.nan_rows = !(is_finite(of_loss) & is_finite(target_sum));
    }
    if !PLAIN_LOSS && params.loss.z_loss != 0.0 {
        // The logsumexp last and in two parts: where it is huge, its product is finite for a probability alone.
        let factor = 2.0 * params.scaling.slope * value(of_z_loss) * params.loss.z_loss * inverse_sum;
        let of_max = (factor * params.scaling.postscale) * (params.scaling.prescale * row.max);
        row.prob_coeff += of_max + factor * log_sum;
        row.nan_rows |= !is_finite(of_z_loss);
    }
    // Out of range, it is no infinity: a probability of 0 makes 0 of it. // if HAS_TARGET_SUM
    row.prob_coeff = value(bounded(bitcast<vec4<u32>>(row.prob_coeff))); // if HAS_TARGET_SUM
    return row;
}

// The upstream gradient of the losses.
fn grad_losses_of(rows: vec4<u32>) -> vec4<u32> {
    return row_upstreams_of(rows); // if ROW_TERMS
    if !is_asked(HAS_UPSTREAM) {
        return vec4<u32>(ONE);
    }
    let at = select(vec4<u32>(0u), params.grid.bound_row + rows, vec4<bool>(is_asked(UPSTREAM_PER_ROW)));
    return per_row(vec4<u32>(grad_losses[at.x], grad_losses[at.y], grad_losses[at.z], grad_losses[at.w]));
}

fn store_row(index: u32, r: u32, row: Row) {
    losses[params.grid.bound_row + index] = row.loss[r]; // if PLAIN_LOSS
    store_asked(params.grid.bound_row + index, r, row); // if !PLAIN_LOSS
}

// The pair, and the loss: one word a row, or two where a mean divides the z-losses by something else.
fn store_asked(at: u32, r: u32, row: Row) {
    if !FROM_PAIRS {
        if is_asked(SAVES_PAIR) {
            pairs[at] = vec4<u32>(row.pair.max[r], row.pair.inverse_sum[r], row.entropy[r], row.argmax[r]); // if AUXILIARY
            pairs[at] = vec2<u32>(row.pair.max[r], row.pair.inverse_sum[r]); // if !AUXILIARY
        }
    }
    if is_asked(SKIPS_LOSS) {
        return;
    }
    if params.loss.loss_words == 2u {
        losses[2u * at] = row.loss[r];
        losses[2u * at + 1u] = row.z_loss[r];
    } else {
        losses[at] = plus(row.loss, row.z_loss)[r];
    }
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    var gradient = weights * row.prob_coeff; // if !CAPPED
    // Weighed once more: of a capped logit, it is the logit that stays in registers. // if CAPPED
    var gradient = weight_of(x.logits, row.max) * row.prob_coeff; // if CAPPED
    gradient -= targets_of(x, column, row).value * row.target_coeff; // if DENSE
    gradient = through_cap(x.logits, gradient); // if CAPPED
    gradient = select(vec4<f32>(0.0), gradient, x.kept); // if MASK_EXCLUDES && DENSE
    var bits = set_nan(row.nan_rows, gradient);
    bits = select(bits, row.column_output, columns_of(column) == row.column); // if HOLDS_TARGET
    return bits & row.kept_bits;
}
