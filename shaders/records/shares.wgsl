// The statistic of one part of a row as it is kept between two dispatches, and after it what its shares come to: the
// bits of their sum and of the weighted sum of distances, and the faults.

@group(0) @binding(4) var<storage, read_write> partials: array<vec4<u32>>;

const BASIC_RECORD: u32 = 2u;

fn store_basic_record(place: u32, found: BasicFound) {
    let bits = bitcast<vec4<u32>>(vec4<f32>(found.statistic.max, found.totals.weight, found.totals.share, found.totals.distance));
    partials[place] = vec4<u32>(bits.xy, found.statistic.special, 0u);
    partials[place + 1u] = vec4<u32>(bits.zw, found.totals.faults, 0u);
}

fn load_basic_record(place: u32) -> BasicFound {
    let record = partials[place];
    let shares = partials[place + 1u];
    let sum = bitcast<f32>(record.y);
    let totals = BasicTotals(sum, bitcast<f32>(shares.x), bitcast<f32>(shares.y), shares.z);
    return BasicFound(Statistic(bitcast<f32>(record.x), sum, record.z), totals);
}
