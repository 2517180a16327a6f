// A range of columns, folded into what is found of it. LANES lanes walk it side by side, four quads a lane and trip; in a
// trip, each of the four accesses covers LANES neighbouring quads. The last columns, too few for a trip of all lanes, are
// guarded, and so is the first trip of a row that is SHIFTED.

fn fold_range(place: Place, at: Starts, first: u32, end: u32, rows: Rows) -> Found {
    var fold = Fold(nothing_seen(), Sums(), Value(LOWEST), 0u);
    let step = access_step();
    let last = read_end(at, first, end);
    let mine = first + 4u * place.lane;
    let whole = whole_blocks(first, last, 4u * step);
    var ahead = select(0u, 4u * step, SHIFTED);
    for (; ahead < whole; ahead += 4u * step) {
        fold_whole(&fold, at, mine + ahead, last, rows);
    }
    for (var edge = select(ahead, 0u, SHIFTED); edge < last - first;) {
        fold_guarded(&fold, at, mine + edge, last, rows);
        edge = select(last - first, ahead, SHIFTED && edge == 0u);
    }
    let merged = merge_extremes(place, extremes_of(fold.seen));
    var sums = fold.sums;
    refer(&sums, fold.reference, merged.max);
    return found_of(merged, merge_totals(place, totals_of_row(totals_of(sums), 0u)));
}
