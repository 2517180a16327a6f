// loss = sum of t (scale (max - x) + ln(sum)) + L lse^2 over the classes, t the share of each: the target's weight, or as
// smoothing and probabilities have it. dL/dx = S (p (a T + 2 b L lse) - a t), p = exp(scale (x - max)) / sum, T the sum
// of the shares; a and b are the upstream gradient, divided by what a mean of cross-entropy and z-loss divides by.
// An ignored row has loss and gradient 0 whatever it holds; a row with a bad target, or without probabilities, has NaN.
// Where the target's column lies in another shard of the classes, the loss is 0 here.

@group(0) @binding(6) var<storage, read_write> losses: array<u32>;
@group(0) @binding(14) var<uniform> tally: Tally;
@group(0) @binding(13) var<storage, read> grad_losses: array<u32>;

struct Row {
    index: u32,
    role: u32,
    column: u32,
    logit: u32,
    weight: u32,
    max: f32,
    inverse_sum: f32,
    saved: Saved,
    loss: u32,
    z_loss: u32,
    // The gradient is p pull - t push, and p pull the weight times this.
    pull_of_weight: f32,
    push: f32,
    spoilt: bool,
}

// Columns may be those of some classes only, from first_class on: the others' targets are valid, and have no column.
// What is written of the rows of an access.
struct Rows {
    column: Bits,
    max: Value,
    pull_of_weight: Value,
    push: Value,
    exceptional: Bits,
    spoilt: Truth,
    ignored: Truth,
}

fn beside(rows: Rows, r: u32, row: Row) -> Rows {
    return Rows(
        with_bits_of_row(rows.column, r, row.column),
        with_row(rows.max, r, row.max),
        with_row(rows.pull_of_weight, r, row.pull_of_weight),
        with_row(rows.push, r, row.push),
        with_bits_of_row(rows.exceptional, r, exceptional(row)),
        with_truth_of_row(rows.spoilt, r, row.spoilt),
        with_truth_of_row(rows.ignored, r, row.role == IGNORED),
    );
}

fn column_of(class_: u32) -> u32 {
    let column = class_ - params.loss.first_class;
    return select(NO_COLUMN, column, class_ >= params.loss.first_class && column < params.grid.cols);
}

fn open_row(row: u32, at: Starts) -> Row {
    let found = target_of(row);
    var opened: Row;
    opened.index = row;
    opened.role = found.role;
    opened.column = column_of(found.class_);
    opened.weight = found.weight;
    return read_target(opened, at);
}

fn conclude(opened: Row, found: Found) -> Row {
    let statistic = statistic_of(found);
    return settled(opened, found, saved_of(found), natural_log(max(statistic.sum, 1.0)));
}

fn settled(opened: Row, found: Found, saved: Saved, log_sum: f32) -> Row {
    var row = opened;
    row.max = value_one(saved.x);
    row.inverse_sum = value_one(saved.y);
    row.saved = saved;
    if row.role == IGNORED {
        return row;
    }
    if row.role == BAD || !finite_one(saved.x) {
        row.loss = NAN;
        row.spoilt = true;
        return row;
    }
    row.loss = surprise(row, found, log_sum);
    row.z_loss = z_loss_of(row, log_sum);
    return with_gradient(row, share_sum(row, found), log_sum);
}

// Once over all shards: where the target's column is.
fn z_loss_of(row: Row, log_sum: f32) -> u32 {
    let lse = bitcast<f32>(bounded(bitcast<u32>(params.scaling.scale * row.max + log_sum)));
    return select(bounded(bitcast<u32>(params.loss.z_loss * lse * lse)), 0u, row.column == NO_COLUMN);
}

fn with_gradient(settled_row: Row, share_sum: u32, log_sum: f32) -> Row {
    var row = settled_row;
    let g = grad_loss_of(row.index);
    var a = g;
    var b = g;
    if (params.loss.flags & MEAN) != 0u {
        let divisors = divisors_of(tally);
        a = quotient(g, divisors.weight_sum);
        b = quotient(g, divisors.valid_rows);
    }
    row.push = params.scaling.slope * value_one(a);
    row.pull_of_weight = row.push * value_one(share_sum) * row.inverse_sum;
    row.spoilt = !(finite_one(a) && finite_one(share_sum));
    if params.loss.z_loss != 0.0 {
        // The logsumexp last and in two parts: where it is huge, its product is finite for a probability alone.
        let factor = 2.0 * params.scaling.slope * value_one(b) * params.loss.z_loss * row.inverse_sum;
        let of_max = (factor * params.scaling.postscale) * (params.scaling.prescale * row.max);
        row.pull_of_weight += of_max + factor * log_sum;
        row.spoilt = row.spoilt || !finite_one(b);
    }
    // Out of range, it is no infinity: a probability of 0 makes 0 of it.
    row.pull_of_weight = bitcast<f32>(bounded(bitcast<u32>(row.pull_of_weight)));
    return row;
}

// The bits of the upstream gradient of a row's loss.
fn grad_loss_of(index: u32) -> u32 {
    if (params.loss.flags & HAS_UPSTREAM) == 0u {
        return ONE;
    }
    return grad_losses[select(0u, params.grid.bound_row + index, (params.loss.flags & UPSTREAM_PER_ROW) != 0u)];
}

// One word a row, or two where a mean divides the z-losses by something else.
fn report(index: u32, row: Row) {
    save(index, row.saved);
    if (params.loss.flags & SKIPS_LOSS) != 0u {
        return;
    }
    let place = (params.grid.bound_row + index) * params.loss.loss_words;
    if params.loss.loss_words == 2u {
        losses[place] = row.loss;
        losses[place + 1u] = row.z_loss;
    } else {
        losses[place] = plus(row.loss, row.z_loss);
    }
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return keep_weights(held, weights);
}

fn outcome(kept: Held, column: u32, rows: Rows) -> vec4<u32> {
    let logits = logits_of(kept);
    let pulled = weights_kept(logits, rows.max) * rows.pull_of_weight;
    let gradient = sloped(logits, pushed(pulled, kept, column, rows));
    return spoil(rows.spoilt, gradient) & select(vec4<u32>(~0u), vec4<u32>(0u), vec4<bool>(rows.ignored));
}
