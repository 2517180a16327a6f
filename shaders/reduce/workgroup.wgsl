// LANES invocations of one workgroup a row, without subgroups, LANES a power of two. In each round a lane reads
// the values of up to sixteen lanes, in the same order as the others of that sixteen, so all hold the same bits:
// two rounds serve 256 lanes. The first barrier of a round lets the readers of the round before it finish, the
// second lets the writers of this one finish. Dead slots take part: no barrier stands in divergent flow.

override WORKGROUP: u32;
override LANES: u32;

const FAN: u32 = 16u;

var<workgroup> shared_max: array<f32, WORKGROUP>;
var<workgroup> shared_special: array<u32, WORKGROUP>;
var<workgroup> shared_sum: array<f32, WORKGROUP>;

struct Invocation {
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
}

fn locate(invocation: Invocation) -> Place {
    return place_of(invocation.workgroup, invocation.workgroups, invocation.local);
}

// The lowest lane of those whose values are merged in the round in which equal values stand `span` lanes wide.
fn round_start(local: u32, span: u32, fan: u32) -> u32 {
    return local - local % (span * fan) + local % span;
}

fn merge_extremes(place: Place, mine: Extremes) -> Extremes {
    var merged = mine;
    for (var span = 1u; span < LANES; span *= FAN) {
        workgroupBarrier();
        shared_max[place.local] = merged.max;
        shared_special[place.local] = merged.special;
        workgroupBarrier();
        let fan = min(FAN, LANES / span);
        let start = round_start(place.local, span, fan);
        for (var i = 0u; i < fan; i++) {
            merged.max = max(merged.max, shared_max[start + i * span]);
            merged.special = max(merged.special, shared_special[start + i * span]);
        }
    }
    return merged;
}

fn merge_sum(place: Place, mine: f32) -> f32 {
    var merged = mine;
    for (var span = 1u; span < LANES; span *= FAN) {
        workgroupBarrier();
        shared_sum[place.local] = merged;
        workgroupBarrier();
        let fan = min(FAN, LANES / span);
        let start = round_start(place.local, span, fan);
        merged = 0.0;
        for (var i = 0u; i < fan; i++) {
            merged += shared_sum[start + i * span];
        }
    }
    return merged;
}
