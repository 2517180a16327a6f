// The pair of a row, saved for what follows: the bits of max and of 1 / sum. A row without probabilities has its infinite or NaN
// lse in place of max.

struct Pair { max: vec4<u32>, inverse_sum: vec4<u32> }

fn pair_of(s: Statistic) -> Pair {
    let no_probs = has_no_probs(s);
    let inverse_sum = bitcast<vec4<u32>>(inverse(vec4<f32>(s.sum)));
    return Pair(
        select(bitcast<vec4<u32>>(vec4<f32>(s.max)), lse_of(s), no_probs), // if !PLAIN_LOSS
        select(bitcast<vec4<u32>>(vec4<f32>(s.max)), vec4<u32>(NAN), no_probs), // if PLAIN_LOSS
        select(inverse_sum, vec4<u32>(NAN), no_probs),
    );
}

// ln(sum).
fn log_sum_of(pair: Pair) -> vec4<f32> {
    return -natural_log(value(pair.inverse_sum));
}

fn lse_of_pair(pair: Pair) -> vec4<u32> {
    let lse = bitcast<vec4<u32>>(params.scaling.scale * value(pair.max) + log_sum_of(pair));
    return select(pair.max, lse, is_finite(pair.max));
}

// A row by its number, whose pair is saved.
fn known_row(index: u32) -> Row {
    var row: Row;
    row = load_row(vec4<u32>(index)); // if LOADS_ROW
    return load_saved(row, vec4<u32>(index));
}
