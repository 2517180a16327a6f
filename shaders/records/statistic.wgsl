// The statistic of one part of a row as it is kept between two dispatches: the bits of max and sum, and special.

@group(0) @binding(4) var<storage, read_write> partials: array<vec4<u32>>;

fn store_record(index: u32, found: Found) {
    let bits = bitcast<vec2<u32>>(vec2<f32>(found.max, found.sum));
    partials[index] = vec4<u32>(bits, found.special, 0u);
}

fn load_record(index: u32) -> Found {
    let record = partials[index];
    return Statistic(bitcast<f32>(record.x), bitcast<f32>(record.y), record.z);
}
