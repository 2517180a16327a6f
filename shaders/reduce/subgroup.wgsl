// LANES invocations of one subgroup a row, LANES a power of two no larger than the smallest subgroup. Lanes are
// counted by subgroup, so that any mapping of invocations to subgroups and any subgroup size will do. A butterfly
// adds a + b on one lane and b + a on the other: every lane holds the same bits.

override WORKGROUP: u32;
override LANES: u32;

struct Invocation {
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) subgroup_size: u32,
    @builtin(subgroup_invocation_id) lane: u32,
}

fn locate(invocation: Invocation) -> Place {
    let local = invocation.subgroup * invocation.subgroup_size + invocation.lane;
    return place_of(invocation.workgroup, invocation.workgroups, local);
}

fn merge_extremes(place: Place, mine: Extremes) -> Extremes {
    var merged = mine;
    for (var distance = 1u; distance < LANES; distance <<= 1u) {
        merged.max = max(merged.max, subgroupShuffleXor(merged.max, distance));
        merged.special = max(merged.special, subgroupShuffleXor(merged.special, distance));
    }
    return merged;
}

fn merge_sum(place: Place, mine: f32) -> f32 {
    var merged = mine;
    for (var distance = 1u; distance < LANES; distance <<= 1u) {
        merged += subgroupShuffleXor(merged, distance);
    }
    return merged;
}
