// loss = scale (max - x_t) + ln(sum), t the target's column; dL/dx = scale g (p - onehot(t)),
// p = exp(scale (x - max)) / sum.
// The upstream gradient g is 1, or 1 over the count of valid rows where the losses are averaged. An ignored row
// has loss and gradient 0 whatever it holds; a row with a bad target, or without probabilities, has NaN. Where the
// target's column lies in another shard of the classes, the loss is 0 here, and the gradient has no one.

@group(0) @binding(6) var<storage, read_write> losses: array<u32>;
@group(0) @binding(7) var<storage, read_write> pairs: array<vec2<u32>>;
@group(0) @binding(8) var<storage, read> tally: array<Tally>;
@group(0) @binding(9) var<storage, read_write> lse: array<u32>;

const SAVES_LSE: u32 = 4u;
const SAVES_PAIR: u32 = 8u;

struct Row {
    max: f32,
    inverse_sum: f32,
    column: u32,
    logit: u32,
    role: u32,
    loss: u32,
    lse: u32,
    pair: vec2<u32>,
    grad_loss: f32,
    poisoned: bool,
}

fn open_row(row: u32, at: Starts) -> Row {
    let id = targets[params.bound_row + row];
    var opened: Row;
    opened.role = role_of(id);
    opened.column = select(NO_COLUMN, column_of(id), opened.role == VALID);
    opened.logit = load_source_one(at.source + select(opened.column, 0u, opened.column == NO_COLUMN));
    opened.grad_loss = 1.0;
    if (params.options & MEAN) != 0u {
        opened.grad_loss = 1.0 / f32(max(tally[0].valid_rows, 1u));
    }
    return opened;
}

fn conclude(opened: Row, statistic: Statistic) -> Row {
    var row = opened;
    row.max = statistic.max;
    row.inverse_sum = inverse(statistic.sum);
    row.poisoned = poisoned(statistic);
    row.lse = lse_of(statistic);
    row.pair = pair_of(statistic);
    row.loss = loss_of(row, natural_log(max(statistic.sum, 1.0)));
    return row;
}

fn loss_of(row: Row, log_sum: f32) -> u32 {
    if row.role == IGNORED {
        return 0u;
    }
    if row.role == BAD || row.poisoned {
        return NAN;
    }
    if row.column == NO_COLUMN {
        return 0u;
    }
    let logit = value_one(row.logit);
    if !live_one(row.logit) || logit < lowest_subtrahend(row.max) {
        return INFINITY;
    }
    return bitcast<u32>(params.scale * (row.max - logit) + log_sum);
}

// The row as a forward pass has saved it.
fn recall(opened: Row, index: u32) -> Row {
    let pair = pairs[params.bound_row + index];
    var row = opened;
    row.max = value_one(pair.x);
    row.inverse_sum = value_one(pair.y);
    row.poisoned = !finite_one(pair.x);
    row.loss = loss_of(row, -natural_log(row.inverse_sum));
    return row;
}

fn report(index: u32, row: Row) {
    losses[params.bound_row + index] = row.loss;
    if (params.options & SAVES_LSE) != 0u {
        lse[params.bound_row + index] = row.lse;
    }
    if (params.options & SAVES_PAIR) != 0u {
        pairs[params.bound_row + index] = row.pair;
    }
}

fn keep(held: Held, weights: vec4<f32>) -> Held {
    return bitcast<vec4<u32>>(weights);
}

fn outcome(kept: Held, column: u32, row: Row) -> vec4<u32> {
    let p = bitcast<vec4<f32>>(kept) * row.inverse_sum;
    let onehot = select(vec4<f32>(0.0), vec4<f32>(1.0), column + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(row.column));
    let gradient = bitcast<vec4<u32>>(params.scale * row.grad_loss * (p - onehot));
    let spoilt = row.role == BAD || row.poisoned;
    return select(select(gradient, vec4<u32>(NAN), vec4<bool>(spoilt)), vec4<u32>(0u), vec4<bool>(row.role == IGNORED));
}
