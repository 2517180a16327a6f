// A block of four accesses, folded into what has been found so far.

// So far: extremes, sums relative to a reference, and how many blocks they are of.
struct Fold {
    seen: Seen,
    sums: Sums,
    reference: Value,
    count: u32,
}

// Four accesses of a lane.
struct Block {
    a: Held,
    b: Held,
    c: Held,
    d: Held,
}

// The online form: weights are relative to a reference that the running maximum may exceed by less than 1. Sums are
// rescaled when it exceeds it by more, not at each new maximum: an ascending row would pile up the roundings of exp.
fn fold_block(fold: ptr<function, Fold>, block: Block, column: u32, last: u32, rows: Rows) {
    let step = access_step();
    let surveyed = survey(survey(survey(survey(empty_survey(), block.a), block.b), block.c), block.d);
    let seen = both_seen((*fold).seen, seen_in(surveyed));
    let largest = maximum_of(seen);
    var sums = (*fold).sums;
    var reference = (*fold).reference;
    let risen = params.scaling.scale * (0.5 * largest - 0.5 * reference) >= Value(0.5);
    let outgrown = (reference == Value(LOWEST)) | risen;
    if any_of(outgrown) {
        let next = select(reference, largest, outgrown);
        refer(&sums, reference, next);
        reference = next;
    }
    let ab = add_terms(
        terms_of(block.a, rows, column, last, weigh(block.a, reference), reference),
        terms_of(block.b, rows, column + step, last, weigh(block.b, reference), reference),
    );
    let cd = add_terms(
        terms_of(block.c, rows, column + 2u * step, last, weigh(block.c, reference), reference),
        terms_of(block.d, rows, column + 3u * step, last, weigh(block.d, reference), reference),
    );
    let count = (*fold).count + 1u;
    take(&sums, add_terms(ab, cd), count);
    *fold = Fold(seen, sums, reference, count);
}

fn fold_whole(fold: ptr<function, Fold>, at: Starts, column: u32, last: u32, rows: Rows) {
    let step = access_step();
    let block = Block(
        load_whole(at, column),
        load_whole(at, column + step),
        load_whole(at, column + 2u * step),
        load_whole(at, column + 3u * step),
    );
    fold_block(fold, block, column, last, rows);
}

fn fold_guarded(fold: ptr<function, Fold>, at: Starts, column: u32, last: u32, rows: Rows) {
    let step = access_step();
    let block = Block(
        load_guarded(at, column, last),
        load_guarded(at, column + step, last),
        load_guarded(at, column + 2u * step, last),
        load_guarded(at, column + 3u * step, last),
    );
    fold_block(fold, block, column, last, rows);
}
