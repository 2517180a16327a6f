// LANES lanes a row, a power of two. SHUFFLED of them, all or as many as the smallest subgroup has, merge by a butterfly of
// shuffles: it adds a + b on one lane and b + a on the other, so every lane holds the same bits. HYBRID rows have more lanes:
// one value of each SHUFFLED lanes goes through workgroup memory. A lane then reads those of SERIES times as many lanes, one
// after the other, and a butterfly of TOGETHER lanes merges the rest. The first barrier lets the readers of an earlier merge
// finish. Slots past the end take part: no barrier stands in divergent flow.

var<workgroup> shared_extremes: array<vec2<u32>, SHARED>;
var<workgroup> shared_sums: array<f32, SHARED>;

// The first of the values that a lane reads.
fn first_shared(place: Place) -> u32 {
    return (place.local - place.lane) / SHUFFLED + place.lane % TOGETHER;
}

fn reduce_extremes(place: Place, mine: Extremes) -> Extremes {
    var merged = mine;
    for (var step = 0u; step < SHUFFLED_STEPS; step++) { // unrolled
        merged.max = max(merged.max, subgroupShuffleXor(merged.max, 1u << step));
        merged.special = max(merged.special, subgroupShuffleXor(merged.special, 1u << step));
    }
    if HYBRID {
        workgroupBarrier();
        if place.local % SHUFFLED == 0u {
            shared_extremes[place.local / SHUFFLED] = vec2<u32>(bitcast<u32>(merged.max), merged.special);
        }
        workgroupBarrier();
        let first = first_shared(place);
        for (var i = 0u; i < SERIES; i++) { // unrolled
            let other = shared_extremes[first + i * TOGETHER];
            merged = Extremes(max(merged.max, bitcast<f32>(other.x)), max(merged.special, other.y));
        }
        for (var step = 0u; step < TOGETHER_STEPS; step++) { // unrolled
            merged.max = max(merged.max, subgroupShuffleXor(merged.max, 1u << step));
            merged.special = max(merged.special, subgroupShuffleXor(merged.special, 1u << step));
        }
    }
    return merged;
}

fn reduce_sum(place: Place, mine: f32) -> f32 {
    var merged = mine;
    for (var step = 0u; step < SHUFFLED_STEPS; step++) { // unrolled
        merged += subgroupShuffleXor(merged, 1u << step);
    }
    if HYBRID {
        workgroupBarrier();
        if place.local % SHUFFLED == 0u {
            shared_sums[place.local / SHUFFLED] = merged;
        }
        workgroupBarrier();
        let first = first_shared(place);
        merged = 0.0;
        for (var i = 0u; i < SERIES; i++) { // unrolled
            merged += shared_sums[first + i * TOGETHER];
        }
        for (var step = 0u; step < TOGETHER_STEPS; step++) { // unrolled
            merged += subgroupShuffleXor(merged, 1u << step);
        }
    }
    return merged;
}
