// One sum is taken of a row: that of its weights.

alias Terms = vec4<f32>;
alias Sums = NestedSum;
alias Totals = f32;
alias Found = Statistic;

fn terms_of(held: Held, row: Row, column: u32, last: u32, weights: vec4<f32>, max_: f32) -> Terms {
    return weights;
}

fn add_terms(a: Terms, b: Terms) -> Terms {
    return a + b;
}

// The terms of the count-th block, from 1.
fn take(sums: ptr<function, Sums>, terms: Terms, count: u32) {
    add_term(sums, across(terms), count);
}

// What was relative to `old` becomes relative to `new`.
fn refer(sums: ptr<function, Sums>, old: f32, new_: f32) {
    rescale(sums, exponential_one(old, new_));
}

fn totals_of(sums: Sums) -> Totals {
    return total(sums);
}

fn add_totals(a: Totals, b: Totals) -> Totals {
    return a + b;
}

fn merge_totals(place: Place, mine: Totals) -> Totals {
    return merge_sum(place, mine);
}

fn found_of(extremes: Extremes, totals: Totals) -> Found {
    return Statistic(extremes.max, totals, extremes.special);
}

fn statistic_of(found: Found) -> Statistic {
    return found;
}

fn totals_relative_to(found: Found, new_: f32) -> Totals {
    return found.sum * exponential_one(found.max, new_);
}
