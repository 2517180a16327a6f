// The sum of a row's weights.

alias BasicTerms = vec4<f32>;
alias BasicSums = NestedSum;
alias BasicTotals = f32;
alias WideBasicTotals = Value;
alias BasicFound = Statistic;

fn basic_terms_of(held: Held, rows: Rows, column: u32, last: u32, weights: vec4<f32>, max_: Value) -> BasicTerms {
    return weights;
}

fn add_basic_terms(a: BasicTerms, b: BasicTerms) -> BasicTerms {
    return a + b;
}

// The terms of the count-th block, from 1.
fn take_basic(sums: ptr<function, BasicSums>, terms: BasicTerms, count: u32) {
    add_term(sums, across(terms), count);
}

// What was relative to `old` becomes relative to `new`.
fn refer_basic(sums: ptr<function, BasicSums>, old: Value, new_: Value) {
    rescale(sums, rescaling(old, new_));
}

fn weight_sum_in(sums: BasicSums) -> NestedSum {
    return sums;
}

fn basic_totals_of(sums: BasicSums) -> WideBasicTotals {
    return total(sums);
}

fn basic_totals_of_row(totals: WideBasicTotals, r: u32) -> BasicTotals {
    return of_row(totals, r);
}

fn add_basic_totals(a: BasicTotals, b: BasicTotals) -> BasicTotals {
    return a + b;
}

fn merge_basic_totals(place: Place, mine: BasicTotals) -> BasicTotals {
    return merge_sum(place, mine);
}

fn basic_found_of(extremes: Extremes, totals: BasicTotals) -> BasicFound {
    return Statistic(extremes.max, totals, extremes.special);
}

fn basic_statistic_of(found: BasicFound) -> Statistic {
    return found;
}

fn basic_totals_relative_to(found: BasicFound, new_: f32) -> BasicTotals {
    return found.sum * exponential_one(found.max, new_);
}
