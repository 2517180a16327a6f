// LANES invocations of one subgroup a row, LANES a power of two no larger than the smallest subgroup. A butterfly adds a + b on
// one lane and b + a on the other: every lane holds the same bits.

fn reduce_extremes(place: Place, mine: Extremes) -> Extremes {
    var merged = mine;
    for (var distance = 1u; distance < LANES; distance <<= 1u) {
        merged.max = max(merged.max, subgroupShuffleXor(merged.max, distance));
        merged.special = max(merged.special, subgroupShuffleXor(merged.special, distance));
    }
    return merged;
}

fn reduce_sum(place: Place, mine: f32) -> f32 {
    var merged = mine;
    for (var distance = 1u; distance < LANES; distance <<= 1u) {
        merged += subgroupShuffleXor(merged, distance);
    }
    return merged;
}
