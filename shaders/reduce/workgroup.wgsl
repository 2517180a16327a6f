// LANES invocations of one workgroup a row, LANES a power of two. In each round a lane reads the values of up to sixteen lanes, in
// the same order as the others of that sixteen, so all hold the same bits: two rounds serve 256 lanes. The first barrier of a
// round lets the readers of the round before it finish, the second lets the writers of this one finish. Slots past the end take
// part: no barrier stands in divergent flow.

const FAN: u32 = 16u;

var<workgroup> shared_extremes: array<vec2<u32>, WORKGROUP>;
var<workgroup> shared_sum: array<f32, WORKGROUP>;

// The lowest lane of those that merge in the round in which equal values are `span` lanes wide.
fn round_start(local: u32, span: u32, fan: u32) -> u32 {
    return local - local % (span * fan) + local % span;
}

fn reduce_extremes(place: Place, mine: Extremes) -> Extremes {
    var merged = mine;
    for (var span = 1u; span < LANES; span *= FAN) {
        workgroupBarrier();
        shared_extremes[place.local] = vec2<u32>(bitcast<u32>(merged.max), merged.special);
        workgroupBarrier();
        let fan = min(FAN, LANES / span);
        let start = round_start(place.local, span, fan);
        for (var i = 0u; i < fan; i++) {
            let other = shared_extremes[start + i * span];
            merged = Extremes(max(merged.max, bitcast<f32>(other.x)), max(merged.special, other.y));
        }
    }
    return merged;
}

fn reduce_sum(place: Place, mine: f32) -> f32 {
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
