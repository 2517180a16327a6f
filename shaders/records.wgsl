// The statistics of the parts of rows, between two dispatches: RECORD words of 16 bytes each.

@group(0) @binding(4) var<storage, read_write> partials: array<vec4<u32>>;

fn record_index(row: u32, part: u32) -> u32 {
    return params.grid.first_record + row * params.grid.record_row_stride + part * params.grid.record_part_stride;
}

// Stores the statistic of the r-th row.
fn store_record(index: u32, r: u32, s: Statistic) {
    let place = RECORD * index;
    let bits = bitcast<vec2<u32>>(vec2<f32>(vec4<f32>(s.max)[r], vec4<f32>(s.sum)[r]));
    partials[place] = vec4<u32>(bits, vec4<u32>(s.special)[r], 0u);
    if DENSE {
        let sums = bitcast<vec2<u32>>(vec2<f32>(vec4<f32>(s.target_sum)[r], vec4<f32>(s.distance)[r]));
        partials[place + 1u] = vec4<u32>(sums, vec4<u32>(s.faults)[r], 0u);
    }
    if AUXILIARY {
        var words = vec4<u32>();
        words.x = bitcast<u32>(vec4<f32>(s.moment)[r]); // if TRACK_ENTROPY
        words.y = vec4<u32>(s.peak.height)[r]; // if TRACK_ARGMAX
        words.z = vec4<u32>(s.peak.column)[r]; // if TRACK_ARGMAX
        partials[place + RECORD - 1u] = words;
    }
}

// The first three words of 16 bytes of each row.
fn load_words(place: vec4<u32>) -> array<vec4<u32>, 3> {
    let a = partials[place.x];
    let b = partials[place.y];
    let c = partials[place.z];
    let d = partials[place.w];
    return array(vec4<u32>(a.x, b.x, c.x, d.x), vec4<u32>(a.y, b.y, c.y, d.y), vec4<u32>(a.z, b.z, c.z, d.z));
}

// Loads the statistics of rows, an index each.
fn load_record(index: vec4<u32>) -> Statistic {
    let place = RECORD * index;
    let words = load_words(place);
    var s: Statistic;
    s.max = row_f32(bitcast<vec4<f32>>(words[0]));
    s.sum = row_f32(bitcast<vec4<f32>>(words[1]));
    s.special = row_u32(words[2]);
    if DENSE {
        let sums = load_words(place + 1u);
        s.target_sum = row_f32(bitcast<vec4<f32>>(sums[0]));
        s.distance = row_f32(bitcast<vec4<f32>>(sums[1]));
        s.faults = row_u32(sums[2]);
    }
    if AUXILIARY {
        let auxiliary = load_words(place + RECORD - 1u);
        s.moment = row_f32(bitcast<vec4<f32>>(auxiliary[0])); // if TRACK_ENTROPY
        s.peak = Peak(row_u32(auxiliary[1]), row_u32(auxiliary[2])); // if TRACK_ARGMAX
    }
    return s;
}

fn rebased(record: Statistic, max_: f32) -> Statistic {
    var s = record;
    let factor = rescaling(record.max, max_);
    s.sum = record.sum * factor;
    s.distance = record.distance - record.target_sum * shift_between(record.max, max_); // if DENSE
    s.moment = factor * (record.moment + depth_of(record.max, max_) * record.sum); // if TRACK_ENTROPY
    return s;
}

fn add_sums(a: Statistic, b: Statistic) -> Statistic {
    var s = a;
    s.sum = a.sum + b.sum;
    if DENSE {
        s.target_sum = a.target_sum + b.target_sum;
        s.distance = a.distance + b.distance;
        s.faults = a.faults | b.faults;
    }
    s.moment = a.moment + b.moment; // if TRACK_ENTROPY
    s.peak = higher(a.peak, b.peak); // if TRACK_ARGMAX
    return s;
}

// The records of a row merge in the order of its parts; a dispatch may write some of them only.
fn merge_records(place: Place, row: u32) -> Statistic {
    var extremes = Extremes(LOWEST, 0u);
    for (var part = place.lane; part < params.grid.records; part += LANES) {
        let record = load_record(vec4<u32>(record_index(row, part)));
        extremes.max = max(extremes.max, record.max);
        extremes.special = max(extremes.special, record.special);
    }
    extremes = reduce_extremes(place, extremes); // if MERGES_LANES
    // Sixteen records of a lane make one sum, sixteen such sums one, and so do sixteen of those.
    // Made zero in words: naga 29 makes a variable in a loop zero only once, where nothing is assigned to it.
    var sums: Statistic;
    for (var outer = place.lane; outer < params.grid.records; outer += 256u * LANES) {
        var outer_sums = Statistic();
        for (var inner = outer; inner < min(outer + 256u * LANES, params.grid.records); inner += 16u * LANES) {
            var inner_sums = Statistic();
            for (var part = inner; part < min(inner + 16u * LANES, params.grid.records); part += LANES) {
                let record = load_record(vec4<u32>(record_index(row, part)));
                inner_sums = add_sums(inner_sums, rebased(record, extremes.max)); // if HAS_MAX
                inner_sums = add_sums(inner_sums, record); // if !HAS_MAX
            }
            outer_sums = add_sums(outer_sums, inner_sums);
        }
        sums = add_sums(sums, outer_sums);
    }
    sums = merge_lanes(place, sums); // if MERGES_LANES
    sums.max = extremes.max;
    sums.special = extremes.special;
    return sums;
}
