// The statistic of one part of a row as it is kept between two dispatches: the bits of max and sum, and special.

@group(0) @binding(4) var<storage, read_write> partials: array<vec4<u32>>;

const BASIC_RECORD: u32 = 1u;

fn store_basic_record(place: u32, found: BasicFound) {
    let bits = bitcast<vec2<u32>>(vec2<f32>(found.max, found.sum));
    partials[place] = vec4<u32>(bits, found.special, 0u);
}

fn load_basic_record(place: u32) -> BasicFound {
    let record = partials[place];
    return Statistic(bitcast<f32>(record.x), bitcast<f32>(record.y), record.z);
}
