// Three sums are taken of a row: of its weights; of the shares t that the classes have in the loss; and of t times how
// far x lies below the maximum. Where the maximum grows, the last grows by as much times the shares so far.

// What makes a loss something other than a number: a share at a logit of -infinity, positive or negative, or one that
// is not finite.
const PLUS_INFINITY: u32 = 1u;
const MINUS_INFINITY: u32 = 2u;
const NO_NUMBER: u32 = 4u;

struct Terms {
    weights: vec4<f32>,
    shares: vec4<f32>,
    distances: vec4<f32>,
    faults: vec4<u32>,
}

struct Sums {
    weights: NestedSum,
    shares: NestedSum,
    distances: NestedSum,
    faults: Bits,
}

struct Totals {
    weight: f32,
    share: f32,
    distance: f32,
    faults: u32,
}

struct WideTotals {
    weight: Value,
    share: Value,
    distance: Value,
    faults: Bits,
}

struct Found {
    statistic: Statistic,
    totals: Totals,
}

fn terms_of(held: Held, rows: Rows, column: u32, last: u32, weights: vec4<f32>, max_: Value) -> Terms {
    let logits = logits_of(held);
    let shares = shares_of(held, column, rows);
    let in_row = inside(column, last);
    let value_of_each = select(vec4<f32>(0.0), shares.value, in_row);
    let distances = select(vec4<f32>(0.0), -value_of_each * rise_of(value(logits), max_), live(logits));
    let infinity = select(vec4<u32>(PLUS_INFINITY), vec4<u32>(MINUS_INFINITY), shares.value < vec4<f32>(0.0));
    let infinite = select(vec4<u32>(0u), infinity, excluded(logits) & shares.used);
    let faults = select(infinite, vec4<u32>(NO_NUMBER), shares.spoilt);
    return Terms(weights, value_of_each, distances, select(vec4<u32>(0u), faults, in_row));
}

fn add_terms(a: Terms, b: Terms) -> Terms {
    return Terms(a.weights + b.weights, a.shares + b.shares, a.distances + b.distances, a.faults | b.faults);
}

// The terms of the count-th block, from 1.
fn take(sums: ptr<function, Sums>, terms: Terms, count: u32) {
    var weights = (*sums).weights;
    var shares = (*sums).shares;
    var distances = (*sums).distances;
    add_term(&weights, across(terms.weights), count);
    add_term(&shares, across(terms.shares), count);
    add_term(&distances, across(terms.distances), count);
    *sums = Sums(weights, shares, distances, (*sums).faults | united(terms.faults));
}

// What was relative to `old` becomes relative to `new`.
fn refer(sums: ptr<function, Sums>, old: Value, new_: Value) {
    var weights = (*sums).weights;
    rescale(&weights, rescaling(old, new_));
    (*sums).weights = weights;
    (*sums).distances.stretches -= total((*sums).shares) * rise_between(old, new_);
}

fn totals_of(sums: Sums) -> WideTotals {
    return WideTotals(total(sums.weights), total(sums.shares), total(sums.distances), sums.faults);
}

fn totals_of_row(totals: WideTotals, r: u32) -> Totals {
    return Totals(
        of_row(totals.weight, r),
        of_row(totals.share, r),
        of_row(totals.distance, r),
        bits_of_row(totals.faults, r),
    );
}

fn add_totals(a: Totals, b: Totals) -> Totals {
    return Totals(a.weight + b.weight, a.share + b.share, a.distance + b.distance, a.faults | b.faults);
}

fn merge_totals(place: Place, mine: Totals) -> Totals {
    return Totals(
        merge_sum(place, mine.weight),
        merge_sum(place, mine.share),
        merge_sum(place, mine.distance),
        merge_faults(place, mine.faults),
    );
}

// Maxima merge, so each kind of fault is one, and the first hides in the last.
fn merge_faults(place: Place, mine: u32) -> u32 {
    let most = max(f32(mine & PLUS_INFINITY), f32(mine & NO_NUMBER));
    let merged = merge_extremes(place, Extremes(most, mine & MINUS_INFINITY));
    return u32(merged.max) | merged.special;
}

fn found_of(extremes: Extremes, totals: Totals) -> Found {
    return Found(Statistic(extremes.max, totals.weight, extremes.special), totals);
}

fn statistic_of(found: Found) -> Statistic {
    return found.statistic;
}

fn totals_relative_to(found: Found, new_: f32) -> Totals {
    let old = found.statistic.max;
    let totals = found.totals;
    let grown = -totals.share * rise_of_one(old, new_);
    return Totals(totals.weight * exponential_one(old, new_), totals.share, totals.distance + grown, totals.faults);
}
