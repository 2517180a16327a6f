// The columns of groups of rows, folded into what is found of each row.

fn fold_groups(groups: array<Group, GROUPS>) -> array<Fold, GROUPS> {
    var folds: array<Fold, GROUPS>;
    var unread: array<Rows, GROUPS>;
    for (var g = 0u; g < GROUPS; g++) { // unrolled
        folds[g] = Fold(nothing_seen(), Sums(), Value(LOWEST), 0u);
        unread[g] = open_rows(groups[g]);
    }
    // A part is that of all groups of an invocation.
    let first = groups[0].first;
    let last = groups[0].last;
    let whole = first + whole_blocks(first, last, 4u);
    for (var column = first; column < whole; column += 4u) {
        // A column of all groups is read before the next one: it lies nearer.
        var blocks: array<Block, GROUPS>;
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            blocks[g].a = load_whole(groups[g].at, column);
        }
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            blocks[g].b = load_whole(groups[g].at, column + 1u);
        }
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            blocks[g].c = load_whole(groups[g].at, column + 2u);
        }
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            blocks[g].d = load_whole(groups[g].at, column + 3u);
        }
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            var fold = folds[g];
            fold_block(&fold, blocks[g], column, last, unread[g]);
            folds[g] = fold;
        }
    }
    if whole < last {
        for (var g = 0u; g < GROUPS; g++) { // unrolled
            var fold = folds[g];
            fold_guarded(&fold, groups[g].at, whole, last, unread[g]);
            folds[g] = fold;
        }
    }
    return folds;
}

// What is found of the r-th row.
fn found_in(fold: Fold, r: u32) -> Found {
    let extremes = extremes_of(fold.seen);
    var sums = fold.sums;
    refer(&sums, fold.reference, extremes.max);
    let of_this_row = Extremes(of_row(extremes.max, r), bits_of_row(extremes.special, r));
    return found_of(of_this_row, totals_of_row(totals_of(sums), r));
}
