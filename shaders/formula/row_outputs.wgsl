// The outputs of a row in addition to its loss, in one buffer: from its saved pair (max, 1/sum) and, where these are tracked,
// (entropy, argmax), from its target, and from the logits of the target and of the candidates.

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(9) var<storage, read_write> lse: array<u32>;
@group(0) @binding(16) var<storage, read> candidates: array<u32>;
@group(0) @binding(17) var<storage, read_write> row_outputs: array<u32>;
@group(0) @binding(18) var<storage, read_write> caller_pairs: array<vec2<u32>>;

// Where the pass over the logits writes over them, or a row is longer than a binding, those that are needed are put
// beforehand where their log-probabilities will stand, and taken from there.
const GATHERS: u32 = 1u;
const GATHERED: u32 = 2u;

struct Row {
    start: u32,
    role: u32,
    class_: u32,
    pair: Pair,
    entropy: u32,
    argmax: u32,
    rows: vec4<u32>, // if MASK_EXCLUDES
}

fn load_saved(loaded: Row, rows: vec4<u32>) -> Row {
    let found = load_target(rows);
    let at = params.grid.bound_row + rows.x;
    var row: Row;
    row.start = start_of(params.grid.source_offset, params.grid.source_stride, rows.x);
    row.rows = rows; // if MASK_EXCLUDES
    row.role = found.role.x;
    row.class_ = found.class_.x;
    row.entropy = NAN;
    row.argmax = NO_COLUMN;
    var pair = pairs[at];
    if params.loss.saved_words != 2u {
        pair = pairs[2u * at];
        let auxiliary = pairs[2u * at + 1u];
        row.entropy = auxiliary.x;
        row.argmax = auxiliary.y;
    }
    row.pair = Pair(vec4<u32>(pair.x), vec4<u32>(pair.y));
    return row;
}

// scale (x - max) - ln(sum), never x - lse: right at logits of 1e8.
fn log_prob_of(row: Row, class_: u32, place: u32) -> u32 {
    if class_ >= params.grid.cols {
        return NAN;
    }
    if params.loss.gathering == GATHERED {
        return log_prob_at(row, row_outputs[place]);
    }
    // Of a row longer than a binding, other dispatches gather the other parts.
    if params.loss.gathering == GATHERS && class_ / params.grid.part_cols != params.grid.first_part {
        return row_outputs[place];
    }
    var logit = load_source_one(element_at(row.start, class_));
    logit = capped(vec4<u32>(logit)).x; // if CAPPED
    logit = select(NEGATIVE_INFINITY, logit, mask_keeps_of(row.rows, vec4<u32>(class_)).x); // if MASK_EXCLUDES
    if params.loss.gathering == GATHERS {
        return logit;
    }
    return log_prob_at(row, logit);
}

fn log_prob_at(row: Row, logit: u32) -> u32 {
    if !is_finite(row.pair.max).x {
        return NAN;
    }
    let bits = vec4<u32>(logit);
    let difference = bounded_shifted(value(bits), value(row.pair.max));
    if !is_finite(bits).x || difference.x < params.scaling.lowest_shifted {
        return NEGATIVE_INFINITY;
    }
    return bitcast<vec4<u32>>(params.scaling.postscale * difference - log_sum_of(row.pair)).x;
}

fn target_log_prob(row: Row, place: u32) -> u32 {
    if row.role == IGNORED {
        return 0u;
    }
    return log_prob_of(row, row.class_, place);
}

// A class id of one word or two; NO_COLUMN where its upper word says that it is out of range.
fn candidate(index: u32) -> u32 {
    let place = index * params.loss.id_words;
    if params.loss.id_words == 2u && candidates[place + 1u] != 0u {
        return NO_COLUMN;
    }
    return candidates[place];
}

fn z_loss_of(row: Row) -> u32 {
    if row.role == IGNORED {
        return 0u;
    }
    if row.role == BAD || !is_finite(row.pair.max).x {
        return NAN;
    }
    let lse = value(lse_of_pair(row.pair));
    return bounded(bitcast<vec4<u32>>(params.loss.z_loss * lse * lse)).x;
}

// The next word of a row, if it is asked for.
fn give(at: ptr<function, u32>, flag: u32, word: u32) {
    if is_asked(flag) {
        row_outputs[*at] = word;
        *at += 1u;
    }
}

// The place after the log-probabilities, which come first.
fn give_log_probs(first: u32, index: u32, row: Row) -> u32 {
    var at = first;
    if is_asked(GIVES_TARGET_LOG_PROB) {
        row_outputs[at] = target_log_prob(row, at);
        at += 1u;
    }
    for (var k = 0u; k < params.loss.candidates; k++) {
        row_outputs[at + k] = log_prob_of(row, candidate(index * params.loss.candidates + k), at + k);
    }
    return at + params.loss.candidates;
}

fn store_row(index: u32, r: u32, row: Row) {
    let bound = params.grid.bound_row + index;
    var at = give_log_probs(bound * params.loss.row_words, bound, row);
    if params.loss.gathering == GATHERS {
        return;
    }
    if is_asked(SAVES_PAIR) {
        caller_pairs[bound] = vec2<u32>(row.pair.max.x, row.pair.inverse_sum.x);
    }
    if is_asked(SAVES_LSE) {
        lse[bound] = lse_of_pair(row.pair).x;
    }
    give(&at, GIVES_ENTROPY, row.entropy);
    give(&at, GIVES_ARGMAX, row.argmax);
    give(&at, GIVES_HIT, u32(row.role == VALID && row.class_ == row.argmax));
    give(&at, GIVES_MAX_PROB, row.pair.inverse_sum.x);
    give(&at, GIVES_Z_LOSS, z_loss_of(row));
}
