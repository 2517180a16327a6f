// What is given of a row beside its loss, in one buffer: from what is saved of it, which is the pair (max, 1/sum) and, where
// the peak or the moment was told, (entropy, peak), from its target, and from the logits of the target and of the candidates.

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(9) var<storage, read_write> lse: array<u32>;
@group(0) @binding(16) var<storage, read> candidates: array<u32>;
@group(0) @binding(17) var<storage, read_write> row_outputs: array<u32>;
@group(0) @binding(18) var<storage, read_write> caller_pairs: array<vec2<u32>>;

// Where the pass over the logits writes over them, or a row is longer than a binding, those that are needed are put
// beforehand where their log-probabilities will stand, and taken from there.
const GATHERS: u32 = 1u;
const GATHERED: u32 = 2u;

alias Starts = u32;

struct Row {
    start: Starts,
    found: Target,
    pair: vec2<u32>,
    entropy: u32,
    peak: u32,
}

fn starts(row: u32) -> Starts {
    return start_of(params.grid.source_offset, params.grid.source_stride, row);
}

fn open_row(row: u32, at: Starts) -> Row {
    return Row(at, target_of(row), vec2<u32>(NAN), NAN, NO_COLUMN);
}

fn recall(opened: Row, index: u32) -> Row {
    var row = opened;
    let place = params.grid.bound_row + index;
    if params.loss.saved_words == 2u {
        row.pair = pairs[place];
        return row;
    }
    let told = pairs[2u * place + 1u];
    row.pair = pairs[2u * place];
    row.entropy = told.x;
    row.peak = told.y;
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
    let logit = read_logit(load_source_one(element_at(row.start, class_)));
    if params.loss.gathering == GATHERS {
        return logit;
    }
    return log_prob_at(row, logit);
}

fn log_prob_at(row: Row, logit: u32) -> u32 {
    if !finite_one(row.pair.x) {
        return NAN;
    }
    let rise = rise_of_one(value_one(logit), value_one(row.pair.x));
    if !finite_one(logit) || rise < params.scaling.lowest_shifted {
        return NEGATIVE_INFINITY;
    }
    return bitcast<u32>(params.scaling.postscale * rise - log_sum_of(value_one(row.pair.y)));
}

fn target_log_prob(row: Row, place: u32) -> u32 {
    if row.found.role == IGNORED {
        return 0u;
    }
    return log_prob_of(row, row.found.class_, place);
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
    if row.found.role == IGNORED {
        return 0u;
    }
    if row.found.role == BAD || !finite_one(row.pair.x) {
        return NAN;
    }
    let lse = value_one(lse_of_pair(row.pair));
    return bounded(bitcast<u32>(params.loss.z_loss * lse * lse));
}

// The next word of a row, if it is wanted.
fn give(at: ptr<function, u32>, wanted: u32, word: u32) {
    if (params.loss.flags & wanted) != 0u {
        row_outputs[*at] = word;
        *at += 1u;
    }
}

// The place after the log-probabilities, which come first.
fn give_log_probs(first: u32, place: u32, row: Row) -> u32 {
    var at = first;
    if (params.loss.flags & GIVES_TARGET_LOG_PROB) != 0u {
        row_outputs[at] = target_log_prob(row, at);
        at += 1u;
    }
    for (var k = 0u; k < params.loss.candidates; k++) {
        row_outputs[at + k] = log_prob_of(row, candidate(place * params.loss.candidates + k), at + k);
    }
    return at + params.loss.candidates;
}

fn report(index: u32, row: Row) {
    let place = params.grid.bound_row + index;
    var at = give_log_probs(place * params.loss.row_words, place, row);
    if params.loss.gathering == GATHERS {
        return;
    }
    if (params.loss.flags & SAVES_PAIR) != 0u {
        caller_pairs[place] = row.pair;
    }
    if (params.loss.flags & SAVES_LSE) != 0u {
        lse[place] = lse_of_pair(row.pair);
    }
    give(&at, GIVES_ENTROPY, row.entropy);
    give(&at, GIVES_ARGMAX, row.peak);
    give(&at, GIVES_HIT, u32(row.found.role == VALID && row.found.class_ == row.peak));
    give(&at, GIVES_MAX_PROB, row.pair.y);
    give(&at, GIVES_Z_LOSS, z_loss_of(row));
}
