// The tally of all rows: counts, and the sums of the weights and the losses, in a fixed order: an invocation takes BLOCKS of
// sixteen rows, and a workgroup leaves one record. tally_rows reads the targets, if COUNTS_TARGETS, and the losses of the
// rows, if READS_LOSSES; merge_tallies the records of several workgroups. The record that remains is record 0, and it is
// published as the status and the reduced loss. Where the targets were counted before, record 0 holds their counts.

@group(0) @binding(6) var<storage, read> losses: array<u32>;
@group(0) @binding(8) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(10) var<storage, read_write> status: array<Tally>;
@group(0) @binding(11) var<storage, read_write> reduced_loss: array<u32>;

const BLOCK: u32 = 16u; // rows or records
const NO_ROW: u32 = 0xffffffffu;

var<workgroup> shared_tally: array<Tally, WORKGROUP>;

const EMPTY_TALLY = Tally(0u, 0u, NO_ROW, 0u, 0u, 0u, 0u, 0u);

fn both_tallies(a: Tally, b: Tally) -> Tally {
    var both = Tally(
        a.valid_rows + b.valid_rows, a.bad_targets + b.bad_targets, min(a.first_bad_row, b.first_bad_row),
        a.nan_rows + b.nan_rows, a.infinite_rows + b.infinite_rows, 0u, 0u, 0u,
    );
    both.weight_sum = plus(vec4<u32>(a.weight_sum), vec4<u32>(b.weight_sum)).x; // if !PLAIN_LOSS
    both.loss = plus(vec4<u32>(a.loss), vec4<u32>(b.loss)).x; // if SUMS_LOSSES
    both.z_loss = bounded(plus(vec4<u32>(a.z_loss), vec4<u32>(b.z_loss))).x; // if SUMS_LOSSES && !PLAIN_LOSS
    return both;
}

fn merge_lanes_tallies(place: Place, mine: Tally) -> Tally {
    var merged = mine;
    for (var span = 1u; span < LANES; span *= TALLY_FAN) {
        workgroupBarrier();
        shared_tally[place.local] = merged;
        workgroupBarrier();
        let fan = min(TALLY_FAN, LANES / span);
        let start = round_start(place.local, span, fan);
        merged = EMPTY_TALLY;
        for (var i = 0u; i < fan; i++) {
            merged = both_tallies(merged, shared_tally[start + i * span]);
        }
    }
    return merged;
}

fn tally_of(row: u32) -> Tally {
    var tally = EMPTY_TALLY;
    if COUNTS_TARGETS {
        let found = load_target(vec4<u32>(row));
        tally.valid_rows = u32(found.role.x == VALID);
        tally.bad_targets = u32(found.role.x == BAD);
        tally.first_bad_row = select(NO_ROW, params.grid.tensor_row + row, found.role.x == BAD);
        tally.weight_sum = target_weight(found).x; // if !PLAIN_LOSS && !ROW_WEIGHTED
        tally.weight_sum = select(0u, times(target_weight(found), found.row_weight).x, found.role.x == VALID); // if ROW_WEIGHTED
    }
    if READS_LOSSES {
        var place = params.grid.bound_row + row;
        place *= params.loss.loss_words; // if !PLAIN_LOSS
        tally.loss = losses[place];
        tally.z_loss = select(0u, losses[place + params.loss.loss_words - 1u], params.loss.loss_words == 2u); // if !PLAIN_LOSS
        let magnitude = plus(vec4<u32>(tally.loss), vec4<u32>(tally.z_loss)).x & MAGNITUDE;
        tally.nan_rows = u32(magnitude > INFINITY) - tally.bad_targets; // whose losses are NaN
        tally.infinite_rows = u32(magnitude == INFINITY);
    }
    return tally;
}

// Leaves the tally of all rows.
fn conclude(merged: Tally) {
    var tally = merged;
    if is_asked(HAS_COUNTS) {
        tally = both_tallies(tallies[0], merged);
        tally.nan_rows -= tally.bad_targets;
    }
    tally.weight_sum = bitcast<u32>(f32(tally.valid_rows)); // if PLAIN_LOSS
    tallies[0] = tally;
    var published = tally;
    if is_asked(MEAN) {
        let divisors = divisors_of(tally);
        let sums = vec4<u32>(tally.loss, tally.z_loss, 0u, 0u);
        let means = quotient(sums, vec4<u32>(divisors.weight_sum, divisors.valid_rows, ONE, ONE));
        published.loss = means.x;
        published.z_loss = select(0u, means.y, params.loss.z_loss != 0.0);
    }
    published.loss = plus(vec4<u32>(published.loss), vec4<u32>(published.z_loss)).x;
    status[0] = published;
    reduced_loss[0] = published.loss;
}

// The record of one workgroup, which may be the only one.
fn store_tally(place: Place, tally: Tally) {
    if place.lane != 0u || place.slot >= params.grid.parts {
        return;
    }
    if params.grid.records == 1u {
        conclude(tally);
    } else {
        tallies[params.grid.first_record + place.slot] = tally;
    }
}

@compute @workgroup_size(WORKGROUP)
fn tally_rows(invocation: Invocation) {
    let place = locate(invocation);
    var mine = EMPTY_TALLY;
    for (var k = 0u; k < BLOCKS; k++) {
        let first = (place.slot * BLOCKS + k) * (BLOCK * LANES) + place.lane;
        var block = EMPTY_TALLY;
        for (var i = 0u; i < BLOCK; i++) {
            let row = first + i * LANES;
            if row < params.grid.rows {
                block = both_tallies(block, tally_of(row));
            }
        }
        mine = both_tallies(mine, block);
    }
    store_tally(place, merge_lanes_tallies(place, mine));
}

@compute @workgroup_size(WORKGROUP)
fn merge_tallies(invocation: Invocation) {
    let place = locate(invocation);
    var mine = EMPTY_TALLY;
    var block = EMPTY_TALLY;
    var count = 0u;
    for (var record = place.lane; record < params.grid.records; record += LANES) {
        block = both_tallies(block, tallies[params.grid.first_record + record]);
        count++;
        if count % BLOCK == 0u {
            mine = both_tallies(mine, block);
            block = EMPTY_TALLY;
        }
    }
    let merged = merge_lanes_tallies(place, both_tallies(mine, block));
    if place.lane == 0u {
        conclude(merged);
    }
}
