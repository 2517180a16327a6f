// Four rows on a strided axis in registers, QUADS columns: they are read once and written once.

@compute @workgroup_size(WORKGROUP)
fn strided_registers(invocation: Invocation) {
    let group = group_of(locate(invocation), 0u);
    var row: Row;
    row = load_row(rows_of(group)); // if LOADS_ROW

    let all = vec4<bool>(true);
    var x: array<Cached, QUADS>;
    var scanned = EMPTY_SCAN;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        x[k] = load(group.at, k, all);
        scanned = scan(scanned, x[k]);
    }
    let extremes = extremes_of(scanned);

    var weights: array<vec4<f32>, QUADS>;
    var statistic: Statistic;
    var block: Terms;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let terms = terms_of(x[k], k, params.grid.cols, vec4<f32>(extremes.max), row);
        weights[k] = terms.weights;
        block = add_terms(block, terms);
        if k % 4u == 3u || k + 1u == QUADS {
            statistic = add_block(statistic, block);
            block = Terms();
        }
    }
    statistic.max = extremes.max;
    statistic.special = extremes.special;
    row = finish_row(row, statistic);
    store_rows(group, row); // if STORES_ROW

    if WRITES_MATRIX {
        for (var k = 0u; k < QUADS; k++) { // unrolled
            write_access(group, k, output(x[k], weights[k], k, row));
        }
        write_columns(group, row); // if WRITES_COLUMN
    }
}
