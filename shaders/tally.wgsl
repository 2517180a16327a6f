// Row counts, and the sums of the weights and the losses, in a fixed order: an invocation takes sixteen rows, a
// workgroup sixteen times its size, and leaves one record. count_targets reads the targets, reduce_losses the targets
// and the losses of the rows, merge_tallies the records of several workgroups. The record that remains is record 0, and
// it is published as the status and the reduced loss.

@group(0) @binding(6) var<storage, read> losses: array<u32>;
@group(0) @binding(8) var<storage, read_write> tallies: array<Tally>;
@group(0) @binding(10) var<storage, read_write> status: array<Tally>;
@group(0) @binding(11) var<storage, read_write> reduced_loss: array<u32>;

const ROWS_PER_INVOCATION: u32 = 16u;

var<workgroup> shared_tally: array<Tally, WORKGROUP>;

fn merge_lanes(place: Place, mine: Tally) -> Tally {
    var merged = mine;
    for (var span = 1u; span < LANES; span *= FAN) {
        workgroupBarrier();
        shared_tally[place.local] = merged;
        workgroupBarrier();
        let fan = min(FAN, LANES / span);
        let start = round_start(place.local, span, fan);
        merged = empty_tally();
        for (var i = 0u; i < fan; i++) {
            merged = merge_tallies_of(merged, shared_tally[start + i * span]);
        }
    }
    return merged;
}

fn tally_target(row: u32) -> Tally {
    var tally = empty_tally();
    let found = target_of(row);
    tally.valid_rows = u32(found.role == VALID);
    tally.bad_targets = u32(found.role == BAD);
    tally.first_bad_row = select(NO_ROW, params.grid.tensor_row + row, found.role == BAD);
    tally.weight_sum = found.weight;
    return tally;
}

fn tally_loss(row: u32) -> Tally {
    var tally = tally_target(row);
    let place = (params.grid.bound_row + row) * params.loss.loss_words;
    tally.loss = losses[place];
    tally.z_loss = select(0u, losses[place + params.loss.loss_words - 1u], params.loss.loss_words == 2u);
    let magnitude = plus(tally.loss, tally.z_loss) & MAGNITUDE;
    tally.nan_rows = tally.valid_rows * u32(magnitude > INFINITY);
    tally.infinite_rows = u32(magnitude == INFINITY);
    return tally;
}

fn row_of(place: Place, i: u32) -> u32 {
    return (place.slot * ROWS_PER_INVOCATION + i) * LANES + place.lane;
}

fn publish(tally: Tally) {
    var published = tally;
    if (params.loss.flags & MEAN) != 0u {
        let divisors = divisors_of(tally);
        published.loss = quotient(tally.loss, divisors.weight_sum);
        published.z_loss = select(0u, quotient(tally.z_loss, divisors.valid_rows), params.loss.z_loss != 0.0);
    }
    published.loss = plus(published.loss, published.z_loss);
    status[0] = published;
    reduced_loss[0] = published.loss;
}

// The record of one workgroup; the last one of all is published at once.
fn conclude(place: Place, tally: Tally) {
    if place.lane == 0u && place.slot < params.grid.parts {
        tallies[params.grid.first_record + place.slot] = tally;
        if params.grid.records == 1u {
            publish(tally);
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn count_targets(invocation: Invocation) {
    let place = locate(invocation);
    var mine = empty_tally();
    for (var i = 0u; i < ROWS_PER_INVOCATION; i++) {
        if row_of(place, i) < params.grid.rows {
            mine = merge_tallies_of(mine, tally_target(row_of(place, i)));
        }
    }
    conclude(place, merge_lanes(place, mine));
}

@compute @workgroup_size(WORKGROUP)
fn reduce_losses(invocation: Invocation) {
    let place = locate(invocation);
    var mine = empty_tally();
    for (var i = 0u; i < ROWS_PER_INVOCATION; i++) {
        if row_of(place, i) < params.grid.rows {
            mine = merge_tallies_of(mine, tally_loss(row_of(place, i)));
        }
    }
    conclude(place, merge_lanes(place, mine));
}

@compute @workgroup_size(WORKGROUP)
fn merge_tallies(invocation: Invocation) {
    let place = locate(invocation);
    var mine = empty_tally();
    for (var record = place.lane; record < params.grid.records; record += LANES) {
        mine = merge_tallies_of(mine, tallies[params.grid.first_record + record]);
    }
    let merged = merge_lanes(place, mine);
    if place.lane == 0u {
        tallies[0] = merged;
        publish(merged);
    }
}
