// The statistic of a row: its largest finite value, the sum of what each element weighs relative to it, and the
// worst special value met. Two merge into one: max = max(a.max, b.max), sum = a.sum exp(a.max - max) +
// b.sum exp(b.max - max), special = max(a.special, b.special). The empty one, (LOWEST, 0, 0), changes nothing.
// A lane folds elements, lanes merge, and the parts of a row merge: always the maximum first, so that each sum
// is rescaled once.

struct Statistic {
    max: f32,
    sum: f32,
    // The magnitude bits of the worst element: INFINITY for +infinity, above it for NaN, below it for neither.
    special: u32,
}

struct Extremes {
    max: f32,
    special: u32,
}

// NaN or +infinity among the logits, or none but -infinity, unless that is to give zeros: the row has no probabilities.
fn poisoned(statistic: Statistic) -> bool {
    let nothing_left = statistic.sum == 0.0 && params.scaling.zero_empty_rows == 0u;
    return statistic.special >= INFINITY || nothing_left;
}

// 1 / sum, exactly 1 for 1.
fn inverse(sum: f32) -> f32 {
    return select(1.0 / max(sum, 0x1p-126f), 1.0, sum == 1.0);
}

// What is saved of a row for its backward pass: the bits of max and 1 / sum. A row without probabilities has its
// infinite or NaN lse in place of max.
fn pair_of(statistic: Statistic) -> vec2<u32> {
    let pair = bitcast<vec2<u32>>(vec2<f32>(statistic.max, inverse(statistic.sum)));
    return select(pair, vec2<u32>(lse_of(statistic), NAN), vec2<bool>(poisoned(statistic)));
}

fn lse_of(statistic: Statistic) -> u32 {
    if statistic.special >= INFINITY {
        return select(INFINITY, NAN, statistic.special > INFINITY);
    }
    let lse = bitcast<u32>(params.scaling.scale * statistic.max + natural_log(max(statistic.sum, 1.0)));
    return select(lse, NEGATIVE_INFINITY, statistic.sum == 0.0);
}

// ln(sum), from 1 / sum.
fn log_sum_of(inverse_sum: f32) -> f32 {
    return -natural_log(inverse_sum);
}

fn lse_of_pair(pair: vec2<u32>) -> u32 {
    let lse = bitcast<u32>(params.scaling.scale * value_one(pair.x) + log_sum_of(value_one(pair.y)));
    return select(pair.x, lse, finite_one(pair.x));
}

// A sum in which no accumulator takes more than 16 terms before it moves up a level. A term is that of a block.
struct NestedSum {
    terms: Value,
    sixteens: Value,
    blocks: Value,
    stretches: Value,
}

// The count-th term, from 1.
fn add_term(sum: ptr<function, NestedSum>, term: Value, count: u32) {
    (*sum).terms += term;
    if (count & 15u) == 0u {
        (*sum).sixteens += (*sum).terms;
        (*sum).terms = Value();
        if (count & 255u) == 0u {
            (*sum).blocks += (*sum).sixteens;
            (*sum).sixteens = Value();
            if (count & 4095u) == 0u {
                (*sum).stretches += (*sum).blocks;
                (*sum).blocks = Value();
            }
        }
    }
}

fn rescale(sum: ptr<function, NestedSum>, factor: Value) {
    (*sum).terms *= factor;
    (*sum).sixteens *= factor;
    (*sum).blocks *= factor;
    (*sum).stretches *= factor;
}

fn total(sum: NestedSum) -> Value {
    return (sum.terms + sum.sixteens) + (sum.blocks + sum.stretches);
}
