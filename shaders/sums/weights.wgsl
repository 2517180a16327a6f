// One sum is taken of a row: that of its weights.

alias Terms = vec4<f32>;
alias Sums = NestedSum;
alias Totals = f32;
alias WideTotals = Value;
alias Found = Statistic;

fn terms_of(held: Held, rows: Rows, column: u32, last: u32, weights: vec4<f32>, max_: Value) -> Terms {
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
fn refer(sums: ptr<function, Sums>, old: Value, new_: Value) {
    rescale(sums, rescaling(old, new_));
}

fn totals_of(sums: Sums) -> WideTotals {
    return total(sums);
}

fn totals_of_row(totals: WideTotals, r: u32) -> Totals {
    return of_row(totals, r);
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
