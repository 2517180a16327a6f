// A range of columns, folded into what is found of it. LANES lanes walk it side by side, four quads a lane and trip; in a
// trip, each of the four accesses covers LANES neighbouring quads. The last columns, too few for a trip of all lanes, are
// guarded, and so is the first trip of a row that is SHIFTED.

// So far: extremes, sums relative to a reference, and how many blocks they are of.
struct Fold {
    seen: Seen,
    sums: Sums,
    reference: f32,
    count: u32,
}

// Four quads of a lane.
struct Block {
    a: Held,
    b: Held,
    c: Held,
    d: Held,
}

// The online form: weights are relative to a reference that the running maximum may exceed by less than 1. Sums are
// rescaled when it exceeds it by more, not at each new maximum: an ascending row would pile up the roundings of exp.
fn fold_block(fold: ptr<function, Fold>, block: Block, column: u32, last: u32, row: Row) {
    let step = 4u * LANES;
    let surveyed = survey(survey(survey(survey(empty_survey(), block.a), block.b), block.c), block.d);
    let seen = both_seen((*fold).seen, seen_in(surveyed));
    let largest = maximum_of(seen);
    var sums = (*fold).sums;
    var reference = (*fold).reference;
    if reference == LOWEST || params.scale * (0.5 * largest - 0.5 * reference) >= 0.5 {
        refer(&sums, reference, largest);
        reference = largest;
    }
    let ab = add_terms(
        terms_of(block.a, row, column, last, weigh(block.a, reference), reference),
        terms_of(block.b, row, column + step, last, weigh(block.b, reference), reference),
    );
    let cd = add_terms(
        terms_of(block.c, row, column + 2u * step, last, weigh(block.c, reference), reference),
        terms_of(block.d, row, column + 3u * step, last, weigh(block.d, reference), reference),
    );
    let count = (*fold).count + 1u;
    take(&sums, add_terms(ab, cd), count);
    *fold = Fold(seen, sums, reference, count);
}

fn fold_guarded(fold: ptr<function, Fold>, at: Starts, column: u32, last: u32, row: Row) {
    let step = 4u * LANES;
    let block = Block(
        load_guarded(at, column, last),
        load_guarded(at, column + step, last),
        load_guarded(at, column + 2u * step, last),
        load_guarded(at, column + 3u * step, last),
    );
    fold_block(fold, block, column, last, row);
}

fn fold_range(place: Place, at: Starts, first: u32, last: u32, row: Row) -> Found {
    var fold = Fold(nothing_seen(), Sums(), LOWEST, 0u);
    let step = 4u * LANES;
    let mine = first + 4u * place.lane;
    let whole = whole_blocks(first, last, 4u * step);
    var ahead = select(0u, 4u * step, SHIFTED);
    for (; ahead < whole; ahead += 4u * step) {
        let column = mine + ahead;
        let block = Block(
            load_whole(at, column),
            load_whole(at, column + step),
            load_whole(at, column + 2u * step),
            load_whole(at, column + 3u * step),
        );
        fold_block(&fold, block, column, last, row);
    }
    for (var edge = select(ahead, 0u, SHIFTED); edge < last - first;) {
        fold_guarded(&fold, at, mine + edge, last, row);
        edge = select(last - first, ahead, SHIFTED && edge == 0u);
    }
    let merged = merge_extremes(place, extremes_of(fold.seen));
    var sums = fold.sums;
    refer(&sums, fold.reference, merged.max);
    return found_of(merged, merge_totals(place, totals_of(sums)));
}
