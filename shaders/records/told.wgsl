// A part's record holds its basic sums, and after them the moment and the peak.

fn store_record(index: u32, found: Found) {
    let place = (BASIC_RECORD + 1u) * index;
    store_basic_record(place, found.basic);
    let told = found.told;
    partials[place + BASIC_RECORD] = vec4<u32>(bitcast<u32>(told.moment), told.height, told.column, 0u);
}

fn load_record(index: u32) -> Found {
    let place = (BASIC_RECORD + 1u) * index;
    let told = partials[place + BASIC_RECORD];
    return Found(load_basic_record(place), Told(bitcast<f32>(told.x), told.y, told.z));
}
