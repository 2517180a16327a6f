// LANES lanes a row, each with QUADS quads of it in registers: the row is read once and written once. Lane l holds
// the quads l, l + LANES, l + 2 LANES and so on. Serves rows of up to 4 LANES QUADS columns.

@compute @workgroup_size(WORKGROUP)
fn registers(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let opened = open_row(task.row, at);

    var held: array<Held, QUADS>;
    var seen = empty_survey();
    for (var k = 0u; k < QUADS; k++) {
        held[k] = load_or_nothing(at, task.first + (k * LANES + place.lane) * 4u, task.last);
        seen = survey(seen, held[k]);
    }
    let extremes = merge_extremes(place, extremes_of(seen));

    var sums: Sums;
    for (var k = 0u; k < QUADS; k++) {
        let column = task.first + (k * LANES + place.lane) * 4u;
        let weights = weigh(held[k], extremes.max);
        take(&sums, terms_of(held[k], opened, column, task.last, weights, extremes.max), k + 1u);
        held[k] = keep(held[k], weights);
    }
    let row = conclude(opened, found_of(extremes, merge_totals(place, totals_of(sums))));
    if task.alive && place.lane == 0u {
        report(task.row, row);
    }

    if WRITES_RESULT {
        for (var k = 0u; k < QUADS; k++) {
            let column = task.first + (k * LANES + place.lane) * 4u;
            if column < task.last {
                write_result(at.result + column, min(task.last - column, 4u), outcome(held[k], column, row));
            }
        }
    }
}
