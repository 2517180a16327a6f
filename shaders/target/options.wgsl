// What was asked of a cross-entropy, and the mean.

@group(0) @binding(12) var<storage, read> class_weights: array<u32>;

const HAS_IGNORE_INDEX: u32 = 1u;
const MEAN: u32 = 2u;
const SKIPS_LOSS: u32 = 4u;
const SAVES_PAIR: u32 = 8u;
const HAS_WEIGHT: u32 = 16u;
const HAS_UPSTREAM: u32 = 32u;
const UPSTREAM_PER_ROW: u32 = 64u;
const ZERO_VALID: u32 = 128u;
const DIVISORS_GIVEN: u32 = 256u;
const UNSIGNED_IDS: u32 = 512u;
const SAVES_LSE: u32 = 1024u;
const GIVES_TARGET_LOG_PROB: u32 = 2048u;
const GIVES_ENTROPY: u32 = 4096u;
const GIVES_ARGMAX: u32 = 8192u;
const GIVES_HIT: u32 = 16384u;
const GIVES_MAX_PROB: u32 = 32768u;
const GIVES_Z_LOSS: u32 = 65536u;

// What the target of a row is.
struct Target {
    role: u32,
    class_: u32,
    // The bits of its weight.
    weight: u32,
}

const VALID: u32 = 0u;
const IGNORED: u32 = 1u;
const BAD: u32 = 2u;

// What a mean divides by: the cross-entropy by the sum of the targets' weights, the z-loss by the count of valid rows.
struct Divisors {
    weight_sum: u32,
    valid_rows: u32,
}

fn divisors_of(tally: Tally) -> Divisors {
    if (params.loss.flags & DIVISORS_GIVEN) != 0u {
        return Divisors(params.loss.weight_sum, params.loss.valid_rows);
    }
    return Divisors(tally.weight_sum, bitcast<u32>(f32(tally.valid_rows)));
}

// The bits of a / b in a mean: of what divides by 0 the caller has said what it is.
fn quotient(a: u32, b: u32) -> u32 {
    if (a & MAGNITUDE) > INFINITY || (b & MAGNITUDE) > INFINITY {
        return NAN;
    }
    if !finite_one(b) {
        return select(NAN, 0u, finite_one(a));
    }
    if (b & MAGNITUDE) == 0u {
        return select(NAN, 0u, (params.loss.flags & ZERO_VALID) != 0u);
    }
    let infinite = a ^ (b & ~MAGNITUDE);
    return select(infinite, bitcast<u32>(value_one(a) / value_one(b)), finite_one(a));
}

// The bits of a + b, infinite or NaN where they are.
fn plus(a: u32, b: u32) -> u32 {
    if finite_one(a) && finite_one(b) {
        return bitcast<u32>(bitcast<f32>(a) + bitcast<f32>(b));
    }
    if finite_one(a) {
        return b;
    }
    return select(NAN, a, finite_one(b) || a == b);
}

// The bits of a b, infinite or NaN where they are.
fn times(a: u32, b: u32) -> u32 {
    if finite_one(a) && finite_one(b) {
        return bitcast<u32>(bitcast<f32>(a) * bitcast<f32>(b));
    }
    let magnitudes = vec2<u32>(a, b) & vec2<u32>(MAGNITUDE);
    let is_nan = any(magnitudes > vec2<u32>(INFINITY)) || any(magnitudes == vec2<u32>(0u));
    return select(INFINITY | ((a ^ b) & ~MAGNITUDE), NAN, is_nan);
}

// The bits of a number, the largest of its sign in place of an infinite one: so is a z-loss, whose sum with an infinite loss is
// that loss, and what may be multiplied by 0.
fn bounded(bits: u32) -> u32 {
    return select((bits & ~MAGNITUDE) | (LOWEST_BITS & MAGNITUDE), bits, finite_one(bits));
}

fn weight_of(class_: u32) -> u32 {
    if (params.loss.flags & HAS_WEIGHT) == 0u {
        return ONE;
    }
    return class_weights[class_];
}
