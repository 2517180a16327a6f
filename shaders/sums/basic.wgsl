// Of a row are taken the sums that the operation needs, and no other.

alias Terms = BasicTerms;
alias Sums = BasicSums;
alias Totals = BasicTotals;
alias WideTotals = WideBasicTotals;
alias Found = BasicFound;

fn terms_of(held: Held, rows: Rows, column: u32, last: u32, weights: vec4<f32>, max_: Value) -> Terms {
    return basic_terms_of(held, rows, column, last, weights, max_);
}

fn add_terms(a: Terms, b: Terms) -> Terms {
    return add_basic_terms(a, b);
}

fn take(sums: ptr<function, Sums>, terms: Terms, count: u32) {
    take_basic(sums, terms, count);
}

fn refer(sums: ptr<function, Sums>, old: Value, new_: Value) {
    refer_basic(sums, old, new_);
}

fn totals_of(sums: Sums) -> WideTotals {
    return basic_totals_of(sums);
}

fn totals_of_row(totals: WideTotals, r: u32) -> Totals {
    return basic_totals_of_row(totals, r);
}

fn add_totals(a: Totals, b: Totals) -> Totals {
    return add_basic_totals(a, b);
}

fn merge_totals(place: Place, mine: Totals) -> Totals {
    return merge_basic_totals(place, mine);
}

fn found_of(extremes: Extremes, totals: Totals) -> Found {
    return basic_found_of(extremes, totals);
}

fn basic_found(found: Found) -> BasicFound {
    return found;
}

fn statistic_of(found: Found) -> Statistic {
    return basic_statistic_of(found);
}

fn totals_relative_to(found: Found, new_: f32) -> Totals {
    return basic_totals_relative_to(found, new_);
}
