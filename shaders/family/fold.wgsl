// A range of columns, folded into what is found of it. LANES lanes walk it side by side, four quads a lane and trip; in a
// trip, each of the four accesses covers LANES neighbouring quads. The last columns, too few for a trip of all lanes, are
// guarded one by one.

// So far: extremes, sums relative to a reference, and how many blocks they are of.
struct Fold {
    seen: Survey,
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

fn load_or_nothing(at: Starts, column: u32, last: u32) -> Held {
    if column < last {
        return load(at, column, min(last - column, 4u));
    }
    return nothing();
}

// The online form: weights are relative to a reference that the running maximum may exceed by less than 1. Sums are
// rescaled when it exceeds it by more, not at each new maximum: an ascending row would pile up the roundings of exp.
fn fold_block(fold: ptr<function, Fold>, block: Block, column: u32, last: u32, row: Row) {
    let step = 4u * LANES;
    let seen = survey(survey(survey(survey((*fold).seen, block.a), block.b), block.c), block.d);
    let largest = extremes_of(seen).max;
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

fn fold_range(place: Place, at: Starts, first: u32, last: u32, row: Row) -> Found {
    var fold = Fold(empty_survey(), Sums(), LOWEST, 0u);
    let step = 4u * LANES;
    let whole = last_whole(first, last, 4u * step);
    var column = first + 4u * place.lane;
    for (; column < whole; column += 4u * step) {
        let block = Block(
            load_whole(at, column),
            load_whole(at, column + step),
            load_whole(at, column + 2u * step),
            load_whole(at, column + 3u * step),
        );
        fold_block(&fold, block, column, last, row);
    }
    if whole < last {
        let block = Block(
            load_or_nothing(at, column, last),
            load_or_nothing(at, column + step, last),
            load_or_nothing(at, column + 2u * step, last),
            load_or_nothing(at, column + 3u * step, last),
        );
        fold_block(&fold, block, column, last, row);
    }
    let merged = merge_extremes(place, extremes_of(fold.seen));
    var sums = fold.sums;
    refer(&sums, fold.reference, merged.max);
    return found_of(merged, merge_totals(place, totals_of(sums)));
}
