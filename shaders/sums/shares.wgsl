// Three sums are taken of a row: of its weights; of the shares t that the classes have in the loss; and of t times how
// far x lies below the maximum. Where the maximum grows, the last grows by as much times the shares so far.

// What makes a loss something other than a number: of either sign, a share at a logit of -infinity or an infinite share;
// and one that is NaN.
const PLUS_BY_LOGIT: u32 = 1u;
const PLUS_BY_SHARE: u32 = 2u;
const NO_NUMBER: u32 = 4u;
const MINUS_BY_LOGIT: u32 = 8u;
const MINUS_BY_SHARE: u32 = 16u;
const PLUS: u32 = PLUS_BY_LOGIT | PLUS_BY_SHARE;
const MINUS: u32 = MINUS_BY_LOGIT | MINUS_BY_SHARE;

struct BasicTerms {
    weights: vec4<f32>,
    shares: vec4<f32>,
    distances: vec4<f32>,
    faults: vec4<u32>,
}

struct BasicSums {
    weights: NestedSum,
    shares: NestedSum,
    distances: NestedSum,
    faults: Bits,
}

struct BasicTotals {
    weight: f32,
    share: f32,
    distance: f32,
    faults: u32,
}

struct WideBasicTotals {
    weight: Value,
    share: Value,
    distance: Value,
    faults: Bits,
}

struct BasicFound {
    statistic: Statistic,
    totals: BasicTotals,
}

fn basic_terms_of(held: Held, rows: Rows, column: u32, last: u32, weights: vec4<f32>, max_: Value) -> BasicTerms {
    let logits = logits_of(held);
    let shares = shares_of(held, column, rows);
    let in_row = inside(column, last);
    let value_of_each = select(vec4<f32>(0.0), shares.value, in_row);
    let counts = finite(logits) & shares.used;
    let distances = select(vec4<f32>(0.0), -value_of_each * rise_of(value(logits), max_), counts);
    let infinity = select(vec4<u32>(PLUS_BY_LOGIT), vec4<u32>(MINUS_BY_LOGIT), shares.value < vec4<f32>(0.0));
    let faults = shares.faults | select(vec4<u32>(0u), infinity, excluded(logits) & shares.used);
    return BasicTerms(weights, value_of_each, distances, select(vec4<u32>(0u), faults, in_row));
}

fn add_basic_terms(a: BasicTerms, b: BasicTerms) -> BasicTerms {
    return BasicTerms(a.weights + b.weights, a.shares + b.shares, a.distances + b.distances, a.faults | b.faults);
}

// The terms of the count-th block, from 1.
fn take_basic(sums: ptr<function, BasicSums>, terms: BasicTerms, count: u32) {
    var weights = (*sums).weights;
    var shares = (*sums).shares;
    var distances = (*sums).distances;
    add_term(&weights, across(terms.weights), count);
    add_term(&shares, across(terms.shares), count);
    add_term(&distances, across(terms.distances), count);
    *sums = BasicSums(weights, shares, distances, (*sums).faults | united(terms.faults));
}

// What was relative to `old` becomes relative to `new`.
fn refer_basic(sums: ptr<function, BasicSums>, old: Value, new_: Value) {
    var weights = (*sums).weights;
    rescale(&weights, rescaling(old, new_));
    (*sums).weights = weights;
    (*sums).distances.stretches -= total((*sums).shares) * rise_between(old, new_);
}

fn weight_sum_in(sums: BasicSums) -> NestedSum {
    return sums.weights;
}

fn basic_totals_of(sums: BasicSums) -> WideBasicTotals {
    return WideBasicTotals(total(sums.weights), total(sums.shares), total(sums.distances), sums.faults);
}

fn basic_totals_of_row(totals: WideBasicTotals, r: u32) -> BasicTotals {
    return BasicTotals(
        of_row(totals.weight, r),
        of_row(totals.share, r),
        of_row(totals.distance, r),
        bits_of_row(totals.faults, r),
    );
}

fn add_basic_totals(a: BasicTotals, b: BasicTotals) -> BasicTotals {
    return BasicTotals(a.weight + b.weight, a.share + b.share, a.distance + b.distance, a.faults | b.faults);
}

fn merge_basic_totals(place: Place, mine: BasicTotals) -> BasicTotals {
    return BasicTotals(
        merge_sum(place, mine.weight),
        merge_sum(place, mine.share),
        merge_sum(place, mine.distance),
        merge_faults(place, mine.faults),
    );
}

// Maxima merge: of a sign the worst fault remains, and NO_NUMBER hides those that would be infinite.
fn merge_faults(place: Place, mine: u32) -> u32 {
    let merged = merge_extremes(place, Extremes(f32(mine & (PLUS | NO_NUMBER)), mine & MINUS));
    return u32(merged.max) | merged.special;
}

fn basic_found_of(extremes: Extremes, totals: BasicTotals) -> BasicFound {
    return BasicFound(Statistic(extremes.max, totals.weight, extremes.special), totals);
}

fn basic_statistic_of(found: BasicFound) -> Statistic {
    return found.statistic;
}

fn basic_totals_relative_to(found: BasicFound, new_: f32) -> BasicTotals {
    let old = found.statistic.max;
    let totals = found.totals;
    let grown = -totals.share * rise_of_one(old, new_);
    return BasicTotals(totals.weight * exponential_one(old, new_), totals.share, totals.distance + grown, totals.faults);
}
