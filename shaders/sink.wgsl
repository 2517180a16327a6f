// A sink is a logit k of a row that has no column: neither scaled nor masked, it takes its part of the denominator.
//     p = exp(scale x - m) / (sum of exp(scale x - m) + exp(k - m)), m = max(scale max, k)
// Weights stay relative to the maximum of the columns: where the sink is above it, they and their sum fall.

@group(0) @binding(23) var<storage, read> sinks: array<u32>;
@group(0) @binding(23) var<storage, read> sink_probs: array<u32>;
@group(0) @binding(24) var<storage, read_write> sink_outputs: array<u32>;

// Distances to a sink are told in parts of 1/8: so is that of any two finite numbers finite.
const PART: f32 = 0.125;
const PARTS: f32 = 8.0;

// A row with its sink: the statistic, relative to the higher of the two, how far the sink is above the maximum, and its weight.
struct Sunk { statistic: Statistic, above: vec4<f32>, weight: vec4<f32> }

fn load_sinks(rows: vec4<u32>) -> vec4<u32> {
    let at = (params.grid.tensor_row + rows) / params.scaling.sink_queries % params.scaling.sinks;
    return per_row(vec4<u32>(sinks[at.x], sinks[at.y], sinks[at.z], sinks[at.w]));
}

fn load_sink_probs(rows: vec4<u32>) -> vec4<u32> {
    let at = params.grid.bound_row + rows;
    return per_row(vec4<u32>(sink_probs[at.x], sink_probs[at.y], sink_probs[at.z], sink_probs[at.w]));
}

fn store_sink(index: u32, bits: u32) {
    if params.scaling.stores_sinks != 0u {
        sink_outputs[params.grid.bound_row + index] = bits;
    }
}

// Of a product out of range, twice the largest number will do.
fn above_max(sink: vec4<f32>, max_: vec4<f32>) -> vec4<f32> {
    let most = -0.5 * params.scaling.lowest_shifted;
    let height = clamp(PART * params.scaling.prescale * max_, vec4<f32>(-most), vec4<f32>(most));
    return fma(vec4<f32>(-params.scaling.postscale), height, PART * sink);
}

// exp of a distance that is not above 0, as in exp_shifted.
fn exp_parts(distance: vec4<f32>) -> vec4<f32> {
    let at_least = max(distance, vec4<f32>(-26.0));
    return exp2(fma(vec4<f32>(PARTS * LOG2_E_HIGH), at_least, PARTS * LOG2_E_LOW * distance));
}

fn with_sink(s: Statistic, sink: vec4<u32>) -> Sunk {
    let adds_nothing = is_negative_infinity(sink);
    var above = above_max(value(sink), vec4<f32>(s.max));
    // With nothing left of the row, the sink is the maximum.
    above = select(above, vec4<f32>(0.0), vec4<f32>(s.sum) == vec4<f32>(0.0));
    above = select(above, vec4<f32>(PART * LOWEST), adds_nothing);
    let special = select(sink & vec4<u32>(MAGNITUDE), vec4<u32>(0u), adds_nothing);
    var sunk = Sunk(s, above, exp_parts(min(above, vec4<f32>(0.0))));
    sunk.statistic.sum = row_f32(fall_of(sunk) * vec4<f32>(s.sum) + sunk.weight);
    sunk.statistic.special = row_u32(max(vec4<u32>(s.special), special));
    return sunk;
}

// What is left of weights that are relative to the maximum: exactly 1 if the sink is not above it.
fn fall_of(sunk: Sunk) -> vec4<f32> {
    return exp_parts(-max(sunk.above, vec4<f32>(0.0)));
}

// The factor of such weights that makes probabilities of them.
fn share_of(sunk: Sunk) -> vec4<f32> {
    return fall_of(sunk) * inverse(vec4<f32>(sunk.statistic.sum));
}

fn sink_prob_of(sunk: Sunk) -> vec4<f32> {
    return sunk.weight * inverse(vec4<f32>(sunk.statistic.sum));
}

// lse - scale max, in parts.
fn log_sum_with(sunk: Sunk) -> vec4<f32> {
    return max(sunk.above, vec4<f32>(0.0)) + PART * log_of_sum(sunk.statistic);
}

fn lse_with(sunk: Sunk, sink: vec4<u32>) -> vec4<u32> {
    let from_sink = bitcast<vec4<u32>>(value(sink) + log_of_sum(sunk.statistic));
    let is_higher = (sunk.above >= vec4<f32>(0.0)) & !is_special(sunk.statistic);
    return select(lse_of(sunk.statistic), from_sink, is_higher);
}
