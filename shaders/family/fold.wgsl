// A range of columns, folded into a statistic. LANES lanes walk it side by side, four quads a lane and trip; in a
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
fn fold_range(place: Place, at: Starts, first: u32, last: u32) -> Statistic {
    var seen = empty_survey();
    var sum: NestedSum;
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
            rescale(&sum, exponential_one(reference, largest));
            reference = largest;
        }
        count++;
        let terms = (weigh(a, reference) + weigh(b, reference)) + (weigh(c, reference) + weigh(d, reference));
        add_term(&sum, terms, count);
    }
    let mine = extremes_of(seen);
    let merged = merge_extremes(place, mine);
    let rescaled = total(sum) * exponential_one(reference, merged.max);
    return Statistic(merged.max, merge_sum(place, rescaled), merged.special);
}
