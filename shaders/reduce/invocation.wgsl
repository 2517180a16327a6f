// One invocation a row: there is nothing to merge.

override WORKGROUP: u32;
const LANES: u32 = 1u;

struct Invocation {
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
}

fn locate(invocation: Invocation) -> Place {
    return place_of(invocation.workgroup, invocation.workgroups, invocation.local);
}

fn merge_extremes(place: Place, mine: Extremes) -> Extremes {
    return mine;
}

fn merge_sum(place: Place, mine: f32) -> f32 {
    return mine;
}
