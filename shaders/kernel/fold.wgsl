// A range of columns, folded into its statistic. LANES lanes walk it together, four accesses a lane and trip; in a trip, each of
// the four covers LANES neighbouring quads. The last columns, too few for a trip of all lanes, are guarded, and so is the first
// trip of a row that is SHIFTED.

// The extremes so far, and sums of `count` blocks relative to a reference.
struct Fold { extremes: Extremes, sums: Sums, reference: RowF32, count: u32 }

const EMPTY_FOLD = Fold(Extremes(RowF32(LOWEST), RowU32(0u)), Sums(), RowF32(LOWEST), 0u);

// Four accesses of a lane.
alias Block = array<Cached, 4>;

fn load_block(at: Starts, column: u32) -> Block {
    var block: Block;
    for (var i = 0u; i < 4u; i++) { // unrolled
        block[i] = load(at, column + i * ACCESS_STEP, vec4<bool>(true));
    }
    return block;
}

fn load_block_guarded(at: Starts, column: u32, last: u32, first: u32) -> Block {
    var block: Block;
    for (var i = 0u; i < 4u; i++) { // unrolled
        block[i] = load_guarded(at, column + i * ACCESS_STEP, last, first);
    }
    return block;
}

// Loads are issued together, whether or not their columns are within the row: those beyond it load its first columns, for nothing.
fn load_guarded(at: Starts, column: u32, last: u32, first: u32) -> Cached {
    return load(at, select(first, column, any_inside(column, last)), inside(column, last));
}

// The online form: weights are relative to a reference that the running maximum may exceed by less than 1. Sums are
// rescaled when it exceeds it by more, not at each new maximum: an ascending row would pile up the roundings of exp.
fn fold_block(so_far: Fold, block: Block, column: u32, last: u32, row: Row) -> Fold {
    var fold = so_far;
    var scanned = EMPTY_SCAN;
    for (var i = 0u; i < 4u; i++) { // unrolled
        scanned = scan(scanned, block[i]);
    }
    let of_block = extremes_of(scanned);
    fold.extremes = Extremes(max(fold.extremes.max, of_block.max), max(fold.extremes.special, of_block.special));
    if HAS_MAX {
        let largest = fold.extremes.max;
        let risen = params.scaling.scale * (0.5 * largest - 0.5 * fold.reference) >= RowF32(0.5);
        let outgrown = (fold.reference == RowF32(LOWEST)) | risen;
        if any(vec4<bool>(outgrown)) {
            let next = select(fold.reference, largest, outgrown);
            fold.sums = relative_to(fold.sums, fold.reference, next);
            fold.reference = next;
        }
    }
    let reference = vec4<f32>(fold.reference);
    var terms: array<Terms, 4>;
    for (var i = 0u; i < 4u; i++) { // unrolled
        terms[i] = terms_of(block[i], column + i * ACCESS_STEP, last, reference, row);
    }
    let sum = add_terms(add_terms(terms[0], terms[1]), add_terms(terms[2], terms[3]));
    fold.count += 1u;
    fold.sums = add_nested(fold.sums, sum, fold.count);
    return fold;
}

// The statistic of what was folded, relative to a maximum that is no lower than the fold's.
fn finish_fold(fold: Fold, extremes: Extremes) -> Statistic {
    return statistic_of(extremes, relative_to(fold.sums, fold.reference, extremes.max)); // if HAS_MAX
    return statistic_of(extremes, fold.sums); // if !HAS_MAX
}

fn fold_range(place: Place, at: Starts, first: u32, end: u32, row: Row) -> Statistic {
    var last = end;
    last = read_end(at, first, end); // if CAUSAL
    var fold = EMPTY_FOLD;
    let mine = first + 4u * place.lane;
    let whole = whole_blocks(first, last, 4u * ACCESS_STEP);
    var ahead = 0u;
    ahead = 4u * ACCESS_STEP; // if SHIFTED
    for (; ahead < whole; ahead += 4u * ACCESS_STEP) {
        fold = fold_block(fold, load_block(at, mine + ahead), mine + ahead, last, row);
    }
    if SHIFTED && first != last {
        fold = fold_block(fold, load_block_guarded(at, mine, last, first), mine, last, row);
    }
    if ahead < last - first {
        fold = fold_block(fold, load_block_guarded(at, mine + ahead, last, first), mine + ahead, last, row);
    }
    var extremes = fold.extremes;
    extremes = reduce_extremes(place, extremes); // if MERGES_LANES
    let statistic = finish_fold(fold, extremes);
    return merge_lanes(place, statistic); // if MERGES_LANES
    return statistic; // if !MERGES_LANES
}
