// The quads of a row in registers: the row is read once and written once.

@compute @workgroup_size(WORKGROUP)
fn registers(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts(task.row);
    let opened = open_row(task.row, at);

    let unread = beside(Rows(), 0u, opened);
    var held: array<Held, QUADS>;
    var seen = empty_survey();
    for (var k = 0u; k < QUADS; k++) { // unrolled
        held[k] = load_quad(at, column_of_quad(task, place, k), k);
        seen = survey(seen, held[k]);
    }
    let extremes = merge_extremes(place, extremes_of(seen_in(seen)));

    var sums: Sums;
    var block: Terms;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let column = column_of_quad(task, place, k);
        let weights = weigh(held[k], extremes.max);
        block = add_terms(block, terms_of(held[k], unread, column, params.grid.cols, weights, extremes.max));
        if k % 4u == 3u || k + 1u == QUADS {
            take(&sums, block, k / 4u + 1u);
            block = Terms();
        }
        held[k] = keep(held[k], weights);
    }
    let row = conclude(opened, found_of(extremes, merge_totals(place, totals_of_row(totals_of(sums), 0u))));
    let rows = beside(Rows(), 0u, row);
    if reports(place, task, rows) {
        report(task.row, row);
    }

    if WRITES_RESULT && task.alive {
        for (var k = 0u; k < QUADS; k++) { // unrolled
            let column = column_of_quad(task, place, k);
            write_quad(at, column, k, outcome(held[k], column, rows));
        }
        write_blank(place, at, task.first, task.first + 4u * LANES * QUADS, params.grid.cols, rows);
        write_exception(place, at, task.first, params.grid.cols, rows);
    }
}
