// A range of columns, folded into what is found of it. LANES lanes walk it side by side, four quads a lane and trip; in a
// trip, each of the four accesses covers LANES neighbouring quads.

fn load_or_nothing(at: Starts, column: u32, last: u32) -> Held {
    if column < last {
        return load(at, column, min(last - column, 4u));
    }
    return nothing();
}

// The online form, a block of four quads at a time: weights are relative to a reference that the running maximum
// may exceed by less than 1. Sums are rescaled when it exceeds it by more, not at each new maximum: an ascending
// row would pile up the roundings of exp.
fn fold_range(place: Place, at: Starts, first: u32, last: u32, row: Row) -> Found {
    var seen = empty_survey();
    var sums: Sums;
    var reference = LOWEST;
    var count = 0u;
    let step = 4u * LANES;
    for (var column = first + 4u * place.lane; column < last; column += 4u * step) {
        let a = load_or_nothing(at, column, last);
        let b = load_or_nothing(at, column + step, last);
        let c = load_or_nothing(at, column + 2u * step, last);
        let d = load_or_nothing(at, column + 3u * step, last);
        seen = survey(survey(survey(survey(seen, a), b), c), d);
        let largest = extremes_of(seen).max;
        if reference == LOWEST || params.scale * (0.5 * largest - 0.5 * reference) >= 0.5 {
            refer(&sums, reference, largest);
            reference = largest;
        }
        count++;
        let ab = add_terms(
            terms_of(a, row, column, last, weigh(a, reference), reference),
            terms_of(b, row, column + step, last, weigh(b, reference), reference),
        );
        let cd = add_terms(
            terms_of(c, row, column + 2u * step, last, weigh(c, reference), reference),
            terms_of(d, row, column + 3u * step, last, weigh(d, reference), reference),
        );
        take(&sums, add_terms(ab, cd), count);
    }
    let merged = merge_extremes(place, extremes_of(seen));
    refer(&sums, reference, merged.max);
    return found_of(merged, merge_totals(place, totals_of(sums)));
}
