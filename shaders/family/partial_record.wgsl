// The statistic of one part of a row as it is kept between two dispatches: the bits of max and sum, and special.
// The records of a row lie side by side, in the order in which they merge; a dispatch may write some of them only.

@group(0) @binding(4) var<storage, read_write> partials: array<vec4<u32>>;

fn merge_partials(place: Place, row: u32) -> Statistic {
    let begin = row * params.records + params.first_record;
    var extremes = Extremes(LOWEST, 0u);
    for (var part = place.lane; part < params.records; part += LANES) {
        let partial = partials[begin + part];
        extremes.max = max(extremes.max, bitcast<f32>(partial.x));
        extremes.special = max(extremes.special, partial.z);
    }
    let merged = merge_extremes(place, extremes);
    var sum = 0.0;
    for (var part = place.lane; part < params.records; part += LANES) {
        let partial = partials[begin + part];
        sum += bitcast<f32>(partial.y) * exponential_one(bitcast<f32>(partial.x), merged.max);
    }
    return Statistic(merged.max, merge_sum(place, sum), merged.special);
}
