// A row in registers: LANES lanes a row, QUADS quads a lane. The row is read once and written once.

@compute @workgroup_size(WORKGROUP)
fn registers(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts_of(task.row);
    var row: Row;
    row = load_row(vec4<u32>(task.row)); // if LOADS_ROW

    var x: array<Cached, QUADS>;
    var scanned = EMPTY_SCAN;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        x[k] = load_quad(at, column_of_quad(task, place, k), k);
        row.logit |= target_logit_of(x[k], column_of_quad(task, place, k), row.column); // if HOLDS_TARGET
        scanned = scan(scanned, x[k]);
    }
    let extremes = reduce_extremes(place, extremes_of(scanned)); // if MERGES_LANES
    let extremes = extremes_of(scanned); // if !MERGES_LANES

    var weights: array<vec4<f32>, QUADS>;
    var statistic: Statistic;
    var block: Terms;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let column = column_of_quad(task, place, k);
        let terms = terms_of(x[k], column, params.grid.cols, vec4<f32>(extremes.max), row);
        weights[k] = terms.weights;
        block = add_terms(block, terms);
        if k % 4u == 3u || k + 1u == QUADS {
            statistic = add_block(statistic, block);
            block = Terms();
        }
    }
    statistic.max = extremes.max;
    statistic.special = extremes.special;
    statistic = merge_lanes(place, statistic); // if MERGES_LANES
    row = finish_row(row, statistic);
    store_row_once(place, task, row); // if STORES_ROW

    if WRITES_MATRIX {
        if !task.alive {
            return;
        }
        for (var k = 0u; k < QUADS; k++) { // unrolled
            let column = column_of_quad(task, place, k);
            write_quad(at, column, k, output(x[k], weights[k], column, row));
        }
        if CAUSAL {
            let read = task.first + 4u * LANES * QUADS;
            write_excluded(place, at, task.first, read, params.grid.cols, row);
        }
        write_column(place, at, task.first, params.grid.cols, row); // if WRITES_COLUMN && !HOLDS_TARGET
    }
}
