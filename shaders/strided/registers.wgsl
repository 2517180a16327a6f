// The QUADS columns of four rows side by side in registers: they are read once and written once.

@compute @workgroup_size(WORKGROUP)
fn registers(invocation: Invocation) {
    let group = group_of(locate(invocation), 0u);
    var held: array<Held, QUADS>;
    var seen = empty_survey();
    for (var k = 0u; k < QUADS; k++) { // unrolled
        held[k] = load_whole(group.at, k);
        seen = survey(seen, held[k]);
    }
    let extremes = extremes_of(seen_in(seen));

    let unread = open_rows(group);
    var sums: Sums;
    var block: Terms;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let weights = weigh(held[k], extremes.max);
        block = add_terms(block, terms_of(held[k], unread, k, params.grid.cols, weights, extremes.max));
        if k % 4u == 3u || k + 1u == QUADS {
            take(&sums, block, k / 4u + 1u);
            block = Terms();
        }
        held[k] = keep(held[k], weights);
    }
    let totals = totals_of(sums);

    var rows: Rows;
    for (var r = 0u; r < 4u; r++) { // unrolled
        let index = row_of(group, r);
        let of_this_row = Extremes(of_row(extremes.max, r), bits_of_row(extremes.special, r));
        let row = conclude(open_row(index, starts(index)), found_of(of_this_row, totals_of_row(totals, r)));
        if has_row(group, r) {
            report(index, row);
        }
        rows = beside(rows, r, row);
    }
    if WRITES_RESULT && group.alive {
        for (var k = 0u; k < QUADS; k++) { // unrolled
            write_access(group, k, held[k], rows);
        }
        write_exceptions(group, rows);
    }
}
