// The targets of rows, what was asked of a loss, and arithmetic on bits that are infinite or NaN where they are.
// A PLAIN_LOSS has ids of one word or probabilities, of all classes, and no weights, z-loss, upstream gradient or saved pairs.

@group(0) @binding(5) var<storage, read> target_ids: array<u32>;
@group(0) @binding(12) var<storage, read> class_weights: array<u32>;
@group(0) @binding(21) var<storage, read> row_terms: array<RowTerms>; // if ROW_TERMS

const HAS_IGNORE_INDEX: u32 = 1u; // the class id of ignored rows is given
const MEAN: u32 = 2u; // losses are averaged; the gradient is that of a mean
const SKIPS_LOSS: u32 = 4u; // no loss is written
const SAVES_PAIR: u32 = 8u; // the pairs are written
const HAS_WEIGHT: u32 = 16u; // class weights are given
const HAS_UPSTREAM: u32 = 32u; // an upstream gradient is given
const UPSTREAM_PER_ROW: u32 = 64u; // the upstream gradient has one value a row
const ZERO_VALID: u32 = 128u; // division by 0 in a mean gives 0
const DIVISORS_GIVEN: u32 = 256u; // the divisors of a mean are given
const UNSIGNED_IDS: u32 = 512u; // class ids of one word are unsigned
const SAVES_LSE: u32 = 1024u; // the lse is written with the row outputs
const GIVES_TARGET_LOG_PROB: u32 = 2048u; // the log-probability of the target is a row output
const GIVES_ENTROPY: u32 = 4096u; // the entropy is a row output
const GIVES_ARGMAX: u32 = 8192u; // the class of the largest logit is a row output
const GIVES_HIT: u32 = 16384u; // the hit, 1 where that class is the target, is a row output
const GIVES_MAX_PROB: u32 = 32768u; // the largest probability is a row output
const GIVES_Z_LOSS: u32 = 65536u; // the z-loss is a row output
const HAS_BIAS: u32 = 131072u; // a bias is added to the logits
const HAS_ROW_WEIGHT: u32 = 262144u; // rows have weights
const HAS_COUNTS: u32 = 524288u; // targets were counted before their losses are summed
const HAS_ROW_SCALE: u32 = 1048576u; // rows have scales

// What a binding gives a row besides logits and probabilities, gathered: 1 in place of a number that it does not give.
struct RowTerms { upstream: u32, weight: u32, scale: u32, role: u32, class_: u32 }

fn is_asked(flag: u32) -> bool {
    return (params.loss.flags & flag) != 0u;
}

const VALID: u32 = 0u;
const IGNORED: u32 = 1u;
const BAD: u32 = 2u;

// The role and the class of each row's target.
struct Target { role: vec4<u32>, class_: vec4<u32> } // if !ROW_WEIGHTED
struct Target { role: vec4<u32>, class_: vec4<u32>, row_weight: vec4<u32> } // if ROW_WEIGHTED

// The targets of rows: a class id each, of one word or of two. The ignored id is tested first: it may lie outside the range. With
// probabilities for targets every row counts, and counts once.
fn load_target(rows: vec4<u32>) -> Target {
    return gathered_target(rows); // if ROW_TERMS
    return Target(vec4<u32>(VALID), vec4<u32>(0u)); // if PROBS
    let at = (params.grid.bound_row + rows) * params.loss.id_words;
    let low = per_row(vec4<u32>(target_ids[at.x], target_ids[at.y], target_ids[at.z], target_ids[at.w]));
    var is_ignored = vec4<bool>(is_asked(HAS_IGNORE_INDEX)) & (low == vec4<u32>(params.loss.ignored_low));
    var is_bad = low >= vec4<u32>(params.loss.classes);
    if !PLAIN_LOSS {
        let high = high_words(at, low);
        is_ignored &= high == vec4<u32>(params.loss.ignored_high);
        is_bad |= high != vec4<u32>(0u);
    }
    let role = select(select(vec4<u32>(VALID), vec4<u32>(BAD), is_bad), vec4<u32>(IGNORED), is_ignored);
    return Target(role, select(vec4<u32>(NO_COLUMN), low, role == vec4<u32>(VALID)));
}

fn gathered_target(rows: vec4<u32>) -> Target {
    let at = params.grid.bound_row + rows;
    let role = per_row(vec4<u32>(row_terms[at.x].role, row_terms[at.y].role, row_terms[at.z].role, row_terms[at.w].role));
    let class_ = per_row(vec4<u32>(row_terms[at.x].class_, row_terms[at.y].class_, row_terms[at.z].class_, row_terms[at.w].class_));
    return Target(role, class_, row_weights_of(rows)); // if ROW_WEIGHTED
    return Target(role, class_); // if !ROW_WEIGHTED
}

fn row_upstreams_of(rows: vec4<u32>) -> vec4<u32> {
    let at = params.grid.bound_row + rows;
    return per_row(vec4<u32>(row_terms[at.x].upstream, row_terms[at.y].upstream, row_terms[at.z].upstream, row_terms[at.w].upstream));
}

fn row_weights_of(rows: vec4<u32>) -> vec4<u32> {
    let at = params.grid.bound_row + rows;
    return per_row(vec4<u32>(row_terms[at.x].weight, row_terms[at.y].weight, row_terms[at.z].weight, row_terms[at.w].weight));
}

// The bits of the weight that a row has in a mean.
// The row's own is another factor. // if ROW_WEIGHTED
fn target_weight(found: Target) -> vec4<u32> {
    return vec4<u32>(ONE); // if PROBS
    let is_valid = found.role == vec4<u32>(VALID);
    let weight = per_row(class_weights_at(select(vec4<u32>(0u), found.class_, is_valid)));
    return select(vec4<u32>(0u), weight, is_valid);
}

// The high words of class ids; of ids of one word, what their sign makes of them.
fn high_words(at: vec4<u32>, low: vec4<u32>) -> vec4<u32> {
    if params.loss.id_words == 2u {
        return per_row(vec4<u32>(target_ids[at.x + 1u], target_ids[at.y + 1u], target_ids[at.z + 1u], target_ids[at.w + 1u]));
    }
    let is_negative = vec4<bool>(!is_asked(UNSIGNED_IDS)) & (low > vec4<u32>(MAGNITUDE));
    return select(vec4<u32>(0u), vec4<u32>(~0u), is_negative);
}

fn class_weights_at(classes: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(ONE); // if PLAIN_LOSS
    if !is_asked(HAS_WEIGHT) {
        return vec4<u32>(ONE);
    }
    let c = classes;
    return vec4<u32>(class_weights[c.x], class_weights[c.y], class_weights[c.z], class_weights[c.w]);
}

// The tally of all rows. Counts are exact. The last three are the bits of f32: sums until the record is published, and then loss
// and z_loss are the reduced ones, loss with z_loss in it.
struct Tally {
    valid_rows: u32, bad_targets: u32, first_bad_row: u32, nan_rows: u32, infinite_rows: u32,
    weight_sum: u32, loss: u32, z_loss: u32,
}

// The divisors of a mean: the sum of the targets' weights for the cross-entropy, the count of valid rows for the z-loss.
struct Divisors { weight_sum: u32, valid_rows: u32 }

fn divisors_of(of_all: Tally) -> Divisors {
    return Divisors(params.loss.weight_sum, params.loss.valid_rows); // if PROBS && !ROW_WEIGHTED
    if !PLAIN_LOSS && is_asked(DIVISORS_GIVEN) {
        return Divisors(params.loss.weight_sum, params.loss.valid_rows);
    }
    return Divisors(of_all.weight_sum, bitcast<u32>(f32(of_all.valid_rows)));
}

// a / b in a mean: the caller has said what it is where b is 0.
fn quotient(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let of_numbers = bitcast<vec4<u32>>(value(a) / value(b));
    let infinite = a ^ (b & vec4<u32>(~MAGNITUDE));
    let by_number = select(infinite, of_numbers, is_finite(a));
    let by_zero = select(vec4<u32>(NAN), vec4<u32>(0u), vec4<bool>(is_asked(ZERO_VALID)));
    let by_infinity = select(vec4<u32>(NAN), vec4<u32>(0u), is_finite(a));
    let by_any = select(select(by_number, by_zero, is_zero(b)), by_infinity, !is_finite(b));
    return select(by_any, vec4<u32>(NAN), is_nan(a) | is_nan(b));
}

// a + b.
fn plus(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let of_numbers = bitcast<vec4<u32>>(value(a) + value(b));
    let of_infinities = select(vec4<u32>(NAN), a, is_finite(b) | (a == b));
    let of_number_and_any = select(b, of_numbers, is_finite(b));
    return select(of_infinities, of_number_and_any, is_finite(a));
}

// a b.
fn times(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let of_numbers = bitcast<vec4<u32>>(value(a) * value(b));
    let infinite = vec4<u32>(INFINITY) | ((a ^ b) & vec4<u32>(~MAGNITUDE));
    let of_any = select(infinite, vec4<u32>(NAN), is_nan(a) | is_nan(b) | is_zero(a) | is_zero(b));
    return select(of_any, of_numbers, is_finite(a) & is_finite(b));
}

// The largest number of its sign in place of infinity: so is a z-loss, whose sum with an infinite loss is that loss, and a
// coefficient that may be multiplied by 0.
fn bounded(bits: vec4<u32>) -> vec4<u32> {
    let largest = (bits & vec4<u32>(~MAGNITUDE)) | vec4<u32>(LOWEST_BITS & MAGNITUDE);
    return select(largest, bits, is_finite(bits));
}
