// The statistic of one part of a row as it is kept between two dispatches, and after it what its shares come to: the
// bits of their sum and of the weighted sum of distances, and the faults.

@group(0) @binding(4) var<storage, read_write> partials: array<vec4<u32>>;

fn store_record(index: u32, found: Found) {
    let bits = bitcast<vec4<u32>>(vec4<f32>(found.statistic.max, found.totals.weight, found.totals.share, found.totals.distance));
    partials[2u * index] = vec4<u32>(bits.xy, found.statistic.special, 0u);
    partials[2u * index + 1u] = vec4<u32>(bits.zw, found.totals.faults, 0u);
}

fn load_record(index: u32) -> Found {
    let record = partials[2u * index];
    let shares = partials[2u * index + 1u];
    let sum = bitcast<f32>(record.y);
    let totals = Totals(sum, bitcast<f32>(shares.x), bitcast<f32>(shares.y), shares.z);
    return Found(Statistic(bitcast<f32>(record.x), sum, record.z), totals);
}
